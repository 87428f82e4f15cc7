// Products of one row with small matrices (linear_row.cu has the others), whose time is that of a launch and of one chain of
// instructions: a warp loads all of its first lines before it waits, and the factor of the norm is applied to the sums, so that
// the rounding of the inputs does not wait for it.
#pragma once
#include "pieces.cuh"

static const int THREADS = 384, WARPS = THREADS / 32;

// The place of a row in a matrix.
static __device__ __forceinline__ Row row_at(const sotto_cuda_matrix &m, uint32_t place) {
  return {m.values + (uint64_t)place * (uint32_t)m.value_bytes, m.scales + (uint64_t)place * (uint32_t)m.scale_bytes,
          m.biases + (uint64_t)place * (uint32_t)m.bias_bytes};
}

// Rounds and stores the row after the kernels ahead have ended. The result is the norm's factor; 1 without one.
static __device__ __forceinline__ float store_inputs(const sotto_cuda_linear &a, Inputs &inputs,
                                                     const Inputs::Parts<1> &weights, Inputs::Parts<1> &held) {
  __shared__ __align__(16) float squares[WARPS];
  // Warps without columns have no squares.
  if (threadIdx.x % 32 == 0) squares[threadIdx.x / 32] = 0;
  inputs.store_unscaled_row(a.x.data, a, held, weights, squares);
  __syncthreads();
  if (!a.normalises) return 1;
  float parts[WARPS], sum = 0;
#pragma unroll
  for (int k = 0; k < WARPS; k += 4) *(float4 *)(parts + k) = *(const float4 *)(squares + k);
#pragma unroll
  for (int k = 0; k < WARPS; k++) sum += parts[k];
  return a.norm_factor / sqrtf(sum / (float)inputs.columns + a.epsilon);
}

// Outputs as they are, of lines of up to two steps.
template <int FORMAT>
static __device__ __forceinline__ void multiply_lines(const sotto_cuda_linear &a) {
  extern __shared__ __align__(16) uint8_t memory[];
  const int STEP = 32 * Piece<FORMAT>::COLUMNS, lane = threadIdx.x % 32, columns = (int)a.layers[0].weight.columns;
  const int steps = (columns - lane * Piece<FORMAT>::COLUMNS + STEP - 1) / STEP, last = (int)a.outputs;
  typename Piece<FORMAT>::Facts facts;
  Piece<FORMAT> pieces[2];
  float bias = 0;
  int column = 0, output = threadIdx.x / 32 * gridDim.x + blockIdx.x;
  auto load = [&]() {
    int row = output, layer = 0;
    while (layer + 1 < a.layer_count && row >= a.layers[layer].weight.rows) row -= (int)a.layers[layer++].weight.rows;
    const sotto_cuda_layer &l = a.layers[layer];
    facts = typename Piece<FORMAT>::Facts(l.weight);
    column = (int)l.first + row;
    const Row weights = Piece<FORMAT>::begin(facts, row_at(l.weight, row), lane);
#pragma unroll
    for (int k = 0; k < 2; k++)
      if (k < steps) pieces[k].load(facts, weights, k);
    bias = l.bias ? l.bias[row] : 0.0f;
  };
  Inputs inputs(memory, 1, columns);
  Inputs::Parts<1> weights = {};
  if (a.normalises && a.norm_weight) weights = inputs.load<1>(a.norm_weight, 0, 1);
  if (output < last) load();
  wait_and_let_next_start();
  Inputs::Parts<1> held = inputs.load<1>(a.x.data, 0, 1);
  float residual = output < last && a.residual.data ? a.residual.data[column] : 0.0f;
  const float factor = store_inputs(a, inputs, weights, held);
  const LaneInputs x(inputs, 0, steps > 0 ? Piece<FORMAT>::first(lane) : 0);
  while (output < last) {
    const float added = residual, own_bias = bias;
    float *const to = a.y + column;
    float sum = 0;
#pragma unroll
    for (int k = 0; k < 2; k++)
      if (k < steps) sum += pieces[k].dot(facts, x, k);
    output += WARPS * gridDim.x;
    if (output < last) {
      load();
      residual = a.residual.data ? a.residual.data[column] : 0.0f;
    }
    sum = warp_sum(sum) * factor + own_bias;
    if (lane == 0) *to = sum * a.factor + added;
  }
}

// Pairs of a gate and what it gates, of one matrix each, of lines of one step.
template <int FORMAT>
static __device__ __forceinline__ void multiply_pairs(const sotto_cuda_linear &a) {
  extern __shared__ __align__(16) uint8_t memory[];
  const int lane = threadIdx.x % 32, columns = (int)a.layers[0].weight.columns, last = (int)a.outputs / 2;
  const sotto_cuda_layer *const layers[2] = {&a.layers[0], &a.layers[a.splits_pairs ? 0 : 1]};
  const typename Piece<FORMAT>::Facts facts[2] = {layers[0]->weight, layers[1]->weight};
  const bool works = lane * Piece<FORMAT>::COLUMNS < columns;
  Piece<FORMAT> pieces[2];
  float biases[2] = {0, 0};
  int output = threadIdx.x / 32 * gridDim.x + blockIdx.x;
  auto load = [&]() {
#pragma unroll
    for (int k = 0; k < 2; k++) {
      const int row = a.splits_pairs ? 2 * output + k : output;
      if (works) pieces[k].load(facts[k], Piece<FORMAT>::begin(facts[k], row_at(layers[k]->weight, row), lane), 0);
      biases[k] = layers[k]->bias ? layers[k]->bias[row] : 0.0f;
    }
  };
  Inputs inputs(memory, 1, columns);
  Inputs::Parts<1> weights = {};
  if (a.normalises && a.norm_weight) weights = inputs.load<1>(a.norm_weight, 0, 1);
  if (output < last) load();
  wait_and_let_next_start();
  Inputs::Parts<1> held = inputs.load<1>(a.x.data, 0, 1);
  const float factor = store_inputs(a, inputs, weights, held);
  const LaneInputs x(inputs, 0, works ? Piece<FORMAT>::first(lane) : 0);
  while (output < last) {
    const float bias[2] = {biases[0], biases[1]};
    float *const to = a.y + output;
    float sums[2] = {0, 0};
#pragma unroll
    for (int k = 0; k < 2; k++)
      if (works) sums[k] = pieces[k].dot(facts[k], x, 0);
    output += WARPS * gridDim.x;
    if (output < last) load();
#pragma unroll
    for (int i = 16; i; i >>= 1)
#pragma unroll
      for (int k = 0; k < 2; k++) sums[k] += __shfl_xor_sync(~0u, sums[k], i);
    const float own_gate = (sums[0] * factor + bias[0]) * a.gate_factor, value = sums[1] * factor + bias[1];
    if (lane == 0) *to = gate(a.activation, own_gate, value, a.alpha, a.limit) * a.factor;
  }
}
