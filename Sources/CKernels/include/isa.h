// Which instruction sets this machine has, and how one operation is compiled for each of them.
//
// An operation's file holds one always-inlined body and a wrapper per level, marked with the level's
// attribute so that the compiler vectorises the body for it; hand-written paths use the same attributes.
// A table indexed by `sotto_isa()` picks the wrapper. Levels are ordered: a higher one implies the lower.
#pragma once

typedef enum {
  SOTTO_ISA_PORTABLE = 0,
  SOTTO_ISA_NEON = 1,    // arm64 baseline with the dot-product extension
  SOTTO_ISA_AVX2 = 2,    // AVX2, FMA, F16C
  SOTTO_ISA_AVX512 = 3,  // AVX-512 F, BW, VL, DQ, VNNI and BF16 (Zen 4, Sapphire Rapids and later)
  SOTTO_ISA_LEVELS = 4
} sotto_isa_level;

/// The level in use: the machine's best, or a lower one that SOTTO_ISA (portable, neon, avx2, avx512) asks for.
/// Costs two loads after the first call.
sotto_isa_level sotto_isa(void);
/// Tests only: this thread, and the pools that it runs, use `level` from now on if the machine has it. Other threads
/// keep theirs, so that tests can run side by side. Returns the level now in use.
sotto_isa_level sotto_set_isa(sotto_isa_level level);
/// What this thread has chosen, or -1; and the way to take over another thread's choice.
int sotto_chosen_isa(void);
void sotto_adopt_isa(int choice);
/// "portable", "neon", "avx2" or "avx512".
const char *sotto_isa_name(sotto_isa_level level);

#if defined(__x86_64__)
#define SOTTO_TARGET_AVX2 __attribute__((target("avx2,fma,f16c,bmi,bmi2")))
#define SOTTO_TARGET_AVX512 \
  __attribute__((target("avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx512vbmi")))
#endif
#if defined(__aarch64__)
#define SOTTO_TARGET_NEON __attribute__((target("dotprod")))
#endif
#define SOTTO_INLINE static inline __attribute__((always_inline))
