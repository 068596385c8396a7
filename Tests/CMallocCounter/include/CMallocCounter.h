// Counts the heap allocations of the calling thread, for tests that promise none.
#ifndef PARLEY_CMALLOC_COUNTER_H
#define PARLEY_CMALLOC_COUNTER_H

#include <stdint.h>

/// Calls of malloc, calloc, realloc and their aligned kin by this thread since it began.
uint64_t parley_malloc_count(void);

#endif
