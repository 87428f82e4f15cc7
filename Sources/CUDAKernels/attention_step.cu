// Attention of one row of each sequence over float16 pages (see attention_tiles.cu for more rows): normalises (if wanted) and
// rotates the up to eight query heads of a key-value head and its new key, stores the new key and value, attends on tensor
// cores, and adds up the ranges of pages. The warps share the pages of the block's range, one at a time each. The first pages
// are fetched before the kernels ahead have ended, but for the new position, which is added in shared memory.
//
// Operations: 4 * heads * positions * head_size a row. Bytes: the pages once; floor: those over the memory bandwidth.
#include "pages.cuh"

static const int PAIRS = 8, MOST_SPLITS = 32;

// How a column of a head is rotated: x * cosine + (column `other`) * sine.
struct Rotation {
  int other;
  float cosine, sine;
  __device__ float apply(const float *head, int d) const { return head[d] * cosine + head[other] * sine; }
  // Of columns that are multiplied by a norm's weights before.
  __device__ Rotation weighted(const float *weight, float offset, int d) const {
    if (!weight) return *this;
    return {other, cosine * (weight[d] + offset), sine * (weight[other] + offset)};
  }
};

static __device__ __forceinline__ Rotation rotation_of(const sotto_cuda_attention &a, int row, int d) {
  const int at = d - a.first;
  if (!a.angles || at < 0 || at >= 2 * a.count) return {d, 1, 0};
  const bool second = a.interleaved ? at % 2 : at >= a.count;
  const int pair = a.interleaved ? at / 2 : second ? at - a.count : at;
  const int other = a.interleaved ? at ^ 1 : second ? at - a.count : at + a.count;
  const float *angles = a.angles + (int64_t)row * 2 * a.count;
  return {a.first + other, angles[pair], second ? angles[a.count + pair] : -angles[a.count + pair]};
}

// cap * tanh(x / cap), in few instructions.
static __device__ __forceinline__ float capped(float x, float cap) {
  return cap - __fdividef(2 * cap, 1 + __expf(__fdividef(2 * x, cap)));
}

// grid: (sequences, key-value heads, splits). Dynamic shared memory: a page's keys and values of a head for each warp.
template <int SIZE, int WARPS>
static __device__ __forceinline__ void attend(const sotto_cuda_attention &a) {
  const int STEPS = SIZE / 16, BYTES = PAGE * SIZE * 4, THREADS = WARPS * 32;
  extern __shared__ __align__(128) uint8_t memory[];
  __shared__ __align__(16) __half queries[PAIRS][SIZE + 8];
  __shared__ __half new_key[SIZE], new_value[SIZE];
  __shared__ float tops[WARPS][PAIRS], totals[WARPS][PAIRS], factors[PAIRS][MOST_SPLITS];
  __shared__ float norms[PAIRS + 1];
  __shared__ bool is_last;
  let_next_start();
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, kv_head = blockIdx.y, group = a.heads / a.layout.heads;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.x];
  const int row = s.row;
  // In a repeated step, what earlier steps have stored is complete; otherwise, kernels ahead may still store it.
  const bool is_early = a.advance && a.key.data;
  if (!is_early) wait_for_inputs();
  // Positions are counted from the first one held.
  const int position = advance_of(a.advance) + s.length - 1 - s.origin, low = a.window ? max(position - a.window + 1, 0) : 0;
  const int first_page = low / PAGE + blockIdx.z * a.split_pages, all_last = position / PAGE + 1;
  const int last_page = a.splits > 1 ? min(all_last, first_page + a.split_pages) : all_last;
  uint8_t *own = memory + warp * BYTES;
  auto page_at = [&](int page) { return ((uint8_t *const *)s.memory)[page] + kv_head * (int64_t)BYTES; };
  if (first_page + warp < last_page) fetch<SIZE, 32>(own, page_at(first_page + warp), lane);
  if (is_early) wait_for_inputs();

  // A thread has one column of the heads. All loads before the first store.
  const int ROUNDS = PAIRS * SIZE / THREADS, d = threadIdx.x % SIZE, new_page = a.key.data ? position / PAGE : -1;
  const int slot = position % PAGE;
  const Rotation rotation = rotation_of(a, row, d);
  const Rotation of_query = a.normalises ? rotation.weighted(a.query_weight, a.offset, d) : rotation;
  const float *query_row = a.query.data + row * a.query.stride + (int64_t)kv_head * group * SIZE;
  const float *key_row = a.key.data + row * a.key.stride + kv_head * SIZE;
  float numbers[ROUNDS], key = 0, value = 0;
#pragma unroll
  for (int k = 0; k < ROUNDS; k++) {
    const int pair = threadIdx.x / SIZE + k * (THREADS / SIZE);
    numbers[k] = pair < group ? of_query.apply(query_row + pair * SIZE, d) : 0.0f;
  }
  const bool stores = new_page >= first_page && new_page < last_page && threadIdx.x < SIZE;
  if (stores) {
    const Rotation of_key = a.normalises ? rotation.weighted(a.key_weight, a.offset, d) : rotation;
    key = of_key.apply(key_row, d);
    value = a.value.data[row * a.value.stride + kv_head * SIZE + d];
  }
  if (a.normalises) {
    // A warp for each head; the key after the queries.
    for (int head = warp; head <= group; head += WARPS) {
      const float *x = head < group ? query_row + head * SIZE : key_row;
      float squares = 0;
#pragma unroll
      for (int k = 0; k < SIZE / 32; k++) squares += x[lane + 32 * k] * x[lane + 32 * k];
      squares = warp_sum(squares);
      if (lane == 0) norms[head] = 1.0f / sqrtf(squares / SIZE + a.epsilon);
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < ROUNDS; k++) numbers[k] *= norms[min(threadIdx.x / SIZE + k * (THREADS / SIZE), group)];
    key *= norms[group];
  }
#pragma unroll
  for (int k = 0; k < ROUNDS; k++)
    queries[threadIdx.x / SIZE + k * (THREADS / SIZE)][d] = to_half(numbers[k] * a.scale);
  if (stores) {
    __half *page = (__half *)page_at(new_page);
    page[(slot / 16 * SIZE + d) * 16 + slot % 16] = new_key[d] = to_half(key);
    page[(PAGE + slot) * SIZE + d] = new_value[d] = to_half(value);
  }
  __syncthreads();

  uint32_t query[STEPS][4];
#pragma unroll
  for (int k = 0; k < STEPS; k++)
#pragma unroll
    for (int i = 0; i < 4; i++)
      query[k][i] = i % 2 ? 0u : *(const uint32_t *)&queries[lane / 4][16 * k + lane % 4 * 2 + i / 2 * 8];
  float sums[SIZE / 8][4] = {}, top[1] = {-INFINITY}, total[1] = {0};
  for (int page = first_page + warp; page < last_page; page += WARPS) {
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    __syncwarp();
    if (page == new_page) {
      for (int column = lane; column < SIZE; column += 32) {
        const int key_chunk = (slot / 16 * SIZE + column) * 2 + slot % 16 / 8, value_chunk = column / 8 ^ slot % 8;
        ((__half *)own)[(key_chunk ^ (key_chunk >> 3 & 1)) * 8 + slot % 8] = new_key[column];
        ((__half *)own)[(PAGE + slot) * SIZE + value_chunk * 8 + column % 8] = new_value[column];
      }
      __syncwarp();
    }
    attend_page<SIZE, 1>(own, query, sums, top, total, [&](int i, int at, float x) {
      if (a.softcap > 0) x = capped(x, a.softcap);
      at += page * PAGE;
      return at >= low && at <= position ? x * 1.4426950408889634f : -INFINITY;
    });
    __syncwarp();
    if (page + WARPS < last_page) fetch<SIZE, 32>(own, page_at(page + WARPS), lane);
  }

  // The warps' parts, in the memory of their pages.
  float *part = (float *)own;
  const int own_pair = lane / 4;
  total[0] += __shfl_xor_sync(~0u, total[0], 1);
  total[0] += __shfl_xor_sync(~0u, total[0], 2);
  if (lane % 4 == 0) tops[warp][own_pair] = top[0], totals[warp][own_pair] = total[0];
#pragma unroll
  for (int n = 0; n < SIZE / 8; n++)
    *(float2 *)&part[own_pair * SIZE + 8 * n + lane % 4 * 2] = make_float2(sums[n][0], sums[n][1]);
  __syncthreads();
  const int64_t first_head = (int64_t)row * a.heads + kv_head * group;
  // Totals and largest scores follow the weighted values of all ranges.
  float2 *stats = (float2 *)(a.partials + (int64_t)a.rows * a.heads * a.splits * SIZE);
#pragma unroll 1
  for (int i = threadIdx.x; i < group * SIZE; i += THREADS) {
    const int pair = i / SIZE;
    float largest = -INFINITY, sum = 0, all = 0;
#pragma unroll
    for (int w = 0; w < WARPS; w++) largest = fmaxf(largest, tops[w][pair]);
    const float base = largest == -INFINITY ? 0.0f : largest;
#pragma unroll
    for (int w = 0; w < WARPS; w++) {
      const float factor = exp2f(tops[w][pair] - base);
      sum += factor * ((const float *)(memory + w * BYTES))[i];
      all += factor * totals[w][pair];
    }
    largest *= 0.69314718055994531f;
    if (a.splits > 1) {
      const int64_t at = (first_head + pair) * a.splits + blockIdx.z;
      a.partials[at * SIZE + d] = sum;
      if (d == 0) stats[at] = make_float2(all, largest);
    } else {
      float factor = 1;
      if (a.sinks) {
        const float sink = a.sinks[kv_head * group + pair], larger = fmaxf(largest, sink);
        factor = expf(largest - larger);
        all = all * factor + expf(sink - larger);
      }
      a.y[first_head * SIZE + i] = sum * (factor / all);
    }
  }
  if (a.splits == 1) return;

  // The last block of a head adds the splits, in their order.
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();
    const unsigned others = (unsigned)a.splits - 1;
    is_last = atomicInc(a.counters + (int64_t)row * a.layout.heads + kv_head, others) == others;
    __threadfence();
  }
  __syncthreads();
  if (!is_last) return;
  for (int pair = warp; pair < group; pair += WARPS) {
    const float2 here = lane < a.splits ? __ldcg(stats + (first_head + pair) * a.splits + lane) : make_float2(0, -INFINITY);
    const float sink = a.sinks ? a.sinks[kv_head * group + pair] : -INFINITY, largest = fmaxf(warp_max(here.y), sink);
    const float factor = expf(here.y - largest);
    factors[pair][lane] = factor / (warp_sum(here.x * factor) + (a.sinks ? expf(sink - largest) : 0.0f));
  }
  __syncthreads();
  for (int i = threadIdx.x; i < group * SIZE / 4; i += THREADS) {
    const int pair = i / (SIZE / 4), at = i % (SIZE / 4);
    const float4 *p = (const float4 *)(a.partials + (first_head + pair) * a.splits * SIZE) + at;
    float4 sum = {0, 0, 0, 0};
#pragma unroll 8
    for (int split = 0; split < a.splits; split++) {
      const float4 v = __ldcg(p + split * (SIZE / 4));
      const float factor = factors[pair][split];
      sum.x += factor * v.x, sum.y += factor * v.y, sum.z += factor * v.z, sum.w += factor * v.w;
    }
    *(float4 *)&a.y[first_head * SIZE + 4 * i] = sum;
  }
}
KERNEL(sotto_attention_step_64, sotto_cuda_attention, 256) { attend<64, 8>(a); }
KERNEL(sotto_attention_step_128, sotto_cuda_attention, 128) { attend<128, 4>(a); }
// For more sequences: three blocks on a multiprocessor.
KERNEL(sotto_attention_steps_64, sotto_cuda_attention, 128) { attend<64, 4>(a); }
