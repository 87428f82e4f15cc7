// The scan in chunks as matrix products, for one level (arXiv:2405.21060, section 6).
//
// Within a chunk, with l the decays' logarithms summed up from its first row on:
//   y[t] = 2^l[t] C[t] state + sum over s <= t of (C[t] . B[s]) 2^(l[t] - l[s]) step[s] x[s] + d x[t]
//   state = 2^l[last] state + sum over s of B[s] (2^(l[last] - l[s]) step[s] x[s])^T
// The exponents are at most 0.

// What the heads of a group share: C, the transposed B and their products.
static void LEVEL(prepare_group)(scan_call *s, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t group, workspace *w) {
  ptrdiff_t n = s->state_size;
  for (ptrdiff_t t = 0; t < rows; t++) {
    memcpy(w->c + t * n, s->c.data + (row + t) * s->c.stride + group * n, (size_t)n * sizeof(float));
    const float *b = s->b.data + (row + t) * s->b.stride + group * n;
    for (ptrdiff_t i = 0; i < n; i++) w->b[i * CHUNK + t] = b[i];
  }
  for (ptrdiff_t t = rows; t < round_up(rows); t++)
    for (ptrdiff_t i = 0; i < n; i++) w->b[i * CHUNK + t] = 0;
}

vector_function void LEVEL(product_tile)(const int rows, const int vectors, scan_call *s, workspace *w, ptrdiff_t row,
                                         ptrdiff_t vector) {
  if (16 * vector >= row + rows) return;  // above the diagonal
  tile_sums sums = {0};
  LEVEL(multiply_tile)(rows, vectors, sums, w->c + row * s->state_size, s->state_size, w->b + 16 * vector, CHUNK,
                       s->state_size);
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(w->products + (row + r) * CHUNK + 16 * (vector + v), sums[r][v]);
}
static void LEVEL(multiply_group)(scan_call *s, ptrdiff_t rows, workspace *w) {
  FOR_TILES(LEVEL(product_tile), rows, round_up(rows) / 16, s, w);
}

// The head's steps, decays, weights and columns.
static void LEVEL(prepare_head)(scan_call *s, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t head, workspace *w) {
  float rate = decay_rate(s, head);
  double sum = 0;
  LEVEL(steps_of)(s, row, rows, head, w->step);
  for (ptrdiff_t t = 0; t < rows; t++) w->log_decay[t] = (float)(sum += (double)(rate * w->step[t]));
  for (ptrdiff_t t = rows; t < round_up(rows); t++) w->step[t] = 0, w->log_decay[t] = w->log_decay[rows - 1];
  for (ptrdiff_t t = 0; t < rows; t += 16) {
    v16 log_decay = LEVEL(load)(w->log_decay + t);
    LEVEL(store)(w->from_start + t, LEVEL(exp2_weight)(log_decay));
    LEVEL(store)(w->to_end + t, LEVEL(exp2_weight)(w->log_decay[rows - 1] - log_decay) * LEVEL(load)(w->step + t));
  }

  i16 lanes = LEVEL(iota)();
  for (ptrdiff_t t = 0; t < rows; t++) {
    const float *products = w->products + t * CHUNK;
    float *weights = w->weights + t * CHUNK;
    // At least to the end of the row's tile, which reads no further.
    ptrdiff_t end = t + TILE_ROWS < rows ? t + TILE_ROWS : rows;
    for (ptrdiff_t i = 0; i < end; i += 16) {
      v16 decay = LEVEL(exp2_weight)(w->log_decay[t] - LEVEL(load)(w->log_decay + i));
      v16 weight = decay * LEVEL(load)(w->step + i) * LEVEL(load)(products + i);
      LEVEL(store)(weights + i, LEVEL(select)(lanes <= (int32_t)(t - i), weight, LEVEL(all)(0)));
    }
  }
  ptrdiff_t p = s->head_size, ahead = head + 1 < s->heads ? p : 0;
  for (ptrdiff_t t = 0; t < rows; t++) {
    const float *x = s->x.data + (row + t) * s->x.stride + head * p;
    float *copy = w->x + t * w->width, *weighted = w->weighted + t * w->width;
    for (ptrdiff_t i = 0; i < p; i += 16) {
      v16 columns = p - i < 16 ? LEVEL(load_some)(x + i, p - i) : LEVEL(load)(x + i);
      LEVEL(store)(copy + i, columns);
      LEVEL(store)(weighted + i, columns * w->to_end[t]);
      // The next head's rows are too far apart for the hardware prefetcher.
      __builtin_prefetch(x + ahead + i);
    }
  }
}

vector_function void LEVEL(output_tile)(const int rows, const int vectors, scan_call *s, const float *state,
                                        float *output, float skip, workspace *w, ptrdiff_t row, ptrdiff_t vector) {
  tile_sums sums = {0};
  ptrdiff_t first = 16 * vector;
  LEVEL(multiply_tile)(rows, vectors, sums, w->c + row * s->state_size, s->state_size, state + first, w->width,
                       s->state_size);
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      sums[r][v] *= w->from_start[row + r];
  LEVEL(multiply_tile)(rows, vectors, sums, w->weights + row * CHUNK, CHUNK, w->x + first, w->width, row + rows);
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++) {
    ptrdiff_t i = first + 16 * v, left = s->head_size - i;
    v16 y = sums[r][v] + LEVEL(load)(w->x + (row + r) * w->width + i) * skip;
    float *to = output + (row + r) * s->heads * s->head_size + i;
    if (left < 16)
      LEVEL(store_some)(to, y, left);
    else
      LEVEL(store)(to, y);
  }
}

vector_function void LEVEL(state_tile)(const int rows, const int vectors, float *state, ptrdiff_t count, workspace *w,
                                       ptrdiff_t row, ptrdiff_t vector) {
  tile_sums sums;
  float *to = state + row * w->width + 16 * vector;
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      sums[r][v] = LEVEL(load)(to + r * w->width + 16 * v) * w->from_start[count - 1];
  LEVEL(multiply_tile)(rows, vectors, sums, w->b + row * CHUNK, CHUNK, w->weighted + 16 * vector, w->width, count);
  unrolled for (int r = 0; r < rows; r++) unrolled for (int v = 0; v < vectors; v++)
      LEVEL(store)(to + r * w->width + 16 * v, sums[r][v]);
}

static void LEVEL(scan_chunk)(scan_call *s, const sotto_scanned *sequence, ptrdiff_t row, ptrdiff_t rows,
                              ptrdiff_t head, workspace *w) {
  ptrdiff_t p = s->head_size, n = s->state_size, vectors = w->width / 16;
  float *kept = sequence->state + head * n * p, *state = p == w->width ? kept : w->state;
  if (state != kept)
    for (ptrdiff_t i = 0; i < n; i++) memcpy(state + i * w->width, kept + i * p, (size_t)p * sizeof(float));
  LEVEL(prepare_head)(s, row, rows, head, w);
  float *output = s->output + (row * s->heads + head) * p;
  FOR_TILES(LEVEL(output_tile), rows, vectors, s, state, output, s->d ? s->d[head] : 0, w);
  FOR_TILES(LEVEL(state_tile), n, vectors, state, rows, w);
  if (state != kept)
    for (ptrdiff_t i = 0; i < n; i++) memcpy(kept + i * p, state + i * w->width, (size_t)p * sizeof(float));
}

static void LEVEL(scan_by_chunk)(scan_call *s, const sotto_scanned *sequence, ptrdiff_t first, ptrdiff_t last,
                                 workspace *w) {
  ptrdiff_t group_heads = s->heads / s->groups;
  for (ptrdiff_t t = 0; t < sequence->rows; t += CHUNK) {
    ptrdiff_t row = sequence->row + t, rows = sequence->rows - t < CHUNK ? sequence->rows - t : CHUNK;
    for (ptrdiff_t head = first; head < last; head++) {
      if (head == first || head % group_heads == 0) {
        LEVEL(prepare_group)(s, row, rows, head / group_heads, w);
        LEVEL(multiply_group)(s, rows, w);
      }
      LEVEL(scan_chunk)(s, sequence, row, rows, head, w);
    }
  }
}
