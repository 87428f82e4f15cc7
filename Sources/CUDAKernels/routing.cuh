// The choice of a row's experts by one warp, for up to 128 experts that are not divided into groups.
#pragma once
#include "common.cuh"

// A number's bits in its order; 0 for what is not chosen (-infinity and less, NaN).
static __device__ __forceinline__ uint32_t ordered_bits(float x) {
  if (!(x > -INFINITY)) return 0;
  const uint32_t bits = __float_as_uint(x + 0.0f);  // -0 equals 0
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// The same choice and weights as sotto_routing_kernel's: lane k gets expert k, and its weight where `weighs` is set.
struct Choice {
  int expert;
  float weight;
};

template <int PER_LANE>
static __device__ __forceinline__ Choice choose_of(const sotto_cuda_routing &a, int row, bool weighs) {
  const int lane = threadIdx.x % 32;
  const float *x = a.logits.data + row * a.logits.stride;
  float scores[PER_LANE], choice[PER_LANE], top = -INFINITY, sum = 0;
#pragma unroll
  for (int j = 0; j < PER_LANE; j++) {
    const int i = lane + 32 * j;
    // Perhaps read before the kernel has waited: not from a cache that earlier kernels have filled.
    scores[j] = i < a.experts ? __ldcg(x + i) : NAN;
    top = scores[j] > top ? scores[j] : top;
  }
  if (a.scoring == SOTTO_CUDA_SOFTMAX) top = warp_max(top);
#pragma unroll
  for (int j = 0; j < PER_LANE; j++) {
    const float logit = scores[j];
    if (a.scoring == SOTTO_CUDA_SIGMOID_SCORES) scores[j] = sigmoid(logit);
    if (a.scoring == SOTTO_CUDA_SOFTMAX) sum += scores[j] = logit == logit ? expf(logit - top) : 0.0f;
    if (logit != logit) scores[j] = -INFINITY;
  }
  if (a.scoring == SOTTO_CUDA_SOFTMAX) sum = warp_sum(sum);
#pragma unroll
  for (int j = 0; j < PER_LANE; j++) {
    if (a.scoring == SOTTO_CUDA_SOFTMAX) scores[j] /= sum;
    const int i = lane + 32 * j;
    choice[j] = scores[j] + (a.correction && i < a.experts ? a.correction[i] : 0.0f);
  }
  Choice mine = {0, 0};
  float total = 0, first = 0;
  for (int k = 0; k < a.count; k++) {
    uint32_t largest = 0;
    int index = 0x7fffffff;
#pragma unroll
    for (int j = 0; j < PER_LANE; j++) {
      const uint32_t bits = ordered_bits(choice[j]);
      if (bits > largest) largest = bits, index = lane + 32 * j;
    }
    const uint32_t all = __reduce_max_sync(~0u, largest);
    const int best = __reduce_min_sync(~0u, largest == all && all ? index : 0x7fffffff);
    const bool is_found = best != 0x7fffffff;
    float score = 0;
#pragma unroll
    for (int j = 0; j < PER_LANE; j++)
      if (lane + 32 * j == best) score = scores[j], choice[j] = -INFINITY;
    if (lane == k) mine.expert = is_found ? best : 0;
    if (!weighs) continue;
    score = __shfl_sync(~0u, score, best % 32);
    if (k == 0) first = score;
    float weight = score;
    if (a.scoring == SOTTO_CUDA_SOFTMAX_OVER_CHOSEN) weight = expf(score - first);
    if (!is_found) weight = 0;
    if (lane == k) mine.weight = weight;
    total += weight;
  }
  if (weighs) {
    float factor = a.scale;
    if (a.normalises || a.scoring == SOTTO_CUDA_SOFTMAX_OVER_CHOSEN) factor /= total > 0 ? total : 1.0f;
    mine.weight *= a.factors ? factor * a.factors[mine.expert] : factor;
  }
  return mine;
}

static __device__ __forceinline__ Choice choose(const sotto_cuda_routing &a, int row, bool weighs) {
  return a.experts <= 32 ? choose_of<1>(a, row, weighs) : choose_of<4>(a, row, weighs);
}
