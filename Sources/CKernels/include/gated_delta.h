// The gated delta rule (arXiv:2412.06464), a linear attention that overwrites the values stored under its keys.
//
// For each value head with its state S [key_size][value_size], token by token:
//   S = exp(g) S;  S = S + k beta (v - kᵀ S);  output = qᵀ S
// with g = -exp(log_decay) softplus(decay + bias), beta = write_scale sigmoid(write), and q and k divided by their
// Euclidean norm, q also by sqrt(key_size).
//
// In Kimi delta attention (arXiv:2510.26692), every row of a state has a g of its own; with a lower bound, g is
// lower_bound * sigmoid(exp(log_decay) (decay + bias)). Its prompts are processed token by token.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

/// One sequence of a call: consecutive rows, and its state [value_heads][key_size][value_size].
typedef struct {
  float *state;
  ptrdiff_t row, rows;
} sotto_delta_sequence;

typedef struct {
  ptrdiff_t key_heads, value_heads;  // each key head serves value_heads / key_heads value heads,
  int tiled;                         // which are consecutive, or key_heads apart
  ptrdiff_t key_size, value_size;
  sotto_rows query, key;             // [rows][key_heads * key_size]
  sotto_rows value;                  // [rows][value_heads * value_size]
  sotto_rows decay, write;           // [rows][value_heads]; decay [rows][value_heads * key_size] if per_channel
  const float *log_decay;            // [value_heads]
  const float *bias;                 // [value_heads], or [value_heads * key_size] if per_channel
  int per_channel;                   // whether every row of a state decays by itself; needs value_heads == key_heads
  float lower_bound;                 // of g, if per_channel; 0 for none
  float write_scale;                 // 1 or 2
  float epsilon;                     // added to the sums of squares of q and k
  float *output;                     // [rows][value_heads * value_size]
  const sotto_delta_sequence *sequences;
  ptrdiff_t sequence_count;
} sotto_gated_delta;

/// Bytes of scratch, aligned to 64, for a call on this number of threads.
size_t sotto_gated_delta_scratch(const sotto_gated_delta *call, int threads);
/// Processes all rows and updates the states. Prompts are processed in chunks of tokens as matrix products.
void sotto_gated_delta_run(sotto_pool *pool, const sotto_gated_delta *call, void *scratch);
