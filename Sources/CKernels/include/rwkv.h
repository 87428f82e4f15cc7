// RWKV-7 (arXiv:2503.14456): the token shift and the generalised delta rule.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_MOST_SHIFTS = 8, SOTTO_MOST_RWKV_HEAD = 256 };

/// The rows of one sequence and its state.
typedef struct {
  float *state;  // of the shift: the last row [columns]; of the rule: [heads, size, size], keys first
  ptrdiff_t row, rows;
} sotto_rwkv_sequence;

/// output[t][i * columns + c] = x[t][c] + (x[t - 1][c] - x[t][c]) * mixes[i][c]: `count` mixes of each row with the one
/// before it.
typedef struct {
  float *output;  // [rows, count * columns], contiguous
  sotto_rows x;   // [rows, columns]
  ptrdiff_t columns, count;  // count: 1 to SOTTO_MOST_SHIFTS
  const float *mixes[SOTTO_MOST_SHIFTS];
  const sotto_rwkv_sequence *sequences;
  ptrdiff_t sequence_count;
} sotto_token_shift;

void sotto_shift_tokens(sotto_pool *pool, const sotto_token_shift *call);

/// For each head with its state S [size][size], token by token, with rate = sigmoid(rate input):
///   e = key * erase / |key * erase|,  k = key * (1 + (rate - 1) * blend),  w = exp(-exp(-1/2) sigmoid(decay))
///   S = diag(w) S - (e rate) (eᵀ S) + k vᵀ
///   output = layer norm of (Sᵀ r) * norm_weight + norm_bias + (r · (k * bonus)) v
typedef struct {
  float *output;  // [rows, heads * size], contiguous
  sotto_rows receptance, decay, key, value, rate;  // [rows, heads * size]
  const float *erase, *blend, *bonus, *norm_weight, *norm_bias;  // [heads * size]
  ptrdiff_t heads, size;  // size: 1 to SOTTO_MOST_RWKV_HEAD
  float epsilon;          // of the layer norm
  const sotto_rwkv_sequence *sequences;
  ptrdiff_t sequence_count;
} sotto_rwkv;

/// Heads are divided among the threads. A token costs two passes over a head's state, about 6 vector instructions for 16
/// numbers of it.
void sotto_rwkv_run(sotto_pool *pool, const sotto_rwkv *call);
