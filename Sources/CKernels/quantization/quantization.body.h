// Rows for one level: decoding, rounding and the choice of the format.
#include "affine.body.h"
#include "small_floats.body.h"
#include "gguf_blocks.body.h"

// The numbers of a row, rounded to the call's type.
static void LEVEL(read_row)(const sotto_quantization *call, size_t row, float *x) {
  const sotto_matrix *source = &call->source;
  size_t columns = source->columns, start = row * columns;
  // The formats are constants in each loop, so that they become vector instructions.
  switch (source->format) {
    case SOTTO_BFLOAT16:
      for (size_t i = 0; i < columns; i++) x[i] = sotto_float_at(source->values, SOTTO_BFLOAT16, start + i);
      break;
    case SOTTO_FLOAT16:
      for (size_t i = 0; i < columns; i++) x[i] = sotto_float_at(source->values, SOTTO_FLOAT16, start + i);
      break;
    case SOTTO_FLOAT32:
      for (size_t i = 0; i < columns; i++) x[i] = sotto_float_at(source->values, SOTTO_FLOAT32, start + i);
      break;
    default: sotto_decode_row(source, row, 1, x); break;
  }
  if (call->type == source->format) return;
  if (call->type == SOTTO_BFLOAT16)
    for (size_t i = 0; i < columns; i++) x[i] = sotto_rounded(x[i], SOTTO_BFLOAT16);
  else if (call->type == SOTTO_FLOAT16)
    for (size_t i = 0; i < columns; i++) x[i] = sotto_rounded(x[i], SOTTO_FLOAT16);
}

// A row of MXFP4 planes as GGUF's blocks: the same bits in another order.
static void LEVEL(interleave_mxfp4)(const sotto_quantization *call, size_t from, size_t to) {
  size_t groups = call->source.columns / 32;
  const uint8_t *values = (const uint8_t *)call->source.values + from * groups * 16;
  const uint8_t *scales = (const uint8_t *)call->source.scales + from * groups;
  uint8_t *out = (uint8_t *)call->values + to * groups * 17;
  for (size_t g = 0; g < groups; g++, values += 16, out += 17) {
    out[0] = scales[g];
    for (int i = 0; i < 8; i++) {
      out[1 + 2 * i] = (uint8_t)((values[i] & 15) | values[8 + i] << 4);
      out[2 + 2 * i] = (uint8_t)(values[i] >> 4 | (values[8 + i] & 0xf0));
    }
  }
}

static void LEVEL(quantize_rows)(const void *arguments, ptrdiff_t begin, ptrdiff_t end) {
  const quantize_work *work = arguments;
  const sotto_quantization *call = work->call;
  float *x = aligned_alloc(64, (call->source.columns * sizeof(float) + 63) / 64 * 64);
  if (!x) {
    atomic_store_explicit(work->failed, 1, memory_order_relaxed);
    return;
  }
  for (size_t row = (size_t)begin; row < (size_t)end; row++) {
    if (call->format == SOTTO_MXFP4) {
      LEVEL(interleave_mxfp4)(call, call->first + row * call->step, row);
      continue;
    }
    LEVEL(read_row)(call, call->first + row * call->step, x);
    switch (call->format) {
      case SOTTO_FLOAT32:
      case SOTTO_FLOAT16:
      case SOTTO_BFLOAT16:
        for (size_t i = 0; i < call->source.columns; i++)
          sotto_store_float(call->values, call->format, row * call->source.columns + i, x[i]);
        break;
      case SOTTO_MXFP4_PLANAR:
      case SOTTO_NVFP4_PLANAR:
      case SOTTO_FLOAT8: LEVEL(quantize_small)(call, x, row); break;
      case SOTTO_Q8_0:
      case SOTTO_Q4_K:
      case SOTTO_Q5_K:
      case SOTTO_Q6_K: LEVEL(quantize_blocks)(call, x, row); break;
      default: LEVEL(quantize_affine)(call, x, row); break;
    }
  }
  free(x);
}
