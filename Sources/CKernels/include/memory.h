// Configures the memory allocator.
#pragma once

/// Makes all threads allocate from one heap (glibc; otherwise does nothing). With one heap per thread, freed memory
/// of unloaded models stays in each heap: 200 switches between two small models increased memory by 2 to 3%, and by
/// 1.4% with one heap. Kernels reuse memory above the allocator, so threads rarely contend. Must be called first.
void sotto_use_one_heap(void);

/// Returns freed memory that the allocator keeps to the system (glibc; otherwise does nothing).
void sotto_trim_memory(void);
