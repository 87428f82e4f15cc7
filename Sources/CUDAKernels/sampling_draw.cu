// Sampling with a temperature: one block a row finds the tokens that top-k, top-p and min-p keep and draws one of them, as the
// host does (sampling.h of CKernels). Weights are whole numbers of 2^-40, so that sums do not depend on their order.
//
// With top-k, the k-th largest of the threads' largest logits bounds the k-th largest of all: the few logits from it on are
// gathered and sorted. Otherwise, or if they are too many, the least key that is kept is found digit by digit.
//
// Bytes: the logits twice with top-k, three times without a filter, from the second cache. Floor: 0.3 us for 200,000 of them.
#include "common.cuh"

static const int DIGITS = 256, WARPS = 32, MOST_K = 512, MOST_CANDIDATES = 4096;

// Numbers in the order of unsigned integers; 0 for those that cannot be drawn.
static __device__ __forceinline__ uint32_t key_of(float x) {
  if (!(x > -INFINITY)) return 0;
  uint32_t bits = __float_as_uint(x);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
static __device__ __forceinline__ float number_of(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}
static __device__ __forceinline__ float held(float x) { return fminf(fmaxf(x, -3.402823466e38f), 3.402823466e38f); }

struct Row {
  const float *x;
  int count;
  float top, scale;
  // exp((x - top) * scale)
  __device__ __forceinline__ float weight(float number) const { return expf((held(number) - top) * scale); }
};
static __device__ __forceinline__ unsigned long long fixed(float weight) {
  return (unsigned long long)(weight * 1099511627776.0f);
}

// Calls body(key, number) for all numbers that can be drawn.
template <typename Body>
static __device__ __forceinline__ void each(const Row &r, Body body) {
#pragma unroll 8
  for (int i = threadIdx.x; i < r.count; i += WARPS * 32) {
    float number = r.x[i];
    uint32_t key = key_of(number);
    if (key) body(key, number);
  }
}

// The largest key P at which the sum of body(key, number) over all keys from P on reaches `wanted`; 1 if it never does. `above`
// becomes the sum over the keys above P.
template <typename Amount>
static __device__ uint32_t select(const Row &r, unsigned long long wanted, unsigned long long *above, Amount amount) {
  __shared__ unsigned long long sums[DIGITS], before;
  __shared__ int found;
  uint32_t prefix = 0;
  unsigned long long larger = 0;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (threadIdx.x < DIGITS) sums[threadIdx.x] = 0;
    __syncthreads();
    each(r, [&](uint32_t key, float number) {
      if (shift == 24 || key >> (shift + 8) == prefix >> (shift + 8)) atomicAdd(&sums[key >> shift & 255], amount(key, number));
    });
    __syncthreads();
    if (threadIdx.x == 0) {
      unsigned long long sum = larger;
      int digit = DIGITS - 1;
      for (; digit > 0 && sum + sums[digit] < wanted; digit--) sum += sums[digit];
      found = digit;
      before = sum;
    }
    __syncthreads();
    prefix |= (uint32_t)found << shift;
    larger = before;
    __syncthreads();
  }
  *above = larger;
  return prefix;
}

// Sorts `count` numbers, a power of two, in descending order.
static __device__ void sort(unsigned long long *x, int count) {
  for (int size = 2; size <= count; size *= 2)
    for (int step = size / 2; step; step /= 2) {
      __syncthreads();
      for (int i = threadIdx.x; i < count; i += WARPS * 32) {
        const int other = i ^ step;
        if (other > i && (x[i] < x[other]) == ((i & size) == 0)) {
          unsigned long long y = x[i];
          x[i] = x[other], x[other] = y;
        }
      }
    }
  __syncthreads();
}
// A power of two with the numbers behind `count` as zeros.
static __device__ int padded(unsigned long long *x, int count) {
  int size = 2;
  while (size < count) size *= 2;
  for (int i = count + threadIdx.x; i < size; i += WARPS * 32) x[i] = 0;
  __syncthreads();
  return size;
}

// Draws with top-k by gathering candidates; false if they are too many. `own` is the largest key of each thread's logits.
static __device__ bool draw_of_top(const Row &r, const sotto_cuda_sampling_row &s, uint32_t own, int *id) {
  // A key above the complement of a token: sorted in descending order, the lower token comes first among equals.
  __shared__ unsigned long long list[MOST_CANDIDATES];
  __shared__ int count;
  list[threadIdx.x] = own;
  sort(list, WARPS * 32);
  const uint32_t bound = max(1u, (uint32_t)list[s.top_k - 1]);
  __syncthreads();
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
#pragma unroll 8
  for (int i = threadIdx.x; i < r.count; i += WARPS * 32) {
    uint32_t key = key_of(r.x[i]);
    if (key < bound) continue;
    int place = atomicAdd(&count, 1);
    if (place < MOST_CANDIDATES) list[place] = (unsigned long long)key << 32 | ~(uint32_t)i;
  }
  __syncthreads();
  int kept = count;
  if (kept > MOST_CANDIDATES) return false;
  sort(list, padded(list, kept));
  kept = min(kept, s.top_k);
  // At most 512 remain: one thread filters them, and draws from them in the order of tokens.
  if (threadIdx.x == 0) {
    unsigned long long all = 0, sum = 0;
    for (int i = 0; i < kept; i++) all += fixed(r.weight(number_of((uint32_t)(list[i] >> 32))));
    const unsigned long long wanted = s.top_p < 1 ? (unsigned long long)((double)s.top_p * (double)all) : all;
    int last = 0;
    while (last < kept && (last == 0 || sum < wanted)) sum += fixed(r.weight(number_of((uint32_t)(list[last++] >> 32))));
    while (last > 1 && !(r.weight(number_of((uint32_t)(list[last - 1] >> 32))) >= s.min_p)) last--;
    count = last;
  }
  __syncthreads();
  kept = count;
  // The token above the key: tokens in descending order.
  for (int i = threadIdx.x; i < kept; i += WARPS * 32) list[i] = (unsigned long long)~(uint32_t)list[i] << 32 | list[i] >> 32;
  __syncthreads();
  sort(list, padded(list, kept));
  if (threadIdx.x == 0) {
    unsigned long long all = 0, sum = 0;
    for (int i = 0; i < kept; i++) all += fixed(r.weight(number_of((uint32_t)list[i])));
    const unsigned long long target = min((unsigned long long)(s.uniform * (double)all), all - 1);
    int i = kept - 1;
    for (; i > 0; i--) {
      sum += fixed(r.weight(number_of((uint32_t)list[i])));
      if (sum > target) break;
    }
    *id = (int)(list[i] >> 32);
  }
  return true;
}

// grid: (rows)
KERNEL(sotto_draw_kernel, sotto_cuda_sampling, 1024) {
  __shared__ float tops[WARPS];
  __shared__ unsigned long long sums[WARPS];
  __shared__ int equals[WARPS];
  wait_for_inputs();
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const sotto_cuda_sampling_row &s = a.settings[blockIdx.x];
  int *id = a.ids + a.first_row + blockIdx.x;
  Row r = {a.logits.data + (a.first_row + blockIdx.x) * a.logits.stride, a.count, 0, 0};
  float top = -INFINITY;
  each(r, [&](uint32_t, float number) { top = fmaxf(top, number); });
  const uint32_t own = key_of(top);
  top = warp_max(top);
  if (lane == 0) tops[warp] = top;
  __syncthreads();
  top = warp_max(tops[lane]);
  if (top == -INFINITY) {
    if (threadIdx.x == 0) *id = -1;
    return;
  }
  r.top = held(top);
  r.scale = s.temperature > 0 ? 1.0f / s.temperature : 1.0f;
  if (s.temperature > 0 && s.top_k > 0 && s.top_k <= MOST_K && s.top_k < a.count && draw_of_top(r, s, own, id)) return;
  // Kept are keys above `least`, and the first `most` of those that equal it.
  uint32_t least = 0;
  unsigned long long most = 0, above = 0;
  float least_weight = 0;
  if (!(s.temperature > 0)) {
    least = key_of(top), most = 1;
  } else {
    if (s.top_k > 0 && s.top_k < a.count) {
      least = select(r, (unsigned long long)s.top_k, &above, [](uint32_t, float) { return 1ull; });
      most = (unsigned long long)s.top_k - above;
    }
    if (s.top_p < 1) {
      // Those that equal `least` count together, once.
      const unsigned long long each_weight = least ? fixed(r.weight(number_of(least))) : 0;
      unsigned long long all = 0;
      each(r, [&](uint32_t key, float number) {
        if (key > least) all += fixed(r.weight(number));
      });
      for (int step = 16; step; step >>= 1) all += __shfl_xor_sync(~0u, all, step);
      if (lane == 0) sums[warp] = all;
      __syncthreads();
      all = most * each_weight;
      for (int i = 0; i < WARPS; i++) all += sums[i];
      __syncthreads();
      const unsigned long long wanted = max(1ull, (unsigned long long)((double)s.top_p * (double)all));
      const uint32_t p = select(r, wanted, &above, [&](uint32_t key, float number) {
        return key > least ? fixed(r.weight(number)) : 0ull;
      });
      const unsigned long long weight = fixed(r.weight(number_of(p)));
      if (p > least && weight > 0) {
        least = p;
        most = max(1ull, (wanted - above + weight - 1) / weight);
      } else if (least && each_weight > 0) {
        // Only some of those that equal `least` are needed.
        unsigned long long larger = all - most * each_weight;
        if (wanted > larger) most = min(most, max(1ull, (wanted - larger + each_weight - 1) / each_weight));
      }
    }
    least_weight = s.min_p;
  }
  // Each warp has consecutive tokens.
  const int share = ((a.count + WARPS - 1) / WARPS + 31) / 32 * 32, first = warp * share, last = min(first + share, a.count);
  const float equal_weight = least ? r.weight(number_of(least)) : 0.0f;
  const unsigned long long equal = s.temperature > 0 && !(equal_weight >= least_weight) ? 0 : max(1ull, fixed(equal_weight));
  auto weight_of = [&](uint32_t key, float number) {
    if (key <= least) return 0ull;
    float weight = r.weight(number);
    return weight >= least_weight ? fixed(weight) : 0ull;
  };
  unsigned long long sum = 0;
  int count = 0;
#pragma unroll 4
  for (int i = first + lane; i < last; i += 32) {
    float number = r.x[i];
    uint32_t key = key_of(number);
    sum += weight_of(key, number);
    count += key == least && key != 0;
  }
  for (int step = 16; step; step >>= 1) {
    sum += __shfl_xor_sync(~0u, sum, step);
    count += __shfl_xor_sync(~0u, count, step);
  }
  if (lane == 0) sums[warp] = sum, equals[warp] = count;
  __syncthreads();
  unsigned long long total = 0, left = most;
  for (int i = 0; i < WARPS; i++) {
    unsigned long long kept = min(left, (unsigned long long)equals[i]);
    left -= kept;
    total += sums[i] + kept * equal;
  }
  const unsigned long long target = min((unsigned long long)(s.uniform * (double)total), total - 1);
  unsigned long long before = 0;
  left = most;
  int owner = 0;
  for (; owner < WARPS - 1; owner++) {
    unsigned long long kept = min(left, (unsigned long long)equals[owner]), here = sums[owner] + kept * equal;
    if (before + here > target) break;
    before += here;
    left -= kept;
  }
  if (warp != owner) return;
  for (int i = first + lane; i - lane < last; i += 32) {
    float number = i < last ? r.x[i] : -INFINITY;
    uint32_t key = key_of(number);
    const bool is_equal = key == least && key != 0;
    const unsigned mask = __ballot_sync(~0u, is_equal);
    unsigned long long weight = weight_of(key, number);
    if (is_equal && (unsigned long long)__popc(mask & ((1u << lane) - 1)) < left) weight = equal;
    unsigned long long through = weight;
    for (int step = 1; step < 32; step <<= 1) {
      unsigned long long other = __shfl_up_sync(~0u, through, step);
      if (lane >= step) through += other;
    }
    const unsigned hits = __ballot_sync(~0u, before + through > target);
    if (hits) {
      if (lane == __ffs(hits) - 1) *id = i;
      return;
    }
    before += __shfl_sync(~0u, through, 31);
    left -= min(left, (unsigned long long)__popc(mask));
  }
}

// Changes logits of a copy: x + bias, then divided or multiplied by the repetition penalty, minus the penalty.
// grid: (adjustments / 256)
KERNEL(sotto_adjusting_kernel, sotto_cuda_sampling, 256) {
  wait_for_inputs();
  int i = blockIdx.x * 256 + threadIdx.x;
  if (i >= a.adjustment_count) return;
  const sotto_cuda_adjustment &c = a.adjustments[i];
  if (c.token < 0 || c.token >= a.count) return;
  float *x = a.adjusted + (int64_t)c.row * a.count + c.token, y = *x + c.bias;
  y = y > 0 ? y / c.repetition : y * c.repetition;
  *x = y - c.penalty;
}
