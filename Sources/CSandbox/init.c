#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/// How often processes and memory are looked at: a fork bomb can come and be gone within a few milliseconds.
enum { watch_ms = 2 };

/// What the first process waits for; a descriptor that is over is -1, which poll leaves out.
enum source { from_server, from_children, from_filter, from_channel, from_output, from_errors, to_input, source_count };

static uint64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static _Noreturn void end(const struct sandbox *box, const char *word, int number) {
    kill(-1, SIGKILL);
    answer(box, word, number);
}

static void finish(struct pollfd *source) {
    close(source->fd);
    source->fd = -1;
}

/// Takes what there is; more than may be ends the command.
static void take_output(struct sandbox *box, struct pollfd *source, bool isError) {
    uint8_t piece[16384];
    ssize_t count;
    while ((count = read(source->fd, piece, sizeof piece)) > 0) {
        size_t room = box->output - box->output_size - box->error_size;
        size_t taken = (size_t)count < room ? (size_t)count : room;
        if (isError) {
            // The errors grow towards the output: what is there moves down.
            uint8_t *back = box->text + box->output;
            memmove(back - box->error_size - taken, back - box->error_size, box->error_size);
            memcpy(back - taken, piece, taken);
            box->error_size += taken;
        } else {
            memcpy(box->text + box->output_size, piece, taken);
            box->output_size += taken;
        }
        if (taken < (size_t)count) end(box, "output", 0);
    }
    if (count == 0) finish(source);
}

static void give_input(const struct sandbox *box, struct pollfd *source, uint64_t *given) {
    ssize_t count = write(source->fd, box->input + *given, box->input_size - *given);
    if (count > 0) *given += (uint64_t)count;
    const bool isOver = count < 0 && errno != EAGAIN && errno != EINTR;  // It does not read all.
    if (isOver || *given == box->input_size) finish(source);
}

/// The filter's descriptor comes first; anything behind it is why the command could not be started.
static void hear_command(struct sandbox *box, struct pollfd *channel, struct pollfd *filter) {
    char text[300];
    struct iovec piece = {.iov_base = text, .iov_len = sizeof text};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t count = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC);
    if (count <= 0) return finish(channel);
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_type == SCM_RIGHTS) {
        memcpy(&filter->fd, CMSG_DATA(head), sizeof(int));
        return;
    }
    box->output_size = (size_t)count < box->output ? (size_t)count : box->output;
    memcpy(box->text, text, box->output_size);
    box->error_size = 0;
    end(box, "setup", 0);
}

static void look(const struct sandbox *box) {
    switch (look_at_processes(box)) {
        case excess_processes: end(box, "processes", 0);
        case excess_memory: end(box, "memory", 0);
        case excess_none: return;
    }
}

/// Also of those whose own parents are gone. The command's end is the end of all.
static void reap(struct sandbox *box, pid_t command, struct pollfd sources[source_count]) {
    struct signalfd_siginfo information;
    (void)!read(sources[from_children].fd, &information, sizeof information);
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != command) continue;
        while (sources[from_channel].fd >= 0) hear_command(box, &sources[from_channel], &sources[from_filter]);
        if (sources[from_output].fd >= 0) take_output(box, &sources[from_output], false);
        if (sources[from_errors].fd >= 0) take_output(box, &sources[from_errors], true);
        if (WIFEXITED(status)) end(box, "exit", WEXITSTATUS(status));
        end(box, "signal", WTERMSIG(status));
    }
}

static _Noreturn void watch(struct sandbox *box, pid_t command, struct pollfd sources[source_count]) {
    const uint64_t deadline = now_ms() + box->time_ms;
    uint64_t next_look = 0, given = 0;
    for (;;) {
        const uint64_t now = now_ms();
        if (now >= deadline) end(box, "time", 0);
        if (now >= next_look) {
            look(box);
            next_look = now_ms() + watch_ms;
        }
        if (poll(sources, source_count, watch_ms) < 0 && errno != EINTR) end(box, "setup", errno);
        if (sources[from_server].revents) _exit(0);  // The server has gone, or wants no answer any more.
        if (sources[from_channel].revents) hear_command(box, &sources[from_channel], &sources[from_filter]);
        if (sources[from_filter].revents & POLLIN) end(box, "network", 0);
        if (sources[from_filter].revents) finish(&sources[from_filter]);  // Nobody is left who could ask.
        if (sources[to_input].revents) give_input(box, &sources[to_input], &given);
        if (sources[from_output].revents) take_output(box, &sources[from_output], false);
        if (sources[from_errors].revents) take_output(box, &sources[from_errors], true);
        if (sources[from_children].revents) reap(box, command, sources);
    }
}

static void open_pipe(int ends[2], int ours) {
    if (pipe2(ends, O_CLOEXEC) != 0) answer_setup("pipe");
    fcntl(ends[ours], F_SETFL, O_NONBLOCK);
}

_Noreturn void sandbox_init(struct sandbox *box, int gate) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char byte;
    (void)!read(gate, &byte, 1);
    close(gate);
    build_root(box);
    prctl(PR_SET_DUMPABLE, 0);
    int input[2], output[2], errors[2], channel[2];
    open_pipe(input, 1);
    open_pipe(output, 0);
    open_pipe(errors, 0);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0) answer_setup("socketpair");
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    const int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t command = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (signals < 0 || command < 0) answer_setup("start");
    const int standard[3] = {input[0], output[1], errors[1]};
    if (command == 0) become_command(box, standard, channel[1]);
    for (int number = 0; number < 3; number++) close(standard[number]);
    close(channel[1]);
    struct pollfd sources[source_count] = {
        [from_server] = {server_socket, POLLIN | POLLRDHUP, 0}, [from_children] = {signals, POLLIN, 0},
        [from_filter] = {-1, POLLIN, 0},                        [from_channel] = {channel[0], POLLIN, 0},
        [from_output] = {output[0], POLLIN, 0},                 [from_errors] = {errors[0], POLLIN, 0},
        [to_input] = {input[1], POLLOUT, 0},
    };
    watch(box, command, sources);
}
