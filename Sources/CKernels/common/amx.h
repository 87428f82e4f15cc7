// AMX's tiles of 16 rows of 64 bytes: bfloat16 pairs and float32 sums.
#pragma once
#include <stddef.h>

#define SOTTO_TARGET_AMX                                                                                       \
  __attribute__((target("avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,"     \
                        "avx512vbmi,amx-tile,amx-bf16")))
enum { SOTTO_TILE_ROWS = 16, SOTTO_TILE_LINE = 64 };

/// Prepares this thread's eight tiles, if they are not yet so. For the last of `rows` (1 to 64) rows in tiles of 16, the
/// tile of that number (0 to 3) and tile 7 have as many rows as are left; all other tiles have 16.
/// Only where sotto_has_amx() has allowed it; on other architectures nothing is done.
void sotto_begin_amx(size_t rows);
/// Releases the tiles, if this thread has prepared them: until then, switches between threads save them.
void sotto_end_amx(void);
