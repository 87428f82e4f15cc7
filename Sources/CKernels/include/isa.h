// The instruction sets of this machine, and how an operation is compiled for each of them.
//
// An operation's file has one always-inlined body and a wrapper per level with the level's target attribute, so that
// the compiler vectorises the body for it. Hand-written code uses the same attributes. A table indexed by
// `sotto_isa()` selects the wrapper. Levels are ordered: a higher one implies the lower.
#pragma once

typedef enum {
  SOTTO_ISA_PORTABLE = 0,
  SOTTO_ISA_NEON = 1,    // arm64 baseline with the dot-product extension
  SOTTO_ISA_AVX2 = 2,    // AVX2, FMA, F16C
  SOTTO_ISA_AVX512 = 3,  // AVX-512 F, BW, VL, DQ, VNNI and BF16 (Zen 4, Sapphire Rapids and later)
  SOTTO_ISA_LEVELS = 4
} sotto_isa_level;

/// The level in use: the machine's best, or a lower one set by SOTTO_ISA (portable, neon, avx2, avx512). Costs two
/// loads after the first call.
sotto_isa_level sotto_isa(void);
/// Tests only: sets the level of this thread and of the pools it runs, if the machine supports it. Other threads keep
/// theirs, so that tests can run concurrently. Returns the level in use.
sotto_isa_level sotto_set_isa(sotto_isa_level level);
/// This thread's level, or -1 if it was not set; and a way to copy another thread's level.
int sotto_chosen_isa(void);
void sotto_adopt_isa(int choice);
/// Whether products use the integer instructions that some processors have beside those of the level: AVX-VNNI beside
/// AVX2, i8mm beside NEON. SOTTO_EXTENSIONS=0 in the environment turns them off.
int sotto_has_extension(void);
/// Whether gathers of 16 numbers with AVX-512 take about as long as loads of them: on Intel's processors. On others
/// products of few tokens avoid them. Turned off in the same way.
int sotto_has_fast_gathers(void);
/// Whether products of several tokens use AMX's dot product of tiles beside AVX-512. Turned off in the same way. The
/// first call asks Linux to save the tiles of this process's threads.
int sotto_has_amx(void);
/// Tests only: whether products of this thread may use these.
void sotto_allow_extension(int allowed);
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
