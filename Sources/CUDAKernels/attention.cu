// Attention over pages of 64 positions, which have the host's layout (Sources/CKernels/attention/layout.h): for each head
// the keys of four groups of 16 positions, each [head_size][16], and then the values [64][value_size rounded up to 16].
#include "common.cuh"

static const int PAGE = 64, SCALED = 32, KEY_BLOCK = 32 + 16 * SCALED, VALUE_SCALES = 2 * PAGE;
enum { CACHE_F32, CACHE_F16, CACHE_I8 };

struct Layout {
  int64_t key_group, keys, head;  // bytes
  int value_stride;
};

static __device__ __forceinline__ Layout layout_of(const sotto_cuda_layout &l) {
  int size = l.format == CACHE_F32 ? 4 : l.format == CACHE_F16 ? 2 : 1, stride = (l.value_size + 15) / 16 * 16;
  int64_t scales = l.format == CACHE_I8 ? (l.head_size + SCALED - 1) / SCALED * 32 : 0;
  int64_t group = 16 * l.head_size * size + scales;
  int64_t values = l.shares_values ? 0 : PAGE * stride * size + (l.format == CACHE_I8 ? VALUE_SCALES : 0);
  return {group, 4 * group, 4 * group + values, stride};
}

template <int FORMAT>
static __device__ __forceinline__ float key_at(const uint8_t *keys, const Layout &l, int position, int d) {
  const uint8_t *group = keys + position / 16 * l.key_group;
  if (FORMAT == CACHE_F32) return ((const float *)group)[16 * d + position % 16];
  if (FORMAT == CACHE_F16) return __half2float(((const __half *)group)[16 * d + position % 16]);
  const uint8_t *block = group + d / SCALED * KEY_BLOCK;
  return __half2float(((const __half *)block)[position % 16]) *
         (float)((const int8_t *)block)[32 + d % SCALED * 16 + position % 16];
}

template <int FORMAT>
static __device__ __forceinline__ float value_at(const uint8_t *values, const Layout &l, int position, int d) {
  if (FORMAT == CACHE_F32) return ((const float *)values)[position * l.value_stride + d];
  if (FORMAT == CACHE_F16) return __half2float(((const __half *)values)[position * l.value_stride + d]);
  return __half2float(((const __half *)values)[position]) *
         (float)((const int8_t *)values)[VALUE_SCALES + position * l.value_stride + d];
}

// The scale of numbers stored as bytes, as float16.
static __device__ __forceinline__ __half byte_scale(float top) {
  return __float2half_rn(fminf(top * (1.0f / 127), 65504.0f));
}
static __device__ __forceinline__ int8_t to_byte(float x, __half scale) {
  float s = __half2float(scale), inverse = s > 0 ? 1.0f / s : 0.0f;
  return (int8_t)__float2int_rn(fminf(fmaxf(x * inverse, -127.0f), 127.0f));
}
static __device__ __forceinline__ __half to_half(float x) {
  return __float2half_rn(fmaxf(fminf(x, 65504.0f), -65504.0f));
}

// Stores keys and values. Bytes: the rows once in, once out; floor: a launch for few rows. grid: (heads, rows)
KERNEL(sotto_cache_write_kernel, sotto_cuda_cache_write, 128) {
  wait_for_inputs();
  const int row = blockIdx.y, head = blockIdx.x, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const sotto_cuda_sequence &s = a.sequences[sequence_of(a, row)];
  const int position = advance_of(a.advance) + s.length - s.rows + row - s.row - s.origin, slot = position % PAGE;
  const sotto_cuda_layout &o = a.layout;
  const Layout l = layout_of(o);
  uint8_t *page = ((uint8_t *const *)s.memory)[position / PAGE] + head * l.head;
  uint8_t *group = page + slot / 16 * l.key_group, *values = page + l.keys;
  const float *key = a.key.data + row * a.key.stride + head * o.head_size;
  const float *value = a.value.data + row * a.value.stride + head * o.value_size;
  if (o.format == CACHE_I8) {
    for (int block = warp; block * SCALED < o.head_size; block += 4) {
      int d = block * SCALED + lane;
      float x = d < o.head_size ? key[d] : 0.0f;
      __half scale = byte_scale(warp_max(fabsf(x)));
      uint8_t *to = group + block * KEY_BLOCK;
      if (lane == 0) ((__half *)to)[slot % 16] = scale;
      if (d < o.head_size) ((int8_t *)to)[32 + lane * 16 + slot % 16] = to_byte(x, scale);
    }
    if (o.shares_values) return;
    float top = 0;
    for (int d = lane; d < o.value_size; d += 32) top = fmaxf(top, fabsf(value[d]));
    __half scale = byte_scale(warp_max(top));
    if (threadIdx.x == 0) ((__half *)values)[slot] = scale;
    for (int d = threadIdx.x; d < o.value_size; d += 128)
      ((int8_t *)values)[VALUE_SCALES + slot * l.value_stride + d] = to_byte(value[d], scale);
    return;
  }
  for (int d = threadIdx.x; d < o.head_size; d += 128) {
    if (o.format == CACHE_F32)
      ((float *)group)[16 * d + slot % 16] = key[d];
    else
      ((__half *)group)[16 * d + slot % 16] = to_half(key[d]);
  }
  if (o.shares_values) return;
  for (int d = threadIdx.x; d < o.value_size; d += 128) {
    if (o.format == CACHE_F32)
      ((float *)values)[slot * l.value_stride + d] = value[d];
    else
      ((__half *)values)[slot * l.value_stride + d] = to_half(value[d]);
  }
}

// Rotates a row's queries, and rotates and stores its keys; stores its values (float32 and float16 caches). A thread has four
// numbers, 256 apart. Bytes: the rows once in, once out; floor: those over the memory bandwidth, or a launch.
// grid: ((query heads + key-value heads) * head_size + key-value heads * value_size over 1024, rows)
KERNEL(sotto_rotated_write_kernel, sotto_cuda_rotated_write, 256) {
  wait_for_inputs();
  const int row = blockIdx.y, size = a.layout.head_size, width = a.layout.value_size, kv_heads = a.layout.heads;
  const int queries = a.heads * size, keys = queries + kv_heads * size;
  const int all = keys + (a.layout.shares_values ? 0 : kv_heads * width);
  const float *cosines = a.angles + (int64_t)row * 2 * a.count, *sines = cosines + a.count;
  const sotto_cuda_sequence &s = a.sequences[sequence_of(a, row)];
  const int position = advance_of(a.advance) + s.length - s.rows + row - s.row - s.origin, slot = position % PAGE;
  const Layout l = layout_of(a.layout);
  uint8_t *page = ((uint8_t *const *)s.memory)[position / PAGE];
#pragma unroll
  for (int part = 0; part < 4; part++) {
    const int n = blockIdx.x * 1024 + part * 256 + threadIdx.x;
    if (n >= all) return;
    if (n >= keys) {
      const int head = (n - keys) / width, d = (n - keys) % width;
      const float value = a.value.data[row * a.value.stride + n - keys];
      uint8_t *to = page + head * l.head + l.keys;
      if (a.layout.format == CACHE_F32)
        ((float *)to)[slot * l.value_stride + d] = value;
      else
        ((__half *)to)[slot * l.value_stride + d] = to_half(value);
      continue;
    }
    const bool is_query = n < queries;
    const int head = (is_query ? n : n - queries) / size, i = (is_query ? n : n - queries) % size, at = i - a.first;
    const float *x = is_query ? a.query.data + row * a.query.stride + head * size
                              : a.key.data + row * a.key.stride + head * size;
    float y = x[i];
    if (at >= 0 && at < 2 * a.count) {
      const int pair = a.interleaved ? at / 2 : at < a.count ? at : at - a.count;
      const bool second = a.interleaved ? at % 2 : at >= a.count;
      const int other = a.first + (a.interleaved ? at ^ 1 : second ? at - a.count : at + a.count);
      y = second ? y * cosines[pair] + x[other] * sines[pair] : y * cosines[pair] - x[other] * sines[pair];
    }
    if (is_query) {
      a.y[(int64_t)row * queries + n] = y;
      continue;
    }
    uint8_t *to = page + head * l.head + slot / 16 * l.key_group;
    if (a.layout.format == CACHE_F32)
      ((float *)to)[16 * i + slot % 16] = y;
    else
      ((__half *)to)[16 * i + slot % 16] = to_half(y);
  }
}

// One query row, up to 8 query heads of one key-value head, and a range of pages, with an online softmax in float32.
// The range of a split follows from the lengths alone, and so does the order of the sums.
//
// Operations: 2 * heads * positions * (head_size + value_size); bytes: the pages' once for 8 heads and every row.
// grid: (rows, key-value heads * head tiles, splits). Dynamic shared memory: 8 * head_size numbers.
template <int FORMAT>
static __device__ __forceinline__ void attend(const sotto_cuda_attention &a) {
  const int HEADS = 8, MOST_PARTS = 4;
  extern __shared__ float query[];  // [HEADS][head_size]
  __shared__ float scores[HEADS][PAGE], factors[HEADS], tops[HEADS], totals[HEADS];
  wait_for_inputs();
  const sotto_cuda_layout &o = a.layout;
  const Layout l = layout_of(o);
  const int row = blockIdx.x, kv_head = blockIdx.y / a.head_tiles, group = a.heads / o.heads, lane = threadIdx.x % 32;
  const int first_head = blockIdx.y % a.head_tiles * HEADS, heads = min(HEADS, group - first_head);
  const sotto_cuda_sequence &s = a.sequences[sequence_of(a, row)];
  // Positions are counted from the first one held.
  const int position = advance_of(a.advance) + s.length - s.rows + row - s.row - s.origin;
  const int low = a.window ? max(position - a.window + 1, 0) : 0;
  const int all_first = low / PAGE, all_last = position / PAGE + 1;
  const int first_page = a.splits > 1 ? all_first + blockIdx.z * a.split_pages : all_first;
  const int last_page = a.splits > 1 ? min(all_last, first_page + a.split_pages) : all_last;
  for (int i = threadIdx.x; i < heads * o.head_size; i += 128)
    query[i] = a.query.data[row * a.query.stride +
                            (int64_t)(kv_head * group + first_head + i / o.head_size) * o.head_size + i % o.head_size] *
               a.scale;
  for (int i = threadIdx.x; i < (HEADS - heads) * o.head_size; i += 128) query[heads * o.head_size + i] = 0;
  if (threadIdx.x < HEADS) tops[threadIdx.x] = -INFINITY, totals[threadIdx.x] = 0;
  // Narrow values: two threads share a column, each with every other position.
  const int width = o.value_size <= 64 ? 64 : 128, shares = 128 / width, share = threadIdx.x / width;
  const int column = threadIdx.x % width;
  float sums[HEADS][MOST_PARTS] = {};
  __syncthreads();
  for (int page = first_page; page < last_page; page++) {
    const uint8_t *memory = ((const uint8_t *const *)s.memory)[page] + kv_head * l.head;
    const int slot = threadIdx.x % PAGE, half = threadIdx.x / PAGE * 4, at = page * PAGE + slot;
    float dots[4] = {};
#pragma unroll 8
    for (int d = 0; d < o.head_size; d++) {
      float k = key_at<FORMAT>(memory, l, slot, d);
#pragma unroll
      for (int h = 0; h < 4; h++) dots[h] += k * query[(half + h) * o.head_size + d];
    }
#pragma unroll
    for (int h = 0; h < 4; h++) {
      float x = a.softcap > 0 ? a.softcap * tanhf(dots[h] / a.softcap) : dots[h];
      scores[half + h][slot] = at >= low && at <= position ? x : -INFINITY;
    }
    __syncthreads();
    for (int h = threadIdx.x / 32; h < HEADS; h += 4) {
      float x = scores[h][lane], y = scores[h][lane + 32];
      float top = fmaxf(tops[h], warp_max(fmaxf(x, y)));
      x = expf(x - top), y = expf(y - top);
      scores[h][lane] = x, scores[h][lane + 32] = y;
      float total = warp_sum(x + y);
      __syncwarp();
      if (lane == 0) {
        factors[h] = expf(tops[h] - top);
        totals[h] = totals[h] * factors[h] + total;
        tops[h] = top;
      }
    }
    __syncthreads();
#pragma unroll
    for (int h = 0; h < HEADS; h++)
#pragma unroll
      for (int c = 0; c < MOST_PARTS; c++) sums[h][c] *= factors[h];
    const uint8_t *values = memory + l.keys;
#pragma unroll 4
    for (int p = share; p < PAGE; p += shares) {
      float weights[HEADS];
#pragma unroll
      for (int h = 0; h < HEADS; h++) weights[h] = scores[h][p];
#pragma unroll
      for (int c = 0; c < MOST_PARTS; c++) {
        int d = column + 128 * c;
        if (d < o.value_size) {
          float v = o.shares_values ? key_at<FORMAT>(memory, l, p, d) : value_at<FORMAT>(values, l, p, d);
#pragma unroll
          for (int h = 0; h < HEADS; h++) sums[h][c] += weights[h] * v;
        }
      }
    }
    __syncthreads();
  }
  if (shares == 2) {
    if (share == 1)
      for (int h = 0; h < HEADS; h++) scores[h][column] = sums[h][0];
    __syncthreads();
    if (share == 0) {
#pragma unroll
      for (int h = 0; h < HEADS; h++) sums[h][0] += scores[h][column];
    }
  }
  if (share > 0) return;
#pragma unroll
  for (int h = 0; h < HEADS; h++) {
    if (h >= heads) break;
    const int head = kv_head * group + first_head + h;
    float factor = 1, total = totals[h], top = tops[h];
    float *y = a.y + ((int64_t)row * a.heads + head) * o.value_size;
    if (a.splits > 1) {
      y = a.partials + (((int64_t)row * a.heads + head) * a.splits + blockIdx.z) * (o.value_size + 2);
      if (threadIdx.x == 0) y[o.value_size] = total, y[o.value_size + 1] = top;
    } else {
      if (a.sinks) {
        float sink = a.sinks[head], larger = fmaxf(top, sink);
        factor = expf(top - larger);
        total = total * factor + expf(sink - larger);
      }
      factor /= total;
    }
#pragma unroll
    for (int c = 0; c < MOST_PARTS; c++)
      if (column + 128 * c < o.value_size) y[column + 128 * c] = sums[h][c] * factor;
  }
}
KERNEL(sotto_attention_f32_kernel, sotto_cuda_attention, 128) { attend<CACHE_F32>(a); }
KERNEL(sotto_attention_f16_kernel, sotto_cuda_attention, 128) { attend<CACHE_F16>(a); }
KERNEL(sotto_attention_i8_kernel, sotto_cuda_attention, 128) { attend<CACHE_I8>(a); }

// Adds up the splits. Bytes: the partial results once; floor: a launch. grid: (heads, rows)
KERNEL(sotto_attention_sum_kernel, sotto_cuda_attention, 128) {
  wait_for_inputs();
  const int row = blockIdx.y, head = blockIdx.x, size = a.layout.value_size;
  const float *parts = a.partials + ((int64_t)row * a.heads + head) * a.splits * (size + 2);
  float top = a.sinks ? a.sinks[head] : -INFINITY, total = 0;
  for (int i = 0; i < a.splits; i++) top = fmaxf(top, parts[i * (size + 2) + size + 1]);
  if (a.sinks) total = expf(a.sinks[head] - top);
  for (int i = 0; i < a.splits; i++) {
    const float *p = parts + i * (size + 2) + size;
    total += p[0] * expf(p[1] - top);
  }
  for (int d = threadIdx.x; d < size; d += 128) {
    float sum = 0;
    for (int i = 0; i < a.splits; i++) sum += parts[i * (size + 2) + d] * expf(parts[i * (size + 2) + size + 1] - top);
    a.y[((int64_t)row * a.heads + head) * size + d] = sum / total;
  }
}
