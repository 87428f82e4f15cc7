// The scan of Mamba-2 (see state_space.h of CKernels), token by token with the state in registers: eight threads share a
// column of a head, each with an eighth of its states.
//
// Operations: 6 * heads * head_size * state_size a row. Bytes: the states once in, once out. Floor: those over the memory
// bandwidth for one row; for a prompt rows * the latency of a token (about 100 ns).
#include "common.cuh"

static const int PARTS = 8, COLUMNS = 16;

// STATES numbers of a thread. grid: (heads, head_size / 16, sequences)
template <int STATES>
static __device__ __forceinline__ void scan(const sotto_cuda_state_space &a) {
  wait_for_inputs();
  const int head = blockIdx.x, n = a.state_size, p = a.head_size, group = head / (a.heads / a.groups);
  const int part = threadIdx.x % PARTS, column = blockIdx.y * COLUMNS + threadIdx.x / PARTS, first = part * STATES;
  const bool is_here = column < p;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.z];
  const float rate = (float)(-exp((double)a.log_rate[head]) * 1.4426950408889634), skip = a.skip ? a.skip[head] : 0.0f;
  const float bias = a.step_bias[head];
  float *memory = (float *)s.memory + (int64_t)head * n * p + column;
  float state[STATES];
#pragma unroll
  for (int i = 0; i < STATES; i++) state[i] = is_here && first + i < n ? memory[(int64_t)(first + i) * p] : 0.0f;
  // What a token needs, fetched one token ahead.
  float b[STATES], c[STATES], x = 0, input = 0;
  auto fetch = [&](int row, float *b, float *c, float *x, float *input) {
    const float *from = a.b.data + row * a.b.stride + group * n + first;
    const float *to = a.c.data + row * a.c.stride + group * n + first;
#pragma unroll
    for (int i = 0; i < STATES; i++) {
      b[i] = first + i < n ? from[i] : 0.0f;
      c[i] = first + i < n ? to[i] : 0.0f;
    }
    *x = is_here ? a.x.data[row * a.x.stride + head * p + column] : 0.0f;
    *input = a.steps.data[row * a.steps.stride + head];
  };
  fetch(s.row, b, c, &x, &input);
  for (int row = s.row; row < s.row + s.rows; row++) {
    float next_b[STATES], next_c[STATES], next_x, next_input;
    fetch(min(row + 1, s.row + s.rows - 1), next_b, next_c, &next_x, &next_input);
    float step = fminf(fmaxf(softplus(input + bias), a.least_step), a.most_step);
    float decay = exp2f(rate * step), scaled = x * step, y = 0;
#pragma unroll
    for (int i = 0; i < STATES; i++) {
      state[i] = state[i] * decay + scaled * b[i];
      y += state[i] * c[i];
    }
#pragma unroll
    for (int i = 1; i < PARTS; i *= 2) y += __shfl_xor_sync(~0u, y, i);
    if (is_here && part == 0) a.y[((int64_t)row * a.heads + head) * p + column] = y + x * skip;
#pragma unroll
    for (int i = 0; i < STATES; i++) b[i] = next_b[i], c[i] = next_c[i];
    x = next_x, input = next_input;
  }
#pragma unroll
  for (int i = 0; i < STATES; i++)
    if (is_here && first + i < n) memory[(int64_t)(first + i) * p] = state[i];
}
KERNEL(sotto_state_space_8, sotto_cuda_state_space, 128) { scan<8>(a); }
KERNEL(sotto_state_space_16, sotto_cuda_state_space, 128) { scan<16>(a); }
KERNEL(sotto_state_space_32, sotto_cuda_state_space, 128) { scan<32>(a); }
