// Products of one row with a matrix in 4 or 8 bits, or with those of its experts: inputs in 8 bits with a scale for every 32
// columns (as the host's `fast` does), dot products of four bytes (dp4a), a warp for each output. All blocks run at once and
// have equal parts of the outputs. What a warp has multiplied is replaced at once by what it multiplies next, so that loads
// never stop.
//
// On the way, as the arguments say: the row's experts are chosen, gates are applied to pairs of outputs, and the outputs of
// the experts are added up.
//
// Operations: 2 * outputs * columns. Bytes: the matrix once; of a stack, each expert that was chosen. Floor: those over the
// memory bandwidth. The inputs are rounded by every block, from the second cache; weights that do not depend on a choice are
// fetched before the kernels ahead have ended.
#include "row_short.cuh"
#include "routing.cuh"

static const int BLOCKS = 2;

// Outputs as they are; pairs of a gate and what it gates; sums over the experts.
enum Kind { PLAIN, GATED, SUM };

// A row of weights from a lane's first column on, and its bias.
struct Line {
  const sotto_cuda_matrix *matrix;
  Row weights;
  float bias;
};

template <int FORMAT, Kind KIND>
static __device__ __forceinline__ void multiply_row(const sotto_cuda_linear &a) {
  extern __shared__ __align__(16) uint8_t memory[];
  const int AHEAD = FORMAT == SOTTO_CUDA_FOURS || FORMAT == SOTTO_CUDA_SIXES ? 3 : 4, HELD = KIND == SUM ? 4 : 1;
  const int STEP = 32 * Piece<FORMAT>::COLUMNS;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, columns = (int)a.layers[0].weight.columns;
  // Steps of a line, and of the lane.
  const int all_steps = (columns + STEP - 1) / STEP;
  const int steps = (columns - lane * Piece<FORMAT>::COLUMNS + STEP - 1) / STEP;
  const bool is_chosen = KIND == SUM || a.selection == SOTTO_CUDA_ENTRIES, has_entries = KIND != SUM && is_chosen;
  // Lines of an output, and outputs of an entry.
  const int parts = KIND == SUM ? a.tokens : KIND == GATED ? 2 : 1, outputs = (int)a.outputs / (KIND == GATED ? 2 : 1);
  const int last = has_entries ? outputs * a.tokens : outputs, stride = WARPS * gridDim.x;
  // Warps that run at the same time have neighbouring outputs.
  int output = warp * gridDim.x + blockIdx.x;
  // The output's row in its entry or layer.
  int row = output, entry = 0, layer = 0, expert = 0;
  float share = 0;
  auto settle = [&]() {
    if (has_entries) {
      while (row >= outputs) row -= outputs, entry++;
    } else if (KIND == PLAIN) {
      while (layer + 1 < a.layer_count && row >= a.layers[layer].weight.rows) row -= (int)a.layers[layer++].weight.rows;
    }
  };
  auto line_of = [&](int part) {
    const sotto_cuda_layer &l = a.layers[KIND == GATED ? (a.splits_pairs ? 0 : part) : layer];
    const int matrix = is_chosen ? __shfl_sync(~0u, expert, KIND == SUM ? part : entry) : 0;
    const int line = KIND == GATED && a.splits_pairs ? 2 * row + part : row;
    const uint32_t place = (uint32_t)matrix * (uint32_t)l.weight.rows + line;
    const Row row = {l.weight.values + (uint64_t)place * (uint32_t)l.weight.value_bytes,
                     l.weight.scales + (uint64_t)place * (uint32_t)l.weight.scale_bytes,
                     l.weight.biases + (uint64_t)place * (uint32_t)l.weight.bias_bytes};
    return Line{&l.weight, Piece<FORMAT>::begin(l.weight, row, lane), l.bias ? l.bias[place] : 0.0f};
  };
  Piece<FORMAT> pieces[AHEAD];
  Line line = {};
  settle();
  auto start = [&]() {
    if (output >= last) return;
    line = line_of(0);
#pragma unroll
    for (int k = 0; k < AHEAD; k++)
      if (k < steps) pieces[k].load(*line.matrix, line.weights, k);
  };
  // Where the output goes, and what else is added.
  float *to = nullptr, residual = 0;
  auto place = [&]() {
    int64_t column = row;
    if (KIND == PLAIN) {
      const sotto_cuda_layer &l = a.layers[layer];
      column = l.first + (a.splits_pairs ? row / 2 + row % 2 * (l.weight.rows / 2) : row);
    }
    to = a.y + (int64_t)entry * (int)a.y_stride + column;
    residual = KIND != GATED && a.residual.data ? a.residual.data[column] : 0.0f;
  };

  Inputs inputs(memory, KIND == SUM ? parts : 1, columns);
  Inputs::Parts<1> norm = {};
  if (KIND != SUM && a.normalises && a.norm_weight) norm = inputs.load<1>(a.norm_weight, 0, 1);
  const bool chooses = is_chosen && a.routing.logits.data;
  Inputs::Parts<HELD> held = {};
  auto store = [&]() {
    if constexpr (KIND == SUM)
      inputs.store_rows<HELD>(a.x.data, a.x.stride, parts, held);
    else
      inputs.store_row(a.x.data, a, held, norm);
  };
  auto choose_experts = [&]() {
    const Choice choice = choose(a.routing, 0, KIND == SUM);
    expert = choice.expert, share = choice.weight;
  };
  // What does not depend on the kernel ahead: weights, experts whose logits it has read, inputs that it has read.
  if (KIND == SUM && chooses) choose_experts();
  if (!is_chosen || (KIND == SUM && chooses)) start();
  const bool is_early = KIND == GATED && a.inputs_are_early;
  if (is_early) {
    held = inputs.load<HELD>(a.x.data, a.x.stride, 1);
    store();
  }
  wait_and_let_next_start();
  if (is_chosen && !chooses && lane < a.tokens) {
    expert = a.experts[lane];
    if (KIND == SUM) share = a.sum_weights[lane];
  }
  if (!is_early) held = inputs.load<HELD>(a.x.data, a.x.stride, KIND == SUM ? parts : 1);
  if (KIND != SUM && chooses) choose_experts();
  if (is_chosen && !(KIND == SUM && chooses)) start();
  if (output < last) place();
  if (!is_early) store();
  __syncthreads();

  const LaneInputs first_inputs(inputs, 0, Piece<FORMAT>::first(lane));
  float sum = 0, value = 0;
  int part = 0, from = 0;
  for (bool goes_on = output < last; goes_on;) {
    const int here = part, begin = from;
    const float bias = line.bias, added = residual;
    const sotto_cuda_matrix *const matrix = line.matrix;
    float *const target = to;
    const LaneInputs x = KIND == SUM ? LaneInputs(inputs, here, Piece<FORMAT>::first(lane)) : first_inputs;
    from += AHEAD;
    const bool ends_line = from >= all_steps, ends_output = ends_line && part + 1 == parts;
    if (ends_line) {
      from = 0, part++;
      if (ends_output) {
        part = 0, output += stride, row += stride;
        settle();
        goes_on = output < last;
        if (goes_on) place();
      }
      if (goes_on) line = line_of(part);
    }
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      if (begin + k < steps) sum += pieces[k].dot(*matrix, x, begin + k);
      if (goes_on && from + k < steps) pieces[k].load(*line.matrix, line.weights, from + k);
    }
    if (!ends_line) continue;
    sum = warp_sum(sum) + bias;
    if (KIND == SUM)
      value = __shfl_sync(~0u, share, here) * sum + value;
    else
      value = KIND == GATED && here == 1 ? gate(a.activation, value * a.gate_factor, sum, a.alpha, a.limit) : sum;
    sum = 0;
    if (!ends_output) continue;
    if (lane == 0) *target = value * a.factor + added;
    value = 0;
  }
}

// grid: (blocks). Dynamic shared memory: rows of inputs (the experts of a sum, otherwise one) * columns * 11 / 8 bytes.
#define ROW_KERNEL(name, format, kind)                                        \
  extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)               \
      sotto_row_##name(const __grid_constant__ sotto_cuda_linear a) {         \
    multiply_row<format, kind>(a);                                            \
  }
#define SHORT_KERNELS(name, format)                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)               \
      sotto_row_short_##name(const __grid_constant__ sotto_cuda_linear a) {   \
    multiply_lines<format>(a);                                                \
  }                                                                           \
  extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)               \
      sotto_row_pair_##name(const __grid_constant__ sotto_cuda_linear a) {    \
    multiply_pairs<format>(a);                                                \
  }
#define ROW_KERNELS(name, format)          \
  SHORT_KERNELS(name, format)              \
  ROW_KERNEL(name, format, PLAIN)          \
  ROW_KERNEL(gated_##name, format, GATED)  \
  ROW_KERNEL(sum_##name, format, SUM)
ROW_KERNELS(bytes, SOTTO_CUDA_BYTES)
ROW_KERNELS(fours, SOTTO_CUDA_FOURS)
ROW_KERNELS(superfours, SOTTO_CUDA_SUPERFOURS)
ROW_KERNELS(sixes, SOTTO_CUDA_SIXES)
ROW_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
