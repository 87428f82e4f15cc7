// The rule token by token, for a few tokens, at one level.
//
// With m = kᵀ S and o = qᵀ S of the state before a token, delta = beta (v - exp(g) m), the output is exp(g) o + (q ·
// k) delta, and S becomes exp(g) S + k delta: two passes. Columns of the state are independent, so a few vectors of
// columns are processed for all tokens while they are in the L1 cache; the state's memory is read and written once.

// Columns column ..< column + 16 * vectors, or only `some` of the last vector.
vector_function void LEVEL(token_columns)(int vectors, ptrdiff_t some, const delta_unit *unit, ptrdiff_t head,
                                          const delta_workspace *w, const delta_gates *gates, float *state,
                                          ptrdiff_t column) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t size = call->key_size, stride = call->value_size, width = call->value_heads * stride;
  ptrdiff_t place = head * stride + column;
#define LOAD(p, v) (some == 16 ? LEVEL(load)((p) + 16 * (v)) : LEVEL(load_some)((p) + 16 * (v), some))
#define STORE(p, v, x) \
  (some == 16 ? LEVEL(store)((p) + 16 * (v), x) : LEVEL(store_some)((p) + 16 * (v), x, some))
  for (ptrdiff_t t = 0; t < unit->sequence->rows; t++) {
    const float *key = w->keys + t * w->key_stride, *query = w->queries + t * w->key_stride;
    v16 found[TOKEN_VECTORS], read[TOKEN_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) found[v] = read[v] = LEVEL(all)(0);
    float both = 0;
    for (ptrdiff_t d = 0; d < size; d++) {
      both += key[d] * query[d];
      unrolled for (int v = 0; v < vectors; v++) {
        v16 s = LOAD(state + d * stride + column, v);
        found[v] += s * key[d];
        read[v] += s * query[d];
      }
    }
    ptrdiff_t row = unit->sequence->row + t;
    const float *value = call->value.data + row * call->value.stride + place;
    float *output = call->output + row * width + place, decay = gates->decay[t], write = gates->write[t];
    v16 delta[TOKEN_VECTORS];
    unrolled for (int v = 0; v < vectors; v++) {
      delta[v] = (LOAD(value, v) - found[v] * decay) * write;
      STORE(output, v, read[v] * decay + delta[v] * both);
    }
    for (ptrdiff_t d = 0; d < size; d++)
      unrolled for (int v = 0; v < vectors; v++) {
        float *s = state + d * stride + column;
        STORE(s, v, LOAD(s, v) * decay + delta[v] * key[d]);
      }
  }
#undef LOAD
#undef STORE
}

static void LEVEL(run_tokens)(const delta_unit *unit, delta_workspace *w) {
  const sotto_gated_delta *call = unit->call;
  ptrdiff_t tokens = unit->sequence->rows, group = call->value_heads / call->key_heads;
  LEVEL(prepare_keys)(unit, 0, tokens, tokens, w);
  for (ptrdiff_t index = 0; index < group; index++) {
    ptrdiff_t head = value_head(call, unit->key_head, index);
    delta_gates gates;
    LEVEL(prepare_gates)(call, head, unit->sequence->row, tokens, &gates);
    float *state = unit->sequence->state + head * call->key_size * call->value_size;
    ptrdiff_t column = 0;
    for (; column + 16 * TOKEN_VECTORS <= call->value_size; column += 16 * TOKEN_VECTORS)
      LEVEL(token_columns)(TOKEN_VECTORS, 16, unit, head, w, &gates, state, column);
    for (; column + 16 <= call->value_size; column += 16)
      LEVEL(token_columns)(1, 16, unit, head, w, &gates, state, column);
    if (column < call->value_size)
      LEVEL(token_columns)(1, call->value_size - column, unit, head, w, &gates, state, column);
  }
}
