// The scan of Mamba-2 (see state_space.h of CKernels) for prompts in `fast`, on tensor cores (arXiv:2405.21060, section 6): a
// block has 64 columns of a head and goes through a sequence in tiles of 32 rows. With C[t], B[t] and x[t] of a tile, steps
// d[t], and the logarithm a[t] of the decay from the tile's beginning to row t:
//
//     y[t] = sum over s <= t of (C[t] B[s]) exp(a[t] - a[s]) d[s] x[s]  +  exp(a[t]) C[t] H  +  skip * x[t]
//     H   <- exp(a[31]) H + sum over s of exp(a[31] - a[s]) d[s] x[s] B[s]
//
// The state H stays in registers in float32. It is held transposed [columns][states]: the sums of the second line have the
// layout of the first operand of the first line, where the order of the states does not matter. Operands are rounded to tf32
// (mma.sync m16n8k8): float32's range, and eleven bits. The next tile is copied to shared memory meanwhile.
//
// Operations: 2 * 32 * (32 + 64 + 128 * state_size / 64) a row and head, and 64 * state_size for C B. Floor: those over the
// rate of tf32, about 10 us for 512 rows of 80 heads of 128 states on 80 multiprocessors; with what a warp does beside them
// (loads from shared memory, rounding) about 20.
#include "common.cuh"

static const int THREADS = 256, ROWS = 32, COLUMNS = 64, X_PITCH = COLUMNS + 8, M_PITCH = ROWS + 4;

// To the nearest number of eleven bits: the product drops the thirteen lowest bits. cvt.rna.tf32 takes four instructions.
static __device__ __forceinline__ uint32_t rounded(float x) { return __float_as_uint(x) + 0x1000u; }
static __device__ __forceinline__ void multiply(float (&c)[4], const uint32_t (&x)[4], uint32_t w0, uint32_t w1) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
               "{%0, %1, %2, %3};"
               : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
               : "r"(x[0]), "r"(x[1]), "r"(x[2]), "r"(x[3]), "r"(w0), "r"(w1));
}
// 4 or 16 bytes, or zeros.
template <int BYTES>
static __device__ __forceinline__ void copy(float *to, const float *from, bool is_here) {
  if (BYTES == 16)
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(is_here ? 16 : 0));
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)), "l"(from),
                 "r"(is_here ? 4 : 0));
}

// Rows `first` ..< `first` + `count` of `columns` of WIDTH columns, and zeros up to ROWS rows.
template <int BYTES, int WIDTH>
static __device__ __forceinline__ void copy_rows(float *to, int pitch, const sotto_cuda_rows &x, int64_t first, int column,
                                                 int count, int columns) {
  // Threads of a row, and rows at a time.
  const int EACH = BYTES / 4, PARTS = WIDTH / EACH, AT_ONCE = THREADS / PARTS;
  const int row = threadIdx.x / PARTS, at = threadIdx.x % PARTS * EACH;
  const float *from = x.data + (first + row) * x.stride + column + at;
  to += row * pitch + at;
#pragma unroll
  for (int i = 0; i < ROWS; i += AT_ONCE) {
    const bool is_here = row + i < count && at < columns;
    copy<BYTES>(to + i * pitch, is_here ? from : x.data, is_here);
    from += AT_ONCE * x.stride;
  }
}

template <int N>
struct Tiles {
  static const int PITCH = N + 8;
  float b[2][ROWS][PITCH], c[2][ROWS][PITCH], x[2][ROWS][X_PITCH], m[ROWS][M_PITCH], halves[8][8][32];
};

// N: states, a multiple of 32. grid: (heads, head_size / 64, sequences). Dynamic shared memory: that of Tiles.
template <int N>
static __device__ __forceinline__ void scan(const sotto_cuda_state_space &a) {
  extern __shared__ __align__(16) uint8_t memory[];
  Tiles<N> &tiles = *(Tiles<N> *)memory;
  // Four warps have sixteen columns each and the first half of the states, four the second half.
  const int GROUPS = N / 16, AT_ONCE = N > 128 ? 1 : 4;
  wait_for_inputs();
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  const int half = warp / 4, own = warp % 4 * 16 + g, first_state = half * (N / 2);
  const int head = blockIdx.x, n = a.state_size, p = a.head_size, left = blockIdx.y * COLUMNS;
  const int group = head / (a.heads / a.groups), columns = min(COLUMNS, p - left);
  const sotto_cuda_sequence &s = a.sequences[blockIdx.z];
  const float rate = (float)(-exp((double)a.log_rate[head]) * 1.4426950408889634), skip = a.skip ? a.skip[head] : 0.0f;
  const float bias = a.step_bias[head];
  const bool is_even = ((a.x.stride | a.b.stride | a.c.stride | n | p) & 3) == 0 &&
                       (((uint64_t)a.x.data | (uint64_t)a.b.data | (uint64_t)a.c.data) & 15) == 0;
  auto fetch = [&](int top) {
    const int count = min(ROWS, s.rows - top), stage = top / ROWS % 2;
    const int64_t first = s.row + top;
    auto fetch_as = [&](auto bytes) {
      const int BYTES = decltype(bytes)::VALUE;
      copy_rows<BYTES, N>(tiles.b[stage][0], Tiles<N>::PITCH, a.b, first, group * n, count, n);
      copy_rows<BYTES, N>(tiles.c[stage][0], Tiles<N>::PITCH, a.c, first, group * n, count, n);
      copy_rows<BYTES, COLUMNS>(tiles.x[stage][0], X_PITCH, a.x, first, head * p + left, count, columns);
    };
    struct Wide { enum { VALUE = 16 }; };
    struct Narrow { enum { VALUE = 4 }; };
    if (is_even)
      fetch_as(Wide());
    else
      fetch_as(Narrow());
    asm volatile("cp.async.commit_group;");
  };
  // Each lane has the step of a row.
  auto step_of = [&](int top) {
    return top + lane < s.rows ? a.steps.data[(s.row + top + lane) * a.steps.stride + head] : 0.0f;
  };

  float *state = (float *)s.memory + (int64_t)head * n * p + left;
  float h[GROUPS][4];
  auto each_state = [&](auto body) {
#pragma unroll
    for (int i = 0; i < GROUPS; i++)
#pragma unroll
      for (int k = 0; k < 4; k++) {
        const int at = first_state + 8 * i + 2 * t + k % 2, column = own + k / 2 * 8;
        body(h[i][k], state + (int64_t)at * p + column, at < n && column < columns);
      }
  };
  fetch(0);
  float input = step_of(0);
  each_state([&](float &number, const float *from, bool is_here) { number = is_here ? *from : 0.0f; });

  for (int top = 0; top < s.rows; top += ROWS) {
    const int stage = top / ROWS % 2;
    asm volatile("cp.async.wait_group 0;");
    __syncthreads();
    const auto &b = tiles.b[stage], &c = tiles.c[stage];
    const auto &x = tiles.x[stage];
    // The decay up to a row, as a logarithm with base 2. Less than 2^-150 is zero.
    const float step = top + lane < s.rows ? fminf(fmaxf(softplus(input + bias), a.least_step), a.most_step) : 0.0f;
    float decay = fmaxf(rate * step, -150.0f);
#pragma unroll
    for (int i = 1; i < 32; i *= 2) {
      const float before = __shfl_up_sync(~0u, decay, i);
      if (lane >= i) decay += before;
    }
    if (top + ROWS < s.rows) {
      fetch(top + ROWS);
      input = step_of(top + ROWS);
    }
    const float whole = __shfl_sync(~0u, decay, 31);
    const float since = exp2f(decay), until = exp2f(whole - decay) * step;

    // C B: sixteen rows by eight earlier ones of a warp.
    {
      const int row = warp / 4 * 16, column = warp % 4 * 8;
      float sums[4] = {0, 0, 0, 0};
      if (column < row + 16) {
#pragma unroll 4
        for (int k = 0; k < N; k += 8) {
          const float2 u = *(const float2 *)&c[row + g][k + 2 * t], v = *(const float2 *)&c[row + g + 8][k + 2 * t];
          const float2 w = *(const float2 *)&b[column + g][k + 2 * t];
          const uint32_t parts[4] = {rounded(u.x), rounded(v.x), rounded(u.y), rounded(v.y)};
          multiply(sums, parts, rounded(w.x), rounded(w.y));
        }
      }
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const int to = row + g + i / 2 * 8, from = column + 2 * t + i % 2;
        const float log = __shfl_sync(~0u, decay, to) - __shfl_sync(~0u, decay, from);
        const float share = __shfl_sync(~0u, step, from);
        tiles.m[to][from] = __uint_as_float(rounded(from <= to ? sums[i] * exp2f(log) * share : 0.0f));
      }
    }
    __syncthreads();

    // What the state before the tile adds to the outputs [columns][rows].
    float y[4][4] = {};
#pragma unroll
    for (int k = 0; k < GROUPS; k++) {
      const uint32_t parts[4] = {rounded(h[k][0]), rounded(h[k][2]), rounded(h[k][1]), rounded(h[k][3])};
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const float2 v = *(const float2 *)&c[8 * j + g][first_state + 8 * k + 2 * t];
        multiply(y[j], parts, rounded(v.x), rounded(v.y));
      }
    }
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int i = 0; i < 4; i++) y[j][i] *= __shfl_sync(~0u, since, 8 * j + 2 * t + i % 2);

    // What the tile's rows add to its outputs, half of them by each warp, and to the state.
    const float lost = exp2f(whole);
#pragma unroll
    for (int i = 0; i < GROUPS; i++)
#pragma unroll
      for (int k = 0; k < 4; k++) h[i][k] *= lost;
#pragma unroll AT_ONCE
    for (int k = 0; k < 4; k++) {
      const int row = 8 * k + t;
      const float inputs[4] = {x[row][own], x[row][own + 8], x[row + 4][own], x[row + 4][own + 8]};
      if (k / 2 == half) {
        const uint32_t parts[4] = {rounded(inputs[0]), rounded(inputs[1]), rounded(inputs[2]), rounded(inputs[3])};
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (j >= k / 2 * 2) {
            const float *m = &tiles.m[8 * j + g][row];
            multiply(y[j], parts, __float_as_uint(m[0]), __float_as_uint(m[4]));
          }
      }
      const float first = __shfl_sync(~0u, until, row), second = __shfl_sync(~0u, until, row + 4);
      const uint32_t parts[4] = {rounded(inputs[0] * first), rounded(inputs[1] * first), rounded(inputs[2] * second),
                                 rounded(inputs[3] * second)};
#pragma unroll
      for (int i = 0; i < GROUPS; i++)
        multiply(h[i], parts, rounded(b[row][first_state + 8 * i + g]), rounded(b[row + 4][first_state + 8 * i + g]));
    }

    // A warp stores the sums of half of its rows; the other half goes to the warp with the other states.
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
      for (int i = 0; i < 4; i++) tiles.halves[warp][4 * j + i][lane] = half ? y[j][i] : y[j + 2][i];
    __syncthreads();
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
      for (int i = 0; i < 4; i++) {
        const int row = 8 * (2 * half + j) + 2 * t + i % 2, column = own + i / 2 * 8;
        const float first = half ? y[j + 2][i] : y[j][i];
        const float sum = first + tiles.halves[warp ^ 4][4 * j + i][lane];
        if (top + row < s.rows && column < columns)
          a.y[((int64_t)(s.row + top + row) * a.heads + head) * p + left + column] = sum + x[row][column] * skip;
      }
  }
  // Addresses are computed again rather than kept in registers.
  asm volatile("" : "+l"(state));
  each_state([&](float number, float *to, bool is_here) {
    if (is_here) *to = number;
  });
}

#define TILES_KERNEL(states)                                                                              \
  extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                \
      sotto_state_space_tiles_##states(const __grid_constant__ sotto_cuda_state_space a) {                \
    scan<states>(a);                                                                                      \
  }
TILES_KERNEL(64)
TILES_KERNEL(128)
TILES_KERNEL(256)
