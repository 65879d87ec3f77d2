#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/// Programs and libraries. Where one is a symbolic link, as /bin is, the link is there. Of /etc only what programs
/// need to find each other.
static const char *const system_paths[] = {"/usr",   "/bin",  "/sbin",           "/lib",
                                           "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives"};
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

enum { system_count = sizeof system_paths / sizeof *system_paths, device_count = sizeof devices / sizeof *devices };

static _Noreturn void fail(const char *what, const char *path) {
    const int number = errno;
    char text[300];
    snprintf(text, sizeof text, "%s %.200s", what, path);
    errno = number;
    answer_setup(text);
}

/// A read-only copy of what is mounted at a path, not mounted anywhere yet; -1 with errno.
static int copy_tree(const char *path, uint64_t attributes) {
    int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0) return -1;
    struct mount_attr attr = {.attr_set = attributes};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) != 0) fail("read-only", path);
    return tree;
}

/// Makes the folders on the way to a path below the working directory.
static void make_parents(const char *path) {
    char text[PATH_MAX];
    snprintf(text, sizeof text, "%s", path);
    for (char *slash = strchr(text, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(text, 0755) != 0 && errno != EEXIST) fail("mkdir", text);
        *slash = '/';
    }
}

/// Mounts a copied tree at its old path below the working directory.
static void place(int tree, const char *path) {
    struct stat status;
    if (fstat(tree, &status) != 0) fail("stat", path);
    const char *name = path + 1;
    make_parents(name);
    int made = S_ISDIR(status.st_mode) ? mkdir(name, 0755) : mknod(name, S_IFREG | 0644, 0);
    if (made != 0 && errno != EEXIST) fail("create", path);
    if (move_mount(tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) != 0) fail("mount", path);
    close(tree);
}

static bool is_within(const char *path, const char *folder) {
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static bool is_visible(const char *path) {
    for (int index = 0; index < system_count; index++) {
        if (is_within(path, system_paths[index])) return true;
    }
    return false;
}

static void place_system(const char *path, int tree) {
    char target[PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length > 0) {
        target[length] = 0;
        make_parents(path + 1);
        if (symlink(target, path + 1) != 0) fail("link", path);
    } else if (tree >= 0) {
        place(tree, path);
    }
}

static void make_devices(const int trees[device_count]) {
    for (int index = 0; index < device_count; index++) place(trees[index], devices[index]);
    const char *links[][2] = {{"/proc/self/fd", "dev/fd"},       {"/proc/self/fd/0", "dev/stdin"},
                              {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"},
                              {"/tmp", "dev/shm"}};
    for (size_t index = 0; index < sizeof links / sizeof *links; index++) {
        if (symlink(links[index][0], links[index][1]) != 0) fail("link", links[index][1]);
    }
}

static void mount_or_fail(const char *type, const char *path, unsigned long flags, const char *options) {
    if (mkdir(path, 0755) != 0 && errno != EEXIST) fail("mkdir", path);
    if (mount(type, path, type, flags, options) != 0) fail("mount", path);
}

/// Leaves the old root behind, for good.
static void enter_root(void) {
    if (syscall(SYS_pivot_root, ".", ".") != 0) fail("pivot_root", "/");
    if (umount2(".", MNT_DETACH) != 0) fail("unmount", "the old root");
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof attr) != 0) fail("read-only", "/");
    if (chdir("/tmp") != 0) fail("chdir", "/tmp");
}

void build_root(const struct sandbox *box) {
    const uint64_t plain = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) fail("private", "/");
    // All is copied before anything covers it: the new root comes to lie on /tmp.
    int systems[system_count], nodes[device_count];
    int *paths = calloc(box->path_count + 1, sizeof *paths);
    if (!paths) fail("allocate", "paths");
    for (int index = 0; index < system_count; index++) systems[index] = copy_tree(system_paths[index], plain);
    for (int index = 0; index < device_count; index++) {
        nodes[index] = copy_tree(devices[index], MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
        if (nodes[index] < 0) fail("open", devices[index]);
    }
    for (uint64_t index = 0; index < box->path_count; index++) {
        paths[index] = copy_tree(box->paths[index], plain);
        if (paths[index] < 0) fail("open", box->paths[index]);
    }
    const unsigned long flags = MS_NOSUID | MS_NODEV;
    mount_or_fail("tmpfs", "/tmp", flags, "size=1m,nr_inodes=4096,mode=755");
    if (chdir("/tmp") != 0) fail("chdir", "/tmp");
    for (int index = 0; index < system_count; index++) place_system(system_paths[index], systems[index]);
    make_devices(nodes);
    // A new /proc is allowed only while the old one is in sight, whole.
    mount_or_fail("proc", "proc", flags | MS_NOEXEC | MS_RDONLY, NULL);
    char options[96];
    snprintf(options, sizeof options, "size=%llu,nr_inodes=16384,mode=1777", (unsigned long long)box->memory);
    mount_or_fail("tmpfs", "tmp", flags, options);
    for (uint64_t index = 0; index < box->path_count; index++) {
        if (!is_visible(box->paths[index])) place(paths[index], box->paths[index]);
    }
    free(paths);
    enter_root();
}
