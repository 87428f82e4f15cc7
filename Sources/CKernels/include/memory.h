// The memory allocator's free pages.
#pragma once

/// Gives memory that was freed back to the system, where the allocator keeps it (glibc); else does nothing.
void sotto_trim_memory(void);
