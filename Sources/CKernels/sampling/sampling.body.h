// The passes over logits for one level.

// The largest number; -infinity if there is none.
vector_function float LEVEL(largest_of)(const float *x, ptrdiff_t count) {
  v16 a = LEVEL(all)(-__builtin_inff()), b = a, c = a, d = a;
  ptrdiff_t i = 0;
  for (; i + 64 <= count; i += 64) {
    // The comparison is false if x is not a number; the largest number so far is kept then.
    v16 e = LEVEL(load)(x + i), f = LEVEL(load)(x + i + 16), g = LEVEL(load)(x + i + 32), h = LEVEL(load)(x + i + 48);
    a = LEVEL(select)(e > a, e, a), b = LEVEL(select)(f > b, f, b);
    c = LEVEL(select)(g > c, g, c), d = LEVEL(select)(h > d, h, d);
  }
  a = LEVEL(maximum)(LEVEL(maximum)(a, b), LEVEL(maximum)(c, d));
  float top = LEVEL(largest)(a);
  for (; i < count; i++) top = x[i] > top ? x[i] : top;
  return top;
}

static ptrdiff_t LEVEL(argmax)(const float *x, ptrdiff_t count) {
  float top = LEVEL(largest_of)(x, count);
  if (top == -__builtin_inff()) return -1;
  // The second pass ends at the number and compares 64 at a time.
  for (ptrdiff_t i = 0; i < count; i += 64) {
    ptrdiff_t end = i + 64 < count ? i + 64 : count;
    if (end - i == 64) {
      i16 found = (LEVEL(load)(x + i) == top) | (LEVEL(load)(x + i + 16) == top) | (LEVEL(load)(x + i + 32) == top) |
                  (LEVEL(load)(x + i + 48) == top);
      if (!__builtin_reduce_or(found)) continue;
    }
    for (ptrdiff_t j = i; j < end; j++)
      if (x[j] == top) return j;
  }
  return -1;
}

// exp((x - top) * scale) for x <= top, both clamped to finite numbers; 0 if x is not a number.
vector_function v16 LEVEL(weight)(v16 x, float top, float scale) {
  v16 finite = LEVEL(select)(x < FLT_MAX, x, LEVEL(all)(FLT_MAX));
  return LEVEL(select)(x == x, LEVEL(exp)((finite - top) * scale), LEVEL(all)(0));
}

static void LEVEL(summarise)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const summary *s = arguments;
  for (ptrdiff_t unit = begin; unit < end; unit++) {
    const float *x = s->x + unit * CHUNK;
    ptrdiff_t count = s->count - unit * CHUNK < CHUNK ? s->count - unit * CHUNK : CHUNK, i = 0;
    float top = held(LEVEL(largest_of)(x, count));
    v16 sums[4] = {LEVEL(all)(0), LEVEL(all)(0), LEVEL(all)(0), LEVEL(all)(0)};
    for (; i + 64 <= count; i += 64)
      for (int k = 0; k < 4; k++) sums[k] += LEVEL(weight)(LEVEL(load)(x + i + 16 * k), top, s->scale);
    for (; i < count; i += 16) {
      ptrdiff_t some = count - i < 16 ? count - i : 16;
      v16 weights = LEVEL(weight)(LEVEL(load_some)(x + i, some), top, s->scale);
      sums[0] += LEVEL(select)(LEVEL(iota)() < (int32_t)some, weights, LEVEL(all)(0));
    }
    s->chunks[unit] = (chunk){top, LEVEL(sum)((sums[0] + sums[1]) + (sums[2] + sums[3]))};
  }
}

// The first index of a chunk at which the cumulative weight relative to `top` exceeds `target`; the last index with a
// weight if rounding keeps the sum below.
static ptrdiff_t LEVEL(draw)(const float *x, ptrdiff_t count, float top, float scale, double target) {
  double sum = 0;
  for (ptrdiff_t i = 0; i < count; i += 16) {
    ptrdiff_t some = count - i < 16 ? count - i : 16;
    v16 weights = LEVEL(weight)(LEVEL(load_some)(x + i, some), top, scale);
    if (some < 16) weights = LEVEL(select)(LEVEL(iota)() < (int32_t)some, weights, LEVEL(all)(0));
    double next = sum + (double)LEVEL(sum)(weights);
    if (next <= target) {
      sum = next;
      continue;
    }
    for (ptrdiff_t j = 0; j < some; j++) {
      sum += (double)weights[j];
      if (weights[j] > 0 && sum > target) return i + j;
    }
  }
  for (ptrdiff_t i = count - 1; i >= 0; i--)
    if (LEVEL(weight)(LEVEL(all)(x[i]), top, scale)[0] > 0) return i;
  return -1;
}

// Appends all of x[first ..< last] that are at least `threshold` to the candidates.
static void LEVEL(gather)(const float *x, ptrdiff_t first, ptrdiff_t last, float threshold, candidates *c) {
  ptrdiff_t count = c->count;
  for (ptrdiff_t i = first; i < last; i += 16) {
    ptrdiff_t some = last - i < 16 ? last - i : 16;
    v16 y = some < 16 ? LEVEL(load_some)(x + i, some) : LEVEL(load)(x + i);
    i16 found = y >= threshold;
    if (some < 16) found &= LEVEL(iota)() < (int32_t)some;
#if LEVEL_AVX512
    __mmask16 mask = _mm512_movepi32_mask((__m512i)found);
    if (!mask) continue;
    // Compressed in registers: compressing into memory takes a hundred cycles on some processors.
    _mm512_storeu_ps(c->logits + count, _mm512_maskz_compress_ps(mask, (__m512)y));
    __m512i tokens = (__m512i)(LEVEL(iota)() + (int32_t)i);
    _mm512_storeu_si512(c->tokens + count, _mm512_maskz_compress_epi32(mask, tokens));
    count += __builtin_popcount(mask);
#else
    if (!__builtin_reduce_or(found)) continue;
    for (ptrdiff_t j = 0; j < some; j++)
      if (found[j]) c->logits[count] = x[i + j], c->tokens[count++] = (int32_t)(i + j);
#endif
  }
  c->count = count;
}

static void LEVEL(weigh)(candidates *c, float top, float scale) {
  for (ptrdiff_t i = 0; i < c->count; i += 16) {
    ptrdiff_t some = c->count - i < 16 ? c->count - i : 16;
    LEVEL(store_some)(c->weights + i, LEVEL(weight)(LEVEL(load_some)(c->logits + i, some), top, scale), some);
  }
}
