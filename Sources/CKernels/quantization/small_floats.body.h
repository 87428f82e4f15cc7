// MLX's modes of small floating-point numbers for one level: MXFP4 and MXFP8 (groups of 32, E8M0 scales) and NVFP4
// (groups of 16, E4M3 scales).

vector_function float LEVEL(largest_magnitude)(const float *x, size_t group) {
  v16 most = LEVEL(all)(0);
  for (size_t i = 0; i < group; i += 16) {
    v16 part = LEVEL(load)(x + i);
    most = LEVEL(maximum)(most, LEVEL(maximum)(part, -part));
  }
  return LEVEL(largest)(most);
}

// E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6. Ties go to the smaller magnitude, and 0 has no sign.
vector_function uint8_t LEVEL(e2m1)(float x) {
  float m = __builtin_fabsf(x);
  int code = (m > 0.25f) + (m > 0.75f) + (m > 1.25f) + (m > 1.75f) + (m > 2.5f) + (m > 3.5f) + (m > 5.0f);
  return (uint8_t)(code | (code > 0 && x < 0 ? 8 : 0));
}

// The scale's byte; the scale in *scale, 0 for a group of zeros.
static uint8_t LEVEL(small_scale)(const sotto_quantization *call, float most, float *scale) {
  float ratio = most / (call->format == SOTTO_FLOAT8 ? 448.0f : 6.0f);
  if (call->format == SOTTO_NVFP4_PLANAR) {
    uint8_t byte = sotto_e4m3_from_float(ratio);
    *scale = sotto_float_from_e4m3(byte);
    return byte;
  }
  // The least power of two with which no number is too large.
  float exponent = ratio > 0 ? ceilf(log2f(ratio)) : 0;
  if (!(exponent > -127)) exponent = -127;
  if (exponent > 127) exponent = 127;
  *scale = ldexpf(1, (int)exponent);
  return (uint8_t)((int)exponent + 127);
}

static void LEVEL(quantize_small)(const sotto_quantization *call, const float *x, size_t row) {
  size_t group = call->format == SOTTO_NVFP4_PLANAR ? 16 : 32, groups = call->source.columns / group;
  int is_byte = call->format == SOTTO_FLOAT8;
  uint8_t *out = (uint8_t *)call->values + row * (is_byte ? call->source.columns : call->source.columns / 2);
  uint8_t *scales = (uint8_t *)call->scales + row * groups;
  for (size_t g = 0; g < groups; g++, x += group) {
    float scale, y[32];
    scales[g] = LEVEL(small_scale)(call, LEVEL(largest_magnitude)(x, group), &scale);
    for (size_t i = 0; i < group; i++) y[i] = scale == 0 ? 0 : x[i] / scale;
    if (is_byte) {
      for (size_t i = 0; i < group; i++) *out++ = sotto_e4m3_from_float(y[i]);
    } else {
      for (size_t i = 0; i < group; i += 2)
        *out++ = (uint8_t)(LEVEL(e2m1)(y[i]) | LEVEL(e2m1)(y[i + 1]) << 4);
    }
  }
}
