// Rotary position embedding (arXiv:2104.09864).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "elementwise.h"
#include "thread_pool.h"

/// The cosines and sines, times `amplitude`, of position * frequency: 2 * count numbers per row, cosines first.
/// Computed in double, so they are exact to float32 for every position.
void sotto_rotary_angles(sotto_pool *pool, float *angles, const int32_t *positions, ptrdiff_t rows,
                         const float *frequencies, ptrdiff_t count, float amplitude);
/// Rotates 2 * count columns of each head, from column `first` on, by its row's angles and copies the others. Pairs are (2i, 2i+1)
/// if `interleaved` is set, otherwise (i, i + count).
void sotto_rotary(sotto_pool *pool, float *output, sotto_rows x, ptrdiff_t rows, ptrdiff_t heads,
                  ptrdiff_t head_size, ptrdiff_t first, const float *angles, ptrdiff_t count, int interleaved);
