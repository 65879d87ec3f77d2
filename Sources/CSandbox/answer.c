#define _GNU_SOURCE
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void send_all(const void *bytes, size_t size) {
    for (size_t sent = 0; sent < size;) {
        ssize_t count = write(server_socket, (const char *)bytes + sent, size - sent);
        if (count < 0 && errno != EINTR) _exit(1);
        if (count > 0) sent += (size_t)count;
    }
}

_Noreturn void answer(const struct sandbox *box, const char *word, int number) {
    char head[96];
    int size = snprintf(head, sizeof head, "%s %d %zu %zu\n", word, number, box->output_size, box->error_size);
    send_all(head, (size_t)size);
    send_all(box->text, box->output_size);
    send_all(box->text + box->output - box->error_size, box->error_size);
    _exit(0);
}

_Noreturn void answer_setup(const char *what) {
    const int number = errno;
    // Too many namespaces, too, is how a system says that there may be none.
    const bool is_forbidden = number == EPERM || number == EACCES || number == ENOSPC;
    const char *hint = is_forbidden ? "; unprivileged user namespaces must be allowed: sysctl user.max_user_namespaces, "
                                      "kernel.unprivileged_userns_clone=1, "
                                      "kernel.apparmor_restrict_unprivileged_userns=0; under systemd deploy/verifiers.conf"
                                    : "";
    char text[512], head[64];
    int size = snprintf(text, sizeof text, "%s: %s%s", what, strerror(number), hint);
    if (size >= (int)sizeof text) size = sizeof text - 1;
    send_all(head, (size_t)snprintf(head, sizeof head, "setup %d %d 0\n", number, size));
    send_all(text, (size_t)size);
    _exit(0);
}
