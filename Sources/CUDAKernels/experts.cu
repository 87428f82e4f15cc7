// Routing, the order of entries by expert, and the sum over each row's experts.
#include "common.cuh"

static const int MOST_EXPERTS = 1024;

// The first index of the largest number; -1 if none is above -infinity. For one warp.
static __device__ __forceinline__ int best_of(const float *x, int count) {
  float top = -INFINITY;
  int best = -1;
  for (int i = threadIdx.x; i < count; i += 32)
    if (x[i] > top) top = x[i], best = i;
#pragma unroll
  for (int step = 16; step; step >>= 1) {
    float other = __shfl_xor_sync(~0u, top, step);
    int index = __shfl_xor_sync(~0u, best, step);
    if (index >= 0 && (other > top || (other == top && (best < 0 || index < best)))) top = other, best = index;
  }
  return best;
}

// One warp for each row. Operations: experts * (count + 4) comparisons; floor: a launch. grid: (rows)
KERNEL(sotto_routing_kernel, sotto_cuda_routing, 32) {
  __shared__ float scores[MOST_EXPERTS], choice[MOST_EXPERTS];
  wait_for_inputs();
  const int row = blockIdx.x, lane = threadIdx.x;
  const float *x = a.logits.data + row * a.logits.stride;
  float top = -INFINITY, sum = 0;
  for (int i = lane; i < a.experts; i += 32) top = x[i] > top ? x[i] : top;
  top = warp_max(top);
  for (int i = lane; i < a.experts; i += 32) {
    float y = x[i];
    if (a.scoring == SOTTO_CUDA_SIGMOID_SCORES) y = sigmoid(y);
    if (a.scoring == SOTTO_CUDA_SOFTMAX) {
      y = x[i] == x[i] ? expf(x[i] - top) : 0.0f;
      sum += y;
    }
    scores[i] = x[i] == x[i] ? y : -INFINITY;
  }
  sum = warp_sum(sum);
  for (int i = lane; i < a.experts; i += 32) {
    if (a.scoring == SOTTO_CUDA_SOFTMAX) scores[i] /= sum;
    choice[i] = scores[i] + (a.correction ? a.correction[i] : 0.0f);
  }
  __syncwarp();
  if (a.groups > 1 && lane == 0) {
    int size = a.experts / a.groups;
    for (int dropped = 0; dropped < a.groups - a.kept_groups; dropped++) {
      int worst = -1;
      float least = INFINITY;
      for (int group = 0; group < a.groups; group++) {
        float first = -INFINITY, second = -INFINITY;
        for (int i = group * size; i < (group + 1) * size; i++) {
          if (choice[i] > first)
            second = first, first = choice[i];
          else if (choice[i] > second)
            second = choice[i];
        }
        if (first == -INFINITY) continue;
        float both = size > 1 && !a.best_of_group ? first + second : first;
        if (both <= least) least = both, worst = group;
      }
      if (worst < 0) break;
      for (int i = worst * size; i < (worst + 1) * size; i++) choice[i] = -INFINITY;
    }
  }
  __syncwarp();
  int *chosen = a.chosen + row * a.count;
  float *weights = a.weights + row * a.count;
  float total = 0, best_score = 0;
  for (int k = 0; k < a.count; k++) {
    int best = best_of(choice, a.experts);
    float weight = best < 0 ? 0.0f : scores[best];
    if (k == 0) best_score = best < 0 ? scores[0] : scores[best];
    if (best >= 0 && a.scoring == SOTTO_CUDA_SPARSE_MIXER) {
      float others = 0, largest = scores[best];
      for (int i = lane; i < a.experts; i += 32) {
        if (choice[i] == -INFINITY) continue;
        if (largest - scores[i] <= 2 * a.jitter * fmaxf(fabsf(scores[i]), largest)) others += expf(scores[i] - largest);
      }
      weight = 1 / warp_sum(others);
    }
    if (best >= 0 && a.scoring == SOTTO_CUDA_SOFTMAX_OVER_CHOSEN) weight = expf(scores[best] - best_score);
    __syncwarp();
    if (lane == 0) {
      chosen[k] = max(best, 0);
      weights[k] = weight;
      if (best >= 0) choice[best] = -INFINITY;
    }
    __syncwarp();
    total += weight;
  }
  float factor = a.scale;
  if (a.normalises || a.scoring == SOTTO_CUDA_SOFTMAX_OVER_CHOSEN) factor /= total > 0 ? total : 1.0f;
  for (int k = lane; k < a.count; k += 32) weights[k] *= a.factors ? factor * a.factors[chosen[k]] : factor;
}

// One block for each expert reads all choices. grid: (experts)
KERNEL(sotto_sorting_kernel, sotto_cuda_sorting, 256) {
  __shared__ int counts[2][8];
  wait_for_inputs();
  const int expert = blockIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int below = 0;
  for (int i = threadIdx.x; i < a.entries; i += 256) below += a.chosen[i] < expert;
#pragma unroll
  for (int step = 16; step; step >>= 1) below += __shfl_xor_sync(~0u, below, step);
  if (lane == 0) counts[0][warp] = below;
  __syncthreads();
  int place = 0;
  for (int i = 0; i < 8; i++) place += counts[0][i];
  if (threadIdx.x == 0) {
    a.starts[expert] = place;
    if (expert == a.experts - 1) a.starts[a.experts] = a.entries;
  }
  // In the order of the entries, 256 at a time.
  for (int first = 0; first < a.entries; first += 256) {
    int entry = first + threadIdx.x;
    bool is_here = entry < a.entries && a.chosen[entry] == expert;
    unsigned mask = __ballot_sync(~0u, is_here);
    __syncthreads();
    if (lane == 0) counts[1][warp] = __popc(mask);
    __syncthreads();
    int before = place, all = 0;
    for (int i = 0; i < 8; i++) {
      if (i < warp) before += counts[1][i];
      all += counts[1][i];
    }
    if (is_here) {
      before += __popc(mask & ((1u << lane) - 1));
      a.order[before] = entry;
      a.places[entry] = before;
    }
    place += all;
  }
}

// Bytes: (count + 2) * 4 a number; floor: those over the memory bandwidth. grid: (columns / 256, tokens)
KERNEL(sotto_combination_kernel, sotto_cuda_combination, 256) {
  wait_for_inputs();
  int column = blockIdx.x * 256 + threadIdx.x, token = blockIdx.y;
  if (column >= a.columns) return;
  float sum = 0;
  for (int k = 0; k < a.count; k++) {
    int entry = token * a.count + k, place = a.places ? a.places[entry] : entry;
    sum += a.weights[entry] * a.x.data[place * a.x.stride + column];
  }
  if (a.residual.data) sum += a.residual.data[token * a.residual.stride + column];
  a.y[(int64_t)token * a.columns + column] = sum;
}
