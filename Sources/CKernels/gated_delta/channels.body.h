// The rule with a decay for every row of a state, token by token, for a few tokens, at one level.
//
// With the rows of the state before a token decayed, S' = exp(g) S, delta = beta (v - kᵀ S'), the output is qᵀ S' +
// (q · k) delta, and S becomes S' + k delta: two passes, as with one decay per head.

// exp(g) of `count` tokens from `row` on: [count][key_stride].
static void LEVEL(channel_decays)(const sotto_gated_delta *call, ptrdiff_t head, ptrdiff_t row, ptrdiff_t count,
                                  float *out, ptrdiff_t stride) {
  ptrdiff_t size = call->key_size;
  float rate = expf(call->log_decay[head]), bound = call->lower_bound;
  const float *bias = call->bias + head * size;
  for (ptrdiff_t t = 0; t < count; t++) {
    const float *x = call->decay.data + (row + t) * call->decay.stride + head * size;
    for (ptrdiff_t d = 0; d < size; d += 16) {
      ptrdiff_t some = size - d < 16 ? size - d : 16;
      v16 sum = LEVEL(load_some)(x + d, some) + LEVEL(load_some)(bias + d, some);
      v16 log = bound < 0 ? LEVEL(sigmoid)(sum * rate) * bound : LEVEL(softplus)(sum) * -rate;
      // Below -200 the decay is 0 in float32.
      LEVEL(store_some)(out + t * stride + d, LEVEL(exp)(LEVEL(maximum)(log, LEVEL(all)(-200))), some);
    }
  }
}

// The strengths of writes of `count` tokens from `row` on, and zeros up to `padded`.
static void LEVEL(channel_writes)(const sotto_gated_delta *call, ptrdiff_t head, ptrdiff_t row, ptrdiff_t count,
                                  ptrdiff_t padded, float *writes) {
  for (ptrdiff_t t = 0; t < padded; t++) {
    float x = t < count ? call->write.data[(row + t) * call->write.stride + head] : 0;
    writes[t] = t < count ? call->write_scale * LEVEL(sigmoid)(LEVEL(all)(x))[0] : 0;
  }
}

// Columns column ..< column + 16 * vectors, or only `some` of the last vector.
vector_function void LEVEL(channel_columns)(int vectors, ptrdiff_t some, const delta_unit *unit,
                                            const delta_workspace *w, const float *writes, float *state,
                                            ptrdiff_t column) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t size = call->key_size, stride = call->value_size, width = call->value_heads * stride;
  ptrdiff_t place = unit->key_head * stride + column;
#define LOAD(p, v) (some == 16 ? LEVEL(load)((p) + 16 * (v)) : LEVEL(load_some)((p) + 16 * (v), some))
#define STORE(p, v, x) \
  (some == 16 ? LEVEL(store)((p) + 16 * (v), x) : LEVEL(store_some)((p) + 16 * (v), x, some))
  for (ptrdiff_t t = 0; t < unit->sequence->rows; t++) {
    const float *key = w->keys + t * w->key_stride, *query = w->queries + t * w->key_stride;
    const float *decay = w->decays + t * w->key_stride;
    v16 found[TOKEN_VECTORS], read[TOKEN_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) found[v] = read[v] = LEVEL(all)(0);
    float both = 0;
    for (ptrdiff_t d = 0; d < size; d++) {
      both += key[d] * query[d];
      float decayed_key = key[d] * decay[d], decayed_query = query[d] * decay[d];
      unrolled for (int v = 0; v < vectors; v++) {
        v16 s = LOAD(state + d * stride + column, v);
        found[v] += s * decayed_key;
        read[v] += s * decayed_query;
      }
    }
    ptrdiff_t row = unit->sequence->row + t;
    const float *value = call->value.data + row * call->value.stride + place;
    float *output = call->output + row * width + place;
    v16 delta[TOKEN_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) {
      delta[v] = (LOAD(value, v) - found[v]) * writes[t];
      STORE(output, v, read[v] + delta[v] * both);
    }
    for (ptrdiff_t d = 0; d < size; d++)
      unrolled for (int v = 0; v < vectors; v++) {
        float *s = state + d * stride + column;
        STORE(s, v, LOAD(s, v) * decay[d] + delta[v] * key[d]);
      }
  }
#undef LOAD
#undef STORE
}

static void LEVEL(run_channels)(const delta_unit *unit, delta_workspace *w) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t count = unit->sequence->rows, row = unit->sequence->row, head = unit->key_head, column = 0;
  float *state = unit->sequence->state + head * call->key_size * call->value_size, writes[FEW_TOKENS];
  LEVEL(prepare_keys)(unit, 0, count, count, w);
  LEVEL(channel_decays)(call, head, row, count, w->decays, w->key_stride);
  LEVEL(channel_writes)(call, head, row, count, count, writes);
  for (; column + 16 * TOKEN_VECTORS <= call->value_size; column += 16 * TOKEN_VECTORS)
    LEVEL(channel_columns)(TOKEN_VECTORS, 16, unit, w, writes, state, column);
  for (; column + 16 <= call->value_size; column += 16)
    LEVEL(channel_columns)(1, 16, unit, w, writes, state, column);
  if (column < call->value_size)
    LEVEL(channel_columns)(1, call->value_size - column, unit, w, writes, state, column);
}
