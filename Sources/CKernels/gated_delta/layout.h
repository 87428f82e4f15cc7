// One thread's workspace for the gated delta rule.
#pragma once
#include "gated_delta.h"

enum {
  CHUNK = 64,       // tokens of a chunk
  FEW_TOKENS = 8,   // up to this number, tokens are processed one by one
  TILE_ROWS = 4,    // rows are padded to multiples of this, and so of every level's register tile
};

/// The value head at `index` among those of a key head.
static inline ptrdiff_t value_head(const sotto_gated_delta *call, ptrdiff_t key_head, ptrdiff_t index) {
  return call->tiled ? index * call->key_heads + key_head : key_head * (call->value_heads / call->key_heads) + index;
}

static inline ptrdiff_t round_up(ptrdiff_t x, ptrdiff_t step) { return (x + step - 1) / step * step; }

/// Rows are padded with zeros: key_stride is a multiple of TILE_ROWS, value_stride of 16.
typedef struct {
  ptrdiff_t key_stride, value_stride;
  float *keys;      // [CHUNK][key_stride], normalised; the queries follow directly
  float *queries;   // after the rows of keys, rounded up to TILE_ROWS
  float *turned;    // [key_stride][CHUNK]: the keys, transposed
  float *decays;    // [CHUNK][key_stride]: exp(g) of every channel, if they have their own
  float *factors, *whole;  // [key_stride]: products of decays, of a block and since the chunk's start
  float *key_keys;  // [CHUNK][CHUNK]: products of keys; undefined on and above the diagonal
  float *query_keys;
  float *writes;    // [CHUNK][CHUNK]: how earlier writes change a later one, negated
  float *reads;     // [CHUNK][CHUNK]: what an output reads of each write
  float *values;    // [2 * CHUNK][value_stride]: K S and Q S, then writes and outputs
  float *states;    // [value heads of a key head][key_stride][value_stride]
} delta_workspace;

/// The numbers that a thread's memory takes; `w` is laid out in `memory` where that is not NULL.
static inline size_t lay_out(const sotto_gated_delta *call, float *memory, delta_workspace *w) {
  delta_workspace unused;
  if (!w) w = &unused;
  ptrdiff_t keys = round_up(call->key_size, TILE_ROWS), values = round_up(call->value_size, 16);
  ptrdiff_t pairs = CHUNK * CHUNK, group = call->value_heads / call->key_heads;
  // Each part begins on a cache line.
  ptrdiff_t own = call->per_channel ? CHUNK * keys : 0, factors = call->per_channel ? round_up(keys, 16) : 0;
  ptrdiff_t parts[] = {2 * CHUNK * keys, CHUNK * keys, pairs, pairs, pairs, pairs, 2 * CHUNK * values,
                       round_up(group * keys * values, 16), own, factors, factors};
  float **places[] = {&w->keys,   &w->turned, &w->key_keys, &w->query_keys, &w->writes, &w->reads,
                      &w->values, &w->states, &w->decays,   &w->factors,    &w->whole};
  size_t total = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (memory) *places[i] = memory + total;
    total += (size_t)parts[i];
  }
  if (memory) w->key_stride = keys, w->value_stride = values;
  return total;
}

/// What the decay and the strength of writes are for the tokens of one value head.
typedef struct {
  float decay[CHUNK];  // exp(g)
  float log[CHUNK];    // g
  float write[CHUNK];  // beta
} delta_gates;

/// One head's part in a call, of one sequence.
typedef struct {
  const sotto_gated_delta *call;
  const sotto_delta_sequence *sequence;
  ptrdiff_t key_head;
} delta_unit;
