// The scan of Mamba-2 (see state_space.h of CKernels) for prompts, in chunks that are computed side by side: each chunk's state
// from zeros and its decay, the states that the chunks begin with, and then each chunk again, with its outputs. Numbers are
// float32 as in the scan by tokens; chunks follow from the numbers of rows alone, and so does the order of the sums.
//
// Eight threads share columns of a head; each has an eighth of their states in registers and COLUMNS columns, for which it
// reads b and c once. Sixteen rows of the inputs at a time are in shared memory.
//
// Operations: 10 * heads * head_size * state_size a row (6 of them would be needed one token after another). Floor: those
// over 60 TFLOP/s, 110 ns a row of mamba2-2.7b; by tokens a row takes 900 ns, the latency of a token.
#include "common.cuh"

static const int PARTS = 8, THREADS = 128, ROWS = 16;

template <int STATES, int COLUMNS, bool HAS_OUTPUTS>
static __device__ __forceinline__ void scan_chunk(const sotto_cuda_state_space &a) {
  const int N = PARTS * STATES, P = THREADS / PARTS * COLUMNS;
  __shared__ __align__(16) float bs[ROWS][N], cs[HAS_OUTPUTS ? ROWS : 1][N], xs[ROWS][P], steps[ROWS];
  wait_for_inputs();
  const int head = blockIdx.x % a.heads, chunk = blockIdx.x / a.heads, n = a.state_size, p = a.head_size;
  const int group = head / (a.heads / a.groups), left = blockIdx.y * P, part = threadIdx.x % PARTS;
  const int column = threadIdx.x / PARTS * COLUMNS;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.z];
  const int first = chunk * a.chunk_rows, last = min(s.rows, first + a.chunk_rows);
  const bool is_last = last == s.rows;
  if (first >= s.rows || (!HAS_OUTPUTS && is_last)) return;
  const float rate = (float)(-exp((double)a.log_rate[head]) * 1.4426950408889634), skip = a.skip ? a.skip[head] : 0.0f;
  const float bias = a.step_bias[head];
  const int64_t place = ((int64_t)blockIdx.z * a.chunks + chunk) * a.heads + head;
  float *states = a.chunk_states + place * n * p + left + column;
  // State i is number part * 4 + i / 4 * 32 + i % 4, so that the threads of a column read b and c side by side.
  float state[STATES][COLUMNS], decays = 0;
#pragma unroll
  for (int i = 0; i < STATES; i++)
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
      const int at = part * 4 + i / 4 * 32 + i % 4;
      state[i][c] = HAS_OUTPUTS && at < n && left + column + c < p ? states[(int64_t)at * p + c] : 0.0f;
    }
  for (int top = first; top < last; top += ROWS) {
    const int count = min(ROWS, last - top);
    __syncthreads();
    for (int i = threadIdx.x; i < ROWS * N; i += THREADS) {
      const int row = i / N, at = i % N;
      const bool is_here = row < count && at < n;
      const int64_t from = s.row + top + row;
      bs[row][at] = is_here ? a.b.data[from * a.b.stride + group * n + at] : 0.0f;
      if (HAS_OUTPUTS) cs[row][at] = is_here ? a.c.data[from * a.c.stride + group * n + at] : 0.0f;
    }
    for (int i = threadIdx.x; i < ROWS * P; i += THREADS) {
      const int row = i / P, at = i % P;
      const bool is_here = row < count && left + at < p;
      xs[row][at] = is_here ? a.x.data[(int64_t)(s.row + top + row) * a.x.stride + head * p + left + at] : 0.0f;
    }
    if (threadIdx.x < count) {
      const float input = a.steps.data[(int64_t)(s.row + top + threadIdx.x) * a.steps.stride + head];
      steps[threadIdx.x] = fminf(fmaxf(softplus(input + bias), a.least_step), a.most_step);
    }
    __syncthreads();
    for (int row = 0; row < count; row++) {
      const float step = steps[row], decay = exp2f(rate * step);
      float x[COLUMNS], scaled[COLUMNS], y[COLUMNS];
#pragma unroll
      for (int c = 0; c < COLUMNS; c++) x[c] = xs[row][column + c], scaled[c] = x[c] * step, y[c] = 0;
      decays += rate * step;
#pragma unroll
      for (int k = 0; k < STATES / 4; k++) {
        const float4 b = *(const float4 *)&bs[row][part * 4 + k * 32];
        const float4 to = HAS_OUTPUTS ? *(const float4 *)&cs[row][part * 4 + k * 32] : b;
        const float bb[4] = {b.x, b.y, b.z, b.w}, cc[4] = {to.x, to.y, to.z, to.w};
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
          for (int c = 0; c < COLUMNS; c++) {
            float &h = state[4 * k + i][c];
            h = h * decay + scaled[c] * bb[i];
            if (HAS_OUTPUTS) y[c] += h * cc[i];
          }
      }
      if (HAS_OUTPUTS) {
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
#pragma unroll
          for (int i = 1; i < PARTS; i *= 2) y[c] += __shfl_xor_sync(~0u, y[c], i);
          if (part == c && left + column + c < p)
            a.y[((int64_t)(s.row + top + row) * a.heads + head) * p + left + column + c] = y[c] + x[c] * skip;
        }
      }
    }
  }
  if (HAS_OUTPUTS && !is_last) return;
  float *to = HAS_OUTPUTS ? (float *)s.memory + (int64_t)head * n * p + left + column : states;
#pragma unroll
  for (int i = 0; i < STATES; i++)
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
      const int at = part * 4 + i / 4 * 32 + i % 4;
      if (at < n && left + column + c < p) to[(int64_t)at * p + c] = state[i][c];
    }
  if (!HAS_OUTPUTS && threadIdx.x == 0 && blockIdx.y == 0) a.chunk_decays[place] = decays;
}

// What each chunk begins with. Bytes: the chunks' states once in, once out; floor: those over the memory bandwidth.
// grid: (heads * head_size * state_size / 256, sequences)
KERNEL(sotto_state_space_carry, sotto_cuda_state_space, 256) {
  wait_for_inputs();
  const int64_t size = (int64_t)a.state_size * a.head_size, all = a.heads * size, i = blockIdx.x * (int64_t)256 + threadIdx.x;
  if (i >= all) return;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  const int chunks = (s.rows + a.chunk_rows - 1) / a.chunk_rows, head = (int)(i / size);
  float h = ((const float *)s.memory)[i];
  float *states = a.chunk_states + blockIdx.y * (int64_t)a.chunks * all + i;
  const float *decays = a.chunk_decays + blockIdx.y * (int64_t)a.chunks * a.heads + head;
  for (int chunk = 0; chunk < chunks; chunk++) {
    const float added = chunk + 1 < chunks ? states[chunk * all] : 0.0f;
    const float decay = chunk + 1 < chunks ? exp2f(decays[(int64_t)chunk * a.heads]) : 0.0f;
    states[chunk * all] = h;
    h = h * decay + added;
  }
}

// States of 128 numbers have five blocks on a multiprocessor: those of 512 rows of 80 heads then run at once. For 256 numbers
// that takes longer.
// grid: (heads * chunks, head_size / (16 * columns), sequences)
#define CHUNK_KERNEL(name, states, columns, has_outputs, blocks)                              \
  extern "C" __global__ void __launch_bounds__(THREADS, blocks)                               \
      sotto_state_space_##name##_##states(const __grid_constant__ sotto_cuda_state_space a) { \
    scan_chunk<states, columns, has_outputs>(a);                                              \
  }
CHUNK_KERNEL(end, 8, 4, false, 4)
CHUNK_KERNEL(end, 16, 4, false, 5)
CHUNK_KERNEL(end, 32, 2, false, 4)
CHUNK_KERNEL(chunk, 8, 4, true, 4)
CHUNK_KERNEL(chunk, 16, 4, true, 5)
CHUNK_KERNEL(chunk, 32, 2, true, 4)
