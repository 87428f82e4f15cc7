// Compiles the file that SOTTO_BODY names once for every instruction set of this architecture.
//
// vector.h comes before it. The body writes each function's name as LEVEL(name), and the table of a function's variants, indexed by
// `sotto_isa()`, is then LEVELS(name). Within the body all functions carry the level's target attribute, so the
// 16-number vectors of vector.h become one, two or four registers, and LEVEL_ISA tells which level it is.
// (The strings repeat those of isa.h: a pragma takes no macros.)
#include "isa.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#pragma clang diagnostic push
// Vectors wider than a level's registers never cross a call: what takes or returns them is always inlined.
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
