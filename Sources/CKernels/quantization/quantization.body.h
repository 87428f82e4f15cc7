// Rows for one level: decoding, rounding and the choice of the format.
#include "affine.body.h"
#include "small_floats.body.h"
#include "gguf_blocks.body.h"

// The numbers of a row, rounded to the call's type.
static void LEVEL(read_row)(const sotto_quantization *call, size_t row, float *x) {
  const sotto_matrix *source = &call->source;
  size_t columns = source->columns, start = row * columns;
  if (source->format == SOTTO_BFLOAT16 || source->format == SOTTO_FLOAT16 || source->format == SOTTO_FLOAT32)
    for (size_t i = 0; i < columns; i++) x[i] = sotto_float_at(source->values, source->format, start + i);
  else
    sotto_decode_row(source, row, 1, x);
  if (call->type != SOTTO_FLOAT32 && call->type != source->format)
    for (size_t i = 0; i < columns; i++) x[i] = sotto_rounded(x[i], call->type);
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
