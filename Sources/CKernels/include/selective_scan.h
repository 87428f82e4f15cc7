// The selective scan of state spaces with a decay per channel and state (Mamba, arXiv:2312.00752).
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_MOST_SELECTIVE_STATES = 256 };

/// The rows of one sequence and its state.
typedef struct {
  float *state;  // [state_size, channels], read and written
  ptrdiff_t row, rows;
} sotto_selected;

/// For each channel c and state n, token by token:
///   step = softplus(dt[c]),  state[n][c] = exp(rate[n][c] * step) * state[n][c] + step * B[n] * x[c]
///   y[c] = sum over n of C[n] * state[n][c] + d[c] * x[c]
typedef struct {
  float *output;       // [rows, channels], contiguous
  sotto_rows x, dt;    // [rows, channels]
  sotto_rows b, c;     // [rows, state_size]
  const float *rate;   // [state_size, channels], negative
  const float *d;      // [channels] or NULL
  ptrdiff_t channels, state_size;  // state_size: 1 to SOTTO_MOST_SELECTIVE_STATES
  const sotto_selected *sequences;
  ptrdiff_t sequence_count;
} sotto_selective_scan;

/// Scans. Channels are divided among the threads. Each number of the state costs an exponential and three multiply-adds
/// per row, about 14 vector instructions for 16 numbers; there is no form with matrix products, because every channel
/// and state has a decay of its own.
void sotto_scan_selectively(sotto_pool *pool, const sotto_selective_scan *scan);
