// Over one row of logits, as long as a vocabulary: on the calling thread, some tens of microseconds for 200,000.
#pragma once
#include <stddef.h>

/// The index of the largest number, the first of equals; numbers that are not a number are passed over. -1 without
/// numbers.
ptrdiff_t sotto_argmax(const float *x, ptrdiff_t count);
/// output = exp((x - largest) * scale) / sum; output may be x. Returns log(sum(exp(x * scale))), so that the logarithm
/// of a probability is x * scale minus it.
float sotto_softmax(float *output, const float *x, ptrdiff_t count, float scale);
