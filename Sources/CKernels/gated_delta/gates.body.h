// The inputs of the rule for one level: decays and write strengths, normalised keys and queries.

// The gates of `count` tokens from `row` on, padded to a whole vector with gates that have no effect.
static void LEVEL(prepare_gates)(const sotto_gated_delta *call, ptrdiff_t head, ptrdiff_t row, ptrdiff_t count,
                                 delta_gates *gates) {
  float rate = -expf(call->log_decay[head]);
  for (ptrdiff_t first = 0; first < count; first += 16) {
    v16 decay = LEVEL(all)(0), write = decay;
    ptrdiff_t some = count - first < 16 ? count - first : 16;
    for (ptrdiff_t i = 0; i < some; i++) {
      ptrdiff_t token = row + first + i;
      decay[i] = call->decay.data[token * call->decay.stride + head] + call->bias[head];
      write[i] = call->write.data[token * call->write.stride + head];
    }
    i16 there = LEVEL(iota)() < (int32_t)some;
    // Below -200 the decay is 0 in float32; sums stay exact enough.
    v16 log = LEVEL(maximum)(LEVEL(softplus)(decay) * rate, LEVEL(all)(-200));
    log = LEVEL(select)(there, log, LEVEL(all)(0));
    LEVEL(store)(gates->log + first, log);
    LEVEL(store)(gates->decay + first, LEVEL(exp)(log));
    LEVEL(store)(gates->write + first, LEVEL(select)(there, LEVEL(sigmoid)(write) * call->write_scale, LEVEL(all)(0)));
  }
}

// Rows of keys or queries, each divided by its norm and multiplied by `scale`; padded with zeros up to `padded` rows.
static void LEVEL(normalise)(sotto_rows x, ptrdiff_t count, ptrdiff_t padded, ptrdiff_t size, float epsilon,
                             float scale, float *out, ptrdiff_t stride) {
  for (ptrdiff_t row = 0; row < padded; row++) {
    float *y = out + row * stride;
    if (row >= count) {
      memset(y, 0, (size_t)stride * sizeof *y);
      continue;
    }
    const float *p = x.data + row * x.stride;
    v16 squares = LEVEL(all)(0);
    ptrdiff_t i = 0;
    for (; i + 16 <= size; i += 16) squares += LEVEL(load)(p + i) * LEVEL(load)(p + i);
    if (i < size) squares += LEVEL(load_some)(p + i, size - i) * LEVEL(load_some)(p + i, size - i);
    float factor = scale / sqrtf(LEVEL(sum)(squares) + epsilon);
    for (i = 0; i + 16 <= size; i += 16) LEVEL(store)(y + i, LEVEL(load)(p + i) * factor);
    for (; i < size; i++) y[i] = p[i] * factor;
    for (; i < stride; i++) y[i] = 0;
  }
}

// The keys and queries of a unit's tokens first ..< first + count; both have `padded` rows.
static void LEVEL(prepare_keys)(const delta_unit *unit, ptrdiff_t first, ptrdiff_t count, ptrdiff_t padded,
                                delta_workspace *w) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t size = call->key_size, row = unit->sequence->row + first, column = unit->key_head * size;
  sotto_rows keys = {call->key.data + row * call->key.stride + column, call->key.stride};
  sotto_rows queries = {call->query.data + row * call->query.stride + column, call->query.stride};
  w->queries = w->keys + padded * w->key_stride;
  LEVEL(normalise)(keys, count, padded, size, call->epsilon, 1, w->keys, w->key_stride);
  LEVEL(normalise)(queries, count, padded, size, call->epsilon, 1 / sqrtf((float)size), w->queries, w->key_stride);
}
