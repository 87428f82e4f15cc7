// Rows of an embedding table, and changes of the layout of blocks. Bytes: those of the rows; floor: a launch.
#include "formats.cuh"

// grid: (columns / 1024, tokens)
KERNEL(sotto_embedding_kernel, sotto_cuda_embedding, 128) {
  wait_for_inputs();
  int row = blockIdx.y, column = (blockIdx.x * 128 + threadIdx.x) * 8;
  if (column >= a.table.columns) return;
  int token = a.tokens ? a.tokens[row] : a.few[row];
  float w[8] = {};
  if (token >= 0 && token < a.table.rows) decode8(a.table, row_of(a.table, 0, token), column, w);
  float *y = a.y + (int64_t)row * a.table.columns;
  for (int i = 0; i < 8 && column + i < a.table.columns; i++) y[column + i] = w[i] * a.scale;
}

// Ids for a recorded step, or on their way to the host. One warp.
KERNEL(sotto_ids_kernel, sotto_cuda_ids, 32) {
  wait_for_inputs();
  for (int i = threadIdx.x; i < a.count; i += 32) a.to[i] = a.from ? a.from[i] : a.few[i];
  if (threadIdx.x == 0 && a.advance_to) *a.advance_to = a.advance;
}

// Scales from 2^-60 to 2^60, as everywhere.
static __device__ __forceinline__ uint8_t limited_e8m0(uint8_t x) { return (uint8_t)min(max((int)x, 68), 188); }

// One block for each thread. grid: (blocks / 256)
KERNEL(sotto_repacking_kernel, sotto_cuda_repacking, 256) {
  wait_for_inputs();
  int64_t i = (int64_t)blockIdx.x * 256 + threadIdx.x;
  if (i >= a.blocks) return;
  if (a.format == SOTTO_CUDA_Q8_0) {
    const uint8_t *p = a.from + i * 34;
    a.scales[2 * i] = p[0];
    a.scales[2 * i + 1] = p[1];
    for (int k = 0; k < 32; k++) a.values[32 * i + k] = p[2 + k];
  } else if (a.format == SOTTO_CUDA_Q6_K) {
    const uint8_t *p = a.from + i * 210;
    for (int k = 0; k < 192; k++) a.values[192 * i + k] = p[k];
    for (int k = 0; k < 18; k++) a.scales[18 * i + k] = p[192 + k];
  } else if (a.format == SOTTO_CUDA_Q4_K) {
    const uint8_t *p = a.from + i * 144;
    for (int k = 0; k < 4; k++) a.biases[4 * i + k] = p[k];
    for (int block = 0; block < 8; block++) {
      int scale, minimum;
      packed_scales(p + 4, block, &scale, &minimum);
      a.scales[16 * i + 2 * block] = (uint8_t)scale;
      a.scales[16 * i + 2 * block + 1] = (uint8_t)minimum;
      const uint8_t *from = p + 16 + block / 2 * 32;
      const int shift = block % 2 * 4;
      for (int k = 0; k < 16; k++)
        a.values[128 * i + 16 * block + k] = (uint8_t)((from[k] >> shift & 15) | (from[16 + k] >> shift & 15) << 4);
    }
  } else if (a.format == SOTTO_CUDA_Q4_0 || a.format == SOTTO_CUDA_Q4_1) {
    const bool has_minimum = a.format == SOTTO_CUDA_Q4_1;
    const uint8_t *p = a.from + i * (has_minimum ? 20 : 18);
    ((uint16_t *)a.scales)[i] = (uint16_t)load16(p);
    ((uint16_t *)a.biases)[i] = has_minimum ? (uint16_t)load16(p + 2) : __half_as_ushort(__float2half_rn(-8.0f * half_at(p)));
    p += has_minimum ? 4 : 2;
    for (int k = 0; k < 16; k++) {
      int shift = k / 8 * 4, low = p[2 * k % 16] >> shift & 15, high = p[(2 * k + 1) % 16] >> shift & 15;
      a.values[16 * i + k] = (uint8_t)(low | high << 4);
    }
  } else if (a.format == SOTTO_CUDA_MXFP4_PLANAR) {
    a.scales[i] = limited_e8m0(a.scales[i]);
  } else if (a.format == SOTTO_CUDA_MXFP4) {
    const uint8_t *p = a.from + i * 17;
    a.scales[i] = limited_e8m0(p[0]);
    // Columns k and k + 16 of a byte become columns 2k and 2k + 1.
    for (int k = 0; k < 16; k++) {
      int shift = k / 8 * 4, low = p[1 + 2 * k % 16] >> shift & 15, high = p[2 + 2 * k % 16] >> shift & 15;
      a.values[16 * i + k] = (uint8_t)(low | high << 4);
    }
  }
}
