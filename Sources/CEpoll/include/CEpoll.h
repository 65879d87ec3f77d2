#ifndef CEPOLL_H
#define CEPOLL_H

/// Linux's epoll, which the system's module leaves out.

#include <sys/epoll.h>

#endif
