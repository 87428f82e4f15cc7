// Products of many rows with a matrix in 4, 6 or 8 bits by warpgroups (wgmma, compute capability 9.0 only): weights are the
// first operand, expanded to float16 in the registers that multiply them, so that they never pass through shared memory; up
// to 128 rows of inputs, rounded to float16 before, are the second operand; sums are float32.
//
// One block on each multiprocessor goes from tile to tile. Three warpgroups have 64 outputs each and load their weights two
// steps ahead, across tiles; they expand half a step while the half before is multiplied. A fourth group of one warp copies
// inputs through a ring in shared memory. An expert's rows are divided evenly, so that its weights are expanded for as few
// tiles as possible.
//
// Operations: 2 * rows * outputs * columns; floor: those over the float16 rate (798 TFLOP/s measured on an H100), or the
// matrix's bytes over the memory bandwidth below about 100 rows. Weights of 4 bits take five instructions a pair, in all
// about two thirds of the time of a product with 64 rows.
#include "blocks.cuh"
#include "wgmma.cuh"

// A step has 128 columns, 32 of them in each of four lanes. The inputs have the order in which the lanes' registers meet:
// pair i of the eight columns `part` of lane t is the word (2 * part + i / 2) * 8 + i % 2 * 4 + t of the step.
static const int STEP = 128, HALF_BYTES = STEP;

// Inputs for these products: for each half step, the rows of 128 bytes of all places. Zeros behind the last column. The
// rows are those of the shared memory of a tile, whose chunks of 16 bytes are permuted. Bytes: rows once in, once out for
// each of a row's places. grid: (columns / 1024, places)
KERNEL(sotto_permuted_kernel, sotto_cuda_permuted, 128) {
  wait_for_inputs();
  const int width = (a.columns + STEP - 1) / STEP * STEP, first = blockIdx.x * 1024 + threadIdx.x / 16 * STEP;
  const int lane = threadIdx.x % 4, part = threadIdx.x / 4 % 4, column = first + 32 * lane + 8 * part;
  if (first >= width) return;
  for (int place = blockIdx.y; place < a.places; place += gridDim.y) {
    int row = place, start = 0;
    if (a.order) {
      const int entry = a.order[place];
      start = a.starts[a.experts[entry]];
      if (a.rows_per_entry) row = entry / a.rows_per_entry;
    }
    const float *x = a.x.data + row * a.x.stride + column;
    float v[8];
    if (column + 8 <= a.columns) {
      load8(x, v);
    } else {
#pragma unroll
      for (int i = 0; i < 8; i++) v[i] = column + i < a.columns ? x[i] : 0.0f;
    }
    const uint4 pairs = ordered_halves(v, a.order_of_columns);
    uint32_t w[4] = {pairs.x, pairs.y, pairs.z, pairs.w};
    // Lane i gets word i of four lanes.
#pragma unroll
    for (int far = 2; far; far /= 2)
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const int low = far == 2 ? i : 2 * i, high = low + far;
        const uint32_t got = __shfl_xor_sync(~0u, lane & far ? w[low] : w[high], far);
        if (lane & far)
          w[low] = got;
        else
          w[high] = got;
      }
    uint8_t *y = a.y + ((int64_t)(first / STEP * 2 + part / 2) * a.places + place) * HALF_BYTES;
    ((uint4 *)y)[(part % 2 * 4 + lane) ^ ((place - start) & 7)] = make_uint4(w[0], w[1], w[2], w[3]);
  }
}

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
static const int GROUPS = 3, OUTPUTS = 64 * GROUPS, STAGES = 8, STAGE = 128 * HALF_BYTES, MOST_MATRICES = 1024;

// A tile: rows first ..< first + count of the places, and the outputs from `output` on of a layer.
struct Work {
  int matrix, first, count, layer, output;
};

// What all warps of a block know: the tiles before each matrix, and the barriers of the ring.
struct Shared {
  int before[MOST_MATRICES + 1];
  uint64_t full[STAGES], empty[STAGES];
};

// For one warp: the number of row tiles before each matrix of a stack.
static __device__ __forceinline__ void count_tiles(const sotto_cuda_linear &a, Shared &shared) {
  const int lane = threadIdx.x % 32;
  int before = 0;
  for (int first = 0; first < a.matrices; first += 32) {
    const int m = first + lane;
    const int tiles = m < a.matrices ? (a.starts[m + 1] - a.starts[m] + a.most_rows - 1) / a.most_rows : 0;
    int sum = tiles;
#pragma unroll
    for (int step = 1; step < 32; step *= 2) {
      const int other = __shfl_up_sync(~0u, sum, step);
      if (lane >= step) sum += other;
    }
    if (m < a.matrices) shared.before[m] = before + sum - tiles;
    before += __shfl_sync(~0u, sum, 31);
  }
  if (lane == 0) shared.before[a.matrices] = before;
}

// Tile `index` of all; false behind the last. The tiles of the same outputs follow each other.
static __device__ __forceinline__ bool find(const sotto_cuda_linear &a, const Shared &shared, int outputs, int index,
                                            Work *work) {
  int matrix = 0, start = 0, count = a.tokens, tiles = (a.tokens + a.most_rows - 1) / a.most_rows;
  if (a.selection == SOTTO_CUDA_SORTED) {
    if (index >= shared.before[a.matrices] * outputs) return false;
    int end = a.matrices;
    while (end - matrix > 1) {
      const int middle = (matrix + end) / 2;
      if (shared.before[middle] * outputs <= index)
        matrix = middle;
      else
        end = middle;
    }
    index -= shared.before[matrix] * outputs;
    tiles = shared.before[matrix + 1] - shared.before[matrix];
    start = a.starts[matrix];
    count = a.starts[matrix + 1] - start;
  } else if (index >= tiles * outputs) {
    return false;
  }
  const int each = ((count + tiles - 1) / tiles + 7) / 8 * 8, at = index % tiles * each;
  int tile = index / tiles;
  work->layer = layer_of_tile(a, OUTPUTS, &tile);
  work->matrix = matrix;
  work->first = start + at;
  work->count = min(each, count - at);
  work->output = tile * OUTPUTS;
  return true;
}

// The weights of a thread: two rows, eight apart, with steps loaded ahead.
template <int FORMAT, int AHEAD>
struct Weights {
  Row rows[2];
  Block<FORMAT> blocks[AHEAD][2];
  // A copy of what a block needs to know, in registers: to read the arguments by the layer's number takes as long as to read
  // the weights.
  sotto_cuda_matrix matrix;
  int columns;
  __device__ __forceinline__ void load(Block<FORMAT> (&to)[2], int step) {
    const int column = step * STEP + threadIdx.x % 4 * 32;
    __builtin_assume(column >= 0);
    if (column < columns)
      to[0].load(matrix, rows[0], column), to[1].load(matrix, rows[1], column);
    else
      to[0] = Block<FORMAT>(), to[1] = Block<FORMAT>();
  }
  __device__ __forceinline__ void begin(const sotto_cuda_linear &a, const Work &work, int output, int steps) {
    matrix = a.layers[work.layer].weight;
    columns = (int)matrix.columns;
#pragma unroll
    for (int i = 0; i < 2; i++)
      rows[i] = row_of(matrix, work.matrix, min(work.output + output + 8 * i, (int)matrix.rows - 1));
#pragma unroll
    for (int i = 0; i < AHEAD; i++)
      if (i < steps) load(blocks[i], i);
  }
};

template <int N>
static __device__ __forceinline__ void multiply_half(float (&sums)[64], const uint32_t (&pairs)[16], uint64_t inputs) {
  multiply_begin();
#pragma unroll
  for (int i = 0; i < 4; i++)
    multiply<N>(sums, pairs[4 * i], pairs[4 * i + 1], pairs[4 * i + 2], pairs[4 * i + 3], inputs + 2 * i);
  multiply_commit();
  multiply_wait<1>();
}

// Multiplies a tile, begins to load the weights of the next one, and stores the sums. `turn` counts half steps.
template <int FORMAT, int AHEAD, typename Next>
static __device__ __forceinline__ void multiply_tile(const sotto_cuda_linear &a, const Work work, int output, int steps,
                                                     Weights<FORMAT, AHEAD> &weights, uint32_t memory, uint32_t full,
                                                     uint32_t empty, uint32_t &turn, Next next) {
  const int lane = threadIdx.x % 32;
  const int size = __shfl_sync(~0u, work.count, 0);
  float sums[64];
#pragma unroll
  for (int i = 0; i < 64; i++) sums[i] = 0;
  uint32_t pairs[2][16];
  auto expand = [&](const Block<FORMAT> (&block)[2], int half) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const uint4 u = block[0].expanded(2 * half + i), l = block[1].expanded(2 * half + i);
      uint32_t *to = pairs[half] + 8 * i;
      to[0] = u.x, to[1] = l.x, to[2] = u.y, to[3] = l.y, to[4] = u.z, to[5] = l.z, to[6] = u.w, to[7] = l.w;
    }
  };
  auto release = [&](uint32_t turn) {
    if (lane == 0) barrier_arrive(empty + turn % STAGES * 8);
  };
  auto start = [&](int half, bool is_first) {
    barrier_wait(full + turn % STAGES * 8, turn / STAGES & 1);
    const uint64_t inputs = described(memory + turn % STAGES * STAGE);
    if (size <= 32)
      multiply_half<32>(sums, pairs[half], inputs);
    else if (size <= 64)
      multiply_half<64>(sums, pairs[half], inputs);
    else if (size <= 72)
      multiply_half<72>(sums, pairs[half], inputs);
    else if (size <= 80)
      multiply_half<80>(sums, pairs[half], inputs);
    else if (size <= 96)
      multiply_half<96>(sums, pairs[half], inputs);
    else if (size <= 112)
      multiply_half<112>(sums, pairs[half], inputs);
    else
      multiply_half<128>(sums, pairs[half], inputs);
    if (!is_first) release(turn - 1);
    turn++;
  };
#pragma unroll 1
  for (int first = 0; first < steps; first += AHEAD) {
#pragma unroll
    for (int i = 0; i < AHEAD; i++) {
      const int step = first + i;
      if (step == steps) break;
      expand(weights.blocks[i], 0);
      start(0, step == 0);
      expand(weights.blocks[i], 1);
      if (step + AHEAD < steps) weights.load(weights.blocks[i], step + AHEAD);
      start(1, false);
    }
  }
  const sotto_cuda_layer &layer = a.layers[work.layer];
  next();
  multiply_wait<0>();
  release(turn - 1);
#pragma unroll
  for (int c = 0; c < 2; c++) {
    const int at = work.output + output + 8 * c;
    if (at >= layer.weight.rows) break;
    const float bias = layer.bias ? layer.bias[work.matrix * layer.weight.rows + at] : 0.0f;
    const int64_t column = layer.first + (a.splits_pairs ? at / 2 + at % 2 * (layer.weight.rows / 2) : at);
    const int row = lane % 4 * 2;
    float *y = a.y + (int64_t)(work.first + row) * a.y_stride + column;
    const float *residual = a.residual.data ? a.residual.data + (work.first + row) * a.residual.stride + column : nullptr;
#pragma unroll
    for (int j = 0; j < 16; j++)
#pragma unroll
      for (int i = 0; i < 2; i++)
        if (8 * j + row + i < work.count) {
          float value = sums[4 * j + 2 * c + i] + bias;
          if (residual) value += residual[(8 * j + i) * a.residual.stride];
          y[(8 * j + i) * a.y_stride] = value;
        }
  }
}

template <int FORMAT, int AHEAD>
static __device__ __forceinline__ void multiply_all(const sotto_cuda_linear &a) {
  extern __shared__ __align__(128) uint8_t dynamic[];
  __shared__ Shared shared;
  const uint32_t memory = (shared_address(dynamic) + 1023) / 1024 * 1024;
  const uint32_t full = shared_address(shared.full), empty = shared_address(shared.empty);
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    for (int i = 0; i < STAGES; i++) barrier_create(full + 8 * i, 1), barrier_create(empty + 8 * i, 4 * GROUPS);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  wait_for_inputs();
  if (a.selection == SOTTO_CUDA_SORTED && warp == 0) count_tiles(a, shared);
  __syncthreads();
  const int steps = (int)((a.layers[0].weight.columns + STEP - 1) / STEP);
  int outputs = 0;
  for (int i = 0; i < a.layer_count; i++) outputs += (int)((a.layers[i].weight.rows + OUTPUTS - 1) / OUTPUTS);
  Work work;
  uint32_t turn = 0;
  if (warp >= 4 * GROUPS) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 32;");
    if (warp > 4 * GROUPS || lane > 0) return;
    for (int index = blockIdx.x; find(a, shared, outputs, index, &work); index += gridDim.x) {
      const int bytes = (work.count + 7) / 8 * 8 * HALF_BYTES;
      const uint8_t *from = a.halves + (int64_t)work.first * HALF_BYTES;
      for (int half = 0; half < 2 * steps; half++, turn++) {
        const uint32_t stage = turn % STAGES;
        barrier_wait(empty + 8 * stage, (turn / STAGES & 1) ^ 1);
        barrier_expect(full + 8 * stage, bytes);
        bulk_copy(memory + stage * STAGE, from, bytes, full + 8 * stage);
        from += (int64_t)a.tokens * HALF_BYTES;
      }
    }
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 160;");
  const int output = warp * 16 + lane / 4;
  Weights<FORMAT, AHEAD> weights;
  int index = blockIdx.x;
  bool is_here = find(a, shared, outputs, index, &work);
  if (is_here) weights.begin(a, work, output, steps);
  while (is_here) {
    const Work now = work;
    auto next = [&] {
      is_here = find(a, shared, outputs, index += gridDim.x, &work);
      if (is_here) weights.begin(a, work, output, steps);
    };
    multiply_tile<FORMAT, AHEAD>(a, now, output, steps, weights, memory, full, empty, turn, next);
  }
  }
}
#else
template <int FORMAT, int AHEAD>
static __device__ __forceinline__ void multiply_all(const sotto_cuda_linear &) {}
#endif

// grid: one block for each multiprocessor. Dynamic shared memory: 129 KB.
#define GROUP_KERNEL(name, format, ahead) \
  extern "C" __global__ void __launch_bounds__(512, 1) sotto_groups_##name(const __grid_constant__ sotto_cuda_linear a) { \
    multiply_all<format, ahead>(a);                                                                                     \
  }
GROUP_KERNEL(bytes, SOTTO_CUDA_BYTES, 1)
GROUP_KERNEL(fours, SOTTO_CUDA_FOURS, 2)
GROUP_KERNEL(superfours, SOTTO_CUDA_SUPERFOURS, 1)
GROUP_KERNEL(sixes, SOTTO_CUDA_SIXES, 1)
GROUP_KERNEL(affine4, SOTTO_CUDA_AFFINE4, 1)
