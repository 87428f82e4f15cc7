// The causal convolution and RWKV's token shift. Each thread has one channel of a sequence and goes through its rows.
// Bytes: every number once in, once out; floor: those over the memory bandwidth.
#include "formats.cuh"

static const int MOST_TAPS = 32;

static __device__ __forceinline__ float weight_at(const sotto_cuda_matrix &m, int64_t i) {
  return float_at(m.values, m.format, i);
}

// grid: (channels / 128, sequences)
KERNEL(sotto_convolution_kernel, sotto_cuda_convolution, 128) {
  wait_for_inputs();
  int channel = blockIdx.x * 128 + threadIdx.x;
  if (channel >= a.channels) return;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  float *state = (float *)s.memory, window[MOST_TAPS], weights[MOST_TAPS];
#pragma unroll
  for (int k = 0; k < MOST_TAPS; k++) {
    weights[k] = k < a.taps ? weight_at(a.weight, (int64_t)channel * a.taps + k) : 0.0f;
    window[k] = k < a.taps - 1 ? state[(int64_t)k * a.channels + channel] : 0.0f;
  }
  float bias = a.bias ? a.bias[channel] : 0.0f;
  for (int row = s.row; row < s.row + s.rows; row++) {
    float x = a.x.data[row * a.x.stride + channel], sum = bias;
#pragma unroll
    for (int k = 0; k < MOST_TAPS; k++) {
      if (k == a.taps - 1) window[k] = x;
      if (k < a.taps) sum += weights[k] * window[k];
    }
    a.y[(int64_t)row * a.channels + channel] = a.silu ? sum * sigmoid(sum) : sum;
#pragma unroll
    for (int k = 0; k + 1 < MOST_TAPS; k++) window[k] = window[k + 1];
  }
#pragma unroll
  for (int k = 0; k < MOST_TAPS; k++)
    if (k < a.taps - 1) state[(int64_t)k * a.channels + channel] = window[k];
}

// grid: (columns / 128, sequences)
KERNEL(sotto_token_shift_kernel, sotto_cuda_token_shift, 128) {
  wait_for_inputs();
  int column = blockIdx.x * 128 + threadIdx.x;
  if (column >= a.columns) return;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  float *state = (float *)s.memory, before = state[column];
  for (int row = s.row; row < s.row + s.rows; row++) {
    float x = a.x.data[row * a.x.stride + column];
    float *y = a.y + (int64_t)row * a.columns * a.count + column;
    for (int i = 0; i < a.count; i++) y[(int64_t)i * a.columns] = x + (before - x) * a.mixes[i][column];
    before = x;
  }
  state[column] = before;
}
