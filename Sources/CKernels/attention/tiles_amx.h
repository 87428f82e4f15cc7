// Products of 16 query rows with AMX. Keys and values are pairs of bfloat16, as LEVEL(expand_pairs) stores them.
// Callers have prepared the tiles (see sotto_begin_amx).
//
// A tile product takes 16 cycles, in which dpbf16 multiplies for one row and 16 positions 16 pairs: 16 times as much.
// What is left, and takes longest, are the weights.
#pragma once
#include <stdint.h>

#include "attention.h"

/// scores[r][16 g ...] = query[r] · keys of group g, for `groups` groups of 16 positions. `depth` pairs of columns: a
/// multiple of 16.
void sotto_score_tiles(const uint32_t *query, ptrdiff_t depth, const uint32_t *keys, ptrdiff_t groups,
                       float (*scores)[SOTTO_PAGE_POSITIONS]);
/// sums[r] += weights[r] · values for 32 positions, or 64 if `positions` is more. What a row does not see must have next
/// to no weight, and values that are numbers. Rows of `stride` columns, a multiple of 16.
void sotto_value_tiles(const uint32_t (*weights)[SOTTO_PAGE_POSITIONS / 2], const uint32_t *values,
                       ptrdiff_t positions, ptrdiff_t stride, float *sums);
