// Two or three passes over logits; they are read at the speed of the cache.
#include "sampling.h"

#include <math.h>

#define SOTTO_BODY "../sampling/sampling.body.h"
#include "../common/levels.h"

ptrdiff_t sotto_argmax(const float *x, ptrdiff_t count) {
  static ptrdiff_t (*const kernels[])(const float *, ptrdiff_t) = LEVELS(argmax);
  return kernels[sotto_isa()](x, count);
}

float sotto_softmax(float *output, const float *x, ptrdiff_t count, float scale) {
  static float (*const kernels[])(float *, const float *, ptrdiff_t, float) = LEVELS(softmax);
  return kernels[sotto_isa()](output, x, count, scale);
}
