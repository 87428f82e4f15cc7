// The causal convolution and RWKV's token shift. Bytes: every number once in, once out; floor: those over the memory
// bandwidth.
#include "formats.cuh"

static const int MOST_TAPS = 32;

// A channel's outputs of `count` rows of a sequence from `first` on, and what the taps will read next in `window`.
template <int TAPS>
static __device__ __forceinline__ void convolve(const sotto_cuda_convolution &a, const sotto_cuda_sequence &s, int channel,
                                                int first, int count, float window[TAPS]) {
  const float *state = (const float *)s.memory, *x = a.x.data + s.row * a.x.stride + channel;
  float weights[TAPS];
#pragma unroll
  for (int k = 0; k < TAPS; k++) {
    weights[k] = k < a.taps ? float_at(a.weight.values, a.weight.format, (int64_t)channel * a.taps + k) : 0.0f;
    int row = first - (a.taps - 1) + k;
    window[k] = k >= a.taps - 1 ? 0.0f
                : row < 0       ? state[(int64_t)(first + k) * a.channels + channel]
                                : x[row * a.x.stride];
  }
  const float bias = a.bias ? a.bias[channel] : 0.0f;
#pragma unroll 4
  for (int row = first; row < first + count; row++) {
    float now = x[row * a.x.stride], sum = bias;
#pragma unroll
    for (int k = 0; k < TAPS; k++) {
      if (k == a.taps - 1) window[k] = now;
      if (k < a.taps) sum += weights[k] * window[k];
    }
    a.y[(int64_t)(s.row + row) * a.channels + channel] = a.silu ? sum * sigmoid(sum) : sum;
#pragma unroll
    for (int k = 0; k + 1 < TAPS; k++) window[k] = window[k + 1];
  }
}

template <int TAPS>
static __device__ __forceinline__ void convolve_all(const sotto_cuda_convolution &a, int channel) {
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  float window[TAPS], *state = (float *)s.memory;
  convolve<TAPS>(a, s, channel, 0, s.rows, window);
#pragma unroll
  for (int k = 0; k < TAPS; k++)
    if (k < a.taps - 1) state[(int64_t)k * a.channels + channel] = window[k];
}

// A few rows: each thread has one channel and goes through them. grid: (channels / 128, sequences)
KERNEL(sotto_convolution_kernel, sotto_cuda_convolution, 128) {
  wait_for_inputs();
  int channel = blockIdx.x * 128 + threadIdx.x;
  if (channel >= a.channels) return;
  if (a.taps <= 4)
    convolve_all<4>(a, channel);
  else
    convolve_all<MOST_TAPS>(a, channel);
}

// Many rows: each thread has 16 rows of one channel; the state is stored by the next kernel.
// grid: (channels / 128, sequences, rows / 16)
KERNEL(sotto_convolution_long, sotto_cuda_convolution, 128) {
  wait_for_inputs();
  int channel = blockIdx.x * 128 + threadIdx.x, first = blockIdx.z * 16;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  if (channel >= a.channels || first >= s.rows) return;
  float window[MOST_TAPS];
  if (a.taps <= 4)
    convolve<4>(a, s, channel, first, min(16, s.rows - first), window);
  else
    convolve<MOST_TAPS>(a, s, channel, first, min(16, s.rows - first), window);
}

// Stores the last inputs of a sequence. grid: (channels / 128, sequences)
KERNEL(sotto_convolution_carry, sotto_cuda_convolution, 128) {
  wait_for_inputs();
  int channel = blockIdx.x * 128 + threadIdx.x;
  if (channel >= a.channels) return;
  const sotto_cuda_sequence &s = a.sequences[blockIdx.y];
  float *state = (float *)s.memory;
  for (int i = 0; i < a.taps - 1; i++) {
    // Never an index that was already replaced.
    int from = i + s.rows, row = from - (a.taps - 1);
    state[(int64_t)i * a.channels + channel] = row < 0 ? state[(int64_t)from * a.channels + channel]
                                                       : a.x.data[(s.row + row) * a.x.stride + channel];
  }
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
