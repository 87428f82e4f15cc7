// The gated delta rule for a chunk of tokens as matrix products, for one level.
//
// With b_i the sum of g up to token i of the chunk, D_ij = exp(b_i - b_j), and S the state before the chunk, the writes
// V' of all tokens solve (I + tril(beta K Kᵀ ⊙ D, -1)) V' = beta (V - exp(b) K S); the outputs are
// exp(b) Q S + tril(Q Kᵀ ⊙ D) V', and S becomes exp(b_last) S + (exp(b_last - b) K)ᵀ V' (arXiv:2412.06464, section
// 3.3, with the triangular system solved by blocks of rows in place of multiplying by its inverse).

vector_function ptrdiff_t LEVEL(smaller)(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

// Products of the chunk's keys and queries with its keys, on and below the diagonal; shared by all value heads.
static void LEVEL(multiply_keys)(delta_workspace *w, ptrdiff_t count, ptrdiff_t rows) {
  ptrdiff_t stride = w->key_stride;
  for (ptrdiff_t first = 0; first < rows; first += 16) {
    const float *keys = w->keys + first * stride;
    ptrdiff_t some = LEVEL(smaller)(count - first, 16);
    for (ptrdiff_t d = 0; d < stride; d++) {
      v16 x = LEVEL(all)(0);
      for (ptrdiff_t i = 0; i < some; i++) x[i] = keys[i * stride + d];
      LEVEL(store)(w->turned + d * CHUNK + first, x);
    }
  }
  delta_product p = {.a_row = stride, .a_step = 1, .b = w->turned, .b_stride = CHUNK, .depth = stride, .stride = CHUNK};
  for (ptrdiff_t first = 0; first < rows; first += 16) {
    ptrdiff_t some = LEVEL(smaller)(rows - first, 16);
    p.a = w->keys + first * stride, p.out = w->key_keys + first * CHUNK;
    LEVEL(multiply)(&p, some, first + 16);
    p.a = w->queries + first * stride, p.out = w->query_keys + first * CHUNK;
    LEVEL(multiply)(&p, some, first + 16);
  }
}

// Sums of g are computed in double: if they are large, differences of neighbours would lose their last digits.
typedef struct {
  double sums[CHUNK];
  _Alignas(64) float decay[CHUNK];  // exp(b)
  _Alignas(64) float left[CHUNK];   // exp(b_last - b)
  float whole;                      // exp(b_last)
} LEVEL(chunk_decays);

static void LEVEL(sum_decays)(const delta_gates *gates, ptrdiff_t rows, LEVEL(chunk_decays) * d) {
  double sum = 0;
  // After the last token the gates have no effect.
  for (ptrdiff_t i = 0; i < round_up(rows, 16); i++) d->sums[i] = sum += gates->log[i];
  for (ptrdiff_t i = 0; i < round_up(rows, 16); i++) {
    d->decay[i] = (float)d->sums[i];
    d->left[i] = (float)(sum - d->sums[i]);
  }
  for (ptrdiff_t i = 0; i < rows; i += 16) {
    LEVEL(store)(d->decay + i, LEVEL(exp)(LEVEL(load)(d->decay + i)));
    LEVEL(store)(d->left + i, LEVEL(exp)(LEVEL(load)(d->left + i)));
  }
  d->whole = d->decay[rows - 1];
}

// -beta K Kᵀ ⊙ D below the diagonal, and Q Kᵀ ⊙ D on and below it; zeros above, as far as tiles extend.
static void LEVEL(weigh_pairs)(const delta_workspace *w, const delta_gates *gates, const LEVEL(chunk_decays) * d,
                               ptrdiff_t rows) {
  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t j = 0; j <= i; j += 16) {
      v16 x;
      for (ptrdiff_t lane = 0; lane < 16; lane++) x[lane] = (float)(d->sums[i] - d->sums[j + lane]);
      i16 column = LEVEL(iota)() + (int32_t)j;
      x = LEVEL(exp)(LEVEL(minimum)(x, LEVEL(all)(0)));
      v16 writes = LEVEL(load)(w->key_keys + i * CHUNK + j) * x * -gates->write[i];
      v16 reads = LEVEL(load)(w->query_keys + i * CHUNK + j) * x;
      LEVEL(store)(w->writes + i * CHUNK + j, LEVEL(select)(column < (int32_t)i, writes, LEVEL(all)(0)));
      LEVEL(store)(w->reads + i * CHUNK + j, LEVEL(select)(column <= (int32_t)i, reads, LEVEL(all)(0)));
    }
}

// The writes without interaction within the chunk: beta (V - exp(b) K S), from K S in `values`.
static void LEVEL(start_writes)(const delta_unit *unit, ptrdiff_t head, ptrdiff_t first, ptrdiff_t count,
                                const delta_workspace *w, const delta_gates *gates, const LEVEL(chunk_decays) * d) {
  const sotto_gated_delta *call = unit->call;
  for (ptrdiff_t i = 0; i < count; i++) {
    const float *value = call->value.data + (unit->sequence->row + first + i) * call->value.stride +
                         head * call->value_size;
    float *x = w->values + i * w->value_stride, decay = d->decay[i], write = gates->write[i];
    for (ptrdiff_t column = 0; column < call->value_size; column += 16) {
      v16 v = call->value_size - column < 16 ? LEVEL(load_some)(value + column, call->value_size - column)
                                             : LEVEL(load)(value + column);
      LEVEL(store)(x + column, (v - LEVEL(load)(x + column) * decay) * write);
    }
  }
}

static void LEVEL(write_outputs)(const delta_unit *unit, ptrdiff_t head, ptrdiff_t first, ptrdiff_t count,
                                 const float *x, ptrdiff_t stride) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t size = call->value_size, width = call->value_heads * size;
  float *output = call->output + (unit->sequence->row + first) * width + head * size;
  for (ptrdiff_t i = 0; i < count; i++, x += stride, output += width) memcpy(output, x, (size_t)size * sizeof *x);
}

// One value head's part of the chunk; `state` is [key_stride][value_stride].
static void LEVEL(run_head)(const delta_unit *unit, ptrdiff_t head, ptrdiff_t first, ptrdiff_t count, ptrdiff_t rows,
                            delta_workspace *w, float *state) {
  ptrdiff_t keys = w->key_stride, stride = w->value_stride;
  delta_gates gates;
  LEVEL(chunk_decays) decays;
  LEVEL(prepare_gates)(unit->call, head, unit->sequence->row + first, count, &gates);
  LEVEL(sum_decays)(&gates, rows, &decays);
  LEVEL(weigh_pairs)(w, &gates, &decays, rows);

  // K S, followed by Q S.
  delta_product found = {.a = w->keys, .a_row = keys, .a_step = 1, .b = state, .b_stride = stride, .depth = keys,
                         .out = w->values, .stride = stride};
  LEVEL(multiply)(&found, 2 * rows, stride);
  LEVEL(start_writes)(unit, head, first, count, w, &gates, &decays);
  for (ptrdiff_t row = 0; row < rows; row += PRODUCT_ROWS) {
    float *x = w->values + row * stride;
    delta_product p = {.a = w->writes + row * CHUNK, .a_row = CHUNK, .a_step = 1, .b = w->values, .b_stride = stride,
                       .depth = row, .start = x, .out = x, .stride = stride};
    LEVEL(solve)(&p, stride);
  }
  float *outputs = w->values + rows * stride;
  for (ptrdiff_t row = 0; row < rows; row += PRODUCT_ROWS) {
    float *x = outputs + row * stride;
    delta_product p = {.a = w->reads + row * CHUNK, .a_row = CHUNK, .a_step = 1, .b = w->values, .b_stride = stride,
                       .depth = row + PRODUCT_ROWS, .start = x, .factors = decays.decay + row, .factor_step = 1,
                       .out = x, .stride = stride};
    LEVEL(multiply)(&p, PRODUCT_ROWS, stride);
  }
  LEVEL(write_outputs)(unit, head, first, count, outputs, stride);

  for (ptrdiff_t i = 0; i < rows; i++)
    for (ptrdiff_t column = 0; column < stride; column += 16) {
      float *x = w->values + i * stride + column;
      LEVEL(store)(x, LEVEL(load)(x) * decays.left[i]);
    }
  delta_product written = {.a = w->keys, .a_row = 1, .a_step = keys, .b = w->values, .b_stride = stride,
                           .depth = rows, .start = state, .factors = &decays.whole, .out = state, .stride = stride};
  LEVEL(multiply)(&written, keys, stride);
}

// Copies between the sequence's state and the padded states of one key head's value heads.
static void LEVEL(copy_states)(const delta_unit *unit, const delta_workspace *w, int back) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t group = call->value_heads / call->key_heads, size = call->value_size;
  for (ptrdiff_t head = 0; head < group; head++) {
    float *state = unit->sequence->state + value_head(call, unit->key_head, head) * call->key_size * size;
    for (ptrdiff_t d = 0; d < w->key_stride; d++) {
      float *padded = w->states + (head * w->key_stride + d) * w->value_stride;
      float *row = state + d * size;
      if (d < call->key_size) memcpy(back ? row : padded, back ? padded : row, (size_t)size * sizeof *row);
      if (back) continue;
      ptrdiff_t there = d < call->key_size ? size : 0;
      memset(padded + there, 0, (size_t)(w->value_stride - there) * sizeof *padded);
    }
  }
}

static void LEVEL(run_chunks)(const delta_unit *unit, delta_workspace *w) {
  ptrdiff_t group = unit->call->value_heads / unit->call->key_heads, tokens = unit->sequence->rows;
  // Chunks of equal length, so that the last one is not a short remainder.
  ptrdiff_t chunks = (tokens + CHUNK - 1) / CHUNK;
  LEVEL(copy_states)(unit, w, 0);
  for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) {
    ptrdiff_t first = tokens * chunk / chunks, count = tokens * (chunk + 1) / chunks - first;
    ptrdiff_t rows = round_up(count, TILE_ROWS);
    LEVEL(prepare_keys)(unit, first, count, rows, w);
    LEVEL(multiply_keys)(w, count, rows);
    for (ptrdiff_t head = 0; head < group; head++)
      LEVEL(run_head)(unit, value_head(unit->call, unit->key_head, head), first, count, rows, w,
                      w->states + head * w->key_stride * w->value_stride);
  }
  LEVEL(copy_states)(unit, w, 1);
}
