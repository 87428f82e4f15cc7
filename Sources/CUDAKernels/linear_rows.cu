// Products of one to eight rows with a matrix in 4 or 8 bits, on inputs in 8 bits with a scale for every 32 columns (as
// the host's `fast` does): dot products of four bytes (dp4a), a warp for each output.
//
// Operations: 2 * rows * outputs * columns. Bytes: the matrix once. Floor: the matrix's bytes over the memory bandwidth.
// The inputs are rounded by every block, from the second cache; the first weights are fetched before that.
#include "products.cuh"

static const int WARPS = 8;

// The inputs of up to ROWS rows in shared memory: bytes, a scale for every 32 columns, sums of 16 columns times the scale.
template <int ROWS>
struct Inputs {
  int8_t *bytes;
  float *scales, *sums;
  int columns;

  __device__ Inputs(void *memory, int columns) : bytes((int8_t *)memory), columns(columns) {
    scales = (float *)(bytes + ROWS * columns);
    sums = scales + ROWS * columns / 32;
  }

  // One row by all threads.
  __device__ __forceinline__ void store_row(const float *x, const sotto_cuda_linear &a) {
    const int parts = columns / 8;
    float v[8], factor = 1;
    if (a.normalises) {
      float squares = 0;
      for (int part = threadIdx.x; part < parts; part += WARPS * 32) {
        load8(x + 8 * part, v);
#pragma unroll
        for (int k = 0; k < 8; k++) squares += v[k] * v[k];
      }
      factor = 1.0f / sqrtf(block_sum(squares) / (float)columns + a.epsilon);
    }
    for (int first = 0; first < parts; first += WARPS * 32) {
      const int part = first + threadIdx.x;
      const bool is_here = part < parts;
      if (is_here) {
        load8(x + 8 * part, v);
        if (a.normalises) {
          float weights[8];
          if (a.norm_weight) load8(a.norm_weight + 8 * part, weights);
#pragma unroll
          for (int k = 0; k < 8; k++) v[k] *= factor * (a.norm_weight ? weights[k] + a.offset : 1.0f);
        }
      }
      round(0, part, v, is_here);
    }
    __syncthreads();
  }

  // Stores eight columns; the four lanes of 32 columns do so together.
  __device__ __forceinline__ void round(int row, int part, const float v[8], bool is_here) {
    float top = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) top = fmaxf(top, fabsf(v[k]));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 1));
    top = fmaxf(top, __shfl_xor_sync(~0u, top, 2));
    float scale = top * (1.0f / 127), inverse = top > 0 ? 127.0f / top : 0.0f;
    int sum = 0;
    uint32_t words[2] = {0, 0};
#pragma unroll
    for (int k = 0; k < 8; k++) {
      int q = __float2int_rn(v[k] * inverse);
      sum += q;
      words[k / 4] |= (uint32_t)(q & 255) << (8 * (k % 4));
    }
    sum += __shfl_xor_sync(~0u, sum, 1);
    if (!is_here) return;
    *(uint2 *)(bytes + row * columns + 8 * part) = make_uint2(words[0], words[1]);
    if (part % 4 == 0) scales[(row * columns + 8 * part) / 32] = scale;
    if (part % 2 == 0) sums[(row * columns + 8 * part) / 16] = scale * (float)sum;
  }

  // The factor of each row's root mean square norm.
  __device__ void norms(const float *const *x, float epsilon, float factors[ROWS]) const {
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      float squares = 0;
#pragma unroll 4
      for (int i = threadIdx.x; i < columns; i += WARPS * 32) squares += x[r][i] * x[r][i];
      factors[r] = 1.0f / sqrtf(block_sum(squares) / (float)columns + epsilon);
    }
  }

  // Eight columns a thread; four threads have a group of 32.
  __device__ void store(const float *const *x, int rows, const sotto_cuda_linear &a) {
    const int parts = columns / 8;
    float factors[ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) factors[r] = 1;
    if (a.normalises) norms(x, a.epsilon, factors);
    for (int first = 0; first < rows * parts; first += WARPS * 32) {
      int i = first + threadIdx.x;
      bool is_here = i < rows * parts;
      int row = is_here ? i / parts : 0, part = is_here ? i % parts : 0;
      const float *p = x[0];
      float factor = factors[0];
#pragma unroll
      for (int r = 1; r < ROWS; r++)
        if (row == r) p = x[r], factor = factors[r];
      float v[8];
#pragma unroll
      for (int k = 0; k < 8; k++) {
        v[k] = p[8 * part + k];
        if (a.normalises) v[k] *= factor * (a.norm_weight ? a.norm_weight[8 * part + k] + a.offset : 1.0f);
      }
      round(row, part, v, is_here);
    }
    __syncthreads();
  }
};

static __device__ __forceinline__ int dot16(const uint4 &w, const uint4 &x, int sum) {
  sum = __dp4a((int)w.x, (int)x.x, sum);
  sum = __dp4a((int)w.y, (int)x.y, sum);
  sum = __dp4a((int)w.z, (int)x.z, sum);
  return __dp4a((int)w.w, (int)x.w, sum);
}

// What a lane loads of a row's weights at a step, and its product with a row of inputs.
template <int FORMAT>
struct Piece;

template <>
struct Piece<SOTTO_CUDA_BYTES> {
  static const int COLUMNS = 16;
  uint4 w;
  float scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = __ldcs((const uint4 *)(r.values + column));
    scale = half_at(r.scales + column / 32 * 2);
  }
  template <int ROWS>
  __device__ float dot(const Inputs<ROWS> &x, int row, int column) const {
    int at = row * x.columns + column;
    return (float)dot16(w, *(const uint4 *)(x.bytes + at), 0) * (scale * x.scales[at / 32]);
  }
};

// 0x7f for each of the four lowest nibbles whose upper bit is set, else 0. A selector with that bit repeats the sign of
// the byte, which __byte_perm leaves out.
static __device__ __forceinline__ uint32_t sign_bytes(uint32_t nibbles) {
  uint32_t signs;
  asm("prmt.b32 %0, %1, %2, %3;" : "=r"(signs) : "r"(0x80u), "r"(0u), "r"(nibbles & 0x8888u));
  return signs ^ 0x80808080u;
}

template <>
struct Piece<SOTTO_CUDA_FOURS> {
  static const int COLUMNS = 32;
  uint4 w;
  float scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = __ldcs((const uint4 *)(r.values + column / 2));
    scale = half_of_e8m0(r.scales[column / 32]);
  }
  template <int ROWS>
  __device__ float dot(const Inputs<ROWS> &x, int row, int column) const {
    // Magnitudes by a table of eight bytes; products of negative ones are subtracted twice.
    int at = row * x.columns + column, all = 0, negative = 0;
    const uint32_t words[4] = {w.x, w.y, w.z, w.w};
    const uint4 *p = (const uint4 *)(x.bytes + at);
    const uint4 low = p[0], high = p[1];
    const uint32_t inputs[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int i = 0; i < 8; i++) {
      uint32_t nibbles = words[i / 2] >> (i % 2 * 16);
      uint32_t magnitudes = __byte_perm(0x03020100u, 0x0c080604u, nibbles & 0x7777u);
      uint32_t signs = sign_bytes(nibbles);
      all = __dp4a((int)magnitudes, (int)inputs[i], all);
      negative = __dp4a((int)(magnitudes & signs), (int)inputs[i], negative);
    }
    return (float)(all - 2 * negative) * (scale * x.scales[at / 32]);
  }
};

template <>
struct Piece<SOTTO_CUDA_Q4_K> {
  static const int COLUMNS = 32;
  uint4 w;
  float scale[2], minimum[2];
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + column / 256 * 144;
    const int part = column % 256 / 32, chunk = part / 2;
    w = __ldcs((const uint4 *)(p + 16 + part * 16));
    uint4 head = *(const uint4 *)p;
    float2 both = __half22float2(*(const __half2 *)&head.x);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int index = 2 * chunk + i;
      uint32_t shift = index % 4 * 8, first = head.y >> shift, second = head.z >> shift, third = head.w >> shift;
      uint32_t s = index < 4 ? first & 63 : (third & 15) | (first >> 6 & 3) << 4;
      uint32_t m = index < 4 ? second & 63 : (third >> 4 & 15) | (second >> 6 & 3) << 4;
      scale[i] = both.x * (float)s;
      minimum[i] = both.y * (float)m;
    }
  }
  template <int ROWS>
  __device__ float dot(const Inputs<ROWS> &x, int row, int column) const {
    const int part = column % 256 / 32;
    const int at = row * x.columns + column / 256 * 256 + part / 2 * 64 + part % 2 * 16;
    const uint4 low = {w.x & 0x0f0f0f0fu, w.y & 0x0f0f0f0fu, w.z & 0x0f0f0f0fu, w.w & 0x0f0f0f0fu};
    const uint4 high = {w.x >> 4 & 0x0f0f0f0fu, w.y >> 4 & 0x0f0f0f0fu, w.z >> 4 & 0x0f0f0f0fu, w.w >> 4 & 0x0f0f0f0fu};
    float a = (float)dot16(low, *(const uint4 *)(x.bytes + at), 0) * (scale[0] * x.scales[at / 32]);
    float b = (float)dot16(high, *(const uint4 *)(x.bytes + at + 32), 0) * (scale[1] * x.scales[at / 32 + 1]);
    return a + b - (minimum[0] * x.sums[at / 16] + minimum[1] * x.sums[at / 16 + 2]);
  }
};

template <>
struct Piece<SOTTO_CUDA_AFFINE4> {
  static const int COLUMNS = 32;
  uint4 w;
  float scale, bias;
  __device__ void load(const sotto_cuda_matrix &m, const Row &r, int column) {
    w = __ldcs((const uint4 *)(r.values + column / 2));
    int group = column / m.group;
    scale = float_at(r.scales, m.scale_type, group);
    bias = m.has_zero_points ? -(float)r.biases[group] * scale : float_at(r.biases, m.scale_type, group);
  }
  template <int ROWS>
  __device__ float dot(const Inputs<ROWS> &x, int row, int column) const {
    int at = row * x.columns + column, sum = 0;
    const uint32_t words[4] = {w.x, w.y, w.z, w.w};
    const uint32_t *inputs = (const uint32_t *)(x.bytes + at);
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t even = words[i] & 0x0f0f0f0fu, odd = words[i] >> 4 & 0x0f0f0f0fu;
      sum = __dp4a((int)__byte_perm(even, odd, 0x5140), (int)inputs[2 * i], sum);
      sum = __dp4a((int)__byte_perm(even, odd, 0x7362), (int)inputs[2 * i + 1], sum);
    }
    return (float)sum * (scale * x.scales[at / 32]) + bias * (x.sums[at / 16] + x.sums[at / 16 + 1]);
  }
};

// Eight lanes have a super-block of 256 columns: 16 bytes of nibbles each, and the upper bits of their 32 columns.
template <>
struct Piece<SOTTO_CUDA_SIXES> {
  static const int COLUMNS = 32;
  uint4 w, upper;
  float scale[2];
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + column / 256 * 192, *scales = r.scales + column / 256 * 18;
    const int part = column % 256 / 32, half = part / 4, quarter = part % 4;
    w = __ldcs((const uint4 *)(p + part * 16));
    upper = *(const uint4 *)(p + 128 + half * 32 + quarter % 2 * 16);
    float d = half_at(scales + 16);
    scale[0] = d * (float)(int8_t)scales[half * 8 + quarter];
    scale[1] = d * (float)(int8_t)scales[half * 8 + 4 + quarter];
  }
  template <int ROWS>
  __device__ float dot(const Inputs<ROWS> &x, int row, int column) const {
    const int part = column % 256 / 32, half = part / 4, quarter = part % 4, shift = quarter / 2 * 2;
    const int at = row * x.columns + column / 256 * 256 + half * 128 + quarter * 16;
    uint4 low, high;
    const uint32_t nibbles[4] = {w.x, w.y, w.z, w.w}, bits[4] = {upper.x, upper.y, upper.z, upper.w};
    uint32_t *lows = (uint32_t *)&low, *highs = (uint32_t *)&high;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t shifted = bits[i] >> shift;
      lows[i] = (nibbles[i] & 0x0f0f0f0fu) | (shifted & 0x03030303u) << 4;
      highs[i] = (nibbles[i] >> 4 & 0x0f0f0f0fu) | (shifted & 0x30303030u);
    }
    float a = (float)dot16(low, *(const uint4 *)(x.bytes + at), 0) * x.scales[at / 32] - 32 * x.sums[at / 16];
    float b = (float)dot16(high, *(const uint4 *)(x.bytes + at + 64), 0) * x.scales[at / 32 + 2] -
              32 * x.sums[at / 16 + 4];
    return a * scale[0] + b * scale[1];
  }
};

// ROWS rows at most; each warp has every eighth of the block's outputs, one after another.
template <int FORMAT, int ROWS>
static __device__ __forceinline__ void multiply_rows(const sotto_cuda_linear &a) {
  extern __shared__ __align__(16) uint8_t memory[];
  const int AHEAD = FORMAT == SOTTO_CUDA_BYTES ? 6 : 4, STEP = 32 * Piece<FORMAT>::COLUMNS;
  let_next_start();
  int tile = blockIdx.x;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, block_outputs = WARPS * a.outputs_per_warp;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, block_outputs, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  const int columns = (int)m.columns, first = blockIdx.y * ROWS, rows = min(ROWS, a.tokens - first);
  int matrix = blockIdx.z, output = tile * block_outputs + warp;
  const bool is_chosen = a.selection == SOTTO_CUDA_ENTRIES;
  if (is_chosen) {
    wait_for_inputs();
    matrix = a.experts[first];
  }
  Piece<FORMAT> pieces[AHEAD];
  auto load = [&](int from) {
    Row weight = row_of(m, matrix, min(output, (int)m.rows - 1));
#pragma unroll
    for (int i = 0; i < AHEAD; i++) {
      int column = from + i * STEP + lane * Piece<FORMAT>::COLUMNS;
      if (column < columns) pieces[i].load(m, weight, column);
    }
  };
  load(0);
  if (!is_chosen) wait_for_inputs();
  Inputs<ROWS> inputs(memory, columns);
  const float *x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) x[r] = input_of(a, matrix, first + min(r, rows - 1));
  if (ROWS == 1)
    inputs.store_row(x[0], a);
  else
    inputs.store(x, rows, a);
  for (int i = 0; i < a.outputs_per_warp && output < m.rows; i++) {
    float sums[ROWS] = {};
    for (int from = 0; from < columns; from += AHEAD * STEP) {
      if (i > 0 || from > 0) load(from);
#pragma unroll
      for (int k = 0; k < AHEAD; k++) {
        int column = from + k * STEP + lane * Piece<FORMAT>::COLUMNS;
        if (column < columns) {
#pragma unroll
          for (int r = 0; r < ROWS; r++) sums[r] += pieces[k].dot(inputs, r, column);
        }
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      float sum = warp_sum(sums[r]);
      if (lane == 0 && r < rows) store_output(a, layer, matrix, first + r, output, sum);
    }
    output += WARPS;
  }
}

// grid: (outputs / (8 * outputs_per_warp) of all layers, rows / ROWS or entries, matrices)
// Dynamic shared memory: ROWS * columns * 11 / 8 bytes.
#define ROW_KERNELS(name, format)                                                             \
  extern "C" __global__ void __launch_bounds__(WARPS * 32, 4)                                 \
      sotto_rows_1_##name(const __grid_constant__ sotto_cuda_linear a) {                      \
    multiply_rows<format, 1>(a);                                                              \
  }                                                                                           \
  KERNEL(sotto_rows_2_##name, sotto_cuda_linear, WARPS * 32) { multiply_rows<format, 2>(a); } \
  KERNEL(sotto_rows_4_##name, sotto_cuda_linear, WARPS * 32) { multiply_rows<format, 4>(a); } \
  KERNEL(sotto_rows_8_##name, sotto_cuda_linear, WARPS * 32) { multiply_rows<format, 8>(a); }
ROW_KERNELS(bytes, SOTTO_CUDA_BYTES)
ROW_KERNELS(fours, SOTTO_CUDA_FOURS)
ROW_KERNELS(q4_K, SOTTO_CUDA_Q4_K)
ROW_KERNELS(sixes, SOTTO_CUDA_SIXES)
ROW_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
