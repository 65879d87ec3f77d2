#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
enum { architecture = (int)AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { architecture = (int)AUDIT_ARCH_AARCH64 };
#else
#error "the sandbox knows the system calls of x86-64 and AArch64"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define UNLESS_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, skip)
#define ON(call, action) UNLESS_EQUAL(SYS_##call, 1), RETURN(action)
#define DENY(call) ON(call, SECCOMP_RET_ERRNO | EPERM)

enum {
    /// Bit 30 marks the calls of x86's third interface, which are not these.
    foreign_calls = 0x40000000,
    new_namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                     CLONE_NEWCGROUP
};

/// What opens the kernel wider than a program needs, memory that no process is seen to have, and other namespaces are
/// refused. Who asks for an internet socket waits for an answer that never comes. New processes are not asked for: a call
/// that waits for its answer ends when a signal comes, and no program expects that of fork.
static const struct sock_filter rules[] = {
    LOAD(arch),
    UNLESS_EQUAL(architecture, 1),
    BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
    RETURN(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, foreign_calls, 0, 1),
    RETURN(SECCOMP_RET_ERRNO | ENOSYS),
    // Its flags lie in memory, out of a filter's sight; libraries fall back to clone.
    ON(clone3, SECCOMP_RET_ERRNO | ENOSYS),
    UNLESS_EQUAL(SYS_clone, 4),
    LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, new_namespaces, 0, 1),
    RETURN(SECCOMP_RET_ERRNO | EPERM),
    RETURN(SECCOMP_RET_ALLOW),
    UNLESS_EQUAL(SYS_socket, 8),
    LOAD(args[0]),
    UNLESS_EQUAL(AF_UNIX, 1),
    RETURN(SECCOMP_RET_ALLOW),
    UNLESS_EQUAL(AF_INET, 1),
    RETURN(SECCOMP_RET_USER_NOTIF),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
    RETURN(SECCOMP_RET_USER_NOTIF),
    RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
    DENY(memfd_create), DENY(memfd_secret), DENY(shmget),
    DENY(unshare), DENY(setns), DENY(mount), DENY(umount2), DENY(pivot_root), DENY(chroot), DENY(open_tree),
    DENY(move_mount), DENY(fsopen), DENY(fsconfig), DENY(fsmount), DENY(fspick), DENY(mount_setattr),
    DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev), DENY(pidfd_getfd),
    DENY(add_key), DENY(request_key), DENY(keyctl), DENY(bpf), DENY(perf_event_open), DENY(userfaultfd),
    DENY(io_uring_setup), DENY(io_uring_enter), DENY(io_uring_register), DENY(open_by_handle_at),
    DENY(init_module), DENY(finit_module), DENY(delete_module), DENY(kexec_load), DENY(reboot), DENY(swapon),
    DENY(swapoff), DENY(acct), DENY(quotactl), DENY(syslog), DENY(settimeofday), DENY(clock_settime),
    RETURN(SECCOMP_RET_ALLOW),
};

int install_filter(void) {
    struct sock_fprog program = {.len = sizeof rules / sizeof *rules, .filter = (struct sock_filter *)rules};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}
