#ifndef CMALLOC_H
#define CMALLOC_H

/// What glibc's allocator has beside the standard's functions.

#include <malloc.h>

#endif
