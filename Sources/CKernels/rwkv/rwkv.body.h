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

// One token's rule for up to 16 columns of a head's state.
vector_function v16 LEVEL(rwkv_columns)(const sotto_rwkv *call, const LEVEL(rwkv_token) * token, float *state,
                                        const int is_whole, ptrdiff_t some, v16 value) {
  ptrdiff_t size = call->size;
  v16 erased = LEVEL(all)(0), output = erased;
  for (ptrdiff_t i = 0; i < size; i++)
    erased += (is_whole ? LEVEL(load)(state + i * size) : LEVEL(load_some)(state + i * size, some)) * token->erase[i];
  for (ptrdiff_t i = 0; i < size; i++) {
    float *p = state + i * size;
    v16 s = is_whole ? LEVEL(load)(p) : LEVEL(load_some)(p, some);
    s = s * token->decay[i] + value * token->key[i] + erased * token->write[i];
    output += s * token->receptance[i];
    if (is_whole)
      LEVEL(store)(p, s);
    else
      LEVEL(store_some)(p, s, some);
  }
  return output;
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
      float bonus = LEVEL(prepare_token)(call, row, place, &token);
      const float *values = call->value.data + row * call->value.stride + place;
      v16 sum = LEVEL(all)(0), squares = sum;
      for (ptrdiff_t i = 0; i < size; i += 16) {
        v16 y;
        if (i + 16 <= size)
          y = LEVEL(rwkv_columns)(call, &token, state + i, 1, 16, LEVEL(load)(values + i));
        else
          y = LEVEL(rwkv_columns)(call, &token, state + i, 0, size - i, LEVEL(load_some)(values + i, size - i));
        sum += y;
        LEVEL(store)(outputs + i, y);
      }
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
