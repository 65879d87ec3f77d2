#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { unseen_processes = 256 };

static char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/tmp", "TMPDIR=/tmp", "LANG=C.UTF-8", NULL};

static _Noreturn void report(int channel, const char *what) {
    char text[300];
    int size = snprintf(text, sizeof text, "%.200s: %s", what, strerror(errno));
    (void)!write(channel, text, (size_t)size);
    _exit(1);
}

static void send_listener(int channel, int listener) {
    char byte = 0;
    struct iovec piece = {.iov_base = &byte, .iov_len = 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(head), &listener, sizeof(int));
    if (sendmsg(channel, &message, 0) != 1) report(channel, "listener");
    close(listener);
}

static void limit(int channel, int resource, rlim_t soft, rlim_t hard) {
    // Not above what the server itself has.
    struct rlimit old;
    if (getrlimit((__rlimit_resource_t)resource, &old) != 0) report(channel, "getrlimit");
    if (hard > old.rlim_max) hard = old.rlim_max;
    struct rlimit new = {.rlim_cur = soft < hard ? soft : hard, .rlim_max = hard};
    if (setrlimit((__rlimit_resource_t)resource, &new) != 0) report(channel, "setrlimit");
}

static void set_limits(const struct sandbox *box, int channel) {
    limit(channel, RLIMIT_CORE, 0, 0);
    limit(channel, RLIMIT_CPU, box->cpu_seconds, box->cpu_seconds + 1);
    limit(channel, RLIMIT_FSIZE, box->memory, box->memory);
    limit(channel, RLIMIT_NOFILE, 256, 256);
    limit(channel, RLIMIT_MEMLOCK, 0, 0);
    // The first process looks for too many every other millisecond, and names them; this is the end of what can be in
    // between. At the limit itself they would fail and be gone before they are seen.
    limit(channel, RLIMIT_NPROC, box->processes + unseen_processes, box->processes + unseen_processes);
    // Behind the server, and behind who watches; the server's own right to more is not inherited.
    setpriority(PRIO_PROCESS, 0, 15);
    limit(channel, RLIMIT_NICE, 0, 0);
}

/// No capability, and no way to one.
static void drop_privileges(const struct sandbox *box, int channel) {
    if (box->is_root && (setgroups(0, NULL) != 0 || setresgid(nobody, nobody, nobody) != 0 ||
                         setresuid(nobody, nobody, nobody) != 0)) {
        report(channel, "become nobody");
    }
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    if (syscall(SYS_capset, &head, none) != 0) report(channel, "capset");
}

_Noreturn void become_command(const struct sandbox *box, const int standard[3], int channel) {
    setsid();
    for (int number = 0; number < 3; number++) {
        if (dup2(standard[number], number) < 0) report(channel, "dup2");
    }
    set_limits(box, channel);
    drop_privileges(box, channel);
    sigset_t signals;
    sigemptyset(&signals);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    signal(SIGPIPE, SIG_DFL);
    int listener = install_filter();
    if (listener < 0) report(channel, "seccomp");
    send_listener(channel, listener);
    execvpe(box->command[0], box->command, environment);
    report(channel, box->command[0]);
}
