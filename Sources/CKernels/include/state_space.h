// The selective scan of state spaces with one decay per head (Mamba-2): token by token, or in chunks as matrix
// products (state-space duality, arXiv:2405.21060).
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

/// The rows of one sequence and its state.
typedef struct {
  float *state;  // [heads, state_size, head_size], read and written
  ptrdiff_t row, rows;
} sotto_scanned;

/// For each head, with B and C of its group, and x, y of its columns:
///   step = softplus(dt + dt_bias) clamped to the limits, decay = exp(-exp(a_log) * step)
///   state = decay * state + B x^T * step,  y = C^T state + d * x
typedef struct {
  float *output;             // [rows, heads * head_size], contiguous
  sotto_rows x;              // [rows, heads * head_size]
  sotto_rows b, c;           // [rows, groups * state_size]
  sotto_rows dt;             // [rows, heads]
  const float *a_log, *dt_bias, *d;  // [heads]; d may be NULL
  ptrdiff_t heads, head_size, groups, state_size;
  float least_step, most_step;
  const sotto_scanned *sequences;
  ptrdiff_t sequence_count;
} sotto_state_space;

/// The number of scratch floats per thread.
size_t sotto_scan_scratch(const sotto_state_space *scan);
/// Scans. `scratch` has `sotto_scan_scratch` floats for each thread of the pool, aligned to 64 bytes. Heads are
/// divided among the threads. Few rows cost a pass over the state each; many cost, per row and head, about 2 *
/// state_size * head_size multiply-adds and half a chunk's length times head_size.
void sotto_scan(sotto_pool *pool, const sotto_state_space *scan, float *scratch);
