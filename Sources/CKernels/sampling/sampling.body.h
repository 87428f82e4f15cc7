// The reductions over logits for one level.

// The largest number; -infinity where there is none.
vector_function float LEVEL(largest_of)(const float *x, ptrdiff_t count) {
  v16 a = LEVEL(all)(-__builtin_inff()), b = a, c = a, d = a;
  ptrdiff_t i = 0;
  for (; i + 64 <= count; i += 64) {
    // The comparison is false, and the number so far kept, where x is not a number.
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
  if (count <= 0) return -1;
  // The second pass ends where the number is, and mostly compares 64 at a time.
  float top = LEVEL(largest_of)(x, count);
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
  return 0;  // nothing but what is not a number
}

static float LEVEL(softmax)(float *output, const float *x, ptrdiff_t count, float scale) {
  if (count <= 0) return -__builtin_inff();
  float top = LEVEL(largest_of)(x, count);
  v16 sums[2] = {LEVEL(all)(0), LEVEL(all)(0)};
  for (ptrdiff_t i = 0; i < count; i += 16) {
    ptrdiff_t left = count - i;
    v16 e = left >= 16 ? LEVEL(load)(x + i) : LEVEL(load_some)(x + i, left);
    e = LEVEL(exp)((e - top) * scale);
    if (left >= 16) {
      LEVEL(store)(output + i, e);
    } else {
      e = LEVEL(select)(LEVEL(iota)() < (int32_t)left, e, LEVEL(all)(0));
      LEVEL(store_some)(output + i, e, left);
    }
    sums[i / 16 % 2] += e;
  }
  float sum = LEVEL(sum)(sums[0] + sums[1]), factor = 1.0f / sum;
  ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) LEVEL(store)(output + i, LEVEL(load)(output + i) * factor);
  for (; i < count; i++) output[i] *= factor;
  return logf(sum) + top * scale;
}
