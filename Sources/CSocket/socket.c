#define _GNU_SOURCE
#include "CSocket.h"

#include <sys/socket.h>

int accept_with_flags(int socket, void *address, uint32_t *length, int flags) {
    return accept4(socket, address, length, flags);
}
