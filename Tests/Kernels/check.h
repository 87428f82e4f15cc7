// What the checks of the kernels share; see check.c.
//
// Every buffer ends where its last number ends, so that a sanitizer sees the first byte that is read or written past
// it, and what is to be written is filled with NaNs (or left unwritten, for MemorySanitizer).
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "CKernels.h"

/// A number between -2 and 2; the same sequence for every level.
float check_number(void);
/// The next 32 random bits.
uint32_t check_bits(void);

/// Memory until the check's end. It begins at a multiple of 64 bytes and ends behind the last number.
float *check_numbers(size_t count);
float *check_room(size_t count);
/// `bytes` bytes of scratch, aligned to 64.
void *check_scratch(size_t bytes);
/// Random bytes at any address, as a file's tensors may lie: bits that are not in `mask` are 0, those in `set` are 1. A
/// page that cannot be read follows: sanitizers do not see what vector instructions gather.
uint8_t *check_bytes(size_t bytes, uint8_t mask, uint8_t set);
/// A copy of `count` numbers.
float *check_copy(const float *x, size_t count);

/// Keeps results for the comparison with other levels: `rows` rows of `columns` numbers, `stride` apart.
void check_keep(const float *x, size_t rows, size_t columns, size_t stride);
/// Keeps nothing of the rest of the check: it only has to run.
void check_keep_nothing(void);
/// Records a failure of a check that compares by itself.
void check_fail(const char *what);

/// One operation at many sizes. `pool` has several threads.
typedef void (*check_run)(sotto_pool *pool);
typedef struct {
  const char *name;
  check_run run;
  /// How far levels may be from each other: |a - b| / (1 + the largest number of the same matrix).
  float tolerance;
} check;

extern const check check_rows[], check_recurrences[], check_attentions[], check_products[], check_prompts[],
    check_threads[];
