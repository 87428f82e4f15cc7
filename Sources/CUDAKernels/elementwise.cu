// Element-wise operations. Bytes: each number is read and written once; floor: (inputs + outputs) * 4 bytes over the
// memory bandwidth.
#include "common.cuh"

// grid: (columns / 256, rows)
KERNEL(sotto_elementwise_kernel, sotto_cuda_elementwise, 256) {
  wait_for_inputs();
  int column = blockIdx.x * 256 + threadIdx.x;
  if (column >= a.columns) return;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const float *pa = a.a.data + row * a.a.stride, *pb = a.b.data + row * a.b.stride;
    float y = 0;
    switch (a.operation) {
      case SOTTO_CUDA_ACTIVATE: {
        float x = pa[column];
        if (a.activation == SOTTO_CUDA_XIELU) {
          float curve = expf(fminf(x, a.limit)) - 1.0f - x;
          y = (x > 0 ? a.positive * x * x : a.negative * curve) + a.scale * x;
        } else {
          y = activate(a.activation, x);
        }
        break;
      }
      case SOTTO_CUDA_GATE: y = gate(a.activation, pa[column / a.group], pb[column], a.scale, a.limit); break;
      case SOTTO_CUDA_ADD: y = pa[column] + pb[column] * a.scale; break;
      case SOTTO_CUDA_SCALE:
        y = pa[column] * a.scale;
        if (a.limit > 0) y = a.limit * tanhf(y / a.limit);
        break;
      case SOTTO_CUDA_JOIN: y = column < a.split ? pa[column] : pb[column - a.split]; break;
      case SOTTO_CUDA_GATHER: y = a.a.data[a.indices[row] * a.a.stride + column]; break;
    }
    a.y[row * a.y_stride + column] = y;
  }
}
