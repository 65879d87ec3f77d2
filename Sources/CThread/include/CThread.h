#ifndef CTHREAD_H
#define CTHREAD_H

/// Linux's names of threads, which the system's module leaves out. `top -H` and debuggers show them.

#include <pthread.h>

/// At most 15 bytes. A thread names itself: a name that Foundation's `Thread` has before it is started is lost, and one
/// that it is given behind that sometimes.
int pthread_setname_np(pthread_t thread, const char *name);

#endif
