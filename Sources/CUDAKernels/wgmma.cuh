// Products by warpgroups (wgmma, compute capability 9.0 only), and what they wait with.
#pragma once
#include "common.cuh"

#ifdef __CUDA_ARCH_FEAT_SM90_ALL
#define SOTTO_T0 "%0, %1, %2, %3, %4, %5, %6, %7"
#define SOTTO_T1 SOTTO_T0 ", %8, %9, %10, %11, %12, %13, %14, %15"
#define SOTTO_T2 SOTTO_T1 ", %16, %17, %18, %19, %20, %21, %22, %23"
#define SOTTO_T3 SOTTO_T2 ", %24, %25, %26, %27, %28, %29, %30, %31"
#define SOTTO_T4 SOTTO_T3 ", %32, %33, %34, %35, %36, %37, %38, %39"
#define SOTTO_T5 SOTTO_T4 ", %40, %41, %42, %43, %44, %45, %46, %47"
#define SOTTO_T6 SOTTO_T5 ", %48, %49, %50, %51, %52, %53, %54, %55"
#define SOTTO_T7 SOTTO_T6 ", %56, %57, %58, %59, %60, %61, %62, %63"
#define SOTTO_T3_5 SOTTO_T3 ", %32, %33, %34, %35"
#define SOTTO_D(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SOTTO_D0 SOTTO_D(0), SOTTO_D(4)
#define SOTTO_D1 SOTTO_D0, SOTTO_D(8), SOTTO_D(12)
#define SOTTO_D2 SOTTO_D1, SOTTO_D(16), SOTTO_D(20)
#define SOTTO_D3 SOTTO_D2, SOTTO_D(24), SOTTO_D(28)
#define SOTTO_D3_5 SOTTO_D3, SOTTO_D(32)
#define SOTTO_D4 SOTTO_D3, SOTTO_D(32), SOTTO_D(36)
#define SOTTO_D5 SOTTO_D4, SOTTO_D(40), SOTTO_D(44)
#define SOTTO_D6 SOTTO_D5, SOTTO_D(48), SOTTO_D(52)
#define SOTTO_D7 SOTTO_D6, SOTTO_D(56), SOTTO_D(60)

// d += the warp's 16 by 16 float16 numbers of the first operand times 16 by N of the second, which is in shared memory. N / 2
// numbers of d.
template <int N, int COUNT>
static __device__ void multiply(float (&d)[COUNT], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint64_t b);
#define SOTTO_MULTIPLY(n, texts, sums, A, B, C)                                                                           \
  template <>                                                                                                             \
  __device__ __forceinline__ void multiply<n, 64>(float (&d)[64], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3,      \
                                              uint64_t b) {                                                               \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, " C ", 0;\n"                                                           \
                 "wgmma.mma_async.sync.aligned.m64n" #n "k16.f32.f16.f16 {" texts "}, {" A "}, " B ", p, 1, 1, 0;\n}"     \
                 : sums                                                                                                   \
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b), "r"(1));                                                   \
  }
SOTTO_MULTIPLY(32, SOTTO_T1, SOTTO_D1, "%16, %17, %18, %19", "%20", "%21")
SOTTO_MULTIPLY(64, SOTTO_T3, SOTTO_D3, "%32, %33, %34, %35", "%36", "%37")
SOTTO_MULTIPLY(72, SOTTO_T3_5, SOTTO_D3_5, "%36, %37, %38, %39", "%40", "%41")
SOTTO_MULTIPLY(80, SOTTO_T4, SOTTO_D4, "%40, %41, %42, %43", "%44", "%45")
SOTTO_MULTIPLY(96, SOTTO_T5, SOTTO_D5, "%48, %49, %50, %51", "%52", "%53")
SOTTO_MULTIPLY(112, SOTTO_T6, SOTTO_D6, "%56, %57, %58, %59", "%60", "%61")
SOTTO_MULTIPLY(128, SOTTO_T7, SOTTO_D7, "%64, %65, %66, %67", "%68", "%69")

// Rows of 128 bytes, eight of which are permuted together (128-byte swizzle).
static __device__ __forceinline__ uint64_t described(uint32_t address) {
  return (address & 0x3ffff) >> 4 | 1ull << 16 | 64ull << 32 | 1ull << 62;
}
static __device__ __forceinline__ void multiply_begin() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
static __device__ __forceinline__ void multiply_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int PENDING>
static __device__ __forceinline__ void multiply_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

static __device__ __forceinline__ void barrier_create(uint32_t barrier, int count) {
  asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(barrier), "r"(count) : "memory");
}
static __device__ __forceinline__ void barrier_arrive(uint32_t barrier) {
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(barrier) : "memory");
}
static __device__ __forceinline__ void barrier_expect(uint32_t barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
static __device__ __forceinline__ void barrier_wait(uint32_t barrier, int phase) {
  asm volatile("{\n.reg .pred done;\nwaiting:\n"
               "mbarrier.try_wait.parity.shared.b64 done, [%0], %1;\n@!done bra waiting;\n}" ::"r"(barrier), "r"(phase)
               : "memory");
}
// `bytes` is a multiple of 16, as are both addresses.
static __device__ __forceinline__ void bulk_copy(uint32_t to, const void *from, int bytes, uint32_t barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to), "l"(from),
               "r"(bytes), "r"(barrier)
               : "memory");
}
#endif
