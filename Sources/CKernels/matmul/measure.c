// The machine's limits as relevant to products: the 8-bit dot product from registers, and sequential memory reads by
// all workers. Benchmarks report shares of these.
#define _POSIX_C_SOURCE 199309L  // clock_gettime
#include <stdatomic.h>
#include <time.h>

#include "product.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

enum { CHAINS = 12, CHUNK = 1 << 18 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

// Each returns the integer operations of one repetition; `sink` keeps the results alive.
typedef double (*integer_loop)(long repetitions, volatile unsigned *sink);

#if defined(__x86_64__)
SOTTO_TARGET_AVX512 static double loop_avx512(long repetitions, volatile unsigned *sink) {
  __m512i sums[CHAINS], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_set1_epi32(i);
  for (long n = 0; n < repetitions; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  for (int i = 0; i < CHAINS; i++) *sink += (unsigned)_mm512_reduce_add_epi32(sums[i]);
  return CHAINS * 128.0;
}

SOTTO_TARGET_AVX2 static double loop_avx2(long repetitions, volatile unsigned *sink) {
  __m256i sums[CHAINS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
  for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_set1_epi32(i);
  for (long n = 0; n < repetitions; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) {
      __m256i pairs = _mm256_maddubs_epi16(a, b);
      __asm__ volatile("" : "+x"(a), "+x"(pairs));
      sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(pairs, ones));
    }
  }
  for (int i = 0; i < CHAINS; i++) *sink += (unsigned)_mm256_extract_epi32(sums[i], 0);
  return CHAINS * 64.0;
}

__attribute__((target("avx2,avxvnni"))) static double loop_vnni(long repetitions, volatile unsigned *sink) {
  __m256i sums[CHAINS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5);
  for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_set1_epi32(i);
  for (long n = 0; n < repetitions; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) sums[i] = _mm256_dpbusd_avx_epi32(sums[i], a, b);
    __asm__ volatile("" : "+x"(a), "+x"(b));
  }
  for (int i = 0; i < CHAINS; i++) *sink += (unsigned)_mm256_extract_epi32(sums[i], 0);
  return CHAINS * 64.0;
}
#elif defined(__aarch64__)
SOTTO_TARGET_NEON static double loop_neon(long repetitions, volatile unsigned *sink) {
  int32x4_t sums[CHAINS];
  int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(5);
  for (int i = 0; i < CHAINS; i++) sums[i] = vdupq_n_s32(i);
  for (long n = 0; n < repetitions; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) sums[i] = vdotq_s32(sums[i], a, b);
    __asm__ volatile("" : "+w"(a), "+w"(b));
  }
  for (int i = 0; i < CHAINS; i++) *sink += (unsigned)vaddvq_s32(sums[i]);
  return CHAINS * 32.0;
}

__attribute__((target("i8mm"))) static double loop_i8mm(long repetitions, volatile unsigned *sink) {
  int32x4_t sums[CHAINS];
  int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(5);
  for (int i = 0; i < CHAINS; i++) sums[i] = vdupq_n_s32(i);
  for (long n = 0; n < repetitions; n++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < CHAINS; i++) sums[i] = vmmlaq_s32(sums[i], a, b);
    __asm__ volatile("" : "+w"(a), "+w"(b));
  }
  for (int i = 0; i < CHAINS; i++) *sink += (unsigned)vaddvq_s32(sums[i]);
  return CHAINS * 64.0;
}
#endif

static double loop_portable(long repetitions, volatile unsigned *sink) {
  uint32_t sums[16] = {0};  // may wrap around, like the vectors
  int8_t a[64], b[4] = {1, 2, 3, 4};
  for (int i = 0; i < 64; i++) a[i] = (int8_t)i;
  for (long n = 0; n < repetitions; n++) {
    for (int r = 0; r < 16; r++)
      for (int i = 0; i < 4; i++) sums[r] += (uint32_t)(a[4 * r + i] * b[i]);
    __asm__ volatile("" : : "r"(a), "r"(b) : "memory");
  }
  for (int r = 0; r < 16; r++) *sink += sums[r];
  return 128;
}

static integer_loop best_loop(void) {
  switch (sotto_isa()) {
#if defined(__x86_64__)
    case SOTTO_ISA_AVX512: return loop_avx512;
    case SOTTO_ISA_AVX2: return sotto_has_extension() ? loop_vnni : loop_avx2;
#elif defined(__aarch64__)
    case SOTTO_ISA_NEON: return sotto_has_extension() ? loop_i8mm : loop_neon;
#endif
    default: return loop_portable;
  }
}

typedef struct {
  integer_loop loop;
  long repetitions;
  const uint8_t *buffer;
  size_t bytes;
  double operations;
  atomic_size_t next;
} measurement;

static void peak_task(void *context, int worker, int workers) {
  (void)workers;
  measurement *m = context;
  volatile unsigned sink = 0;
  double operations = m->loop(m->repetitions, &sink);
  if (worker == 0) m->operations = operations;
}

double sotto_measure_int8_peak(sotto_pool *pool) {
  measurement m = {.loop = best_loop(), .repetitions = 1000};
  double best = 0, begin = seconds(), taken = 0;
  while (seconds() - begin < 0.02 || best == 0) {
    double start = seconds();
    sotto_pool_run(pool, peak_task, &m);
    taken = seconds() - start;
    double rate = m.operations * (double)m.repetitions * sotto_pool_threads(pool) / taken;
    if (rate > best) best = rate;
    // Long enough that the start of the threads is negligible.
    if (taken < 0.002) m.repetitions *= 2;
  }
  return best;
}

/// Sums up everything: ordinary code, with hardware prefetching and a hint further ahead.
static void read_task(void *context, int worker, int workers) {
  (void)worker, (void)workers;
  measurement *m = context;
  uint64_t total = 0;
  for (;;) {
    size_t start = atomic_fetch_add_explicit(&m->next, CHUNK, memory_order_relaxed);
    if (start >= m->bytes) break;
    size_t end = start + CHUNK < m->bytes ? start + CHUNK : m->bytes;
    for (size_t i = start; i + 64 <= end; i += 64) {
      uint64_t words[8];
      __builtin_memcpy(words, m->buffer + i, 64);
      __builtin_prefetch(m->buffer + i + 2048);
      for (int w = 0; w < 8; w++) total += words[w];
    }
  }
  __asm__ volatile("" : : "r"(total));
}

double sotto_measure_read_bandwidth(sotto_pool *pool, const void *buffer, size_t bytes) {
  measurement m = {.buffer = buffer, .bytes = bytes};
  double best = 0;
  for (int pass = 0; pass < 4; pass++) {
    atomic_store(&m.next, 0);
    double start = seconds();
    sotto_pool_run(pool, read_task, &m);
    double rate = (double)bytes / (seconds() - start);
    if (rate > best) best = rate;
  }
  return best;
}
