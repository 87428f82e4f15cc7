// The rule with a decay for every channel of the keys, for a chunk of tokens as matrix products, at one level.
//
// The system is that of chunk.body.h; only D_ij differs: it is the product of the decays of tokens j + 1 to i, one for
// each channel, inside the products of keys (arXiv:2510.26692, section 3). Products of decays, all at most 1, neither
// overflow nor lose digits as differences of sums would. The chunk is divided into blocks of 16 tokens: pairs within a
// block are multiplied one by one; those with earlier blocks as matrices, of which the left one is decayed since the
// block's start and the right one, kept up to date from block to block, until then.
//
// For keys and values of 128, a token costs 3 * 128 * 128 multiply-adds with the state, 0.25 times as many with the
// chunk's writes, as many again for the pairs of earlier blocks, and 4 * 128 vector operations for those of its own: at
// least 2,300 cycles of one unit of 16 lanes.
enum { LEVEL(BLOCK) = 16 };

// 16 numbers, or the last ones of a row of `size`.
vector_function v16 LEVEL(channels)(const float *row, ptrdiff_t d, ptrdiff_t size) {
  return size - d < 16 ? LEVEL(load_some)(row + d, size - d) : LEVEL(load)(row + d);
}
vector_function void LEVEL(put_channels)(float *row, ptrdiff_t d, ptrdiff_t size, v16 x) {
  if (size - d < 16)
    LEVEL(store_some)(row + d, x, size - d);
  else
    LEVEL(store)(row + d, x);
}

// Pairs of the block's own tokens: tokens `first` ..< `first` + `count` of the chunk.
static void LEVEL(multiply_own)(delta_workspace *w, const float *write, ptrdiff_t first, ptrdiff_t count,
                                ptrdiff_t size) {
  ptrdiff_t stride = w->key_stride;
  float *running = w->factors;
  for (ptrdiff_t i = first; i < first + count; i++) {
    const float *key = w->keys + i * stride, *query = w->queries + i * stride, *decay = w->decays + i * stride;
    float *writes = w->writes + i * CHUNK, *reads = w->reads + i * CHUNK;
    LEVEL(store)(writes + first, LEVEL(all)(0));
    LEVEL(store)(reads + first, LEVEL(all)(0));
    v16 own = LEVEL(all)(0);
    for (ptrdiff_t d = 0; d < size; d += 16) {
      own += LEVEL(channels)(key, d, size) * LEVEL(channels)(query, d, size);
      LEVEL(put_channels)(running, d, size, LEVEL(channels)(decay, d, size));
    }
    reads[i] = LEVEL(sum)(own);
    for (ptrdiff_t j = i - 1; j >= first; j--) {
      const float *earlier = w->keys + j * stride, *before = w->decays + j * stride;
      v16 found = LEVEL(all)(0), read = found;
      for (ptrdiff_t d = 0; d < size; d += 16) {
        v16 left = LEVEL(channels)(running, d, size), x = left * LEVEL(channels)(earlier, d, size);
        found += x * LEVEL(channels)(key, d, size);
        read += x * LEVEL(channels)(query, d, size);
        LEVEL(put_channels)(running, d, size, left * LEVEL(channels)(before, d, size));
      }
      writes[j] = LEVEL(sum)(found) * -write[i];
      reads[j] = LEVEL(sum)(read);
    }
  }
}

// The block's keys, decayed until its end, as columns of `turned`; its whole decay in `factors`.
static void LEVEL(turn_block)(delta_workspace *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t size) {
  ptrdiff_t stride = w->key_stride;
  for (ptrdiff_t d = 0; d < size; d += 16) {
    v16 left = LEVEL(all)(1);
    ptrdiff_t some = size - d < 16 ? size - d : 16;
    for (ptrdiff_t j = first + count - 1; j >= first; j--) {
      float lanes[16];
      LEVEL(store)(lanes, left * LEVEL(channels)(w->keys + j * stride, d, size));
      for (ptrdiff_t i = 0; i < some; i++) w->turned[(d + i) * CHUNK + j] = lanes[i];
      left *= LEVEL(channels)(w->decays + j * stride, d, size);
    }
    LEVEL(put_channels)(w->factors, d, size, left);
  }
}

// Rows of the block's keys and queries times the decays since its start.
static void LEVEL(decay_block)(delta_workspace *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t size) {
  ptrdiff_t stride = w->key_stride;
  for (ptrdiff_t d = 0; d < size; d += 16) {
    v16 left = LEVEL(all)(1);
    for (ptrdiff_t i = first; i < first + count; i++) {
      float *key = w->keys + i * stride, *query = w->queries + i * stride;
      left *= LEVEL(channels)(w->decays + i * stride, d, size);
      LEVEL(put_channels)(key, d, size, LEVEL(channels)(key, d, size) * left);
      LEVEL(put_channels)(query, d, size, LEVEL(channels)(query, d, size) * left);
    }
  }
}

// Rows of the block's keys and queries times the decays of all blocks before it, which then include its own.
static void LEVEL(decay_since_start)(delta_workspace *w, ptrdiff_t first, ptrdiff_t count, ptrdiff_t size) {
  ptrdiff_t stride = w->key_stride;
  for (ptrdiff_t d = 0; d < size; d += 16) {
    v16 before = first > 0 ? LEVEL(channels)(w->whole, d, size) : LEVEL(all)(1);
    if (first > 0)
      for (ptrdiff_t i = first; i < first + count; i++) {
        float *key = w->keys + i * stride, *query = w->queries + i * stride;
        LEVEL(put_channels)(key, d, size, LEVEL(channels)(key, d, size) * before);
        LEVEL(put_channels)(query, d, size, LEVEL(channels)(query, d, size) * before);
      }
    LEVEL(put_channels)(w->whole, d, size, before * LEVEL(channels)(w->factors, d, size));
  }
}

// The pairs of all tokens, in `writes` and `reads`; keys and queries are decayed since the chunk's start after it, and
// the keys in `turned` until its end.
static void LEVEL(multiply_channels)(delta_workspace *w, const float *write, ptrdiff_t rows, ptrdiff_t size) {
  ptrdiff_t stride = w->key_stride;
  for (ptrdiff_t first = 0; first < rows; first += LEVEL(BLOCK)) {
    ptrdiff_t count = LEVEL(smaller)(rows - first, LEVEL(BLOCK));
    LEVEL(multiply_own)(w, write, first, count, size);
    LEVEL(turn_block)(w, first, count, size);
    LEVEL(decay_block)(w, first, count, size);
    if (first > 0) {
      delta_product p = {.a = w->keys + first * stride, .a_row = stride, .a_step = 1, .b = w->turned, .b_stride = CHUNK,
                         .depth = size, .out = w->writes + first * CHUNK, .stride = CHUNK};
      LEVEL(multiply)(&p, count, first);
      p.a = w->queries + first * stride, p.out = w->reads + first * CHUNK;
      LEVEL(multiply)(&p, count, first);
      for (ptrdiff_t i = first; i < first + count; i++)
        for (ptrdiff_t j = 0; j < first; j += 16) {
          float *x = w->writes + i * CHUNK + j;
          LEVEL(store)(x, LEVEL(load)(x) * -write[i]);
        }
      for (ptrdiff_t d = 0; d < size; d++)
        for (ptrdiff_t j = 0; j < first; j += 16) {
          float *x = w->turned + d * CHUNK + j;
          LEVEL(store)(x, LEVEL(load)(x) * w->factors[d]);
        }
    }
    LEVEL(decay_since_start)(w, first, count, size);
  }
}

static void LEVEL(run_channel_chunks)(const delta_unit *unit, delta_workspace *w) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t tokens = unit->sequence->rows, chunks = (tokens + CHUNK - 1) / CHUNK, size = call->key_size;
  ptrdiff_t stride = w->value_stride, head = unit->key_head;
  float *state = w->states;
  LEVEL(chunk_decays) ones;
  for (ptrdiff_t i = 0; i < CHUNK; i++) ones.decay[i] = 1;
  // The padding of the keys has no part in any product.
  for (ptrdiff_t d = size; d < w->key_stride; d++) {
    w->whole[d] = 0;
    memset(w->turned + d * CHUNK, 0, CHUNK * sizeof(float));
  }
  LEVEL(copy_states)(unit, w, 0);
  for (ptrdiff_t chunk = 0; chunk < chunks; chunk++) {
    ptrdiff_t first = tokens * chunk / chunks, count = tokens * (chunk + 1) / chunks - first;
    ptrdiff_t rows = round_up(count, TILE_ROWS);
    delta_gates gates;
    LEVEL(prepare_keys)(unit, first, count, rows, w);
    LEVEL(channel_decays)(call, head, unit->sequence->row + first, count, w->decays, w->key_stride);
    for (ptrdiff_t i = count * w->key_stride; i < rows * w->key_stride; i++) w->decays[i] = 1;
    LEVEL(channel_writes)(call, head, unit->sequence->row + first, count, rows, gates.write);
    LEVEL(multiply_channels)(w, gates.write, rows, size);

    // K S, followed by Q S.
    delta_product found = {.a = w->keys, .a_row = w->key_stride, .a_step = 1, .b = state, .b_stride = stride,
                           .depth = size, .out = w->values, .stride = stride};
    LEVEL(multiply)(&found, 2 * rows, stride);
    LEVEL(start_writes)(unit, head, first, count, w, &gates, &ones);
    for (ptrdiff_t row = 0; row < rows; row += PRODUCT_ROWS) {
      float *x = w->values + row * stride;
      delta_product p = {.a = w->writes + row * CHUNK, .a_row = CHUNK, .a_step = 1, .b = w->values,
                         .b_stride = stride, .depth = row, .start = x, .out = x, .stride = stride};
      LEVEL(solve)(&p, stride);
    }
    float *outputs = w->values + rows * stride;
    for (ptrdiff_t row = 0; row < rows; row += PRODUCT_ROWS) {
      float *x = outputs + row * stride;
      delta_product p = {.a = w->reads + row * CHUNK, .a_row = CHUNK, .a_step = 1, .b = w->values, .b_stride = stride,
                         .depth = row + PRODUCT_ROWS, .start = x, .out = x, .stride = stride};
      LEVEL(multiply)(&p, PRODUCT_ROWS, stride);
    }
    LEVEL(write_outputs)(unit, head, first, count, outputs, stride);
    delta_product written = {.a = w->turned, .a_row = CHUNK, .a_step = 1, .b = w->values, .b_stride = stride,
                             .depth = rows, .start = state, .factors = w->whole, .factor_step = 1, .out = state,
                             .stride = stride};
    LEVEL(multiply)(&written, w->key_stride, stride);
  }
  LEVEL(copy_states)(unit, w, 1);
}

// All work of one key head for one sequence.
static void LEVEL(run_unit)(const delta_unit *unit, delta_workspace *w) {
  int is_few = unit->sequence->rows <= FEW_TOKENS;
  if (unit->call->per_channel)
    (is_few ? LEVEL(run_channels) : LEVEL(run_channel_chunks))(unit, w);
  else
    (is_few ? LEVEL(run_tokens) : LEVEL(run_chunks))(unit, w);
}
