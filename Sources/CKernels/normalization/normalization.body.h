// The normalisations for one level.
// Four partial vectors hide the latency of the additions and keep the rounding error of long rows small.
vector_function float LEVEL(sum_of_squares)(const float *x, ptrdiff_t count, float shift) {
  v16 s0 = LEVEL(all)(0), s1 = s0, s2 = s0, s3 = s0, d;
  ptrdiff_t i = 0;
  for (; i + 64 <= count; i += 64) {
    d = LEVEL(load)(x + i) - shift, s0 += d * d;
    d = LEVEL(load)(x + i + 16) - shift, s1 += d * d;
    d = LEVEL(load)(x + i + 32) - shift, s2 += d * d;
    d = LEVEL(load)(x + i + 48) - shift, s3 += d * d;
  }
  for (; i + 16 <= count; i += 16) d = LEVEL(load)(x + i) - shift, s0 += d * d;
  float tail = 0;
  for (; i < count; i++) tail += (x[i] - shift) * (x[i] - shift);
  return LEVEL(sum)((s0 + s1) + (s2 + s3)) + tail;
}

vector_function float LEVEL(sum_of)(const float *x, ptrdiff_t count) {
  v16 s0 = LEVEL(all)(0), s1 = s0;
  ptrdiff_t i = 0;
  for (; i + 32 <= count; i += 32) s0 += LEVEL(load)(x + i), s1 += LEVEL(load)(x + i + 16);
  for (; i + 16 <= count; i += 16) s0 += LEVEL(load)(x + i);
  float tail = 0;
  for (; i < count; i++) tail += x[i];
  return LEVEL(sum)(s0 + s1) + tail;
}

static void LEVEL(rms_norm)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const normalization *n = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    const float *weight = n->weight;
    for (ptrdiff_t begin = 0; begin < n->columns; begin += n->group) {
      const float *x = n->x.data + row * n->x.stride + begin;
      float *y = n->output + row * n->columns + begin;
      float factor = 1.0f / sqrtf(LEVEL(sum_of_squares)(x, n->group, 0) / (float)n->group + n->epsilon);
      ptrdiff_t i = 0;
      if (!weight) {
        for (; i + 16 <= n->group; i += 16) LEVEL(store)(y + i, LEVEL(load)(x + i) * factor);
        for (; i < n->group; i++) y[i] = x[i] * factor;
        continue;
      }
      for (; i + 16 <= n->group; i += 16)
        LEVEL(store)(y + i, LEVEL(load)(x + i) * factor * (LEVEL(load)(weight + i) + n->offset));
      for (; i < n->group; i++) y[i] = x[i] * factor * (weight[i] + n->offset);
      weight += n->weight_step;
    }
  }
}

static void LEVEL(layer_norm)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const normalization *n = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    const float *x = n->x.data + row * n->x.stride;
    float *y = n->output + row * n->columns;
    float mean = LEVEL(sum_of)(x, n->columns) / (float)n->columns;
    float factor =
        1.0f / sqrtf(LEVEL(sum_of_squares)(x, n->columns, mean) / (float)n->columns + n->epsilon);
    for (ptrdiff_t i = 0; i < n->columns; i++) {
      float value = (x[i] - mean) * factor;
      if (n->weight) value *= n->weight[i];
      y[i] = n->bias ? value + n->bias[i] : value;
    }
  }
}
