// Compiles the file SOTTO_BODY once for every instruction set of this architecture.
//
// vector.h is included before it. The body writes each function's name as LEVEL(name); LEVELS(name) is the table of
// its variants, indexed by `sotto_isa()`. All functions in the body carry the level's target attribute, so the
// 16-number vectors of vector.h become one, two or four registers. LEVEL_ISA is the level. (The strings repeat those
// of isa.h: a pragma does not expand macros.)
#include "isa.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#pragma clang diagnostic push
// Vectors wider than a level's registers never cross a call: functions with vector parameters or results are inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define LEVEL_ISA SOTTO_ISA_PORTABLE
#define LEVEL_PORTABLE 1
#define LEVEL(name) name##_portable
#include "vector.h"
#include SOTTO_BODY
#undef LEVEL
#undef LEVEL_PORTABLE
#undef LEVEL_ISA

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#define LEVEL_ISA SOTTO_ISA_AVX2
#define LEVEL_AVX2 1
#define LEVEL(name) name##_avx2
#include "vector.h"
#include SOTTO_BODY
#undef LEVEL
#undef LEVEL_AVX2
#undef LEVEL_ISA
#pragma clang attribute pop

#pragma clang attribute push(                                                                                \
    __attribute__((target(                                                                                   \
        "avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx512vbmi"))), \
    apply_to = function)
#define LEVEL_ISA SOTTO_ISA_AVX512
#define LEVEL_AVX512 1
#define LEVEL(name) name##_avx512
#include "vector.h"
#include SOTTO_BODY
#undef LEVEL
#undef LEVEL_AVX512
#undef LEVEL_ISA
#pragma clang attribute pop

#define LEVELS(name) {name##_portable, name##_portable, name##_avx2, name##_avx512}

#elif defined(__aarch64__)

#define LEVEL_ISA SOTTO_ISA_NEON
#define LEVEL_NEON 1
#define LEVEL(name) name##_neon
#include "vector.h"
#include SOTTO_BODY
#undef LEVEL
#undef LEVEL_NEON
#undef LEVEL_ISA

#define LEVELS(name) {name##_portable, name##_neon, name##_neon, name##_neon}

#else

#define LEVELS(name) {name##_portable, name##_portable, name##_portable, name##_portable}

#endif

#pragma clang diagnostic pop
