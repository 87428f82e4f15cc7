// The real-gated linear recurrent unit (RG-LRU) of Griffin (arXiv:2402.19427).
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_MOST_LRU_BLOCK = 1024 };

/// The rows of one sequence and its state.
typedef struct {
  float *state;  // [heads * block], read and written
  ptrdiff_t row, rows;
  int starts;  // whether its first row is the sequence's first position
} sotto_lru_sequence;

/// For each head's block x of a row:
///   input gate = sigmoid(x input_weight + input_bias), recurrence gate = sigmoid(x gate_weight + gate_bias)
///   log a = -8 softplus(rate) * recurrence gate
///   state = a * state + sqrt(1 - a^2) * input gate * x, without the square root at the first position
/// The output is the state.
typedef struct {
  float *output;  // [rows, heads * block], contiguous
  sotto_rows x;   // [rows, heads * block]
  const float *input_weight, *gate_weight;  // [heads, block inputs, block outputs]
  const float *input_bias, *gate_bias;      // [heads * block]
  const float *rate;                        // [heads * block]
  ptrdiff_t heads, block;                   // block: 1 to SOTTO_MOST_LRU_BLOCK
  const sotto_lru_sequence *sequences;
  ptrdiff_t sequence_count;
} sotto_rg_lru;

/// Computes gates and recurrence. Heads are divided among the threads. Costs 2 * block multiply-adds per number, in
/// register tiles, and about 50 vector instructions for 16 numbers.
void sotto_rg_lru_run(sotto_pool *pool, const sotto_rg_lru *call);
