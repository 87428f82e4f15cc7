// RWKV-7 for one level.

static void LEVEL(shift_tokens)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const sotto_token_shift *call = arguments;
  ptrdiff_t columns = call->columns, segments = (columns + SHIFT_COLUMNS - 1) / SHIFT_COLUMNS;
  for (ptrdiff_t unit = begin; unit < end; unit++) {
    const sotto_rwkv_sequence *s = &call->sequences[unit / segments];
    ptrdiff_t first = unit % segments * SHIFT_COLUMNS, last = first + SHIFT_COLUMNS;
    if (last > columns) last = columns;
    if (s->rows == 0) continue;
    for (ptrdiff_t t = 0; t < s->rows; t++) {
      const float *x = call->x.data + (s->row + t) * call->x.stride;
      const float *before = t > 0 ? x - call->x.stride : s->state;
      float *output = call->output + (s->row + t) * columns * call->count;
      for (ptrdiff_t i = first; i < last; i += 16) {
        ptrdiff_t some = last - i < 16 ? last - i : 16;
        v16 now = LEVEL(load_some)(x + i, some), change = LEVEL(load_some)(before + i, some) - now;
        for (ptrdiff_t m = 0; m < call->count; m++)
          LEVEL(store_some)(output + m * columns + i, now + change * LEVEL(load_some)(call->mixes[m] + i, some), some);
      }
    }
    const float *latest = call->x.data + (s->row + s->rows - 1) * call->x.stride;
    memcpy(s->state + first, latest + first, (size_t)(last - first) * sizeof(float));
  }
}

// What a token's rule needs, padded with zeros to whole vectors.
typedef struct {
  float receptance[SOTTO_MOST_RWKV_HEAD], decay[SOTTO_MOST_RWKV_HEAD], key[SOTTO_MOST_RWKV_HEAD];
  float erase[SOTTO_MOST_RWKV_HEAD], write[SOTTO_MOST_RWKV_HEAD];
} LEVEL(rwkv_token);

// Returns the factor on the value: receptance . (key * bonus).
static float LEVEL(prepare_token)(const sotto_rwkv *call, ptrdiff_t row, ptrdiff_t place, LEVEL(rwkv_token) * token) {
  v16 squares = LEVEL(all)(0), bonus = squares;
  for (ptrdiff_t i = 0; i < call->size; i += 16) {
    ptrdiff_t some = call->size - i < 16 ? call->size - i : 16, at = place + i;
#define ROW(name) LEVEL(load_some)(call->name.data + row * call->name.stride + at, some)
#define WEIGHT(name) LEVEL(load_some)(call->name + at, some)
    v16 receptance = ROW(receptance), key = ROW(key), rate = LEVEL(sigmoid)(ROW(rate));
    v16 erase = key * WEIGHT(erase);
    squares += erase * erase;
    key = key * (1.0f + (rate - 1.0f) * WEIGHT(blend));
    bonus += receptance * key * WEIGHT(bonus);
    LEVEL(store)(token->receptance + i, receptance);
    LEVEL(store)(token->key + i, key);
    LEVEL(store)(token->erase + i, erase);
    LEVEL(store)(token->write + i, rate);
    LEVEL(store)(token->decay + i, LEVEL(exp)(LEVEL(sigmoid)(ROW(decay)) * -0.606531f));
#undef ROW
#undef WEIGHT
  }
  float norm = sqrtf(LEVEL(sum)(squares)), inverse = 1 / (norm > 1e-7f ? norm : 1e-7f);
  for (ptrdiff_t i = 0; i < call->size; i++) {
    token->erase[i] *= inverse;
    token->write[i] *= -token->erase[i];
  }
  return LEVEL(sum)(bonus);
}

#if LEVEL_AVX512
#define RULE_VECTORS 4
#else
#define RULE_VECTORS 2
#endif
#define unrolled _Pragma("clang loop unroll(full)")

// One token's rule for `vectors` vectors of columns of a head's state, or `some` columns of one. Several vectors share
// the token's numbers and hide the latency of each other's sums: 5 multiply-adds, two loads and a store for 16 numbers
// of the state, of which two units do 64 x 64 in 640 cycles.
vector_function void LEVEL(rwkv_columns)(const int vectors, ptrdiff_t some, const sotto_rwkv *call,
                                         const LEVEL(rwkv_token) * token, float *state, const float *values,
                                         float *outputs) {
#define LOAD(p, v) (some == 16 ? LEVEL(load)((p) + 16 * (v)) : LEVEL(load_some)((p) + 16 * (v), some))
  ptrdiff_t size = call->size;
  v16 value[RULE_VECTORS], erased[RULE_VECTORS], output[RULE_VECTORS];
  unrolled for (int v = 0; v < vectors; v++) {
    value[v] = LOAD(values, v);
    erased[v] = output[v] = LEVEL(all)(0);
  }
  for (ptrdiff_t i = 0; i < size; i++)
    unrolled for (int v = 0; v < vectors; v++) erased[v] += LOAD(state + i * size, v) * token->erase[i];
  for (ptrdiff_t i = 0; i < size; i++)
    unrolled for (int v = 0; v < vectors; v++) {
      float *p = state + i * size;
      v16 s = LOAD(p, v);
      s = s * token->decay[i] + value[v] * token->key[i] + erased[v] * token->write[i];
      output[v] += s * token->receptance[i];
      if (some == 16)
        LEVEL(store)(p + 16 * v, s);
      else
        LEVEL(store_some)(p + 16 * v, s, some);
    }
  unrolled for (int v = 0; v < vectors; v++) LEVEL(store)(outputs + 16 * v, output[v]);
#undef LOAD
}

// A head's part of a row. The rows are too far apart for the hardware prefetcher.
vector_function void LEVEL(prefetch_row)(const sotto_rwkv *call, ptrdiff_t row, ptrdiff_t place) {
  const sotto_rows *all[] = {&call->receptance, &call->decay, &call->key, &call->value, &call->rate};
  unrolled for (int i = 0; i < 5; i++)
    for (ptrdiff_t c = 0; c < call->size; c += 16) __builtin_prefetch(all[i]->data + row * all[i]->stride + place + c);
}

static void LEVEL(rwkv)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const sotto_rwkv *call = arguments;
  ptrdiff_t size = call->size, columns = call->heads * size;
  LEVEL(rwkv_token) token;
  float outputs[SOTTO_MOST_RWKV_HEAD];
  for (ptrdiff_t unit = begin; unit < end; unit++) {
    const sotto_rwkv_sequence *s = &call->sequences[unit / call->heads];
    ptrdiff_t head = unit % call->heads, place = head * size;
    float *state = s->state + head * size * size;
    for (ptrdiff_t row = s->row; row < s->row + s->rows; row++) {
      if (row + AHEAD < s->row + s->rows) LEVEL(prefetch_row)(call, row + AHEAD, place);
      float bonus = LEVEL(prepare_token)(call, row, place, &token);
      const float *values = call->value.data + row * call->value.stride + place;
      v16 sum = LEVEL(all)(0), squares = sum;
      ptrdiff_t column = 0;
      for (; column + 16 * RULE_VECTORS <= size; column += 16 * RULE_VECTORS)
        LEVEL(rwkv_columns)(RULE_VECTORS, 16, call, &token, state + column, values + column, outputs + column);
      for (; column + 16 <= size; column += 16)
        LEVEL(rwkv_columns)(1, 16, call, &token, state + column, values + column, outputs + column);
      if (column < size)
        LEVEL(rwkv_columns)(1, size - column, call, &token, state + column, values + column, outputs + column);
      for (ptrdiff_t i = 0; i < size; i += 16) sum += LEVEL(load)(outputs + i);
      float mean = LEVEL(sum)(sum) / (float)size;
      for (ptrdiff_t i = 0; i < size; i += 16) {
        v16 centred = LEVEL(load)(outputs + i) - mean;
        if (size - i < 16) centred = LEVEL(select)(LEVEL(iota)() < (int32_t)(size - i), centred, LEVEL(all)(0));
        squares += centred * centred;
      }
      float factor = 1 / sqrtf(LEVEL(sum)(squares) / (float)size + call->epsilon);
      for (ptrdiff_t i = 0; i < size; i += 16) {
        ptrdiff_t some = size - i < 16 ? size - i : 16;
        v16 y = (LEVEL(load)(outputs + i) - mean) * factor;
        y = y * LEVEL(load_some)(call->norm_weight + place + i, some) +
            LEVEL(load_some)(call->norm_bias + place + i, some);
        y += LEVEL(load_some)(values + i, some) * bonus;
        LEVEL(store_some)(call->output + row * columns + place + i, y, some);
      }
    }
  }
}
#undef RULE_VECTORS
#undef unrolled
