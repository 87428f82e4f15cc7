// Products of many rows with a matrix in 4, 6 or 8 bits on tensor cores: weights are expanded to float16 by masks and
// float16 arithmetic on the way to shared memory, inputs have been rounded to float16 before, sums are float32 (mma.sync
// m16n8k16).
//
// Operations: 2 * rows * outputs * columns; floor: those over the float16 rate (798 TFLOP/s measured on an H100), or the
// matrix's bytes over the memory bandwidth below about 100 rows.
#include "products.cuh"

// 16 bytes, or zeros.
static __device__ __forceinline__ void copy16(void *to, const void *from, bool is_here) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
               "r"(is_here ? 16 : 0));
}
static __device__ __forceinline__ void multiply(float c[4], const uint32_t x[4], uint32_t w0, uint32_t w1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(w0), "r"(w1));
}
static __device__ __forceinline__ uint32_t bits(__half2 x) { return *(uint32_t *)&x; }
static __device__ __forceinline__ __half2 halves(uint32_t x) { return *(__half2 *)&x; }
static __device__ __forceinline__ __half2 twice(float x) { return __float2half2_rn(x); }
// Whole numbers below 1024 in the low bits of each half, as float16 plus 1024.
static __device__ __forceinline__ __half2 whole(uint32_t x) { return halves(x | 0x64006400u); }

// A block of 32 columns of a row: loaded first, in words of 16 bytes, and expanded later, eight columns at a time. The order
// of the columns in a result is that of `ORDER`: columns k and k + ORDER share a register.
template <int FORMAT>
struct Block;

static __device__ __forceinline__ uint32_t word(const uint4 &x, int i) {
  return i == 0 ? x.x : i == 1 ? x.y : i == 2 ? x.z : x.w;
}

template <>
struct Block<SOTTO_CUDA_FOURS> {
  static const int ORDER = 4;
  uint4 w;
  uint8_t scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w = *(const uint4 *)(r.values + column / 2);
    scale = r.scales[column / 32];
  }
  // A number's bits are those of a float16 that is 2^14 times smaller.
  __device__ uint4 expanded(int part) const {
    const __half2 factor = twice(half_of_e8m0(scale) * 32768.0f);
    uint32_t y[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t v = word(w, part) >> (4 * i);
      y[i] = bits(__hmul2(halves((v << 9 & 0x0e000e00u) | (v << 12 & 0x80008000u)), factor));
    }
    return make_uint4(y[0], y[1], y[2], y[3]);
  }
};

template <>
struct Block<SOTTO_CUDA_BYTES> {
  static const int ORDER = 1;
  uint4 w[2];
  uint16_t scale;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    w[0] = ((const uint4 *)(r.values + column))[0];
    w[1] = ((const uint4 *)(r.values + column))[1];
    scale = *(const uint16_t *)(r.scales + column / 32 * 2);
  }
  __device__ uint4 expanded(int part) const {
    const __half2 factor = __half2half2(__ushort_as_half(scale)), offset = twice(1152);
    uint32_t y[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      uint32_t v = word(w[part / 2], part % 2 * 2 + i / 2) ^ 0x80808080u;
      y[i] = bits(__hmul2(__hsub2(halves(__byte_perm(v, 0x64646464u, i % 2 ? 0x4342 : 0x4140)), offset), factor));
    }
    return make_uint4(y[0], y[1], y[2], y[3]);
  }
};

// Four bytes in each of two words as numbers below 64, in the order 0, 2, 1, 3.
static __device__ __forceinline__ uint4 scaled(uint32_t a, uint32_t b, float offset, float scale, float minimum) {
  const __half2 less = twice(1024 + offset), factor = twice(scale), low = twice(minimum);
  uint32_t y[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    uint32_t v = (i < 2 ? a : b) >> (i % 2 * 8) & 0x003f003fu;
    y[i] = bits(__hfma2(__hsub2(whole(v), less), factor, low));
  }
  return make_uint4(y[0], y[1], y[2], y[3]);
}

template <>
struct Block<SOTTO_CUDA_Q4_K> {
  static const int ORDER = 2;
  uint4 w[2], head;
  int index;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + (int64_t)(column / 256) * 144;
    index = column % 256 / 32;
    head = *(const uint4 *)p;
    p += 16 + index / 2 * 32;
    w[0] = ((const uint4 *)p)[0];
    w[1] = ((const uint4 *)p)[1];
  }
  __device__ uint4 expanded(int part) const {
    uint32_t shift = index % 4 * 8, first = head.y >> shift, second = head.z >> shift, third = head.w >> shift;
    uint32_t s = index < 4 ? first & 63 : (third & 15) | (first >> 6 & 3) << 4;
    uint32_t m = index < 4 ? second & 63 : (third >> 4 & 15) | (second >> 6 & 3) << 4;
    float2 both = __half22float2(halves(head.x));
    const uint32_t half = index % 2 * 4;
    const uint32_t a = word(w[part / 2], part % 2 * 2), b = word(w[part / 2], part % 2 * 2 + 1);
    return scaled(a >> half & 0x0f0f0f0fu, b >> half & 0x0f0f0f0fu, 0, both.x * (float)s, -both.y * (float)m);
  }
};

template <>
struct Block<SOTTO_CUDA_SIXES> {
  static const int ORDER = 2;
  uint4 low[2], high[2];
  float scale[2];
  int quarter;
  __device__ void load(const sotto_cuda_matrix &, const Row &r, int column) {
    const uint8_t *p = r.values + (int64_t)(column / 256) * 192, *scales = r.scales + (int64_t)(column / 256) * 18;
    const int index = column % 256 / 32, half = index / 4;
    quarter = index % 4;
    const float d = half_at(scales + 16);
#pragma unroll
    for (int i = 0; i < 2; i++) {
      low[i] = ((const uint4 *)(p + half * 64 + quarter % 2 * 32))[i];
      high[i] = ((const uint4 *)(p + 128 + half * 32))[i];
      scale[i] = d * (float)(int8_t)scales[2 * index + i];
    }
  }
  __device__ uint4 expanded(int part) const {
    const int nibble = quarter / 2 * 4, pair = 2 * quarter, i = part / 2, first = part % 2 * 2;
    uint32_t a = (word(low[i], first) >> nibble & 0x0f0f0f0fu) | (word(high[i], first) >> pair & 0x03030303u) << 4;
    uint32_t b =
        (word(low[i], first + 1) >> nibble & 0x0f0f0f0fu) | (word(high[i], first + 1) >> pair & 0x03030303u) << 4;
    return scaled(a, b, 32, scale[i], 0);
  }
};

template <>
struct Block<SOTTO_CUDA_AFFINE4> {
  static const int ORDER = 4;
  uint4 w;
  float scale, bias;
  __device__ void load(const sotto_cuda_matrix &m, const Row &r, int column) {
    w = *(const uint4 *)(r.values + column / 2);
    int group = column / m.group;
    scale = float_at(r.scales, m.scale_type, group);
    bias = m.has_zero_points ? -(float)r.biases[group] * scale : float_at(r.biases, m.scale_type, group);
  }
  __device__ uint4 expanded(int part) const {
    const __half2 factor = twice(scale), low = twice(bias), less = twice(1024);
    uint32_t y[4];
#pragma unroll
    for (int i = 0; i < 4; i++)
      y[i] = bits(__hfma2(__hsub2(whole(word(w, part) >> (4 * i) & 0x000f000fu), less), factor, low));
    return make_uint4(y[0], y[1], y[2], y[3]);
  }
};

// Inputs as float16, eight columns in the order of the weights, clamped to the range. grid: (columns / 1024, rows)
KERNEL(sotto_halves_kernel, sotto_cuda_halves, 128) {
  wait_for_inputs();
  int column = (blockIdx.x * 128 + threadIdx.x) * 8;
  if (column >= a.columns) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const float *x = a.x.data + row * a.x.stride + column;
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; i++) v[i] = fminf(fmaxf(x[i], -65504.0f), 65504.0f);
    __half2 y[4];
    if (a.order == 1) {
      for (int i = 0; i < 4; i++) y[i] = __floats2half2_rn(v[2 * i], v[2 * i + 1]);
    } else if (a.order == 2) {
      y[0] = __floats2half2_rn(v[0], v[2]), y[1] = __floats2half2_rn(v[1], v[3]);
      y[2] = __floats2half2_rn(v[4], v[6]), y[3] = __floats2half2_rn(v[5], v[7]);
    } else {
      for (int i = 0; i < 4; i++) y[i] = __floats2half2_rn(v[i], v[i + 4]);
    }
    *(uint4 *)(a.y + ((int64_t)row * a.columns + column) * 2) = *(uint4 *)y;
  }
}

// ROWS rows by 128 outputs, 64 columns a step. Weights of the next step are loaded into registers before this step is
// multiplied, and expanded after it. Dynamic shared memory: 2 * (ROWS + 128) * 144 bytes.
template <int ROWS, int FORMAT>
static __device__ __forceinline__ void multiply_tile(const sotto_cuda_linear &a) {
  const int OUTPUTS = 128, DEPTH = 64, PITCH = 72, MATRICES = ROWS / 32, CHUNKS = ROWS * 8 / 256;
  extern __shared__ __align__(16) __half memory[];
  auto xs = [&](int buffer) { return memory + buffer * ROWS * PITCH; };
  auto ws = [&](int buffer) { return memory + (2 * ROWS + buffer * OUTPUTS) * PITCH; };
  wait_for_inputs();
  int tile = blockIdx.x;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, OUTPUTS, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  const Tile rows = tile_of(a, blockIdx.y, ROWS);
  if (rows.count <= 0) return;
  const int outputs = min(OUTPUTS, (int)m.rows - tile * OUTPUTS), columns = (int)m.columns;
  const int line = threadIdx.x / 2, part = threadIdx.x % 2 * 32, x_line = threadIdx.x / 8, x_part = threadIdx.x % 8 * 8;
  const Row weight = row_of(m, rows.matrix, tile * OUTPUTS + min(line, outputs - 1));
  const __half *x[CHUNKS];
#pragma unroll
  for (int i = 0; i < CHUNKS; i++) {
    int place = rows.first + min(x_line + 32 * i, rows.count - 1);
    x[i] = (const __half *)a.halves + input_row(a, place) * (int64_t)columns + x_part;
  }
  // Columns are a multiple of 32: a thread's block exists or it doesn't.
  Block<FORMAT> next;
  auto load = [&](int k, int buffer) {
    if (k + part < columns) next.load(m, weight, k + part);
#pragma unroll
    for (int i = 0; i < CHUNKS; i++)
      copy16(xs(buffer) + (x_line + 32 * i) * PITCH + x_part, x[i] + k, k + x_part < columns);
    asm volatile("cp.async.commit_group;");
  };
  auto store = [&](int k, int buffer) {
#pragma unroll
    for (int i = 0; i < 4; i++)
      *(uint4 *)(ws(buffer) + line * PITCH + part + 8 * i) =
          k + part < columns ? next.expanded(i) : make_uint4(0, 0, 0, 0);
    asm volatile("cp.async.wait_group 0;");
  };
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, top = warp / 4 * (ROWS / 2), left = warp % 4 * 32;
  float sums[MATRICES][4][4] = {};
  load(0, 0);
  store(0, 0);
  __syncthreads();
  for (int k = 0, buffer = 0; k < columns; k += DEPTH, buffer ^= 1) {
    bool has_next = k + DEPTH < columns;
    if (has_next) load(k + DEPTH, buffer ^ 1);
#pragma unroll
    for (int depth = 0; depth < DEPTH; depth += 16) {
      uint32_t x_parts[MATRICES][4], w_parts[2][4];
#pragma unroll
      for (int i = 0; i < MATRICES; i++)
        load_matrices(x_parts[i], xs(buffer) + (top + 16 * i + lane % 16) * PITCH + depth + lane / 16 * 8);
#pragma unroll
      for (int j = 0; j < 2; j++)
        load_matrices(w_parts[j],
                      ws(buffer) + (left + 16 * j + lane % 8 + lane / 16 * 8) * PITCH + depth + lane / 8 % 2 * 8);
#pragma unroll
      for (int i = 0; i < MATRICES; i++)
#pragma unroll
        for (int j = 0; j < 4; j++)
          multiply(sums[i][j], x_parts[i], w_parts[j / 2][j % 2 * 2], w_parts[j / 2][j % 2 * 2 + 1]);
    }
    if (has_next) store(k + DEPTH, buffer ^ 1);
    __syncthreads();
  }
  store_tile(a, layer, rows, tile * OUTPUTS, outputs, top, left, sums);
}

// grid: (tiles of outputs of all layers, tiles of rows)
#define TILE_KERNELS(name, format)                                                         \
  KERNEL(sotto_linear_64_##name, sotto_cuda_linear, 256) { multiply_tile<64, format>(a); } \
  KERNEL(sotto_linear_128_##name, sotto_cuda_linear, 256) { multiply_tile<128, format>(a); }
TILE_KERNELS(bytes, SOTTO_CUDA_BYTES)
TILE_KERNELS(fours, SOTTO_CUDA_FOURS)
TILE_KERNELS(q4_K, SOTTO_CUDA_Q4_K)
TILE_KERNELS(sixes, SOTTO_CUDA_SIXES)
TILE_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
