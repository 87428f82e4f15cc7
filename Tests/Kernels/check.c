// Runs every kernel at odd sizes with every instruction set of the machine, and compares each with the portable code.
//
// Built with warnings as errors for arm64 and run under qemu (check_arm64.sh: NEON against portable code), and built
// with sanitizers for this machine (check_sanitizers.sh).
#define _DEFAULT_SOURCE  // posix_memalign, mmap
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static uint64_t state;
/// Memory of the check under way: from malloc, or mapped where `bytes` is not 0.
static struct {
  void *memory;
  size_t bytes;
} held[8192];
static size_t held_count;
/// Results, and the largest number of the matrix that each belongs to.
static struct {
  float *numbers, *largest;
  size_t count, capacity;
  int is_closed;
} kept;
static int failures;

uint32_t check_bits(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 32);
}
float check_number(void) { return (float)(int32_t)check_bits() * 0x1p-30f; }

static void *hold(void *memory, size_t bytes) {
  if (!memory || held_count == sizeof held / sizeof *held) abort();
  held[held_count].memory = memory;
  held[held_count++].bytes = bytes;
  return memory;
}
static void release_all(void) {
  while (held_count) {
    held_count--;
    if (held[held_count].bytes)
      munmap(held[held_count].memory, held[held_count].bytes);
    else
      free(held[held_count].memory);
  }
}
void *check_scratch(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes ? bytes : 1)) abort();
  return hold(memory, 0);
}
float *check_room(size_t count) {
  float *x = check_scratch(count * sizeof *x);
#if !__has_feature(memory_sanitizer)
  for (size_t i = 0; i < count; i++) x[i] = NAN;
#endif
  return x;
}
float *check_numbers(size_t count) {
  float *x = check_scratch(count * sizeof *x);
  for (size_t i = 0; i < count; i++) x[i] = check_number();
  return x;
}
float *check_copy(const float *x, size_t count) {
  float *copy = check_scratch(count * sizeof *copy);
  memcpy(copy, x, count * sizeof *copy);
  return copy;
}
uint8_t *check_bytes(size_t bytes, uint8_t mask, uint8_t set) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
  uint8_t *memory = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(memory + whole, page, PROT_NONE)) abort();
  uint8_t *x = (uint8_t *)hold(memory, whole + page) + whole - bytes;
  for (size_t i = 0; i < bytes; i++) x[i] = (uint8_t)((check_bits() & mask) | set);
  return x;
}

void check_keep(const float *x, size_t rows, size_t columns, size_t stride) {
  if (kept.is_closed) return;
  if (kept.count + rows * columns > kept.capacity) {
    kept.capacity = 2 * (kept.count + rows * columns);
    kept.numbers = realloc(kept.numbers, kept.capacity * sizeof(float));
    kept.largest = realloc(kept.largest, kept.capacity * sizeof(float));
    if (!kept.numbers || !kept.largest) abort();
  }
  float largest = 0;
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) largest = fmaxf(largest, fabsf(x[r * stride + c]));
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++, kept.count++) {
      kept.numbers[kept.count] = x[r * stride + c];
      kept.largest[kept.count] = largest;
    }
}
void check_keep_nothing(void) { kept.is_closed = 1; }
void check_fail(const char *what) {
  printf("FAILED %s\n", what);
  failures++;
}

/// Runs a check with one level; the results are then in `kept`.
static void run(const check *c, sotto_isa_level level, sotto_pool *pool) {
  state = 1, kept.count = 0, kept.is_closed = 0;
  sotto_set_isa(level);
  c->run(pool);
  release_all();
}

static void compare(const check *c, sotto_pool *pool) {
  run(c, SOTTO_ISA_PORTABLE, pool);
  size_t count = kept.count;
  float *expected = malloc(count * sizeof *expected + 1);
  if (!expected) abort();
  if (count) memcpy(expected, kept.numbers, count * sizeof *expected);
  printf("%-24s %8zu numbers", c->name, count);
  // With the processor's further integer instructions and its fast gathers (+), and without.
  for (int i = 2; i < 2 * SOTTO_ISA_LEVELS; i++) {
    const int level = i / 2, extends = i % 2;
    if (sotto_set_isa((sotto_isa_level)level) != (sotto_isa_level)level) continue;
    sotto_allow_extension(extends);
    if (extends && !(level == SOTTO_ISA_AVX512 ? sotto_has_fast_gathers() || sotto_has_amx() : sotto_has_extension())) continue;
    run(c, (sotto_isa_level)level, pool);
    float worst = kept.count == count ? 0 : INFINITY;
    for (size_t i = 0; i < count && i < kept.count; i++) {
      float difference = fabsf(kept.numbers[i] - expected[i]) / (1 + kept.largest[i]);
      if (!(difference <= worst)) worst = difference;  // also where it is no number
    }
    printf(", %s%s %.1e", sotto_isa_name((sotto_isa_level)level), extends ? "+" : "", worst);
    if (!(worst <= c->tolerance)) printf(" FAILED"), failures++;
  }
  printf("\n");
  free(expected);
}

int main(void) {
  const check *all[] = {check_threads, check_rows, check_recurrences, check_attentions, check_products, check_prompts};
  sotto_pool *pool = sotto_pool_create(3);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (const check *c = all[i]; c->name; c++) compare(c, pool);
  sotto_pool_destroy(pool);
  free(kept.numbers);
  free(kept.largest);
  if (failures) printf("%d failures\n", failures);
  return failures > 0;
}
