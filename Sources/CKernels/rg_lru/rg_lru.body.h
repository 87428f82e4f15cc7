// The RG-LRU for one level.
#include "../common/tile.body.h"

vector_function v16 LEVEL(load_at_most)(const float *p, ptrdiff_t count) {
  return count < 16 ? LEVEL(load_some)(p, count) : LEVEL(load)(p);
}

// Products of rows with a head's matrix [block, block], whose last vector may be partial: `to` [rows, stride].
vector_function void LEVEL(gate_tile)(const int rows, const int vectors, const sotto_rg_lru *call, const float *x,
                                      const float *weight, float *to, ptrdiff_t stride, ptrdiff_t row,
                                      ptrdiff_t vector) {
  ptrdiff_t block = call->block, first = 16 * vector;
  tile_sums sums = {0};
  if (first + 16 * vectors <= block) {
    LEVEL(multiply_tile)(rows, vectors, sums, x + row * call->x.stride, call->x.stride, weight + first, block, block);
  } else {
    // The last vector of a block whose size is not a multiple of 16.
    for (ptrdiff_t k = 0; k < block; k++) unrolled for (int v = 0; v < vectors; v++) {
        ptrdiff_t left = block - first - 16 * v;
        v16 w = LEVEL(load_at_most)(weight + k * block + first + 16 * v, left);
        unrolled for (int r = 0; r < rows; r++) sums[r][v] += w * x[(row + r) * call->x.stride + k];
      }
  }
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(to + (row + r) * stride + first + 16 * v, sums[r][v]);
}

// The recurrence over `rows` rows of a head's columns.
static void LEVEL(recur)(const sotto_rg_lru *call, float *state, ptrdiff_t row, ptrdiff_t rows, int starts,
                         ptrdiff_t head, const float *input_gates, const float *gates, ptrdiff_t stride) {
  ptrdiff_t block = call->block, columns = call->heads * block;
  for (ptrdiff_t i = 0; i < block; i += 16) {
    ptrdiff_t place = head * block + i, left = block - i < 16 ? block - i : 16;
    v16 h = LEVEL(load_at_most)(state + place, left);
    v16 rate = LEVEL(softplus)(LEVEL(load_at_most)(call->rate + place, left)) * -8.0f;
    v16 input_bias = LEVEL(load_at_most)(call->input_bias + place, left);
    v16 gate_bias = LEVEL(load_at_most)(call->gate_bias + place, left);
    for (ptrdiff_t t = 0; t < rows; t++) {
      v16 x = LEVEL(load_at_most)(call->x.data + (row + t) * call->x.stride + place, left);
      v16 input = x * LEVEL(sigmoid)(LEVEL(load)(input_gates + t * stride + i) + input_bias);
      v16 log_decay = rate * LEVEL(sigmoid)(LEVEL(load)(gates + t * stride + i) + gate_bias);
      v16 decay = LEVEL(exp)(log_decay);
      if (!starts || t > 0) input *= __builtin_elementwise_sqrt(1.0f - LEVEL(exp)(log_decay + log_decay));
      h = decay * h + input;
      LEVEL(store_some)(call->output + (row + t) * columns + place, h, left);
    }
    LEVEL(store_some)(state + place, h, left);
  }
}

static void LEVEL(rg_lru)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const sotto_rg_lru *call = arguments;
  ptrdiff_t block = call->block, stride = (block + 15) / 16 * 16, vectors = stride / 16;
  float input_gates[BLOCK_ROWS * SOTTO_MOST_LRU_BLOCK], gates[BLOCK_ROWS * SOTTO_MOST_LRU_BLOCK];
  for (ptrdiff_t unit = begin; unit < end; unit++) {
    const sotto_lru_sequence *s = &call->sequences[unit / call->heads];
    ptrdiff_t head = unit % call->heads, place = head * block * block;
    for (ptrdiff_t t = 0; t < s->rows; t += BLOCK_ROWS) {
      ptrdiff_t row = s->row + t, rows = s->rows - t < BLOCK_ROWS ? s->rows - t : BLOCK_ROWS;
      const float *x = call->x.data + row * call->x.stride + head * block;
      FOR_TILES(LEVEL(gate_tile), rows, vectors, call, x, call->input_weight + place, input_gates, stride);
      FOR_TILES(LEVEL(gate_tile), rows, vectors, call, x, call->gate_weight + place, gates, stride);
      LEVEL(recur)(call, s->state, row, rows, s->starts && t == 0, head, input_gates, gates, stride);
    }
  }
}
