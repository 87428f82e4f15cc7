// Blocks of GGUF files for one level: Q8_0, and the K formats with scales chosen for the least weighted error. The
// layouts are those of ggml-common.h in llama.cpp.

// The searches treat the 16 half-groups of a super-block at once: lane g of t[i] is number i of numbers 16 g to 16 g + 15.
vector_function void LEVEL(half_groups)(const float *x, v16 *t) {
  float turned[16][16] __attribute__((aligned(64)));
  for (int g = 0; g < 16; g++)
    for (int i = 0; i < 16; i++) turned[i][g] = x[16 * g + i];
  for (int i = 0; i < 16; i++) t[i] = LEVEL(load)(turned[i]);
}

// The sums over groups of 32: those of neighbouring lanes.
vector_function v16 LEVEL(swapped)(v16 x) {
  return __builtin_shufflevector(x, x, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
}

// The scales with which the integers -limit ... limit - 1 represent groups of 16 numbers best, errors weighted by the
// squares of the numbers; 0 for zeros. Rounding to a few scales around the obvious one, and then solving for the best.
vector_function v16 LEVEL(signed_scales)(const v16 *t, float limit) {
  v16 most = t[0], least = t[0], best = LEVEL(all)(0), scale = best, zero = best;
  for (int i = 1; i < 16; i++) {
    most = LEVEL(maximum)(most, t[i]);
    least = LEVEL(minimum)(least, t[i]);
  }
  v16 edge = LEVEL(select)(-least > most, least, most);
  i16 is_zero = (edge < 1e-15f) & (edge > -1e-15f);
  edge = LEVEL(select)(is_zero, LEVEL(all)(1), edge);
  for (int step = -9; step <= 9; step++) {
    v16 inverse = -(limit + 0.1f * (float)step) / edge, product = zero, square = zero;
    for (int i = 0; i < 16; i++) {
      i16 whole;
      v16 v = t[i], q = LEVEL(nearest)(v * inverse, &whole);
      q = LEVEL(maximum)(LEVEL(minimum)(q, LEVEL(all)(limit - 1)), LEVEL(all)(-limit));
      v16 weighted = v * v * q;
      product += weighted * v;
      square += weighted * q;
    }
    v16 gain = product * product;
    i16 is_better = (square > 0.0f) & (gain > best * square);
    v16 divisor = LEVEL(select)(is_better, square, LEVEL(all)(1));
    best = LEVEL(select)(is_better, gain / divisor, best);
    scale = LEVEL(select)(is_better, product / divisor, scale);
  }
  return LEVEL(select)(is_zero, zero, scale);
}

// value = scale * q - offset for groups of 32 numbers and q from 0 to `most`, with the least weighted error; both are at
// least 0. The two lanes of a group have the same results.
vector_function void LEVEL(offset_scales)(const v16 *t, float most, v16 *scale, v16 *offset) {
  v16 zero = LEVEL(all)(0), high = t[0], low = t[0], squares = zero;
  for (int i = 0; i < 16; i++) {
    high = LEVEL(maximum)(high, t[i]);
    low = LEVEL(minimum)(low, t[i]);
    squares += t[i] * t[i];
  }
  high = LEVEL(maximum)(high, LEVEL(swapped)(high));
  low = LEVEL(minimum)(LEVEL(minimum)(low, LEVEL(swapped)(low)), zero);
  v16 mean = __builtin_elementwise_sqrt((squares + LEVEL(swapped)(squares)) / 32), range = high - low;
  i16 is_flat = range < 1e-15f;
  range = LEVEL(select)(is_flat, LEVEL(all)(1), range);
  v16 weights[16], numbers[16], w = zero, wx = zero;
  for (int i = 0; i < 16; i++) {
    v16 weight = mean + LEVEL(maximum)(t[i], -t[i]);
    weights[i] = weight;
    w += weight;
    wx += weight * t[i];
  }
  w += LEVEL(swapped)(w);
  wx += LEVEL(swapped)(wx);
  v16 least = LEVEL(all)(INFINITY), best_scale = zero, best_offset = zero - low, flat_offset = best_offset;
  for (int step = -10; step <= 10; step++) {
    v16 inverse = (most + 0.1f * (float)step) / range, wq = zero, wqq = zero, wqx = zero;
    for (int i = 0; i < 16; i++) {
      i16 whole;
      v16 q = LEVEL(nearest)((t[i] - low) * inverse, &whole);
      q = LEVEL(maximum)(LEVEL(minimum)(q, LEVEL(all)(most)), zero);
      v16 product = weights[i] * q;
      numbers[i] = q;
      wq += product;
      wqq += product * q;
      wqx += product * t[i];
    }
    wq += LEVEL(swapped)(wq);
    wqq += LEVEL(swapped)(wqq);
    wqx += LEVEL(swapped)(wqx);
    v16 determinant = w * wqq - wq * wq;
    i16 is_solvable = determinant > 0.0f;
    determinant = LEVEL(select)(is_solvable, determinant, LEVEL(all)(1));
    v16 s = (w * wqx - wx * wq) / determinant, o = (wqq * wx - wq * wqx) / determinant;
    i16 is_above = o > 0.0f;
    s = LEVEL(select)(is_above, wqx / wqq, s);
    o = LEVEL(select)(is_above, zero, o);
    // The normal equations would give the error without another pass, but as a difference of large numbers.
    v16 error = zero;
    for (int i = 0; i < 16; i++) {
      v16 difference = numbers[i] * s + o - t[i];
      error += weights[i] * difference * difference;
    }
    error += LEVEL(swapped)(error);
    i16 is_better = is_solvable & (error < least) & (s > 0.0f);
    least = LEVEL(select)(is_better, error, least);
    best_scale = LEVEL(select)(is_better, s, best_scale);
    best_offset = LEVEL(select)(is_better, zero - o, best_offset);
    // The next candidates begin at the best offset so far, as llama.cpp's do.
    low = LEVEL(select)(is_better, o, low);
    range = high - low;
    range = LEVEL(select)(range > 1e-15f, range, LEVEL(all)(1));
  }
  *scale = LEVEL(select)(is_flat, zero, best_scale);
  *offset = LEVEL(select)(is_flat, flat_offset, best_offset);
}

// The nearest integer, between bounds.
vector_function int LEVEL(bounded)(float x, int low, int high) {
  float whole = __builtin_rintf(x);
  return whole < (float)low ? low : whole > (float)high ? high : (int)whole;
}

vector_function void LEVEL(store_half)(uint8_t *out, float x) {
  uint16_t bits = sotto_half_from_float(x);
  memcpy(out, &bits, 2);
}
vector_function float LEVEL(half_of)(float x) { return sotto_float_from_half(sotto_half_from_float(x)); }

// 16 integers as bytes.
typedef uint8_t LEVEL(bytes16) __attribute__((vector_size(16), aligned(1)));
vector_function void LEVEL(store_bytes)(uint8_t *out, i16 x) {
  LEVEL(bytes16) bytes = __builtin_convertvector(x, LEVEL(bytes16));
  memcpy(out, &bytes, 16);
}

static void LEVEL(block_q8_0)(const float *x, uint8_t *out) {
  float scale = LEVEL(largest_magnitude)(x, 32) / 127, inverse = scale > 0 ? 1 / scale : 0;
  LEVEL(store_half)(out, scale);
  for (int i = 0; i < 32; i += 16) {
    v16 v = LEVEL(minimum)(LEVEL(maximum)(LEVEL(load)(x + i) * inverse, LEVEL(all)(-127)), LEVEL(all)(127));
    // Ties go away from 0: a little less than a half is added before the fraction is cut off.
    v += LEVEL(select)(v < 0.0f, LEVEL(all)(-0x1.fffffep-2f), LEVEL(all)(0x1.fffffep-2f));
    LEVEL(store_bytes)(out + 2 + i, __builtin_convertvector(v, i16));
  }
}

static void LEVEL(block_q6_k)(const float *x, uint8_t *out) {
  v16 t[16];
  LEVEL(half_groups)(x, t);
  float scales[16], edge = 0;
  LEVEL(store)(scales, LEVEL(signed_scales)(t, 32));
  for (int g = 0; g < 16; g++)
    if (__builtin_fabsf(scales[g]) > __builtin_fabsf(edge)) edge = scales[g];
  memset(out, 0, 210);
  float d = LEVEL(half_of)(edge / -128);
  if (d == 0) return;
  LEVEL(store_half)(out + 208, d);
  uint8_t q[256];
  for (int g = 0; g < 16; g++) {
    int scale = LEVEL(bounded)(scales[g] / d, -128, 127);
    out[192 + g] = (uint8_t)(int8_t)scale;
    float step = d * (float)scale;
    i16 whole;
    v16 v = LEVEL(load)(x + 16 * g) / (step == 0 ? INFINITY : step);
    LEVEL(nearest)(LEVEL(minimum)(LEVEL(maximum)(v, LEVEL(all)(-32)), LEVEL(all)(31)), &whole);
    LEVEL(store_bytes)(q + 16 * g, whole + 32);
  }
  for (int half = 0; half < 2; half++) {
    const uint8_t *p = q + 128 * half;
    for (int i = 0; i < 32; i++) {
      out[64 * half + i] = (uint8_t)((p[i] & 15) | (p[i + 64] & 15) << 4);
      out[64 * half + 32 + i] = (uint8_t)((p[i + 32] & 15) | (p[i + 96] & 15) << 4);
      out[128 + 32 * half + i] =
          (uint8_t)(p[i] >> 4 | p[i + 32] >> 4 << 2 | p[i + 64] >> 4 << 4 | p[i + 96] >> 4 << 6);
    }
  }
}

// Q4_K (144 bytes) and Q5_K (176 bytes).
vector_function void LEVEL(block_offset_k)(const float *x, uint8_t *out, const int bits) {
  v16 t[16], both_scales, both_offsets;
  LEVEL(half_groups)(x, t);
  float most = (float)((1 << bits) - 1), scales[16], offsets[16];
  LEVEL(offset_scales)(t, most, &both_scales, &both_offsets);
  LEVEL(store)(scales, both_scales);
  LEVEL(store)(offsets, both_offsets);
  float most_scale = LEVEL(largest)(both_scales), most_offset = LEVEL(largest)(both_offsets);
  memset(out, 0, bits == 4 ? 144 : 176);
  float d = LEVEL(half_of)(most_scale / 63), m = LEVEL(half_of)(most_offset / 63);
  LEVEL(store_half)(out, d);
  LEVEL(store_half)(out + 2, m);
  uint8_t q[256], *packed = out + 4;
  for (int g = 0; g < 8; g++) {
    int scale = d > 0 ? LEVEL(bounded)(scales[2 * g] / d, 0, 63) : 0;
    int offset = m > 0 ? LEVEL(bounded)(offsets[2 * g] / m, 0, 63) : 0;
    if (g < 4) {
      packed[g] |= (uint8_t)scale;
      packed[g + 4] |= (uint8_t)offset;
    } else {
      packed[g + 4] = (uint8_t)((scale & 15) | (offset & 15) << 4);
      packed[g - 4] |= (uint8_t)(scale >> 4 << 6);
      packed[g] |= (uint8_t)(offset >> 4 << 6);
    }
    float step = d * (float)scale, shift = m * (float)offset;
    for (int i = 0; i < 32; i += 16) {
      i16 whole;
      v16 v = (LEVEL(load)(x + 32 * g + i) + shift) / (step > 0 ? step : INFINITY);
      LEVEL(nearest)(LEVEL(minimum)(LEVEL(maximum)(v, LEVEL(all)(0)), LEVEL(all)(most)), &whole);
      LEVEL(store_bytes)(q + 32 * g + i, whole);
    }
  }
  uint8_t *low = out + (bits == 4 ? 16 : 48), *high = out + 16;
  for (int pair = 0; pair < 4; pair++)
    for (int i = 0; i < 32; i++) {
      int first = q[64 * pair + i], second = q[64 * pair + 32 + i];
      low[32 * pair + i] = (uint8_t)((first & 15) | (second & 15) << 4);
      if (bits == 5) high[i] |= (uint8_t)((first >> 4 | second >> 4 << 1) << (2 * pair));
    }
}

static void LEVEL(quantize_blocks)(const sotto_quantization *call, const float *x, size_t row) {
  size_t columns = call->source.columns;
  uint8_t *out = call->values;
  switch (call->format) {
    case SOTTO_Q8_0:
      out += row * (columns / 32 * 34);
      for (size_t i = 0; i < columns; i += 32, out += 34) LEVEL(block_q8_0)(x + i, out);
      break;
    case SOTTO_Q6_K:
      out += row * (columns / 256 * 210);
      for (size_t i = 0; i < columns; i += 256, out += 210) LEVEL(block_q6_k)(x + i, out);
      break;
    case SOTTO_Q5_K:
      out += row * (columns / 256 * 176);
      for (size_t i = 0; i < columns; i += 256, out += 176) LEVEL(block_offset_k)(x + i, out, 5);
      break;
    default:
      out += row * (columns / 256 * 144);
      for (size_t i = 0; i < columns; i += 256, out += 144) LEVEL(block_offset_k)(x + i, out, 4);
      break;
  }
}
