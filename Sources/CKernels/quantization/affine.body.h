// MLX's affine groups for one level: value = scale * q + bias.

// A group's scale and bias in float32. The end of the range that is farther from 0 is represented exactly, and so is 0.
vector_function void LEVEL(affine_range)(const float *x, size_t group, float bins, float *scale, float *bias) {
  v16 low = LEVEL(load)(x), high = low;
  for (size_t i = 16; i < group; i += 16) {
    v16 part = LEVEL(load)(x + i);
    low = LEVEL(minimum)(low, part);
    high = LEVEL(maximum)(high, part);
  }
  float least = __builtin_reduce_min(low), most = __builtin_reduce_max(high);
  int is_negative = __builtin_fabsf(least) > __builtin_fabsf(most);
  float step = (most - least) / bins, edge = is_negative ? least : most;
  if (!(step > 1e-7f)) step = 1e-7f;
  if (!is_negative) step = -step;
  float whole = __builtin_rintf(edge / step);
  *scale = whole == 0 ? step : edge / whole;
  *bias = whole == 0 ? 0 : edge;
}

// Numbers of `bits` bits, from the low bits of the bytes up, as MLX packs them in every width: 8 numbers are `bits` bytes.
vector_function void LEVEL(pack_numbers)(const int32_t *q, size_t count, const int bits, uint8_t *out) {
  for (size_t i = 0; i < count; i += 8, out += bits) {
    uint64_t word = 0;
    for (int k = 0; k < 8; k++) word |= (uint64_t)(uint32_t)q[i + (size_t)k] << (k * bits);
    for (int k = 0; k < bits; k++) out[k] = (uint8_t)(word >> (8 * k));
  }
}

vector_function void LEVEL(affine_row)(const sotto_quantization *call, const float *x, size_t row, const int bits) {
  size_t columns = call->source.columns, groups = columns / call->group;
  uint8_t *out = (uint8_t *)call->values + row * (columns / 8 * (size_t)bits);
  float bins = (float)((1 << bits) - 1);
  int32_t q[SOTTO_LARGEST_GROUP];
  for (size_t g = 0; g < groups; g++, x += call->group) {
    float scale, bias;
    LEVEL(affine_range)(x, call->group, bins, &scale, &bias);
    for (size_t i = 0; i < call->group; i += 16) {
      i16 whole;
      v16 steps = (LEVEL(load)(x + i) - bias) / scale;
      // Clamped first: the rounding is exact within the range only. NaN becomes 0.
      steps = LEVEL(select)(steps > 0.0f, LEVEL(minimum)(steps, LEVEL(all)(bins)), LEVEL(all)(0));
      LEVEL(nearest)(steps, &whole);
      memcpy(q + i, &whole, sizeof whole);
    }
    LEVEL(pack_numbers)(q, call->group, bits, out);
    out += call->group / 8 * (size_t)bits;
    sotto_store_float(call->scales, call->type, row * groups + g, scale);
    sotto_store_float(call->biases, call->type, row * groups + g, bias);
  }
}

static void LEVEL(quantize_affine)(const sotto_quantization *call, const float *x, size_t row) {
  switch (call->format) {
    case SOTTO_AFFINE2: LEVEL(affine_row)(call, x, row, 2); break;
    case SOTTO_AFFINE3: LEVEL(affine_row)(call, x, row, 3); break;
    case SOTTO_AFFINE4: LEVEL(affine_row)(call, x, row, 4); break;
    case SOTTO_AFFINE5: LEVEL(affine_row)(call, x, row, 5); break;
    case SOTTO_AFFINE6: LEVEL(affine_row)(call, x, row, 6); break;
    default: LEVEL(affine_row)(call, x, row, 8); break;
  }
}
