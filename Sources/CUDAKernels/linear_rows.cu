// Products of one to eight rows with a matrix in 4 or 8 bits, on inputs in 8 bits with a scale for every 32 columns (as
// the host's `fast` does): dot products of four bytes (dp4a), a warp for each output. Products of one row alone have a kernel
// of their own (linear_row.cu).
//
// Operations: 2 * rows * outputs * columns. Bytes: the matrix once. Floor: the matrix's bytes over the memory bandwidth.
// The inputs are rounded by every block, from the second cache; the first weights are fetched before that.
#include "pieces.cuh"

static const int WARPS = 8;

static __device__ __forceinline__ void store_one(Inputs &inputs, const float *x, const sotto_cuda_linear &a) {
  Inputs::Parts<1> weights = {}, held = inputs.load<1>(x, 0, 1);
  if (a.normalises && a.norm_weight) weights = inputs.load<1>(a.norm_weight, 0, 1);
  inputs.store_row(x, a, held, weights);
}

// ROWS rows at most; each warp has every eighth of the block's outputs, one after another.
template <int FORMAT, int ROWS>
static __device__ __forceinline__ void multiply_rows(const sotto_cuda_linear &a) {
  extern __shared__ __align__(16) uint8_t memory[];
  const int AHEAD = FORMAT == SOTTO_CUDA_BYTES ? 6 : 4, STEP = 32 * Piece<FORMAT>::COLUMNS;
  let_next_start();
  int tile = blockIdx.x;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, block_outputs = WARPS * a.outputs_per_warp;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, block_outputs, &tile)];
  const sotto_cuda_matrix &m = layer.weight;
  const int columns = (int)m.columns, first = blockIdx.y * ROWS, rows = min(ROWS, a.tokens - first);
  int matrix = blockIdx.z, output = tile * block_outputs + warp;
  const bool is_chosen = a.selection == SOTTO_CUDA_ENTRIES;
  if (is_chosen) {
    wait_for_inputs();
    matrix = a.experts[first];
  }
  Piece<FORMAT> pieces[AHEAD];
  const typename Piece<FORMAT>::Facts facts(m);
  // Steps of a line, and of the lane.
  const int all_steps = (columns + STEP - 1) / STEP;
  const int steps = (columns - lane * Piece<FORMAT>::COLUMNS + STEP - 1) / STEP;
  auto load = [&](int from) {
    const Row weight = Piece<FORMAT>::begin(facts, row_of(m, matrix, min(output, (int)m.rows - 1)), lane);
#pragma unroll
    for (int i = 0; i < AHEAD; i++)
      if (from + i < steps) pieces[i].load(facts, weight, from + i);
  };
  load(0);
  if (!is_chosen) wait_for_inputs();
  Inputs inputs(memory, ROWS, columns);
  const float *x[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) x[r] = input_of(a, matrix, first + min(r, rows - 1));
  if (ROWS == 1)
    store_one(inputs, x[0], a);
  else
    inputs.store<ROWS>(x, rows, a);
  __syncthreads();
  for (int i = 0; i < a.outputs_per_warp && output < m.rows; i++) {
    float sums[ROWS] = {};
    for (int from = 0; from < all_steps; from += AHEAD) {
      if (i > 0 || from > 0) load(from);
#pragma unroll
      for (int k = 0; k < AHEAD; k++) {
        if (from + k >= steps) continue;
#pragma unroll
        for (int r = 0; r < ROWS; r++)
          sums[r] += pieces[k].dot(facts, LaneInputs(inputs, r, Piece<FORMAT>::first(lane)), from + k);
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      float sum = warp_sum(sums[r]);
      if (lane == 0 && r < rows) store_output(a, layer, matrix, first + r, output, sum);
    }
    output += WARPS;
  }
}

// grid: (outputs / (8 * outputs_per_warp) of all layers, rows / ROWS or entries, matrices)
// Dynamic shared memory: ROWS * columns * 11 / 8 bytes.
#define ROW_KERNELS(name, format)                                                             \
  extern "C" __global__ void __launch_bounds__(WARPS * 32, 4)                                 \
      sotto_rows_1_##name(const __grid_constant__ sotto_cuda_linear a) {                      \
    multiply_rows<format, 1>(a);                                                              \
  }                                                                                           \
  KERNEL(sotto_rows_2_##name, sotto_cuda_linear, WARPS * 32) { multiply_rows<format, 2>(a); } \
  KERNEL(sotto_rows_4_##name, sotto_cuda_linear, WARPS * 32) { multiply_rows<format, 4>(a); } \
  KERNEL(sotto_rows_8_##name, sotto_cuda_linear, WARPS * 32) { multiply_rows<format, 8>(a); }
ROW_KERNELS(bytes, SOTTO_CUDA_BYTES)
ROW_KERNELS(fours, SOTTO_CUDA_FOURS)
ROW_KERNELS(superfours, SOTTO_CUDA_SUPERFOURS)
ROW_KERNELS(sixes, SOTTO_CUDA_SIXES)
ROW_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
