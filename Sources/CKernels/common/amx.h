// AMX's tiles of 16 rows of 64 bytes: bfloat16 pairs and float32 sums.
#pragma once

#define SOTTO_TARGET_AMX                                                                                       \
  __attribute__((target("avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,"     \
                        "avx512vbmi,amx-tile,amx-bf16")))
enum { SOTTO_TILE_LINE = 64 };

/// Prepares this thread's eight tiles, and releases them: until then, switches between threads save them. Only
/// where sotto_has_amx() has allowed it; on other architectures both do nothing.
void sotto_begin_amx(void);
void sotto_end_amx(void);
