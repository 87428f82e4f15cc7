// Attention over float16 pages on tensor cores (mma.sync m16n8k16, float16 operands, float32 sums), one pass with an online
// softmax: a tile holds WARPS * 16 pairs of a query row and a query head of one key-value head, so that a page is read once
// for all of them. The pages' layout (see attention.cu) gives keys and values as the second operand by transposing loads.
//
// Operations: 4 * heads * positions * head_size a row; floor for prompts: those over the float16 rate. Bytes: the pages'
// once for each tile; floor for one row: those over the memory bandwidth.
#include "pages.cuh"

// grid: (tiles of all sequences, key-value heads, splits)
template <int SIZE, int WARPS>
static __device__ __forceinline__ void attend(const sotto_cuda_attention &a) {
  const int STEPS = SIZE / 16, BYTES = PAGE * SIZE * 4, STAGES = WARPS > 1 ? 2 : 1;
  extern __shared__ __align__(128) uint8_t memory[];
  wait_for_inputs();
  const sotto_cuda_layout &o = a.layout;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, kv_head = blockIdx.y, group = a.heads / o.heads;
  const int tile_rows = WARPS * 16 / group;
  // The heaviest tiles first.
  int tile = gridDim.x - 1 - blockIdx.x, index = 0;
  for (; index + 1 < a.sequence_count; index++) {
    int tiles = (a.sequences[index].rows + tile_rows - 1) / tile_rows;
    if (tile < tiles) break;
    tile -= tiles;
  }
  const sotto_cuda_sequence &s = a.sequences[index];
  const int first_row = tile * tile_rows, rows = min(tile_rows, s.rows - first_row);
  // Positions are counted from the first one held.
  const int first_position = advance_of(a.advance) + s.length - s.rows + first_row - s.origin, last_position = first_position + rows - 1;
  const int all_first = a.window ? max(first_position - a.window + 1, 0) / PAGE : 0, all_last = last_position / PAGE + 1;
  const int first_page = all_first + blockIdx.z * a.split_pages;
  const int last_page = a.splits > 1 ? min(all_last, first_page + a.split_pages) : all_last;

  // This thread's two pairs of a row and a head.
  int row[2], head[2], position[2], low[2];
  bool is_here[2];
  uint32_t query[STEPS][4];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    int pair = warp * 16 + lane / 4 + 8 * i;
    is_here[i] = pair < rows * group;
    row[i] = is_here[i] ? pair / group : 0;
    head[i] = kv_head * group + (is_here[i] ? pair % group : 0);
    position[i] = first_position + row[i];
    low[i] = a.window ? max(position[i] - a.window + 1, 0) : 0;
    row[i] += s.row + first_row;
    const float *q = a.query.data + row[i] * a.query.stride + (int64_t)head[i] * SIZE + lane % 4 * 2;
#pragma unroll
    for (int k = 0; k < STEPS; k++) {
      query[k][i] = packed(q[16 * k] * a.scale, q[16 * k + 1] * a.scale);
      query[k][i + 2] = packed(q[16 * k + 8] * a.scale, q[16 * k + 9] * a.scale);
    }
  }

  float sums[SIZE / 8][4] = {}, tops[2] = {-INFINITY, -INFINITY}, totals[2] = {0, 0};
  auto page_at = [&](int page) { return ((const uint8_t *const *)s.memory)[page] + kv_head * (int64_t)BYTES; };
  if (first_page < last_page) fetch<SIZE, WARPS * 32>(memory, page_at(first_page), threadIdx.x);
  for (int page = first_page; page < last_page; page++) {
    uint8_t *here = memory + (page - first_page) % STAGES * BYTES;
    if (STAGES == 2 && page + 1 < last_page) {
      fetch<SIZE, WARPS * 32>(memory + (page + 1 - first_page) % 2 * BYTES, page_at(page + 1), threadIdx.x);
      asm volatile("cp.async.wait_group 1;");
    } else {
      asm volatile("cp.async.wait_group 0;");
    }
    __syncthreads();
    attend_page<SIZE, 2>(here, query, sums, tops, totals, [&](int i, int at, float x) {
      if (a.softcap > 0) x = a.softcap * tanhf(x / a.softcap);
      at += page * PAGE;
      return at >= low[i] && at <= position[i] ? x * 1.4426950408889634f : -INFINITY;
    });
    __syncthreads();
    if (STAGES == 1 && page + 1 < last_page) fetch<SIZE, WARPS * 32>(memory, page_at(page + 1), threadIdx.x);
  }
#pragma unroll
  for (int i = 0; i < 2; i++) {
    totals[i] += __shfl_xor_sync(~0u, totals[i], 1);
    totals[i] += __shfl_xor_sync(~0u, totals[i], 2);
    if (!is_here[i]) continue;
    float factor = 1, total = totals[i], top = tops[i] * 0.69314718055994531f;
    float *y = a.y + ((int64_t)row[i] * a.heads + head[i]) * SIZE;
    if (a.splits > 1) {
      y = a.partials + (((int64_t)row[i] * a.heads + head[i]) * a.splits + blockIdx.z) * (SIZE + 2);
      if (lane % 4 == 0) y[SIZE] = total, y[SIZE + 1] = top;
    } else {
      if (a.sinks) {
        float sink = a.sinks[head[i]], larger = fmaxf(top, sink);
        factor = expf(top - larger);
        total = total * factor + expf(sink - larger);
      }
      factor /= total;
    }
#pragma unroll
    for (int n = 0; n < SIZE / 8; n++)
#pragma unroll
      for (int c = 0; c < 2; c++) y[8 * n + lane % 4 * 2 + c] = sums[n][2 * i + c] * factor;
  }
}
KERNEL(sotto_attention_tile_64, sotto_cuda_attention, 128) { attend<64, 4>(a); }
KERNEL(sotto_attention_tile_128, sotto_cuda_attention, 128) { attend<128, 4>(a); }
KERNEL(sotto_attention_row_64, sotto_cuda_attention, 32) { attend<64, 1>(a); }
KERNEL(sotto_attention_row_128, sotto_cuda_attention, 32) { attend<128, 1>(a); }
