#define _GNU_SOURCE
#include "CSandbox.h"
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool number(const char *text, uint64_t *value) {
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *text != 0 && *end == 0;
}

static bool read_arguments(struct sandbox *box, int argc, char **argv) {
    uint64_t *fields[] = {&box->time_ms, &box->cpu_seconds, &box->memory,    &box->processes,
                          &box->output,  &box->input_size,  &box->path_count};
    const int first = 2, count = sizeof fields / sizeof *fields;
    if (argc < first + count) return false;
    for (int field = 0; field < count; field++) {
        if (!number(argv[first + field], fields[field])) return false;
    }
    if (box->path_count >= (uint64_t)(argc - first - count)) return false;
    box->paths = argv + first + count;
    box->command = box->paths + box->path_count;
    return true;
}

/// The input is there before anything is set up: behind it only the server's departure can come.
static bool read_input(struct sandbox *box) {
    box->input = malloc(box->input_size + 1);
    box->text = malloc(box->output + 1);
    if (!box->input || !box->text) return false;
    for (uint64_t size = 0; size < box->input_size;) {
        ssize_t count = read(server_socket, box->input + size, box->input_size - size);
        if (count <= 0 && errno != EINTR) return false;
        if (count > 0) size += (uint64_t)count;
    }
    return true;
}

/// No descriptor of the server's but the socket, and first to go where memory runs out.
static void detach(void) {
    close_range(1, ~0U, 0);
    open("/dev/null", O_RDWR);
    dup(1);
    signal(SIGPIPE, SIG_IGN);
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (score >= 0) {
        (void)!write(score, "1000", 4);
        close(score);
    }
}

static void write_map(pid_t pid, const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) < 0) answer_setup(name);
    close(file);
}

/// Root is needed inside to reach what only root may; the command runs as nobody. Others stay who they are.
static void write_maps(const struct sandbox *box, pid_t pid) {
    char users[64], groups[64];
    if (box->is_root) {
        snprintf(users, sizeof users, "0 0 1\n%d %d 1\n", nobody, nobody);
        strcpy(groups, users);
    } else {
        snprintf(users, sizeof users, "%u %u 1\n", geteuid(), geteuid());
        snprintf(groups, sizeof groups, "%u %u 1\n", getegid(), getegid());
        write_map(pid, "setgroups", "deny");
    }
    write_map(pid, "uid_map", users);
    write_map(pid, "gid_map", groups);
}

int sandbox_main(int argc, char **argv) {
    struct sandbox box = {.is_root = geteuid() == 0};
    if (!read_arguments(&box, argc, argv)) return 2;
    detach();
    if (!read_input(&box)) return 1;
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) != 0) answer_setup("pipe");
    const unsigned long flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                                CLONE_NEWCGROUP | SIGCHLD;
    // As fork: its own memory, none of the server's.
    pid_t pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid < 0) answer_setup("user namespaces");
    if (pid == 0) {
        close(gate[1]);
        sandbox_init(&box, gate[0]);
    }
    write_maps(&box, pid);
    close(gate[1]);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (!WIFEXITED(status)) answer(&box, "memory", 0);  // Only the system kills it, where memory runs out.
    return 0;
}
