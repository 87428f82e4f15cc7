// Rotary embedding. The angles of a step are computed once for all layers, in float64 as on the host; the rotation reads
// and writes each number once.
#include "common.cuh"

// grid: (rows)
KERNEL(sotto_angles_kernel, sotto_cuda_angles, 128) {
  wait_for_inputs();
  int row = blockIdx.x;
  int position = (a.positions ? a.positions[row] : a.few[row]) + advance_of(a.advance);
  float *cosines = a.angles + (int64_t)row * 2 * a.count, *sines = cosines + a.count;
  for (int i = threadIdx.x; i < a.count; i += blockDim.x) {
    double angle = (double)position * (double)a.frequencies[i], s, c;
    sincos(angle, &s, &c);
    cosines[i] = (float)(c * a.amplitude);
    sines[i] = (float)(s * a.amplitude);
  }
}

// grid: (heads, rows)
KERNEL(sotto_rotary_kernel, sotto_cuda_rotary, 128) {
  wait_for_inputs();
  int row = blockIdx.y, head = blockIdx.x;
  const float *x = a.x.data + row * a.x.stride + head * a.head_size;
  float *y = a.y + ((int64_t)row * a.heads + head) * a.head_size;
  const float *cosines = a.angles + (int64_t)row * 2 * a.count, *sines = cosines + a.count;
  for (int i = threadIdx.x; i < a.head_size; i += blockDim.x) {
    int at = i - a.first;
    if (at < 0 || at >= 2 * a.count) {
      y[i] = x[i];
      continue;
    }
    int pair = a.interleaved ? at / 2 : at % a.count;
    bool second = a.interleaved ? at % 2 : at >= a.count;
    int other = a.first + (a.interleaved ? at ^ 1 : second ? at - a.count : at + a.count);
    y[i] = second ? x[i] * cosines[pair] + x[other] * sines[pair] : x[i] * cosines[pair] - x[other] * sines[pair];
  }
}
