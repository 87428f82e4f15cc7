// Products of many rows with a matrix in 4, 6 or 8 bits by warpgroups (wgmma, compute capability 9.0 only): 128 outputs a
// block, weights as the first operand, expanded to float16 in the registers that multiply them, so that they never pass
// through shared memory; 64 to 128 rows of inputs, rounded to float16 before, as the second operand; sums are float32.
//
// Operations: 2 * rows * outputs * columns; floor: those over the float16 rate (798 TFLOP/s measured on an H100), or the
// matrix's bytes over the memory bandwidth below about 100 rows.
#include "blocks.cuh"

// A step has 128 columns, 32 of them in each of four lanes. The inputs have the order in which the lanes' registers meet:
// pair i of the eight columns `part` of lane t is the word (2 * part + i / 2) * 8 + i % 2 * 4 + t of the step.
static const int STEP = 128;

// Inputs for these products. Rows have whole steps; zeros behind the last column. grid: (columns / 1024, rows)
KERNEL(sotto_permuted_kernel, sotto_cuda_halves, 128) {
  wait_for_inputs();
  const int column = (blockIdx.x * 128 + threadIdx.x) * 8, width = (a.columns + STEP - 1) / STEP * STEP;
  if (column >= width) return;
  const int lane = column % STEP / 32, part = column % 32 / 8;
  for (int row = blockIdx.y; row < a.rows; row += gridDim.y) {
    const float *x = a.x.data + row * a.x.stride + column;
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; i++) v[i] = column < a.columns ? x[i] : 0.0f;
    const uint4 pairs = ordered_halves(v, a.order);
    uint32_t *y = (uint32_t *)a.y + ((int64_t)row * width + column / STEP * STEP) / 2 + 16 * part + lane;
    y[0] = pairs.x, y[4] = pairs.y, y[8] = pairs.z, y[12] = pairs.w;
  }
}

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
static __device__ __forceinline__ void copy16(void *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from));
}

// d += the warp's 16 by 16 numbers of the first operand times 16 by N of the second, which is in shared memory.
template <int N>
__device__ void multiply(float (&d)[N / 2], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b);
template <>
__device__ __forceinline__ void multiply<64>(float (&d)[32], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %37, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.f16.f16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
               "{%32, %33, %34, %35}, %36, p, 1, 1, 0;\n}"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(1));
}
template <>
__device__ __forceinline__ void multiply<96>(float (&d)[48], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %53, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n96k16.f32.f16.f16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47}, "
               "{%48, %49, %50, %51}, %52, p, 1, 1, 0;\n}"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(1));
}
template <>
__device__ __forceinline__ void multiply<128>(float (&d)[64], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b) {
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %69, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n128k16.f32.f16.f16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
               "{%64, %65, %66, %67}, %68, p, 1, 1, 0;\n}"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(1));
}

// Rows of 128 bytes, eight of which are permuted together (128-byte swizzle).
static __device__ __forceinline__ uint64_t described(const void *p) {
  return (shared_address(p) & 0x3ffff) >> 4 | 1ull << 16 | 64ull << 32 | 1ull << 62;
}

template <int FORMAT, int N, bool OVERLAPS>
static __device__ __forceinline__ void multiply_rows(const sotto_cuda_linear &a, const sotto_cuda_layer &layer, Tile rows,
                                                     int first_output, uint8_t *memory, const int *places) {
  const int STAGES = 3, BYTES = N * 2 * STEP;
  const sotto_cuda_matrix &m = layer.weight;
  const int lane = threadIdx.x % 32, g = lane / 4, t = lane % 4, columns = (int)m.columns;
  const int steps = (columns + STEP - 1) / STEP, output = first_output + threadIdx.x / 32 * 16 + g;
  const Row weights[2] = {row_of(m, rows.matrix, min(output, (int)m.rows - 1)),
                          row_of(m, rows.matrix, min(output + 8, (int)m.rows - 1))};
  auto load_inputs = [&](int step) {
    if (step < steps) {
      uint8_t *to = memory + step % STAGES * BYTES;
#pragma unroll
      for (int k = 0; k < N / 16; k++) {
        const int i = k * 256 + threadIdx.x, row = i / 16, chunk = i % 16;
        copy16(to + chunk / 8 * (N * 128) + row * 128 + ((chunk % 8 ^ row % 8) * 16),
               a.halves + ((int64_t)places[row] * steps + step) * (2 * STEP) + chunk * 16);
      }
    }
    asm volatile("cp.async.commit_group;");
  };
  Block<FORMAT> next[2];
  auto load_weights = [&](int step) {
    const int column = step * STEP + 32 * t;
    if (column < columns) next[0].load(m, weights[0], column), next[1].load(m, weights[1], column);
  };
  float sums[N / 2];
#pragma unroll
  for (int i = 0; i < N / 2; i++) sums[i] = 0;
  auto expand = [&](int step, uint4 (&u)[4], uint4 (&l)[4]) {
    const bool is_here = step * STEP + 32 * t < columns;
#pragma unroll
    for (int i = 0; i < 4; i++) {
      u[i] = is_here ? next[0].expanded(i) : make_uint4(0, 0, 0, 0);
      l[i] = is_here ? next[1].expanded(i) : make_uint4(0, 0, 0, 0);
    }
    if (step + 1 < steps) load_weights(step + 1);
  };
  auto begin = [&](int step, const uint4 (&u)[4], const uint4 (&l)[4]) {
    asm volatile("cp.async.wait_group 1;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    // The stage of the step before is free: all have multiplied it.
    load_inputs(step + 2);
    const uint64_t inputs = described(memory + step % STAGES * BYTES);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int i = 0; i < 4; i++) {
      // 64 columns are 128 bytes of all rows; 16 columns are 32 bytes.
      const uint64_t here = inputs + (uint64_t)(i / 2 * (N * 128) / 16 + i % 2 * 4);
      multiply<N>(sums, u[i].x, l[i].x, u[i].y, l[i].y, here);
      multiply<N>(sums, u[i].z, l[i].z, u[i].w, l[i].w, here + 2);
    }
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  };
  auto end = [&] { asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory"); };
  load_weights(0);
  load_inputs(0);
  load_inputs(1);
  if constexpr (OVERLAPS) {
    // A step's weights are expanded while the one before is multiplied.
    uint4 upper[2][4], lower[2][4];
    expand(0, upper[0], lower[0]);
    for (int step = 0; step < steps; step += 2) {
      begin(step, upper[0], lower[0]);
      if (step + 1 < steps) expand(step + 1, upper[1], lower[1]);
      end();
      if (step + 1 == steps) break;
      begin(step + 1, upper[1], lower[1]);
      if (step + 2 < steps) expand(step + 2, upper[0], lower[0]);
      end();
    }
  } else {
    // Two blocks on a multiprocessor take turns.
    uint4 upper[4], lower[4];
    for (int step = 0; step < steps; step++) {
      expand(step, upper, lower);
      begin(step, upper, lower);
      end();
    }
  }
#pragma unroll
  for (int j = 0; j < N / 8; j++)
#pragma unroll
    for (int c = 0; c < 4; c++) {
      const int row = 8 * j + 2 * t + c % 2, at = output + c / 2 * 8;
      if (row < rows.count && at < m.rows) store_output(a, layer, rows.matrix, rows.first + row, at, sums[4 * j + c]);
    }
}

template <int FORMAT, int MOST>
static __device__ __forceinline__ void multiply_tile(const sotto_cuda_linear &a) {
  extern __shared__ __align__(128) uint8_t shared[];
  __shared__ int places[128];
  uint8_t *memory = shared + (1024 - shared_address(shared) % 1024) % 1024;
  wait_for_inputs();
  int tile = blockIdx.x;
  const sotto_cuda_layer &layer = a.layers[layer_of_tile(a, 128, &tile)];
  const Tile rows = tile_of(a, blockIdx.y, MOST);
  if (rows.count <= 0) return;
  if (threadIdx.x < 128) places[threadIdx.x] = input_row(a, rows.first + min((int)threadIdx.x, rows.count - 1));
  __syncthreads();
  if (MOST == 64)
    multiply_rows<FORMAT, 64, false>(a, layer, rows, tile * 128, memory, places);
  else if (rows.count <= 64)
    multiply_rows<FORMAT, 64, true>(a, layer, rows, tile * 128, memory, places);
  else if (rows.count <= 96)
    multiply_rows<FORMAT, 96, true>(a, layer, rows, tile * 128, memory, places);
  else
    multiply_rows<FORMAT, 128, true>(a, layer, rows, tile * 128, memory, places);
}
#else
template <int FORMAT, int MOST>
static __device__ __forceinline__ void multiply_tile(const sotto_cuda_linear &) {}
#endif

// grid: (tiles of 128 outputs of all layers, tiles of 64 or 128 rows). Dynamic shared memory: 49 or 97 KB.
#define GROUP_KERNELS(name, format)                                                                     \
  extern "C" __global__ void __launch_bounds__(256, 2)                                                  \
      sotto_groups_64_##name(const __grid_constant__ sotto_cuda_linear a) {                             \
    multiply_tile<format, 64>(a);                                                                       \
  }                                                                                                     \
  KERNEL(sotto_groups_128_##name, sotto_cuda_linear, 256) { multiply_tile<format, 128>(a); }
GROUP_KERNELS(bytes, SOTTO_CUDA_BYTES)
GROUP_KERNELS(fours, SOTTO_CUDA_FOURS)
GROUP_KERNELS(q4_K, SOTTO_CUDA_Q4_K)
GROUP_KERNELS(sixes, SOTTO_CUDA_SIXES)
GROUP_KERNELS(affine4, SOTTO_CUDA_AFFINE4)
