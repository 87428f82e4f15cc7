// Quantisation of weights: rows of a matrix in any format become rows in another one.
//
// The numbers of a row are decoded to float32, rounded to the type in which the new weight counts as stored, and
// quantised group by group, exactly as MLX does on a CPU (all divisions are divisions, ties go to the even number). The
// result does not depend on the number of threads or on the instruction set. (The K formats search for scales; sums of
// their errors, and so their last bits, may depend on the instruction set.)
#pragma once
#include <stddef.h>

#include "matmul.h"
#include "thread_pool.h"

typedef struct {
  /// The first matrix is quantised.
  sotto_matrix source;
  /// Row i of the result is row first + i * step of the source.
  size_t first, step, rows;
  /// SOTTO_AFFINE2 to SOTTO_AFFINE8 (groups of `group` columns), SOTTO_MXFP4_PLANAR, SOTTO_NVFP4_PLANAR, SOTTO_FLOAT8
  /// (MXFP8: groups of 32 with E8M0 scales), SOTTO_Q8_0, SOTTO_Q4_K, SOTTO_Q5_K, SOTTO_Q6_K,
  /// SOTTO_FLOAT32, SOTTO_FLOAT16 and SOTTO_BFLOAT16, which only round, or SOTTO_MXFP4, which only reorders the bits of
  /// SOTTO_MXFP4_PLANAR.
  sotto_weight_format format;
  size_t group;
  /// SOTTO_FLOAT32, SOTTO_FLOAT16 or SOTTO_BFLOAT16: what numbers are rounded to first, and the type of affine scales and
  /// biases.
  sotto_weight_format type;
  /// The planes of the result: rows are contiguous. `biases` are those of affine groups only.
  void *values, *scales, *biases;
} sotto_quantization;

/// Quantises. Costs about 3 ns per number and thread for affine groups. Returns 0, or -1 if there is no memory.
int sotto_quantize(sotto_pool *pool, const sotto_quantization *call);
