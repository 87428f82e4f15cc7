// The depthwise causal convolution over time that precedes a recurrence.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_MOST_TAPS = 32 };

/// The rows of one sequence and its state.
typedef struct {
  /// The last taps - 1 inputs [taps - 1, channels], oldest first; replaced by the latest ones.
  float *inputs;
  /// The sequence's first row and its number of rows.
  ptrdiff_t row, rows;
} sotto_convolved;

typedef struct {
  float *output;  // [rows, channels], contiguous
  sotto_rows x;
  ptrdiff_t channels, taps;  // taps: 1 to SOTTO_MOST_TAPS
  const float *weight;       // [taps, channels], the oldest input's tap first
  const float *bias;         // [channels] or NULL
  int silu;                  // whether to apply y * sigmoid(y)
  const sotto_convolved *sequences;
  ptrdiff_t sequence_count;
} sotto_convolution;

/// output[t][c] = bias[c] + sum over k of weight[k][c] * x[t - taps + 1 + k][c], then SiLU if requested. Costs about
/// one multiplication and one load per tap besides the SiLU; channels are divided among the threads.
void sotto_convolve(sotto_pool *pool, const sotto_convolution *convolution);
