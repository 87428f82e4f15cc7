// Blocks of GGUF files for one level: Q8_0, and the K formats with scales chosen for the least weighted error. The
// layouts are those of ggml-common.h in llama.cpp.

// The scale with which the integers -limit ... limit - 1 represent 16 numbers best, errors weighted by the squares of
// the numbers; 0 for zeros. Rounding to a few scales around the obvious one, and then solving for the best scale.
vector_function float LEVEL(signed_scale)(const float *x, float limit) {
  v16 v = LEVEL(load)(x), weight = v * v;
  float most = LEVEL(largest)(v), least = -LEVEL(largest)(-v), edge = -least > most ? least : most, best = 0, scale = 0;
  if (__builtin_fabsf(edge) < 1e-15f) return 0;
  for (int step = -9; step <= 9; step++) {
    i16 whole;
    v16 q = LEVEL(nearest)(v * (-(limit + 0.1f * (float)step) / edge), &whole);
    q = LEVEL(maximum)(LEVEL(minimum)(q, LEVEL(all)(limit - 1)), LEVEL(all)(-limit));
    float product = LEVEL(sum)(weight * v * q), square = LEVEL(sum)(weight * q * q);
    if (square > 0 && product * product > best * square) {
      best = product * product / square;
      scale = product / square;
    }
  }
  return scale;
}

// value = scale * q - offset for 32 numbers and q from 0 to `most`, with the least weighted error; both are at least 0.
vector_function void LEVEL(offset_scale)(const float *x, float most, float *scale, float *offset) {
  v16 a = LEVEL(load)(x), b = LEVEL(load)(x + 16), zero = LEVEL(all)(0);
  float high = LEVEL(largest)(LEVEL(maximum)(a, b)), low = -LEVEL(largest)(LEVEL(maximum)(-a, -b));
  if (low > 0) low = 0;
  *offset = -low;
  *scale = 0;
  if (high - low < 1e-15f) return;
  float mean = __builtin_sqrtf(LEVEL(sum)(a * a + b * b) / 32);
  v16 wa = mean + LEVEL(maximum)(a, -a), wb = mean + LEVEL(maximum)(b, -b);
  float w = LEVEL(sum)(wa + wb), wx = LEVEL(sum)(wa * a + wb * b), least = INFINITY;
  for (int step = -10; step <= 10; step++) {
    i16 whole;
    float inverse = (most + 0.1f * (float)step) / (high - low);
    v16 qa = LEVEL(nearest)((a - low) * inverse, &whole), qb = LEVEL(nearest)((b - low) * inverse, &whole);
    qa = LEVEL(maximum)(LEVEL(minimum)(qa, LEVEL(all)(most)), zero);
    qb = LEVEL(maximum)(LEVEL(minimum)(qb, LEVEL(all)(most)), zero);
    float wq = LEVEL(sum)(wa * qa + wb * qb), wqq = LEVEL(sum)(wa * qa * qa + wb * qb * qb);
    float wqx = LEVEL(sum)(wa * qa * a + wb * qb * b), determinant = w * wqq - wq * wq;
    if (!(determinant > 0)) continue;
    float s = (w * wqx - wx * wq) / determinant, o = (wqq * wx - wq * wqx) / determinant;
    if (o > 0) {
      o = 0;
      s = wqx / wqq;
    }
    v16 da = qa * s + o - a, db = qb * s + o - b;
    float error = LEVEL(sum)(wa * da * da + wb * db * db);
    if (error < least && s > 0) {
      least = error;
      *scale = s;
      *offset = -o;
    }
  }
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

static void LEVEL(block_q8_0)(const float *x, uint8_t *out) {
  float scale = LEVEL(largest_magnitude)(x, 32) / 127, inverse = scale > 0 ? 1 / scale : 0;
  LEVEL(store_half)(out, scale);
  // Ties go away from 0.
  for (int i = 0; i < 32; i++) out[2 + i] = (uint8_t)(int8_t)roundf(x[i] * inverse);
}

static void LEVEL(block_q6_k)(const float *x, uint8_t *out) {
  float scales[16], edge = 0;
  for (int g = 0; g < 16; g++) {
    scales[g] = LEVEL(signed_scale)(x + 16 * g, 32);
    if (__builtin_fabsf(scales[g]) > __builtin_fabsf(edge)) edge = scales[g];
  }
  memset(out, 0, 210);
  float d = LEVEL(half_of)(edge / -128);
  if (d == 0) return;
  LEVEL(store_half)(out + 208, d);
  uint8_t q[256];
  for (int g = 0; g < 16; g++) {
    int scale = LEVEL(bounded)(scales[g] / d, -128, 127);
    out[192 + g] = (uint8_t)(int8_t)scale;
    float step = d * (float)scale;
    for (int i = 0; i < 16; i++)
      q[16 * g + i] = (uint8_t)(32 + (step == 0 ? 0 : LEVEL(bounded)(x[16 * g + i] / step, -32, 31)));
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
  float scales[8], offsets[8], most_scale = 0, most_offset = 0, most = (float)((1 << bits) - 1);
  for (int g = 0; g < 8; g++) {
    LEVEL(offset_scale)(x + 32 * g, most, &scales[g], &offsets[g]);
    if (scales[g] > most_scale) most_scale = scales[g];
    if (offsets[g] > most_offset) most_offset = offsets[g];
  }
  memset(out, 0, bits == 4 ? 144 : 176);
  float d = LEVEL(half_of)(most_scale / 63), m = LEVEL(half_of)(most_offset / 63);
  LEVEL(store_half)(out, d);
  LEVEL(store_half)(out + 2, m);
  uint8_t q[256], *packed = out + 4;
  for (int g = 0; g < 8; g++) {
    int scale = d > 0 ? LEVEL(bounded)(scales[g] / d, 0, 63) : 0, offset = m > 0 ? LEVEL(bounded)(offsets[g] / m, 0, 63) : 0;
    if (g < 4) {
      packed[g] |= (uint8_t)scale;
      packed[g + 4] |= (uint8_t)offset;
    } else {
      packed[g + 4] = (uint8_t)((scale & 15) | (offset & 15) << 4);
      packed[g - 4] |= (uint8_t)(scale >> 4 << 6);
      packed[g] |= (uint8_t)(offset >> 4 << 6);
    }
    float step = d * (float)scale, shift = m * (float)offset;
    for (int i = 0; i < 32; i++)
      q[32 * g + i] = (uint8_t)(step > 0 ? LEVEL(bounded)((x[32 * g + i] + shift) / step, 0, (int)most) : 0);
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
