// glibc has a heap for every thread and keeps freed memory.
#include "memory.h"

#include <stdlib.h>

#if defined(__GLIBC__)
#include <malloc.h>
void sotto_use_one_heap(void) { mallopt(M_ARENA_MAX, 1); }
void sotto_trim_memory(void) { malloc_trim(0); }
#else
void sotto_use_one_heap(void) {}
void sotto_trim_memory(void) {}
#endif
