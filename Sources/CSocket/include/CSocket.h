#ifndef CSOCKET_H
#define CSOCKET_H

/// What Linux has for sockets and the system's module leaves out: epoll, timers that it can wait for, accept4.

#include <stdint.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

/// accept4(2). `address` is a `struct sockaddr`: with that type the header would take it from the system's module.
int accept_with_flags(int socket, void *address, uint32_t *length, int flags);

#endif
