// Which functions multiply which format, on which instruction set, and how exactly.
#include "methods.h"

const sotto_format_traits sotto_formats[SOTTO_WEIGHT_FORMATS] = {
    [SOTTO_FLOAT32] = {1, 4, SOTTO_PLAIN},         [SOTTO_FLOAT16] = {1, 2, SOTTO_PLAIN},
    [SOTTO_BFLOAT16] = {1, 2, SOTTO_PLAIN},        [SOTTO_Q4_0] = {32, 18, SOTTO_PLAIN},
    [SOTTO_Q4_1] = {32, 20, SOTTO_MINIMUMS},       [SOTTO_Q5_0] = {32, 22, SOTTO_PLAIN},
    [SOTTO_Q5_1] = {32, 24, SOTTO_MINIMUMS},       [SOTTO_Q8_0] = {32, 34, SOTTO_PLAIN},
    [SOTTO_Q4_K] = {256, 144, SOTTO_MINIMUMS},     [SOTTO_Q5_K] = {256, 176, SOTTO_MINIMUMS},
    [SOTTO_Q6_K] = {256, 210, SOTTO_HALVES},       [SOTTO_MXFP4] = {32, 17, SOTTO_POWERS},
    [SOTTO_MXFP4_PLANAR] = {32, 16, SOTTO_POWERS}, [SOTTO_AFFINE4] = {32, 16, SOTTO_MINIMUMS},
    [SOTTO_AFFINE8] = {32, 32, SOTTO_MINIMUMS},
};

sotto_view sotto_matrix_view(const sotto_matrix *matrix, size_t index) {
  sotto_format_traits traits = sotto_formats[matrix->format];
  sotto_view view = {.matrix = matrix, .rows = matrix->rows, .columns = matrix->columns};
  view.row_bytes = matrix->columns / traits.columns * traits.bytes;
  if (matrix->format == SOTTO_MXFP4_PLANAR) view.scale_row_bytes = matrix->columns / SOTTO_BLOCK;
  if (matrix->format >= SOTTO_AFFINE4)
    view.scale_row_bytes = matrix->columns / matrix->group * sotto_formats[matrix->scale_type].bytes;
  view.values = (const uint8_t *)matrix->values + index * matrix->rows * view.row_bytes;
  if (matrix->scales) view.scales = (const uint8_t *)matrix->scales + index * matrix->rows * view.scale_row_bytes;
  if (matrix->biases) view.biases = (const uint8_t *)matrix->biases + index * matrix->rows * view.scale_row_bytes;
  return view;
}

static sotto_method float_method(sotto_isa_level level) {
  sotto_method method = {.panel_block_bytes = sizeof(sotto_float_panel_block),
                         .pack_bytes = SOTTO_FLOAT_PACK_BYTES,
                         .decode = sotto_decode_floats_portable,
                         .pack = sotto_pack_floats,
                         .multiply = sotto_multiply_floats_portable};
#if defined(__x86_64__)
  if (level == SOTTO_ISA_AVX2) method.multiply = sotto_multiply_floats_avx2;
  if (level == SOTTO_ISA_AVX512) method.multiply = sotto_multiply_floats_avx512;
#endif
  return method;
}

sotto_method sotto_method_for(const sotto_matrix *matrix, sotto_precision precision, sotto_isa_level level) {
  if (precision == SOTTO_EXACT || matrix->format <= SOTTO_BFLOAT16) return float_method(level);
  sotto_method method = {.panel_block_bytes = sizeof(sotto_panel_block),
                         .pack_bytes = SOTTO_PACK_BYTES,
                         .decode = sotto_decode_portable,
                         .pack = sotto_pack_integers_portable,
                         .multiply = sotto_multiply_integers_portable};
  return method;
}
