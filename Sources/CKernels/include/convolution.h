// The causal convolution over time that stands before a recurrence, each channel by itself.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_MOST_TAPS = 32 };

/// Rows of one sequence, and what it carries from call to call.
typedef struct {
  /// The last taps - 1 inputs [taps - 1, channels], oldest first: read, then replaced by the latest ones.
  float *inputs;
  /// The sequence's first row and how many it has.
  ptrdiff_t row, rows;
} sotto_convolved;

typedef struct {
  float *output;  // [rows, channels] without gaps
  sotto_rows x;
  ptrdiff_t channels, taps;  // taps: 1 to SOTTO_MOST_TAPS
  const float *weight;       // [taps, channels], the oldest input's tap first
  const float *bias;         // [channels] or NULL
  int silu;                  // whether y * sigmoid(y) follows
  const sotto_convolved *sequences;
  ptrdiff_t sequence_count;
} sotto_convolution;

/// output[t][c] = bias[c] + sum over k of weight[k][c] * x[t - taps + 1 + k][c], then SiLU where asked for. Costs about
/// a multiplication and a load for each tap beside the SiLU; channels are shared out over the pool.
void sotto_convolve(sotto_pool *pool, const sotto_convolution *convolution);
