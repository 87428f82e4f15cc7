// The normalisations for one level. Four partial vectors hide the latency of the additions and reduce the rounding
// error of long rows.
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

// One group. Squares are summed while the gated numbers are written; the second pass reads them again.
static void LEVEL(gate_then_norm)(const normalization *n, const float *x, const float *gate, const float *weight,
                                  float *y) {
  v16 squares = LEVEL(all)(0);
  ptrdiff_t i = 0;
  for (; i + 16 <= n->group; i += 16) {
    v16 g = LEVEL(load)(gate + i), value = LEVEL(load)(x + i) * g * LEVEL(sigmoid)(g);
    squares += value * value;
    LEVEL(store)(y + i, value);
  }
  if (i < n->group) {
    v16 g = LEVEL(load_some)(gate + i, n->group - i);
    v16 value = LEVEL(load_some)(x + i, n->group - i) * g * LEVEL(sigmoid)(g);
    squares += value * value;
    LEVEL(store_some)(y + i, value, n->group - i);
  }
  float factor = 1.0f / sqrtf(LEVEL(sum)(squares) / (float)n->group + n->epsilon);
  for (i = 0; i + 16 <= n->group; i += 16)
    LEVEL(store)(y + i, LEVEL(load)(y + i) * factor * LEVEL(load)(weight + i));
  for (; i < n->group; i++) y[i] *= factor * weight[i];
}

static void LEVEL(norm_then_gate)(const normalization *n, const float *x, const float *gate, const float *weight,
                                  float *y) {
  float factor = 1.0f / sqrtf(LEVEL(sum_of_squares)(x, n->group, 0) / (float)n->group + n->epsilon);
  ptrdiff_t i = 0;
  for (; i + 16 <= n->group; i += 16) {
    v16 g = LEVEL(load)(gate + i);
    LEVEL(store)(y + i, LEVEL(load)(x + i) * factor * LEVEL(load)(weight + i) * g * LEVEL(sigmoid)(g));
  }
  if (i == n->group) return;
  v16 g = LEVEL(load_some)(gate + i, n->group - i), w = LEVEL(load_some)(weight + i, n->group - i);
  v16 value = LEVEL(load_some)(x + i, n->group - i) * factor * w * g * LEVEL(sigmoid)(g);
  LEVEL(store_some)(y + i, value, n->group - i);
}

static void LEVEL(gated_rms_norm)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const normalization *n = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    const float *weight = n->weight;
    for (ptrdiff_t begin = 0; begin < n->columns; begin += n->group, weight += n->weight_step) {
      const float *x = n->x.data + row * n->x.stride + begin, *gate = n->gate.data + row * n->gate.stride + begin;
      float *y = n->output + row * n->columns + begin;
      if (n->gate_first)
        LEVEL(gate_then_norm)(n, x, gate, weight, y);
      else
        LEVEL(norm_then_gate)(n, x, gate, weight, y);
    }
  }
}

static void LEVEL(layer_norm)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const normalization *n = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    for (ptrdiff_t begin = 0, step = 0; begin < n->columns; begin += n->group, step += n->weight_step) {
      const float *x = n->x.data + row * n->x.stride + begin;
      float *y = n->output + row * n->columns + begin;
      float mean = LEVEL(sum_of)(x, n->group) / (float)n->group;
      float factor = 1.0f / sqrtf(LEVEL(sum_of_squares)(x, n->group, mean) / (float)n->group + n->epsilon);
      for (ptrdiff_t i = 0; i < n->group; i++) {
        float value = (x[i] - mean) * factor;
        if (n->weight) value *= n->weight[step + i];
        y[i] = n->bias ? value + n->bias[step + i] : value;
      }
    }
  }
}

static void LEVEL(round_rows)(const void *arguments, ptrdiff_t first, ptrdiff_t last) {
  const normalization *n = arguments;
  for (ptrdiff_t row = first; row < last; row++) {
    const float *x = n->x.data + row * n->x.stride;
    float *y = n->output + row * n->columns;
    v16 most = LEVEL(all)(0), value;
    ptrdiff_t i = 0;
    for (; i < n->columns; i += 16) {
      ptrdiff_t count = n->columns - i;
      value = count < 16 ? LEVEL(load_some)(x + i, count) : LEVEL(load)(x + i);
      most = LEVEL(maximum)(most, LEVEL(maximum)(value, -value));
    }
    float largest = LEVEL(largest)(most), scale = 127.0f / (largest > 1e-5f ? largest : 1e-5f);
    i16 whole;
    for (i = 0; i + 16 <= n->columns; i += 16)
      LEVEL(store)(y + i, LEVEL(nearest)(LEVEL(load)(x + i) * scale, &whole) / scale);
    if (i < n->columns)
      LEVEL(store_some)(y + i, LEVEL(nearest)(LEVEL(load_some)(x + i, n->columns - i) * scale, &whole) / scale,
                        n->columns - i);
  }
}
