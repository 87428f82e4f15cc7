// Detects the instruction set, once, when the first kernel is called.
#define _GNU_SOURCE  // syscall
#include "isa.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

static const char *const names[SOTTO_ISA_LEVELS] = {"portable", "neon", "avx2", "avx512"};

const char *sotto_isa_name(sotto_isa_level level) {
  return (unsigned)level < SOTTO_ISA_LEVELS ? names[level] : "unknown";
}

static sotto_isa_level best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
             __builtin_cpu_supports("bmi2");
  int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16") &&
               __builtin_cpu_supports("avx512vbmi");
  if (avx2 && avx512) return SOTTO_ISA_AVX512;
  if (avx2) return SOTTO_ISA_AVX2;
#elif defined(__aarch64__)
  return SOTTO_ISA_NEON;
#endif
  return SOTTO_ISA_PORTABLE;
}

static int available(sotto_isa_level level) {
  sotto_isa_level best = best_level();
  if (level == SOTTO_ISA_PORTABLE || level == best) return 1;
  return best == SOTTO_ISA_AVX512 && level == SOTTO_ISA_AVX2;
}

// The program's level, and this thread's own level; -1 for none.
static _Atomic int current = -1;
static _Thread_local int chosen = -1;

sotto_isa_level sotto_isa(void) {
  if (chosen >= 0) return (sotto_isa_level)chosen;
  int level = atomic_load_explicit(&current, memory_order_relaxed);
  if (level >= 0) return (sotto_isa_level)level;
  level = (int)best_level();
  const char *wanted = getenv("SOTTO_ISA");
  for (int i = 0; wanted && i < SOTTO_ISA_LEVELS; i++)
    if (strcmp(wanted, names[i]) == 0 && available((sotto_isa_level)i)) level = i;
  atomic_store_explicit(&current, level, memory_order_relaxed);
  return (sotto_isa_level)level;
}

sotto_isa_level sotto_set_isa(sotto_isa_level level) {
  if ((unsigned)level < SOTTO_ISA_LEVELS && available(level)) chosen = (int)level;
  return sotto_isa();
}

int sotto_chosen_isa(void) { return chosen; }

void sotto_adopt_isa(int choice) { chosen = choice; }

static int detect_extension(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avxvnni") != 0;
#elif defined(__aarch64__) && defined(__linux__)
  enum { HAS_I8MM = 1 << 13 };  // HWCAP2_I8MM, which older headers lack
  return (getauxval(AT_HWCAP2) & HAS_I8MM) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname("hw.optional.arm.FEAT_I8MM", &value, &size, NULL, 0) == 0 && value;
#else
  return 0;
#endif
}

static int detect_fast_gathers(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_is("intel") != 0;
#else
  return 0;
#endif
}

#if defined(__x86_64__) && defined(__linux__)
__attribute__((target("xsave"))) static int are_tiles_saved(void) {
  enum { TILE_CONFIGURATION = 1 << 17, TILE_DATA = 1 << 18 };
  return (__builtin_ia32_xgetbv(0) & (TILE_CONFIGURATION | TILE_DATA)) == (TILE_CONFIGURATION | TILE_DATA);
}
#endif

/// The processor has the instructions, and the system saves the tiles of this process's threads: Linux does so on
/// demand (see arch_prctl(2) and Documentation/arch/x86/xstate.rst).
static int detect_amx(void) {
#if defined(__x86_64__) && defined(__linux__)
  enum { OSXSAVE = 1 << 27, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  if ((d & (AMX_TILE | AMX_INT8)) != (AMX_TILE | AMX_INT8) || !are_tiles_saved()) return 0;
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return 0;
#endif
}

static _Thread_local int is_forbidden;

/// Whether the environment allows what some processors have beside the level.
static int are_extensions_wanted(void) {
  const char *wanted = getenv("SOTTO_EXTENSIONS");
  return !wanted || strcmp(wanted, "0") != 0;
}

/// What `detect` returns, from the first call on kept in `known`, unless the environment or this thread forbids it.
static int kept_answer(_Atomic int *known, int (*detect)(void)) {
  int value = atomic_load_explicit(known, memory_order_relaxed);
  if (value < 0) {
    value = are_extensions_wanted() && detect();
    atomic_store_explicit(known, value, memory_order_relaxed);
  }
  return value && !is_forbidden;
}

int sotto_has_extension(void) {
  static _Atomic int known = -1;
  return kept_answer(&known, detect_extension);
}

int sotto_has_fast_gathers(void) {
  static _Atomic int known = -1;
  return kept_answer(&known, detect_fast_gathers);
}

int sotto_has_amx(void) {
  static _Atomic int known = -1;
  return kept_answer(&known, detect_amx);
}

void sotto_allow_extension(int allowed) { is_forbidden = !allowed; }
