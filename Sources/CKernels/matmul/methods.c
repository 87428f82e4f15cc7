// The functions that multiply each format on each instruction set and precision.
#include "methods.h"

const sotto_format_traits sotto_formats[SOTTO_WEIGHT_FORMATS] = {
    [SOTTO_FLOAT32] = {1, 4, SOTTO_PLAIN},         [SOTTO_FLOAT16] = {1, 2, SOTTO_PLAIN},
    [SOTTO_BFLOAT16] = {1, 2, SOTTO_PLAIN},        [SOTTO_Q4_0] = {32, 18, SOTTO_PLAIN},
    [SOTTO_Q4_1] = {32, 20, SOTTO_MINIMUMS},       [SOTTO_Q5_0] = {32, 22, SOTTO_PLAIN},
    [SOTTO_Q5_1] = {32, 24, SOTTO_MINIMUMS},       [SOTTO_Q8_0] = {32, 34, SOTTO_PLAIN},
    [SOTTO_Q4_K] = {256, 144, SOTTO_MINIMUMS},     [SOTTO_Q5_K] = {256, 176, SOTTO_MINIMUMS},
    [SOTTO_Q6_K] = {256, 210, SOTTO_HALVES},       [SOTTO_MXFP4] = {32, 17, SOTTO_POWERS},
    [SOTTO_MXFP4_PLANAR] = {32, 16, SOTTO_POWERS}, [SOTTO_Q2_K] = {256, 84, SOTTO_HALF_MINIMUMS},
    [SOTTO_Q3_K] = {256, 110, SOTTO_HALVES},       [SOTTO_IQ4_NL] = {32, 18, SOTTO_PLAIN},
    [SOTTO_IQ1_S] = {256, 50, SOTTO_PLAIN},        [SOTTO_IQ1_M] = {256, 56, SOTTO_HALVES},
    [SOTTO_IQ2_XXS] = {256, 66, SOTTO_PLAIN},      [SOTTO_IQ2_XS] = {256, 74, SOTTO_HALVES},
    [SOTTO_IQ2_S] = {256, 82, SOTTO_HALVES},       [SOTTO_IQ3_XXS] = {256, 98, SOTTO_PLAIN},
    [SOTTO_IQ3_S] = {256, 110, SOTTO_PLAIN},       [SOTTO_TQ1_0] = {256, 54, SOTTO_PLAIN},
    [SOTTO_TQ2_0] = {256, 66, SOTTO_PLAIN},
    [SOTTO_Q8_K] = {256, 292, SOTTO_PLAIN},        [SOTTO_NVFP4] = {64, 36, SOTTO_HALVES},
    [SOTTO_NVFP4_PLANAR] = {32, 16, SOTTO_HALVES}, [SOTTO_FLOAT8] = {32, 32, SOTTO_FLOATS},
    [SOTTO_IQ4_XS] = {256, 136, SOTTO_PLAIN},      [SOTTO_AFFINE1] = {32, 4, SOTTO_MINIMUMS},
    [SOTTO_AFFINE2] = {32, 8, SOTTO_MINIMUMS},
    [SOTTO_AFFINE3] = {32, 12, SOTTO_MINIMUMS},    [SOTTO_AFFINE4] = {32, 16, SOTTO_MINIMUMS},
    [SOTTO_AFFINE5] = {32, 20, SOTTO_MINIMUMS},    [SOTTO_AFFINE6] = {32, 24, SOTTO_MINIMUMS},
    [SOTTO_AFFINE8] = {32, 32, SOTTO_MINIMUMS},
};

sotto_view sotto_matrix_view(const sotto_matrix *matrix, size_t index) {
  sotto_format_traits traits = sotto_formats[matrix->format];
  sotto_view view = {.matrix = matrix, .rows = matrix->rows, .columns = matrix->columns};
  view.row_bytes = matrix->columns / traits.columns * traits.bytes;
  switch (matrix->format) {
    case SOTTO_MXFP4_PLANAR: view.scale_row_bytes = matrix->columns / SOTTO_BLOCK; break;
    case SOTTO_NVFP4_PLANAR: view.scale_row_bytes = matrix->columns / (SOTTO_BLOCK / 2); break;
    case SOTTO_FLOAT8:
      view.scale_row_bytes = matrix->columns / matrix->group * (matrix->scale_type == SOTTO_E8M0 ? 1 : 4);
      break;
    default:
      if (!sotto_is_affine(matrix->format)) break;
      view.scale_row_bytes = matrix->columns / matrix->group * sotto_formats[matrix->scale_type].bytes;
      view.bias_row_bytes = matrix->has_zero_points ? matrix->columns / matrix->group : view.scale_row_bytes;
  }
  sotto_planes planes = {matrix->values, matrix->scales, matrix->biases};
  size_t before = index * matrix->rows;  // rows of the planes before this matrix
  if (matrix->apart) planes = matrix->apart[index], before = 0;
  view.values = (const uint8_t *)planes.values + before * view.row_bytes;
  if (view.scale_row_bytes) {
    if (planes.scales) view.scales = (const uint8_t *)planes.scales + before * view.scale_row_bytes;
    if (planes.biases) view.biases = (const uint8_t *)planes.biases + before * view.bias_row_bytes;
  }
  return view;
}

int sotto_is_whole_tile(const sotto_view *view, size_t row) {
  return row + SOTTO_TILE <= view->rows && (!view->scales || view->scale_row_bytes >= 4) &&
         (!view->biases || view->bias_row_bytes >= 4);
}

int sotto_has_few_amx(sotto_weight_format format) { return format == SOTTO_MXFP4 || format == SOTTO_MXFP4_PLANAR; }

#if defined(__x86_64__)
sotto_decode sotto_decoder_avx512(sotto_weight_format format) {
  static const sotto_decode decoders[SOTTO_WEIGHT_FORMATS] = {
      [SOTTO_Q4_0] = sotto_decode_q4_0_avx512,       [SOTTO_Q4_1] = sotto_decode_q4_1_avx512,
      [SOTTO_Q5_0] = sotto_decode_q5_0_avx512,       [SOTTO_Q5_1] = sotto_decode_q5_1_avx512,
      [SOTTO_Q8_0] = sotto_decode_q8_0_avx512,       [SOTTO_Q4_K] = sotto_decode_q4_k_avx512,
      [SOTTO_Q5_K] = sotto_decode_q5_k_avx512,       [SOTTO_Q6_K] = sotto_decode_q6_k_avx512,
      [SOTTO_MXFP4] = sotto_decode_mxfp4_avx512,     [SOTTO_MXFP4_PLANAR] = sotto_decode_mxfp4_planar_avx512,
      [SOTTO_Q2_K] = sotto_decode_q2_k_avx512,       [SOTTO_Q3_K] = sotto_decode_q3_k_avx512,
      [SOTTO_IQ4_NL] = sotto_decode_iq4_nl_avx512,   [SOTTO_IQ4_XS] = sotto_decode_iq4_xs_avx512,
      [SOTTO_IQ1_S] = sotto_decode_iq1_s_avx512,     [SOTTO_IQ1_M] = sotto_decode_iq1_m_avx512,
      [SOTTO_IQ2_XXS] = sotto_decode_iq2_xxs_avx512, [SOTTO_IQ2_XS] = sotto_decode_iq2_xs_avx512,
      [SOTTO_IQ2_S] = sotto_decode_iq2_s_avx512,     [SOTTO_IQ3_XXS] = sotto_decode_iq3_xxs_avx512,
      [SOTTO_IQ3_S] = sotto_decode_iq3_s_avx512,     [SOTTO_TQ2_0] = sotto_decode_tq2_0_avx512,
      // TQ1_0 with AVX2: panels have the same order.
      [SOTTO_TQ1_0] = sotto_decode_integers_vnni,    [SOTTO_NVFP4] = sotto_decode_nvfp4_avx512,
      [SOTTO_NVFP4_PLANAR] = sotto_decode_nvfp4_planar_avx512,
      [SOTTO_AFFINE1] = sotto_decode_affine1_avx512,
      [SOTTO_AFFINE2] = sotto_decode_affine2_avx512, [SOTTO_AFFINE3] = sotto_decode_affine3_avx512,
      [SOTTO_AFFINE4] = sotto_decode_affine4_avx512, [SOTTO_AFFINE5] = sotto_decode_affine5_avx512,
      [SOTTO_AFFINE6] = sotto_decode_affine6_avx512, [SOTTO_AFFINE8] = sotto_decode_affine8_avx512,
  };
  // The others are decoded by portable code.
  return decoders[format] ? decoders[format] : sotto_decode_edge_avx512;
}
#endif

static sotto_method float_method(sotto_isa_level level) {
  sotto_method method = {sizeof(sotto_float_panel_block), SOTTO_FLOAT_PACK_BYTES,
                         sotto_decode_floats_portable,    sotto_decode_floats_portable,
                         sotto_pack_floats,               sotto_multiply_floats_portable, NULL, NULL, NULL, 0, 0, NULL};
#if defined(__x86_64__)
  if (level == SOTTO_ISA_AVX2) {
    method.decode = sotto_decode_floats_avx2;
    method.multiply = sotto_multiply_floats_avx2;
  }
  if (level == SOTTO_ISA_AVX512) {
    method.decode = sotto_decode_floats_avx512;
    method.multiply = sotto_multiply_floats_avx512;
  }
#elif defined(__aarch64__)
  if (level == SOTTO_ISA_NEON) {
    method.decode = sotto_decode_floats_neon;
    method.multiply = sotto_multiply_floats_neon;
  }
#endif
  return method;
}

static sotto_method integer_method(sotto_weight_format format, sotto_isa_level level) {
  sotto_method method = {sizeof(sotto_panel_block), SOTTO_PACK_BYTES,
                         sotto_decode_portable,     sotto_decode_portable,
                         sotto_pack_integers_portable, sotto_multiply_integers_portable, NULL, NULL, NULL, 0, 0, NULL};
  if (sotto_formats[format].kind == SOTTO_HALF_MINIMUMS) method.multiply = sotto_multiply_half_minimums_portable;
#if defined(__x86_64__)
  if (level == SOTTO_ISA_AVX2) {
    static const sotto_multiply multiply[SOTTO_PANEL_KINDS] = {
        [SOTTO_PLAIN] = sotto_multiply_plain_avx2,
        [SOTTO_HALVES] = sotto_multiply_halves_avx2,
        [SOTTO_MINIMUMS] = sotto_multiply_minimums_avx2,
        [SOTTO_POWERS] = sotto_multiply_plain_avx2,
        [SOTTO_HALF_MINIMUMS] = sotto_multiply_half_minimums_avx2,
    };
    method.decode = sotto_decode_integers_avx2;
    method.pack = sotto_pack_integers_avx2;
    method.multiply = multiply[sotto_formats[format].kind];
    if (sotto_has_extension()) {
      static const sotto_multiply with_vnni[SOTTO_PANEL_KINDS] = {
          [SOTTO_PLAIN] = sotto_multiply_plain_vnni,
          [SOTTO_HALVES] = sotto_multiply_halves_vnni,
          [SOTTO_MINIMUMS] = sotto_multiply_minimums_vnni,
          [SOTTO_POWERS] = sotto_multiply_plain_vnni,
          [SOTTO_HALF_MINIMUMS] = sotto_multiply_half_minimums_vnni,
      };
      method.decode = sotto_decode_integers_vnni;
      method.decode_edge = sotto_decode_edge_vnni;
      method.multiply = with_vnni[sotto_formats[format].kind];
    }
  }
  if (level == SOTTO_ISA_AVX512) {
    static const sotto_multiply multiply[SOTTO_PANEL_KINDS] = {
        [SOTTO_PLAIN] = sotto_multiply_plain_avx512,
        [SOTTO_HALVES] = sotto_multiply_halves_avx512,
        [SOTTO_MINIMUMS] = sotto_multiply_minimums_avx512,
        [SOTTO_POWERS] = sotto_multiply_powers_avx512,
        [SOTTO_HALF_MINIMUMS] = sotto_multiply_half_minimums_avx512,
    };
    method.decode = sotto_decoder_avx512(format);
    method.decode_edge = sotto_decode_edge_avx512;
    method.pack = sotto_pack_integers_avx512;
    method.multiply = multiply[sotto_formats[format].kind];
  }
#elif defined(__aarch64__)
  if (level == SOTTO_ISA_NEON) {
    static const sotto_multiply multiply[SOTTO_PANEL_KINDS] = {
        [SOTTO_PLAIN] = sotto_multiply_plain_neon,
        [SOTTO_HALVES] = sotto_multiply_halves_neon,
        [SOTTO_MINIMUMS] = sotto_multiply_minimums_neon,
        [SOTTO_POWERS] = sotto_multiply_plain_neon,
        [SOTTO_HALF_MINIMUMS] = sotto_multiply_half_minimums_neon,
    };
    method.decode = sotto_decode_integers_neon;
    method.pack = sotto_pack_integers_neon;
    method.multiply = multiply[sotto_formats[format].kind];
    if (sotto_has_extension()) {
      static const sotto_multiply by_pairs[SOTTO_PANEL_KINDS] = {
          [SOTTO_PLAIN] = sotto_multiply_plain_i8mm,
          [SOTTO_HALVES] = sotto_multiply_halves_i8mm,
          [SOTTO_MINIMUMS] = sotto_multiply_minimums_i8mm,
          [SOTTO_POWERS] = sotto_multiply_plain_i8mm,
          [SOTTO_HALF_MINIMUMS] = sotto_multiply_half_minimums_i8mm,
      };
      method.decode = sotto_decode_integers_i8mm;
      method.decode_edge = sotto_decode_edge_i8mm;
      method.pack = sotto_pack_integers_i8mm;
      method.multiply = by_pairs[sotto_formats[format].kind];
    }
  }
#endif
  return method;
}

static sotto_store store_function(sotto_isa_level level) {
#if defined(__x86_64__)
  if (level == SOTTO_ISA_AVX2) return sotto_store_avx2;
  if (level == SOTTO_ISA_AVX512) return sotto_store_avx512;
#elif defined(__aarch64__)
  if (level == SOTTO_ISA_NEON) return sotto_store_neon;
#endif
  (void)level;
  return sotto_store_portable;
}

#if defined(__x86_64__)
/// Multiplies few tokens a tile at a time if there is a function for it and gathers are fast; returns 0 if not.
static int use_tiles_avx512(sotto_method *method, const sotto_matrix *matrix, size_t tokens) {
  static const sotto_multiply_tile tiles[SOTTO_WEIGHT_FORMATS] = {
      [SOTTO_Q8_0] = sotto_tile_q8_0_avx512,
      [SOTTO_MXFP4] = sotto_tile_mxfp4_avx512,
      [SOTTO_MXFP4_PLANAR] = sotto_tile_mxfp4_planar_avx512,
  };
  if (tokens > SOTTO_TILE_TOKENS || !tiles[matrix->format] || !sotto_has_fast_gathers()) return 0;
  // Gathers have offsets of 32 bits.
  if (matrix->columns > 1 << 24) return 0;
  method->tile = tiles[matrix->format];
  return 1;
}

/// Multiplies few tokens without panels if there is a function for it.
static void use_rows_avx512(sotto_method *method, const sotto_matrix *matrix, size_t tokens) {
  // With more tokens, panels are faster (measured on Zen 5, from the caches and from memory); for Q2_K and Q3_K, with
  // one already: the four additions for each block of a format with two minimums wait for each other, and panels have
  // 16 rows in a register.
  static const struct {
    sotto_multiply_rows multiply;
    size_t most;
  } rows[SOTTO_WEIGHT_FORMATS] = {
      [SOTTO_Q4_0] = {sotto_rows_q4_0_avx512, 4},
      [SOTTO_Q4_1] = {sotto_rows_q4_1_avx512, 3},
      [SOTTO_Q5_0] = {sotto_rows_q5_0_avx512, 4},
      [SOTTO_Q5_1] = {sotto_rows_q5_1_avx512, 3},
      [SOTTO_Q8_0] = {sotto_rows_q8_0_avx512, 4},
      [SOTTO_Q4_K] = {sotto_rows_q4_k_avx512, 1},
      [SOTTO_Q5_K] = {sotto_rows_q5_k_avx512, 1},
      [SOTTO_Q6_K] = {sotto_rows_q6_k_avx512, 3},
      [SOTTO_MXFP4] = {sotto_rows_mxfp4_avx512, 4},
      [SOTTO_MXFP4_PLANAR] = {sotto_rows_mxfp4_planar_avx512, 4},
      [SOTTO_IQ4_NL] = {sotto_rows_iq4_nl_avx512, 4},
      [SOTTO_IQ4_XS] = {sotto_rows_iq4_xs_avx512, 3},
      [SOTTO_IQ1_S] = {sotto_rows_iq1_s_avx512, 2},
      [SOTTO_IQ1_M] = {sotto_rows_iq1_m_avx512, 2},
      [SOTTO_IQ2_XXS] = {sotto_rows_iq2_xxs_avx512, 2},
      [SOTTO_IQ2_XS] = {sotto_rows_iq2_xs_avx512, 2},
      [SOTTO_IQ2_S] = {sotto_rows_iq2_s_avx512, 2},
      [SOTTO_IQ3_XXS] = {sotto_rows_iq3_xxs_avx512, 2},
      [SOTTO_IQ3_S] = {sotto_rows_iq3_s_avx512, 2},
      [SOTTO_TQ2_0] = {sotto_rows_tq2_0_avx512, 2},
      [SOTTO_AFFINE4] = {sotto_rows_affine4_avx512, 3},
      [SOTTO_AFFINE8] = {sotto_rows_affine8_avx512, 3},
  };
  sotto_weight_format format = matrix->format;
  if (tokens > rows[format].most) return;
  // The planes of an affine format's numbers are read as 16-bit numbers, those of zero points as bytes.
  if (sotto_is_affine(format) && matrix->scale_type == SOTTO_FLOAT32) return;
  int is_by_parity = format == SOTTO_MXFP4_PLANAR || format == SOTTO_AFFINE4;
  method->rows = rows[format].multiply;
  method->pack = is_by_parity ? sotto_pack_rows_by_parity_avx512 : sotto_pack_rows_avx512;
  method->pack_bytes = SOTTO_ROW_PACK_BYTES;
  method->packs_tokens = 1;
}
#endif

#if defined(__x86_64__) || defined(__aarch64__)
/// The same for AVX2 and NEON.
static void use_rows_vectors(sotto_method *method, sotto_weight_format format, sotto_isa_level level, size_t tokens) {
  // Measured with AVX2; where it isn't given, about that of the slowest. Panels cost less with VNNI and with NEON: there
  // the instructions per block decide.
  static const size_t most[SOTTO_WEIGHT_FORMATS] = {
      [SOTTO_Q4_0] = 8,         [SOTTO_Q4_1] = 8,    [SOTTO_Q8_0] = 6,    [SOTTO_Q4_K] = 6,    [SOTTO_Q6_K] = 4,
      [SOTTO_MXFP4] = 8,        [SOTTO_MXFP4_PLANAR] = 8, [SOTTO_AFFINE4] = 8, [SOTTO_AFFINE8] = 6,
  };
  enum { OTHERS = 4, WITH_MINIMUMS = 2, TERNARY = 2, WITH_I8MM = 2 };
  size_t limit = most[format] && level == SOTTO_ISA_AVX2 && !sotto_has_extension() ? most[format] : OTHERS;
  // The two minimums of a block cost as much as its products.
  if (format == SOTTO_Q2_K) limit = WITH_MINIMUMS;
  // Lattices have none: their points are found one by one, and then panels cost no more.
  if (format == SOTTO_TQ2_0) limit = TERNARY;
  if (level == SOTTO_ISA_NEON && sotto_has_extension()) limit = WITH_I8MM;
  sotto_multiply_rows rows = sotto_rows_vectors(format);
  if (tokens > limit || !rows) return;
  method->rows = rows;
  method->pack = sotto_pack_rows_vectors;
  method->packs_tokens = 1;
}
#endif

#if defined(__x86_64__)
/// float32 weights, those of routers, have no such method: they are small and sensitive.
static sotto_method amx_method(const sotto_matrix *matrix, size_t tokens) {
  sotto_method method = {.pack_bytes = SOTTO_BFLOAT_PACK_BYTES, .store = sotto_store_avx512};
  int is_planar = matrix->format == SOTTO_MXFP4_PLANAR;
  if (is_planar || matrix->format == SOTTO_MXFP4) method.order = is_planar ? sotto_planar_order : sotto_nibble_order;
  int has_whole_tiles = matrix->rows % SOTTO_TILE == 0 && matrix->columns >= 4 * SOTTO_BLOCK;
  if (tokens <= SOTTO_AMX_FEW && sotto_has_few_amx(matrix->format) && has_whole_tiles) {
    method.tile = is_planar ? sotto_tile_mxfp4_planar_amx : sotto_tile_mxfp4_amx;
    method.pack = is_planar ? sotto_pack_planar_tile_amx : sotto_pack_tile_amx;
    method.packs_tokens = 1;
  } else {
    method.decode = sotto_decoder_amx(matrix->format);
    method.uses_amx = 1;
  }
  return method;
}
#endif

sotto_method sotto_method_for(const sotto_matrix *matrix, sotto_precision precision, sotto_isa_level level,
                              size_t tokens) {
  sotto_weight_format format = matrix->format;
#if defined(__x86_64__)
  if (precision == SOTTO_FAST_PREFILL && level == SOTTO_ISA_AVX512 && sotto_decoder_amx(format) && sotto_has_amx())
    return amx_method(matrix, tokens);
#endif
  if (precision == SOTTO_FAST_PREFILL) precision = SOTTO_FAST;
  int is_integer = precision == SOTTO_FAST && format > SOTTO_BFLOAT16 && sotto_formats[format].kind != SOTTO_FLOATS;
  sotto_method method = is_integer ? integer_method(format, level) : float_method(level);
#if defined(__x86_64__)
  if (precision == SOTTO_FAST && format == SOTTO_FLOAT8 && level == SOTTO_ISA_AVX512)
    method = (sotto_method){sizeof(sotto_scaled_bfloat_panel_block), SOTTO_BFLOAT_PACK_BYTES,
                            sotto_decode_float8_bfloats_avx512, sotto_decode_float8_bfloats_edge,
                            sotto_pack_bfloats_avx512, sotto_multiply_scaled_bfloats_avx512, NULL, NULL, NULL, 0, 0, NULL};
  if (precision == SOTTO_FAST && format == SOTTO_BFLOAT16 && level == SOTTO_ISA_AVX512)
    method = (sotto_method){sizeof(sotto_bfloat_panel_block), SOTTO_BFLOAT_PACK_BYTES,
                            sotto_decode_bfloats_avx512,      sotto_decode_bfloats_edge,
                            sotto_pack_bfloats_avx512,        sotto_multiply_bfloats_avx512, NULL, NULL, NULL, 0, 0, NULL};
#endif
#if defined(__x86_64__)
  if (is_integer && level == SOTTO_ISA_AVX512 && !use_tiles_avx512(&method, matrix, tokens))
    use_rows_avx512(&method, matrix, tokens);
#endif
#if defined(__x86_64__) || defined(__aarch64__)
  if (is_integer && (level == SOTTO_ISA_AVX2 || level == SOTTO_ISA_NEON)) 
    use_rows_vectors(&method, format, level, tokens);
#else
  (void)tokens;
#endif
  method.store = store_function(level);
  return method;
}
