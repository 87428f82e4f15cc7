// Products of up to 32 rows with a matrix of integers, bfloat16 or float16, on devices with bulk copies (9.0 and later), in one
// pass over the matrix. One block on each multiprocessor has equal parts of the outputs, in tiles of up to 112. Its last warp
// copies the inputs, which are rounded before, through a ring of panels of 256 columns. Fifteen warps multiply on tensor cores
// (mma.sync m16n8k16, weights as the first operand): each has 16 outputs and a part of the columns, whose weights it loads
// several units ahead, at first before the kernels ahead have ended. The parts are added in a fixed order. A row's result does
// not depend on the other rows.
//
// Operations: 2 * rows * outputs * columns. Bytes: the matrix once, the inputs from the second cache for each tile. Floor: the
// matrix's bytes over the memory bandwidth.
#include "barriers.cuh"
#include "fragments.cuh"

static const int WARPS = 15, THREADS = WARPS * 32, ALL_THREADS = THREADS + 32;
// A panel: rows of numbers, which are so far apart that reading eight of them has no bank conflicts, and sums of 32 columns.
static const int PANEL = 256, PITCH = 2 * PANEL + 64, SUMS = PANEL / 32;

// Rows of inputs in panels for these products, and normalised also as they are. One block a row. Bytes: the rows once in, once
// or twice out; floor: a launch. grid: (rows)
KERNEL(sotto_panels_kernel, sotto_cuda_panels, 512) {
  wait_for_inputs();
  const int row = blockIdx.x, parts = a.columns / 8;
  const float *x = a.x.data + row * a.x.stride;
  float v[8] = {}, factor = 1;
  if (threadIdx.x < parts) load8(x + 8 * threadIdx.x, v);
  if (a.normalises) {
    float squares = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) squares += v[k] * v[k];
    for (int i = 8 * 512 + threadIdx.x; i < a.columns; i += 512) squares += x[i] * x[i];
    factor = a.factor / sqrtf(block_sum(squares) / (float)a.columns + a.epsilon);
  }
  for (int first = 0; first < parts; first += 512) {
    const int part = first + threadIdx.x, column = 8 * part;
    const bool is_here = part < parts;
    if (first > 0 && is_here) load8(x + column, v);
    if (a.normalises && is_here) {
#pragma unroll
      for (int k = 0; k < 8; k++) v[k] *= factor * (a.norm_weight ? a.norm_weight[column + k] + a.offset : 1.0f);
      float4 *y = (float4 *)(a.y + (int64_t)row * a.columns + column);
      y[0] = make_float4(v[0], v[1], v[2], v[3]), y[1] = make_float4(v[4], v[5], v[6], v[7]);
    }
    uint8_t *panel = a.panels + (int64_t)(column / PANEL) * a.panel_rows * (PITCH + 4 * SUMS);
    uint4 y;
    if (a.order == 0) {
      uint32_t *words = (uint32_t *)&y;
#pragma unroll
      for (int k = 0; k < 4; k++) {
        const __nv_bfloat162 both = __floats2bfloat162_rn(v[2 * k], v[2 * k + 1]);
        words[k] = *(const uint32_t *)&both;
      }
    } else {
      y = ordered_halves(v, a.order);
      // Of the rounded numbers. The four lanes of 32 columns are here together or not at all.
      const float2 p = __half22float2(halves(y.x)), q = __half22float2(halves(y.y));
      const float2 r = __half22float2(halves(y.z)), s = __half22float2(halves(y.w));
      float sum = ((p.x + p.y) + (q.x + q.y)) + ((r.x + r.y) + (s.x + s.y));
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      float *sums = (float *)(panel + a.panel_rows * PITCH);
      if (is_here && part % 4 == 0) sums[column % PANEL / 32 * a.panel_rows + row] = sum;
    }
    if (is_here) *(uint4 *)(panel + row * PITCH + column % PANEL * 2) = y;
  }
}

#if __CUDA_ARCH__ >= 900
static const int UNITS = PANEL / 64, MOST_STAGES = 9, SUM_PITCH = 20;

static __device__ __forceinline__ void workers_meet() { asm volatile("bar.sync 1, %0;" ::"n"(THREADS) : "memory"); }

// The lines of weights that a lane has: two, eight apart, perhaps of different layers.
struct Lines {
  const sotto_cuda_matrix *matrices[2];
  Row rows[2];
  __device__ __forceinline__ Lines(const sotto_cuda_linear &a, int first, int last) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      int line = min(first + 8 * i, last - 1), layer = 0;
      while (layer + 1 < a.layer_count && line >= a.layers[layer].weight.rows) line -= (int)a.layers[layer++].weight.rows;
      matrices[i] = &a.layers[layer].weight;
      rows[i] = row_of(*matrices[i], 0, line);
    }
  }
};

template <int FORMAT, int TILES>
static __device__ __forceinline__ void multiply_panels(const sotto_cuda_linear &a) {
  typedef Fragment<FORMAT> Weights;
  const int ROWS = 8 * TILES, BYTES = ROWS * (PITCH + 4 * SUMS), OWN_SUMS = ROWS * SUM_PITCH;
  // As many as the registers hold.
  const int AHEAD = FORMAT == SOTTO_CUDA_FOURS ? 4 : FORMAT == SOTTO_CUDA_BYTES || TILES == 2 ? 3 : 2;
  extern __shared__ __align__(128) uint8_t memory[];
  __shared__ __align__(8) uint64_t full[MOST_STAGES], empty[MOST_STAGES];
  float *const parts_memory = (float *)(memory + a.stages * BYTES);
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  // Parts of the columns, and the tile of 16 outputs and the part that the warp has.
  const int parts = a.column_parts, tiles = (a.stage_rows + 15) / 16, own_tile = warp / parts, part = warp % parts;
  const int columns = (int)a.layers[0].weight.columns, units = columns / 64, panels = (columns + PANEL - 1) / PANEL;
  const int first = (int)(a.outputs * blockIdx.x / gridDim.x), last = (int)(a.outputs * (blockIdx.x + 1) / gridDim.x);
  const bool works = own_tile < tiles && first < last;
  let_next_start();
  if (threadIdx.x == 0) {
    for (int i = 0; i < a.stages; i++) barrier_create(full + i, 1), barrier_create(empty + i, tiles * parts);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  }
  __syncthreads();
  if (warp == WARPS) {
    asm volatile("griddepcontrol.wait;" ::: "memory");
    if (lane > 0) return;
    int stage = 0, phase = 1;
    for (int at = first; at < last; at += a.stage_rows)
      for (int panel = 0; panel < panels; panel++) {
        barrier_wait(empty + stage, phase);
        barrier_expect(full + stage, BYTES);
        bulk_copy(memory + stage * BYTES, a.halves + (int64_t)panel * BYTES, BYTES, full + stage);
        if (++stage == a.stages) stage = 0, phase ^= 1;
      }
    return;
  }

  Weights weights[AHEAD][2];
  auto load = [&](const Lines &lines, Weights (&to)[2], int unit) {
#pragma unroll
    for (int i = 0; i < 2; i++) to[i].load(*lines.matrices[i], lines.rows[i], unit, t);
  };
  auto begin = [&](const Lines &lines) {
#pragma unroll
    for (int k = 0; k < AHEAD; k++)
      if (part + k * parts < units) load(lines, weights[k], part + k * parts);
  };
  Lines lines(a, first + 16 * own_tile + g, max(last, 1));
  if (works) begin(lines);
  asm volatile("griddepcontrol.wait;" ::: "memory");
  int stage = 0, phase = 0;
  for (int at = first; at < last; at += a.stage_rows) {
    float sums[TILES][4] = {};
    if (works) {
      int panel = -1;
      // Gives up the panels before this one, and waits for it.
      auto go_to = [&](int next) {
#pragma unroll 1
        while (panel < next) {
          if (panel >= 0) {
            __syncwarp();
            if (lane == 0) barrier_arrive(empty + stage);
            if (++stage == a.stages) stage = 0, phase ^= 1;
          }
          panel++;
          if (panel < panels) barrier_wait(full + stage, phase);
        }
      };
#pragma unroll 1
      for (int from = part; from < units; from += AHEAD * parts)
#pragma unroll
        for (int k = 0; k < AHEAD; k++) {
          const int unit = from + k * parts;
          if (unit >= units) break;
          go_to((int)((uint32_t)unit / UNITS));
          const uint8_t *here = memory + stage * BYTES, *x = here + g * PITCH + 16 * t;
          const float *of_inputs = (const float *)(here + ROWS * PITCH) + 2 * t;
#pragma unroll
          for (int b = 0; b < 2; b++) {
            const uint32_t column = (uint32_t)Weights::column(unit, b) % PANEL;
            multiply_block<FORMAT, TILES>(
                weights[k], b, sums, [&](int i) { return *(const uint4 *)(x + 8 * i * PITCH + 2 * column); },
                [&](int i, int c) { return of_inputs[column / 32 * ROWS + 8 * i + c]; });
          }
          if (unit + AHEAD * parts < units) load(lines, weights[k], unit + AHEAD * parts);
        }
      go_to(panels);
      if (at + a.stage_rows < last) {
        lines = Lines(a, at + a.stage_rows + 16 * own_tile + g, last);
        begin(lines);
      }
      // Includes lines and rows beyond the tile; their sums are not added.
      float *own = parts_memory + warp * OWN_SUMS + 2 * t * SUM_PITCH + g;
#pragma unroll
      for (int i = 0; i < TILES; i++)
#pragma unroll
        for (int c = 0; c < 4; c++) own[(8 * i + c % 2) * SUM_PITCH + c / 2 * 8] = sums[i][c];
    }
    workers_meet();
    const int line = threadIdx.x % 16, count = min(a.stage_rows, last - at);
    for (int row = threadIdx.x / 16; row < a.tokens; row += THREADS / 16)
      for (int tile = 0; 16 * tile + line < count; tile++) {
        int output = at + 16 * tile + line, index = 0;
        while (index + 1 < a.layer_count && output >= a.layers[index].weight.rows)
          output -= (int)a.layers[index++].weight.rows;
        const sotto_cuda_layer &layer = a.layers[index];
        const int64_t column = layer.first + output;
        float sum = 0, added = layer.bias ? layer.bias[output] : 0.0f;
        if (a.residual.data) added += a.residual.data[row * a.residual.stride + column];
        const float *from = parts_memory + tile * parts * OWN_SUMS + row * SUM_PITCH + line;
        for (int k = 0; k < parts; k++) sum += from[k * OWN_SUMS];
        a.y[row * a.y_stride + column] = sum * Weights::factor() + added;
      }
    if (at + a.stage_rows < last) workers_meet();
  }
}
#else
template <int FORMAT, int TILES>
static __device__ __forceinline__ void multiply_panels(const sotto_cuda_linear &) {}
#endif

// grid: (multiprocessors). Columns: a multiple of 64. Dynamic shared memory: stages of 608 bytes a row (16 or 32 rows), and 15
// warps' sums of 80 bytes a row.
#define PANEL_KERNELS(name, format)                                                                        \
  KERNEL(sotto_panels_16_##name, sotto_cuda_linear, ALL_THREADS) { multiply_panels<format, 2>(a); }       \
  KERNEL(sotto_panels_32_##name, sotto_cuda_linear, ALL_THREADS) { multiply_panels<format, 4>(a); }
PANEL_KERNELS(bytes, SOTTO_CUDA_BYTES)
PANEL_KERNELS(fours, SOTTO_CUDA_FOURS)
PANEL_KERNELS(superfours, SOTTO_CUDA_SUPERFOURS)
PANEL_KERNELS(sixes, SOTTO_CUDA_SIXES)
PANEL_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
PANEL_KERNELS(bf16, SOTTO_CUDA_BF16)
PANEL_KERNELS(f16, SOTTO_CUDA_F16)
