// Products of up to 16 rows with a matrix of integers, bfloat16 or float16, on devices with bulk copies (9.0 and later). One
// block on each multiprocessor: its last warp copies the weights of the block's outputs, which are contiguous, through a ring
// of stages in shared memory, which it fills before the kernels ahead have ended. Sixteen warps multiply on tensor cores
// (mma.sync m16n8k16, weights as the first operand): each has a part of the columns of a stage of up to 16 outputs. Two warps
// add the parts in a fixed order and store the sums. A row's result does not depend on the other rows.
//
// Operations: 2 * rows * outputs * columns. Bytes: the matrix once; of a stack, each expert that was chosen. Floor: those
// over the memory bandwidth.
#include "fragments.cuh"

static const int WARPS = 16, THREADS = WARPS * 32, ADDERS = 64, ALL_THREADS = THREADS + ADDERS + 32;

#if __CUDA_ARCH__ >= 900
static const int MOST_ENTRIES = 256, MOST_ROWS = 8, STAGE_ROWS = 16, SLOTS = 2, MOST_STAGES = 16;

static __device__ __forceinline__ void barrier_create(uint64_t *barrier, int count) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(count) : "memory");
}
static __device__ __forceinline__ void barrier_arrive(uint64_t *barrier) {
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
static __device__ __forceinline__ void barrier_expect(uint64_t *barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(shared_address(barrier)), "r"(bytes)
               : "memory");
}
static __device__ __forceinline__ void barrier_wait(uint64_t *barrier, int phase) {
  asm volatile("{\n.reg .pred done;\nwaiting:\n"
               "mbarrier.try_wait.parity.shared.b64 done, [%0], %1;\n@!done bra waiting;\n}" ::"r"(shared_address(barrier)),
               "r"(phase)
               : "memory");
}
// `bytes` is a multiple of 16, as are both addresses.
static __device__ __forceinline__ void bulk_copy(void *to, const void *from, int bytes, uint64_t *barrier,
                                                 uint64_t policy) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.L2::cache_hint [%0], [%1], %2, [%3], "
               "%4;" ::"r"(shared_address(to)),
               "l"(from), "r"(bytes), "r"(shared_address(barrier)), "l"(policy)
               : "memory");
}
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

// Stores rows `first` ..< `first` + SHARED of the inputs, with their norms: THREADS / SHARED threads a row.
// `row_of_x(r)` is a row of x.
template <int FORMAT, int SHARED, typename RowOf>
static __device__ void store_inputs(const sotto_cuda_linear &a, const Inputs &inputs, int first, RowOf row_of_x) {
  __shared__ float squares[WARPS];
  const int SHARE = THREADS / SHARED, index = threadIdx.x / SHARE, t = threadIdx.x % SHARE;
  const int parts = inputs.columns / 8, row = min(first + index, inputs.rows - 1), from = row_of_x(row);
  const float *x = a.x.data + from * a.x.stride;
  const bool is_here = first + index < inputs.rows, is_held = parts <= SHARE;
  float v[8] = {}, factor = 1;
  if (a.normalises) {
    float sum = 0;
    for (int part = t; part < parts; part += SHARE) {
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
  for (int begin = 0; begin < parts; begin += SHARE) {
    const int part = begin + t;
    const bool is_part = is_here && part < parts;
    if (is_part) {
      if (!a.normalises || !is_held) load8(x + 8 * part, v);
      if (a.normalises) {
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] *= factor * (a.norm_weight ? a.norm_weight[8 * part + k] + a.offset : 1.0f);
      }
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
  }
}

template <int FORMAT>
static __device__ __forceinline__ void multiply(float c[4], const uint32_t w[4], uint32_t x0, uint32_t x1) {
  if constexpr (FORMAT == SOTTO_CUDA_BF16) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(x0), "r"(x1));
  } else {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]), "r"(x0), "r"(x1));
  }
}

// What a warp needs of a stage: the lane's two rows of weights, and its rows of inputs.
template <int TILES>
struct Operands {
  Row rows[2];
  const uint8_t *x[TILES];
  const float *sums[TILES][2];  // of blocks of the inputs, `sum_stride` apart
  int sum_stride;
};

// Adds the products of `COUNT` units from `unit` on, WARPS apart.
template <int FORMAT, int TILES, int COUNT>
static __device__ __forceinline__ void multiply_units(const sotto_cuda_matrix &m, const Operands<TILES> &o, int unit, int t,
                                                      float sums[TILES][4]) {
  typedef Fragment<FORMAT> Weights;
  Weights weights[COUNT][2];
#pragma unroll
  for (int k = 0; k < COUNT; k++)
#pragma unroll
    for (int i = 0; i < 2; i++) weights[k][i].load(m, o.rows[i], unit + k * WARPS, t);
#pragma unroll
  for (int k = 0; k < COUNT; k++)
#pragma unroll
    for (int b = 0; b < 2; b++) {
      const int column = Weights::column(unit + k * WARPS, b);
      uint32_t y[4], z[4];
      weights[k][0].expand(b, y);
      weights[k][1].expand(b, z);
      const uint32_t first[4] = {y[0], z[0], y[1], z[1]}, second[4] = {y[2], z[2], y[3], z[3]};
#pragma unroll
      for (int i = 0; i < TILES; i++) {
        const uint4 v = *(const uint4 *)(o.x[i] + 2 * column);
        if constexpr (!Weights::HAS_SCALE) {
          multiply<FORMAT>(sums[i], first, v.x, v.y);
          multiply<FORMAT>(sums[i], second, v.z, v.w);
        } else {
          const float upper = weights[k][0].scale(b), lower = weights[k][1].scale(b);
          float c[4] = {0, 0, 0, 0};
          multiply<FORMAT>(c, first, v.x, v.y);
          multiply<FORMAT>(c, second, v.z, v.w);
          sums[i][0] += c[0] * upper, sums[i][1] += c[1] * upper;
          sums[i][2] += c[2] * lower, sums[i][3] += c[3] * lower;
          if constexpr (Weights::HAS_MINIMUM) {
            const float p = o.sums[i][0][column / 32 * o.sum_stride], q = o.sums[i][1][column / 32 * o.sum_stride];
            const float above = weights[k][0].minimum(b), below = weights[k][1].minimum(b);
            sums[i][0] += above * p, sums[i][1] += above * q;
            sums[i][2] += below * p, sums[i][3] += below * q;
          }
        }
      }
    }
}

// A warp's part of the columns of a stage: sums of its outputs and 8 * TILES rows, in the layout of mma.sync.
template <int FORMAT, int TILES>
static __device__ __forceinline__ void multiply_stage(const sotto_cuda_matrix &m, const Operands<TILES> &o, int units,
                                                      int warp, int lane, float sums[TILES][4]) {
  // Little code, since the instructions of a short kernel are fetched once.
#pragma unroll 1
  for (int unit = warp; unit < units;) {
    if (unit + WARPS < units) {
      multiply_units<FORMAT, TILES, 2>(m, o, unit, lane % 4, sums);
      unit += 2 * WARPS;
    } else {
      multiply_units<FORMAT, TILES, 1>(m, o, unit, lane % 4, sums);
      unit += WARPS;
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

template <int FORMAT, int TILES>
static __device__ __forceinline__ void multiply_streamed(const sotto_cuda_linear &a) {
  extern __shared__ __align__(128) uint8_t memory[];
  __shared__ __align__(8) uint64_t full[MOST_STAGES], empty[MOST_STAGES], sums_full[SLOTS], sums_empty[SLOTS];
  __shared__ Groups groups;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const bool is_chosen = a.selection != SOTTO_CUDA_ONE_MATRIX;
  uint8_t *ring = memory + a.input_bytes;
  let_next_start();
  if (threadIdx.x == 0) {
    for (int i = 0; i < a.stages; i++) barrier_create(full + i, 1), barrier_create(empty + i, WARPS);
    for (int i = 0; i < SLOTS; i++) barrier_create(sums_full + i, THREADS), barrier_create(sums_empty + i, ADDERS / 32);
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

  const int columns = (int)a.layers[0].weight.columns, first_row = blockIdx.y * a.most_rows;
  Inputs inputs(memory, a.most_rows, columns);
  // Sums of the warps for some stages: tiles of eight rows of inputs for each output.
  const int PITCH = 8 * TILES, own_sums = a.stage_rows * PITCH, slot_sums = WARPS * own_sums, g = lane / 4, t = lane % 4;
  float *parts = (float *)(memory + ((int)(inputs.end() - memory) + 15) / 16 * 16);
  // The sums that an adder has.
  const int MOST = STAGE_ROWS * MOST_ROWS * TILES / ADDERS;
  int adder_outputs[MOST], adder_rows[MOST];
  Operands<TILES> o;
  int stage = 0, phase = 0, turn = 0, last_group = -1;
  each_part(a, group_count, [&](int group, int layer_index, int first, int part_rows) {
    const sotto_cuda_layer &layer = a.layers[layer_index];
    const sotto_cuda_matrix &m = layer.weight;
    const int rows = is_chosen ? groups.sizes[group] : min(a.most_rows, a.tokens - first_row);
    const int matrix = is_chosen ? groups.experts[group] : 0;
    auto place_of = [&](int r) { return is_chosen ? (int)groups.entries[group][r] : first_row + r; };
    if (!adds && group != last_group) {
      if (last_group >= 0) workers_meet();
      inputs = Inputs(memory, rows, columns);
      auto row_of_x = [&](int r) { return is_chosen ? place_of(r) / a.rows_per_entry : place_of(r); };
      if (rows == 1) {
        store_inputs<FORMAT, 1>(a, inputs, 0, row_of_x);
      } else {
        for (int i = 0; i < rows; i += 8) {
          if (i > 0) workers_meet();
          store_inputs<FORMAT, 8>(a, inputs, i, row_of_x);
        }
      }
      workers_meet();
      o.sum_stride = inputs.rows;
#pragma unroll
      for (int i = 0; i < TILES; i++) {
        o.x[i] = inputs.numbers + min(8 * i + g, rows - 1) * inputs.stride + 16 * t;
#pragma unroll
        for (int c = 0; c < 2; c++) o.sums[i][c] = inputs.sums + min(8 * i + 2 * t + c, rows - 1);
      }
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
          for (int w = 0; w < WARPS; w++) sum += from[w * own_sums];
          *to[k] = sum * Fragment<FORMAT>::factor() + added[k];
        }
        __syncwarp();
        if (lane == 0) barrier_arrive(sums_empty + slot);
        continue;
      }
      const uint8_t *here = ring + stage * a.stage_bytes;
#pragma unroll
      for (int i = 0; i < 2; i++)
        o.rows[i] = {here + values.at(base, i), here + a.scales_at + scales.at(base, i),
                     here + a.biases_at + biases.at(base, i)};
      barrier_wait(full + stage, phase);
      __syncwarp();
      float sums[TILES][4] = {};
      multiply_stage<FORMAT, TILES>(m, o, columns / 64, warp, lane, sums);
      __syncwarp();
      if (lane == 0) barrier_arrive(empty + stage);
      if (++stage == a.stages) stage = 0, phase ^= 1;
      barrier_wait(sums_empty + slot, round ^ 1);
      // Includes lines and rows beyond the matrix; their sums are not added.
      float *own = slot_parts + warp * own_sums + g * PITCH + 2 * t;
#pragma unroll
      for (int k = 0; k < TILES; k++)
#pragma unroll
        for (int i = 0; i < 2; i++)
          if (g + 8 * i < a.stage_rows)
            *(float2 *)(own + 8 * i * PITCH + 8 * k) = make_float2(sums[k][2 * i], sums[k][2 * i + 1]);
      barrier_arrive(sums_full + slot);
    }
  });
}
#else
template <int FORMAT, int TILES>
static __device__ __forceinline__ void multiply_streamed(const sotto_cuda_linear &) {}
#endif

// grid: (multiprocessors, rows / most_rows or 1). Columns: a multiple of 64.
// Dynamic shared memory: input_bytes + stages * stage_bytes.
#define STREAM_KERNELS(name, format)                                                                       \
  KERNEL(sotto_stream_8_##name, sotto_cuda_linear, ALL_THREADS) { multiply_streamed<format, 1>(a); }      \
  KERNEL(sotto_stream_16_##name, sotto_cuda_linear, ALL_THREADS) { multiply_streamed<format, 2>(a); }
STREAM_KERNELS(bytes, SOTTO_CUDA_BYTES)
STREAM_KERNELS(fours, SOTTO_CUDA_FOURS)
STREAM_KERNELS(superfours, SOTTO_CUDA_SUPERFOURS)
STREAM_KERNELS(sixes, SOTTO_CUDA_SIXES)
STREAM_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
STREAM_KERNELS(bf16, SOTTO_CUDA_BF16)
STREAM_KERNELS(f16, SOTTO_CUDA_F16)
