// What is between the projections of a Mamba-2 mixer, for one row of each sequence: the causal convolution with SiLU of a
// head's columns and of B and C, the scan (see state_space.h of CKernels), and the gate.
//
// A block has sixteen columns of a head. Four lanes have a row of the state, 32 rows apart from their next one, in registers.
// Every block convolves B and C of its group by itself; the last one of them that has read what the convolution remembers
// replaces it. In a repeated step, states are fetched before the kernels ahead have ended.
//
// Operations: 6 * heads * head_size * state_size a row. Bytes: the states once in, once out; floor: those over the memory
// bandwidth, or a launch.
#include "formats.cuh"

static const int THREADS = 128, COLUMNS = 16, MOST_TAPS = 4, PARTS = THREADS / 4;

// A channel of the convolution: what it remembers, its weights, and its new input.
struct Channel {
  float before[MOST_TAPS - 1], weights[MOST_TAPS], bias, now;
  __device__ __forceinline__ void load(const sotto_cuda_mixer_step &a, const float *state, int channel) {
#pragma unroll
    for (int k = 0; k < MOST_TAPS; k++) {
      weights[k] = k < a.taps ? float_at(a.weight.values, a.weight.format, (int64_t)channel * a.taps + k) : 0.0f;
      if (k < MOST_TAPS - 1) before[k] = k < a.taps - 1 ? state[(int64_t)k * a.weight.rows + channel] : 0.0f;
    }
    bias = a.bias ? a.bias[channel] : 0.0f;
  }
  __device__ __forceinline__ float output(const sotto_cuda_mixer_step &a) const {
    float sum = bias;
#pragma unroll
    for (int k = 0; k < MOST_TAPS; k++)
      if (k < a.taps) sum += weights[k] * (k < MOST_TAPS - 1 && k < a.taps - 1 ? before[k] : now);
    return sum * sigmoid(sum);
  }
  __device__ __forceinline__ void store(const sotto_cuda_mixer_step &a, float *state, int channel) const {
#pragma unroll
    for (int k = 0; k < MOST_TAPS - 1; k++)
      if (k < a.taps - 1)
        state[(int64_t)k * a.weight.rows + channel] = k + 1 < MOST_TAPS - 1 && k + 1 < a.taps - 1 ? before[k + 1] : now;
  }
};

// STATES rows of the state for a thread. grid: (heads, head_size / 16, sequences)
template <int STATES>
static __device__ __forceinline__ void step(const sotto_cuda_mixer_step &a) {
  const int N = PARTS * STATES, SHARES = (N + THREADS - 1) / THREADS;
  __shared__ __align__(16) float xs[COLUMNS], bs[N], cs[N], sums[THREADS / 32][COLUMNS];
  __shared__ bool is_last;
  let_next_start();
  const int head = blockIdx.x, n = a.state_size, p = a.head_size, left = blockIdx.y * COLUMNS, index = threadIdx.x;
  const int lane = index % 32, warp = index / 32, quad = lane % 4 * 4, part = lane / 4 + 8 * warp;
  const int heads_of_group = a.heads / a.groups, group = head / heads_of_group, inner = a.heads * p;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.z];
  float *remembered = (float *)a.convolutions[blockIdx.z];
  float *state = (float *)s.memory + ((int64_t)head * n + part) * p + left + quad;
  // In a repeated step, what earlier steps have stored is complete.
  if (!a.advance) wait_for_inputs();
  float4 h[STATES];
#pragma unroll
  for (int i = 0; i < STATES; i++)
    h[i] = part + PARTS * i < n ? *(const float4 *)(state + (int64_t)PARTS * i * p) : make_float4(0, 0, 0, 0);
  const float log_rate = a.log_rate[head], bias = a.step_bias[head], skip = a.skip ? a.skip[head] : 0.0f;
  const float rate = (float)(-exp((double)log_rate) * 1.4426950408889634);
  const int own = head * p + left + index, first_b = inner + group * n, first_c = first_b + a.groups * n;
  Channel x, b[SHARES], c[SHARES];
  if (index < COLUMNS) x.load(a, remembered, own);
#pragma unroll
  for (int i = 0; i < SHARES; i++)
    if (index + THREADS * i < n) {
      b[i].load(a, remembered, first_b + index + THREADS * i);
      c[i].load(a, remembered, first_c + index + THREADS * i);
    }
  if (a.advance) wait_for_inputs();

  const float *inputs = a.x.data + s.row * a.x.stride;
#pragma unroll
  for (int i = 0; i < SHARES; i++)
    if (index + THREADS * i < n) {
      b[i].now = inputs[first_b + index + THREADS * i];
      c[i].now = inputs[first_c + index + THREADS * i];
    }
  float gate = 0;
  if (index < COLUMNS) {
    x.now = inputs[own];
    if (a.gate.data) gate = a.gate.data[s.row * a.gate.stride + own] * a.gate_factor;
  }
  const float input = a.steps.data[s.row * a.steps.stride + head] * a.step_factor;
  if (index < COLUMNS) {
    xs[index] = x.output(a);
    x.store(a, remembered, own);
  }
#pragma unroll
  for (int i = 0; i < SHARES; i++)
    if (index + THREADS * i < N) {
      const bool is_here = index + THREADS * i < n;
      bs[index + THREADS * i] = is_here ? b[i].output(a) : 0.0f;
      cs[index + THREADS * i] = is_here ? c[i].output(a) : 0.0f;
    }
  __syncthreads();
  // All threads have used what the convolution remembers.
  uint32_t *counter = a.counters + blockIdx.z * a.groups + group, arrived = 0;
  if (index == 0) arrived = atomicAdd(counter, 1u) + 1;
  const float duration = fminf(fmaxf(softplus(input + bias), a.least_step), a.most_step);
  const float decay = exp2f(rate * duration);
  const float4 v = *(const float4 *)&xs[quad];
  const float4 added = {v.x * duration, v.y * duration, v.z * duration, v.w * duration};
  float4 y = {0, 0, 0, 0};
#pragma unroll
  for (int i = 0; i < STATES; i++) {
    const float bb = bs[part + PARTS * i], cc = cs[part + PARTS * i];
    h[i].x = h[i].x * decay + added.x * bb, y.x += h[i].x * cc;
    h[i].y = h[i].y * decay + added.y * bb, y.y += h[i].y * cc;
    h[i].z = h[i].z * decay + added.z * bb, y.z += h[i].z * cc;
    h[i].w = h[i].w * decay + added.w * bb, y.w += h[i].w * cc;
  }
#pragma unroll
  for (int i = 4; i < 32; i *= 2) {
    y.x += __shfl_xor_sync(~0u, y.x, i);
    y.y += __shfl_xor_sync(~0u, y.y, i);
    y.z += __shfl_xor_sync(~0u, y.z, i);
    y.w += __shfl_xor_sync(~0u, y.w, i);
  }
  if (lane < 4) *(float4 *)&sums[warp][quad] = y;
  if (index == 0) {
    is_last = arrived == (uint32_t)heads_of_group * gridDim.y;
    if (is_last) *counter = 0;
  }
  __syncthreads();
  if (index < COLUMNS) {
    float sum = xs[index] * skip;
#pragma unroll
    for (int i = 0; i < THREADS / 32; i++) sum += sums[i][index];
    if (a.gate.data) sum *= gate * sigmoid(gate);
    a.y[(int64_t)s.row * inner + own] = sum;
  }
#pragma unroll
  for (int i = 0; i < STATES; i++)
    if (part + PARTS * i < n) *(float4 *)(state + (int64_t)PARTS * i * p) = h[i];
  if (!is_last) return;
#pragma unroll
  for (int i = 0; i < SHARES; i++)
    if (index + THREADS * i < n) {
      b[i].store(a, remembered, first_b + index + THREADS * i);
      c[i].store(a, remembered, first_c + index + THREADS * i);
    }
}
KERNEL(sotto_mixer_step_64, sotto_cuda_mixer_step, THREADS) { step<2>(a); }
KERNEL(sotto_mixer_step_128, sotto_cuda_mixer_step, THREADS) { step<4>(a); }
KERNEL(sotto_mixer_step_256, sotto_cuda_mixer_step, THREADS) { step<8>(a); }
