// Products of up to 8 rows, or of a mixture's entries, with matrices of integers, bfloat16 or float16, on devices with bulk
// copies (9.0 and later). One block on each multiprocessor: its last warp copies the weights of the block's outputs, which are
// contiguous, through a ring of stages in shared memory, which it fills before the kernels ahead have ended (of a mixture,
// whose experts are not known before, afterwards). Sixteen warps multiply on tensor cores (mma.sync m16n8k16, weights as the
// first operand): each has a part of the columns of a stage of up to 16 outputs. A mixture has so many stages that two teams
// of eight warps take turns, each with a stage: what a stage costs beside its products is shared by larger parts. Two warps add
// the parts in a fixed order and store the sums. A row's result does not depend on the other rows.
//
// Operations: 2 * rows * outputs * columns. Bytes: the matrix once; of a stack, each expert that was chosen. Floor: those
// over the memory bandwidth.
#include "barriers.cuh"
#include "fragments.cuh"

static const int WARPS = 16, THREADS = WARPS * 32, ADDERS = 64, ALL_THREADS = THREADS + ADDERS + 32;

#if __CUDA_ARCH__ >= 900
static const int MOST_ENTRIES = 256, MOST_ROWS = 8, STAGE_ROWS = 16, SLOTS = 2, MOST_STAGES = 16;
// Numbers of a row's thread that are on their way at once, in groups of eight, where eight rows share the threads.
static const int HELD = 6;

static __device__ __forceinline__ void workers_meet() { asm volatile("bar.sync 1, %0;" ::"n"(THREADS) : "memory"); }

// Entries of a step by expert: a group has up to eight entries of one expert.
struct Groups {
  int count;
  int16_t experts[MOST_ENTRIES], sizes[MOST_ENTRIES], entries[MOST_ENTRIES][MOST_ROWS];
};

// All threads take part: some neighbours compare an entry with the others, each with a part of them.
static __device__ void make_groups(const sotto_cuda_linear &a, Groups &groups) {
  __shared__ int16_t experts[MOST_ENTRIES], places[MOST_ENTRIES], leaders[MOST_ENTRIES], indices[MOST_ENTRIES];
  __shared__ bool has_next[MOST_ENTRIES];
  __shared__ int totals[MOST_ENTRIES / 32];
  const int count = a.tokens, share = count <= 64 ? 8 : count <= 128 ? 4 : 2;
  const int own = threadIdx.x / share, part = threadIdx.x % share;
  if (threadIdx.x < count) experts[threadIdx.x] = (int16_t)a.experts[threadIdx.x];
  __syncthreads();
  // The entries of the same expert before this one, and whether there are some behind it.
  int place = 0, later = 0;
  if (own < count) {
#pragma unroll 4
    for (int k = part; k < count; k += share)
      if (experts[k] == experts[own]) place += k < own, later |= k > own;
  }
  for (int i = 1; i < share; i *= 2) {
    place += __shfl_xor_sync(~0u, place, i);
    later |= __shfl_xor_sync(~0u, later, i);
  }
  if (own < count && part == 0) places[own] = (int16_t)place, has_next[own] = later;
  __syncthreads();
  // The first entry of the group.
  int leader = place % MOST_ROWS == 0 ? own : -1;
  if (own < count && leader < 0) {
#pragma unroll 4
    for (int k = part; k < own; k += share)
      if (experts[k] == experts[own] && places[k] == place - place % MOST_ROWS) leader = k;
  }
  for (int i = 1; i < share; i *= 2) leader = max(leader, __shfl_xor_sync(~0u, leader, i));
  if (own < count && part == 0) leaders[own] = (int16_t)leader;
  __syncthreads();
  const int i = threadIdx.x, lane = i % 32;
  const bool leads = i < count && leaders[i] == i;
  const unsigned mask = __ballot_sync(~0u, leads);
  if (i < MOST_ENTRIES && lane == 0) totals[i / 32] = __popc(mask);
  __syncthreads();
  int before = __popc(mask & ((1u << lane) - 1)), all = 0;
  for (int k = 0; k < MOST_ENTRIES / 32; k++) {
    if (k < i / 32) before += totals[k];
    all += totals[k];
  }
  if (leads) {
    indices[i] = (int16_t)before;
    groups.experts[before] = experts[i];
  }
  if (i == 0) groups.count = all;
  __syncthreads();
  if (i < count) {
    const int group = indices[leaders[i]], at = places[i] % MOST_ROWS;
    groups.entries[group][at] = (int16_t)i;
    // The last entry of a group knows its size.
    if (at == MOST_ROWS - 1 || !has_next[i]) groups.sizes[group] = (int16_t)(at + 1);
  }
  __syncthreads();
}

// The block's part of the outputs: calls body(group, layer, first row, rows) for consecutive rows of one layer. The order
// is that of groups, layers and rows.
template <typename Body>
static __device__ __forceinline__ void each_part(const sotto_cuda_linear &a, int groups, Body body) {
  const int outputs = (int)a.outputs, blocks = gridDim.x, block = blockIdx.x;
  const int64_t total = (int64_t)outputs * groups, last = total * (block + 1) / blocks;
  for (int64_t at = total * block / blocks; at < last;) {
    const int group = (int)(at / outputs);
    int row = (int)(at - (int64_t)group * outputs), layer = 0;
    while (layer + 1 < a.layer_count && row >= a.layers[layer].weight.rows) row -= (int)a.layers[layer++].weight.rows;
    const int rows = (int)min(last - at, a.layers[layer].weight.rows - row);
    body(group, layer, row, rows);
    at += rows;
  }
}

// Copies the weights of the block's outputs to the ring. One thread.
static __device__ void feed(const sotto_cuda_linear &a, const Groups &groups, int group_count, uint8_t *ring,
                            uint64_t *full, uint64_t *empty) {
  uint64_t policy;
  asm volatile("createpolicy.fractional.L2::evict_first.b64 %0, 1.0;" : "=l"(policy));
  int stage = 0, phase = 1;
  each_part(a, group_count, [&](int group, int layer, int first, int rows) {
    const sotto_cuda_matrix &m = a.layers[layer].weight;
    const int64_t line = (a.experts ? (int64_t)groups.experts[group] * m.rows : 0) + first;
    for (int base = 0; base < rows; base += a.stage_rows) {
      const int count = min(a.stage_rows, rows - base);
      uint8_t *to = ring + (int64_t)stage * a.stage_bytes;
      // Planes of other than whole 16 bytes a row are copied with what surrounds them.
      struct {
        uint64_t from;
        int bytes;
      } planes[3];
      int all = 0;
#pragma unroll
      for (int i = 0; i < 3; i++) {
        const int64_t size = i == 0 ? m.value_bytes : i == 1 ? m.scale_bytes : m.bias_bytes;
        const uint8_t *base_address = i == 0 ? m.values : i == 1 ? m.scales : m.biases;
        const uint64_t start = (uint64_t)base_address + (uint64_t)((line + base) * size);
        const uint64_t end = (start + (uint64_t)(count * size) + 15) & ~15ull;
        planes[i].from = start & ~15ull;
        planes[i].bytes = size > 0 ? (int)(end - planes[i].from) : 0;
        all += planes[i].bytes;
      }
      barrier_wait(empty + stage, phase);
      barrier_expect(full + stage, all);
#pragma unroll
      for (int i = 0; i < 3; i++)
        if (planes[i].bytes > 0)
          bulk_copy(to + (i == 0 ? 0 : i == 1 ? a.scales_at : a.biases_at), (const void *)planes[i].from,
                    planes[i].bytes, full + stage, policy);
      if (++stage == a.stages) stage = 0, phase ^= 1;
    }
  });
}

// The inputs in shared memory: rows of float16 (or bfloat16) numbers in the order of the weights, and sums of 32 columns.
struct Inputs {
  uint8_t *numbers;
  float *sums;
  int columns, rows, stride;  // of a row in bytes
  __device__ Inputs(uint8_t *memory, int rows, int columns) : numbers(memory), columns(columns), rows(rows) {
    // Rows that are 64 bytes apart from a multiple of 128 have no bank conflicts.
    stride = 2 * columns + (columns / 32 % 2 == 0 ? 64 : 0);
    sums = (float *)(memory + rows * stride);
  }
  __device__ uint8_t *end() const { return (uint8_t *)(sums + rows * (columns / 32)); }
};

// Stores the up to SHARED rows of the inputs, with their norms: THREADS / SHARED threads a row.
// `row_of_x(r)` is a row of x.
template <int FORMAT, int SHARED, typename RowOf>
static __device__ void store_inputs(const sotto_cuda_linear &a, const Inputs &inputs, RowOf row_of_x) {
  __shared__ float squares[WARPS];
  const int SHARE = THREADS / SHARED, index = threadIdx.x / SHARE, t = threadIdx.x % SHARE;
  const int parts = inputs.columns / 8, row = min(index, inputs.rows - 1), from = row_of_x(row);
  const float *x = a.x.data + from * a.x.stride;
  const bool is_here = index < inputs.rows;
  const int COUNT = SHARED == 1 ? 1 : HELD;
  float held[COUNT][8] = {}, factor = 1;
#pragma unroll
  for (int k = 0; k < COUNT; k++)
    if (t + k * SHARE < parts) load8(x + 8 * (t + k * SHARE), held[k]);
  if (a.normalises) {
    float sum = 0;
#pragma unroll
    for (int k = 0; k < COUNT; k++)
#pragma unroll
      for (int i = 0; i < 8; i++) sum += held[k][i] * held[k][i];
    for (int part = t + COUNT * SHARE; part < parts; part += SHARE) {
      float v[8];
      load8(x + 8 * part, v);
#pragma unroll
      for (int k = 0; k < 8; k++) sum += v[k] * v[k];
    }
    sum = warp_sum(sum);
    if (threadIdx.x % 32 == 0) squares[threadIdx.x / 32] = sum;
    workers_meet();
    sum = 0;
#pragma unroll
    for (int k = 0; k < SHARE / 32; k++) sum += squares[index * (SHARE / 32) + k];
    factor = a.norm_factor / sqrtf(sum / (float)inputs.columns + a.epsilon);
  }
  auto store = [&](int part, float (&v)[8]) {
    const bool is_part = is_here && part < parts;
    if (is_part && a.normalises) {
#pragma unroll
      for (int k = 0; k < 8; k++) v[k] *= factor * (a.norm_weight ? a.norm_weight[8 * part + k] + a.offset : 1.0f);
    }
    uint4 y;
    if constexpr (FORMAT == SOTTO_CUDA_BF16) {
      uint32_t *words = (uint32_t *)&y;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        __nv_bfloat162 both = __floats2bfloat162_rn(v[2 * k], v[2 * k + 1]);
        words[k] = *(uint32_t *)&both;
      }
    } else {
      y = ordered_halves(v, Fragment<FORMAT>::ORDER);
    }
    if (is_part) *(uint4 *)(inputs.numbers + row * inputs.stride + 16 * part) = y;
    if constexpr (Fragment<FORMAT>::HAS_MINIMUM) {
      // Of the rounded numbers. The four lanes of 32 columns are here together or not at all.
      float2 p = __half22float2(halves(y.x)), q = __half22float2(halves(y.y));
      float2 r = __half22float2(halves(y.z)), s = __half22float2(halves(y.w));
      float sum = ((p.x + p.y) + (q.x + q.y)) + ((r.x + r.y) + (s.x + s.y));
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      if (is_part && part % 4 == 0) inputs.sums[part / 4 * inputs.rows + row] = sum;
    }
  };
#pragma unroll
  for (int k = 0; k < COUNT; k++)
    if (k * SHARE < parts) store(t + k * SHARE, held[k]);
  for (int begin = COUNT * SHARE; begin < parts; begin += SHARE) {
    float v[8] = {};
    if (begin + t < parts) load8(x + 8 * (begin + t), v);
    store(begin + t, v);
  }
}

// What a warp needs of a stage: the lane's two rows of weights, and its row of inputs.
struct Operands {
  Row rows[2];
  const uint8_t *x;
  const float *sums[2];  // of blocks of the inputs of the lane's two rows of sums, `sum_stride` apart
  int sum_stride;
};

// Adds the products of `COUNT` units from `unit` on, as many apart as a team has warps.
template <int FORMAT, int TEAM, int COUNT>
static __device__ __forceinline__ void multiply_units(const sotto_cuda_matrix &m, const Operands &o, int unit, int t,
                                                      float sums[1][4]) {
  typedef Fragment<FORMAT> Weights;
  Weights weights[COUNT][2];
#pragma unroll
  for (int k = 0; k < COUNT; k++)
#pragma unroll
    for (int i = 0; i < 2; i++) weights[k][i].load(m, o.rows[i], unit + k * TEAM, t);
#pragma unroll
  for (int k = 0; k < COUNT; k++)
#pragma unroll
    for (int b = 0; b < 2; b++) {
      const int column = Weights::column(unit + k * TEAM, b);
      multiply_block<FORMAT, 1>(
          weights[k], b, sums, [&](int) { return *(const uint4 *)(o.x + 2 * column); },
          [&](int, int c) { return o.sums[c][column / 32 * o.sum_stride]; });
    }
}

// A warp's part of the columns of a stage: sums of its outputs and eight rows, in the layout of mma.sync.
template <int FORMAT, int TEAM>
static __device__ __forceinline__ void multiply_stage(const sotto_cuda_matrix &m, const Operands &o, int units, int warp,
                                                      int lane, float sums[1][4]) {
  // Little code, since the instructions of a short kernel are fetched once.
#pragma unroll 1
  for (int unit = warp; unit < units;) {
    if (unit + TEAM < units) {
      multiply_units<FORMAT, TEAM, 2>(m, o, unit, lane % 4, sums);
      unit += 2 * TEAM;
    } else {
      multiply_units<FORMAT, TEAM, 1>(m, o, unit, lane % 4, sums);
      unit += TEAM;
    }
  }
}

// A plane of a stage's weights: its first row's place among 16 bytes (see feed()), and the lane's two rows in it.
struct Plane {
  uint32_t low, bytes, rows[2];
  __device__ __forceinline__ Plane(const uint8_t *plane, int64_t line, int64_t bytes, int first, int second)
      : low((uint32_t)(uint64_t)plane + (uint32_t)line * (uint32_t)bytes), bytes((uint32_t)bytes) {
    rows[0] = first * this->bytes, rows[1] = second * this->bytes;
  }
  __device__ __forceinline__ uint32_t at(int base, int row) const { return (low + base * bytes & 15) + rows[row]; }
};

template <int FORMAT, int TEAMS>
static __device__ __forceinline__ void multiply_streamed(const sotto_cuda_linear &a) {
  const int TEAM = WARPS / TEAMS;
  extern __shared__ __align__(128) uint8_t memory[];
  __shared__ __align__(8) uint64_t full[MOST_STAGES], empty[MOST_STAGES], sums_full[SLOTS], sums_empty[SLOTS];
  __shared__ Groups groups;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  constexpr bool is_chosen = TEAMS > 1;
  uint8_t *ring = memory + a.input_bytes;
  let_next_start();
  if (threadIdx.x == 0) {
    for (int i = 0; i < a.stages; i++) barrier_create(full + i, 1), barrier_create(empty + i, TEAM);
    for (int i = 0; i < SLOTS; i++) barrier_create(sums_full + i, 32 * TEAM), barrier_create(sums_empty + i, ADDERS / 32);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  __syncthreads();
  int group_count = 1;
  if (is_chosen) {
    asm volatile("griddepcontrol.wait;" ::: "memory");
    make_groups(a, groups);
    group_count = groups.count;
  }
  const bool adds = warp > WARPS;
  if (warp == WARPS) {
    if (lane == 0) feed(a, groups, group_count, ring, full, empty);
    return;
  }
  if (!is_chosen) asm volatile("griddepcontrol.wait;" ::: "memory");

  const int columns = (int)a.layers[0].weight.columns, team = warp / TEAM;
  Inputs inputs(memory, a.most_rows, columns);
  // Sums of the warps for two stages: eight rows of inputs for each output.
  const int PITCH = MOST_ROWS, own_sums = a.stage_rows * PITCH, slot_sums = TEAM * own_sums, g = lane / 4, t = lane % 4;
  float *parts = (float *)(memory + ((int)(inputs.end() - memory) + 15) / 16 * 16);
  // The sums that an adder has.
  const int MOST = STAGE_ROWS * MOST_ROWS / ADDERS;
  int adder_outputs[MOST], adder_rows[MOST];
  Operands o;
  int stage = 0, phase = 0, turn = 0, last_group = -1;
  each_part(a, group_count, [&](int group, int layer_index, int first, int part_rows) {
    const sotto_cuda_layer &layer = a.layers[layer_index];
    const sotto_cuda_matrix &m = layer.weight;
    const int rows = is_chosen ? groups.sizes[group] : a.tokens;
    const int matrix = is_chosen ? groups.experts[group] : 0;
    auto place_of = [&](int r) { return is_chosen ? (int)groups.entries[group][r] : r; };
    if (!adds && group != last_group) {
      if (last_group >= 0) workers_meet();
      inputs = Inputs(memory, rows, columns);
      auto row_of_x = [&](int r) { return is_chosen ? place_of(r) / a.rows_per_entry : place_of(r); };
      if (rows == 1)
        store_inputs<FORMAT, 1>(a, inputs, row_of_x);
      else
        store_inputs<FORMAT, 8>(a, inputs, row_of_x);
      workers_meet();
      o.sum_stride = inputs.rows;
      o.x = inputs.numbers + min(g, rows - 1) * inputs.stride + 16 * t;
#pragma unroll
      for (int c = 0; c < 2; c++) o.sums[c] = inputs.sums + min(2 * t + c, rows - 1);
    }
    if (adds && group != last_group) {
#pragma unroll
      for (int k = 0; k < MOST; k++) {
        const int i = threadIdx.x - THREADS - 32 + k * ADDERS;
        adder_outputs[k] = i / rows, adder_rows[k] = i % rows;
      }
    }
    last_group = group;
    const int64_t line = (int64_t)matrix * m.rows + first;
    const int first_line = min(g, a.stage_rows - 1), second_line = min(g + 8, a.stage_rows - 1);
    const Plane values(m.values, line, m.value_bytes, first_line, second_line);
    const Plane scales(m.scales, line, m.scale_bytes, first_line, second_line);
    const Plane biases(m.biases, line, m.bias_bytes, first_line, second_line);
    for (int base = 0; base < part_rows; base += a.stage_rows, turn++) {
      const int count = min(a.stage_rows, part_rows - base), slot = turn % SLOTS, round = turn / SLOTS % 2;
      float *slot_parts = parts + slot * slot_sums;
      if (adds) {
        // What else is added is fetched early.
        float added[MOST];
        float *to[MOST];
#pragma unroll
        for (int k = 0; k < MOST; k++) {
          const int output = first + base + adder_outputs[k];
          added[k] = 0;
          if (adder_outputs[k] >= count) break;
          const int place = place_of(adder_rows[k]);
          const int64_t column = layer.first + (a.splits_pairs ? output / 2 + output % 2 * (m.rows / 2) : output);
          if (layer.bias) added[k] = layer.bias[matrix * m.rows + output];
          if (a.residual.data) added[k] += a.residual.data[place * a.residual.stride + column];
          to[k] = a.y + place * a.y_stride + column;
        }
        barrier_wait(sums_full + slot, round);
#pragma unroll
        for (int k = 0; k < MOST; k++) {
          if (adder_outputs[k] >= count) break;
          const float *from = slot_parts + adder_outputs[k] * PITCH + adder_rows[k];
          float sum = 0;
#pragma unroll
          for (int w = 0; w < TEAM; w++) sum += from[w * own_sums];
          *to[k] = sum * Fragment<FORMAT>::factor() + added[k];
        }
        __syncwarp();
        if (lane == 0) barrier_arrive(sums_empty + slot);
        continue;
      }
      if (TEAMS > 1 && turn % TEAMS != team) {
        if (++stage == a.stages) stage = 0, phase ^= 1;
        continue;
      }
      const uint8_t *here = ring + stage * a.stage_bytes;
#pragma unroll
      for (int i = 0; i < 2; i++)
        o.rows[i] = {here + values.at(base, i), here + a.scales_at + scales.at(base, i),
                     here + a.biases_at + biases.at(base, i)};
      barrier_wait(full + stage, phase);
      __syncwarp();
      float sums[1][4] = {};
      multiply_stage<FORMAT, TEAM>(m, o, columns / 64, warp % TEAM, lane, sums);
      __syncwarp();
      if (lane == 0) barrier_arrive(empty + stage);
      if (++stage == a.stages) stage = 0, phase ^= 1;
      barrier_wait(sums_empty + slot, round ^ 1);
      // Includes lines and rows beyond the matrix; their sums are not added.
      float *own = slot_parts + warp % TEAM * own_sums + g * PITCH + 2 * t;
#pragma unroll
      for (int i = 0; i < 2; i++)
        if (g + 8 * i < a.stage_rows) *(float2 *)(own + 8 * i * PITCH) = make_float2(sums[0][2 * i], sums[0][2 * i + 1]);
      barrier_arrive(sums_full + slot);
    }
  });
}
#else
template <int FORMAT, int TEAMS>
static __device__ __forceinline__ void multiply_streamed(const sotto_cuda_linear &) {}
#endif

// grid: (multiprocessors). Columns: a multiple of 64. Dynamic shared memory: input_bytes + stages * stage_bytes.
#define STREAM_KERNELS(name, format)                                                                  \
  KERNEL(sotto_stream_##name, sotto_cuda_linear, ALL_THREADS) { multiply_streamed<format, 1>(a); }   \
  KERNEL(sotto_stream_entries_##name, sotto_cuda_linear, ALL_THREADS) { multiply_streamed<format, 2>(a); }
STREAM_KERNELS(bytes, SOTTO_CUDA_BYTES)
STREAM_KERNELS(fours, SOTTO_CUDA_FOURS)
STREAM_KERNELS(superfours, SOTTO_CUDA_SUPERFOURS)
STREAM_KERNELS(sixes, SOTTO_CUDA_SIXES)
STREAM_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
STREAM_KERNELS(bf16, SOTTO_CUDA_BF16)
STREAM_KERNELS(f16, SOTTO_CUDA_F16)
