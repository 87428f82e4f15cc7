// Up to 64 tokens with AMX. The tokens are the left matrix, with as many rows as there are tokens, and 16 rows of
// weights the right one: a block is 16 lines of a pair of columns of every row, which are found in registers as in
// tiles_avx512.c. So a token costs a line per block, and sums need not be transposed.
//
// The cost are the two ports for vectors of 64 bytes: about 60 instructions for a block of MXFP4. Measured on Emerald
// Rapids for 16 rows of a block, both cores busy: 22 ns for 2 tokens, 27 for 16, 36 for 32, 59 for 64; one core reads the
// bytes of a block from memory in about 14 ns. The panels of amx.h took 30 ns for one token and 115 for 64.
//
// Tiles are loaded some blocks after they were stored: a load must wait until all its lines are in the cache.
#if defined(__x86_64__)
#include "decode_amx.h"

enum { LAG = 4, RING = 8 };  // blocks

/// One block of 16 rows: 4 bytes of every row, and what is added to bfloat16 numbers to multiply them by half of the
/// rows' scales.
typedef struct {
  __m512i words[4], powers;
} tile_block;

/// 16 rows, and the scales of four blocks of them.
typedef struct {
  sotto_tile_rows values, scales;
  __m512i words;
} tile;

/// What multiplies by half of the E8M0 scales in the low bytes of all lanes, in both halves of each.
SOTTO_INLINE_AVX512 __m512i powers_of_e8m0(__m512i x) {
  const __m512i low_bytes = _mm512_set4_epi32((int)0x800c800c, (int)0x80088008, (int)0x80048004, (int)0x80008000);
  x = _mm512_max_epi16(_mm512_shuffle_epi8(x, low_bytes), _mm512_set1_epi16(128 - 60));
  x = _mm512_min_epi16(x, _mm512_set1_epi16(128 + 60));
  return _mm512_slli_epi16(_mm512_sub_epi16(x, _mm512_set1_epi16(128)), 7);
}

SOTTO_INLINE_AVX512 void take_mxfp4(tile *rows, size_t block, tile_block *out) {
  out->powers = powers_of_e8m0(sotto_gather(&rows->values, 17 * block));
  sotto_transpose(&rows->values, 17 * block + 1, out->words);
}

SOTTO_INLINE_AVX512 void take_planar(tile *rows, size_t block, tile_block *out) {
  // One gather gives the scales of four blocks. Nothing beyond a row is read.
  if (block % 4 == 0) {
    size_t last = rows->scales.stride - 4, start = block < last ? block : last;
    rows->words = _mm512_srl_epi32(sotto_gather(&rows->scales, start),
                                   _mm_cvtsi64_si128((long long)(8 * (block - start))));
  }
  out->powers = powers_of_e8m0(rows->words);
  rows->words = _mm512_srli_epi32(rows->words, 8);
  sotto_transpose(&rows->values, 16 * block, out->words);
}

/// Line 4 * k + i has nibble k of the two halves of word i of every row.
SOTTO_INLINE_AVX512 void store_block(const tile_block *block, sotto_amx_block *out) {
#pragma clang loop unroll(full)
  for (int line = 0; line < SOTTO_TILE; line++) {
    __m512i indices = _mm512_srli_epi32(block->words[line % 4], (unsigned)(line / 4 * 4));
    __m512i numbers = _mm512_permutexvar_epi16(indices, sotto_e2m1_bfloats());
    _mm512_store_si512(out->values[line], _mm512_add_epi16(numbers, block->powers));
  }
}

typedef void (*take_function)(tile *rows, size_t block, tile_block *out);

// Tile numbers must be constants: 0 to 3 are sums, 4 weights, 5 to 7 tokens; 7 is for the last group of tokens.
#define GROUP(number, tile)                                                                     \
  if (groups > number) {                                                                        \
    if (groups == number + 1) {                                                                 \
      _tile_loadd(7, x + number * SOTTO_AMX_TOKENS * SOTTO_TILE_LINE, SOTTO_TILE_LINE);         \
      _tile_dpbf16ps(number, 7, 4);                                                             \
    } else {                                                                                    \
      _tile_loadd(tile, x + number * SOTTO_AMX_TOKENS * SOTTO_TILE_LINE, SOTTO_TILE_LINE);      \
      _tile_dpbf16ps(number, tile, 4);                                                          \
    }                                                                                           \
  }

/// `groups` is a constant after inlining.
SOTTO_INLINE SOTTO_TARGET_AMX void multiply_tile(const sotto_view *view, size_t row, const void *pack, size_t tokens,
                                                 sotto_ahead ahead, float (*sums)[SOTTO_TILE],
                                                 const take_function take, const int groups) {
  tile rows = {.values = {view->values + row * view->row_bytes, view->row_bytes},
               .scales = {view->scales + row * view->scale_row_bytes, view->scale_row_bytes}};
  const size_t blocks = view->columns / SOTTO_BLOCK, token_bytes = tokens * SOTTO_TILE_LINE;
  const uint8_t *next = ahead.first;
  sotto_amx_block ring[RING];
  sotto_begin_amx(tokens);
  _tile_zero(0);
  if (groups > 1) _tile_zero(1);
  if (groups > 2) _tile_zero(2);
  if (groups > 3) _tile_zero(3);
  for (size_t b = 0; b < blocks + LAG; b++) {
    if (b < blocks) {
      for (ahead.first += ahead.step; next < ahead.first; next += 64) __builtin_prefetch(next, 0, 2);
      tile_block block;
      take(&rows, b, &block);
      store_block(&block, &ring[b % RING]);
    }
    if (b < LAG) continue;
    const uint8_t *x = (const uint8_t *)pack + (b - LAG) * token_bytes;
    _tile_loadd(4, ring[(b - LAG) % RING].values, SOTTO_TILE_LINE);
    GROUP(0, 5)
    GROUP(1, 6)
    GROUP(2, 5)
    GROUP(3, 6)
  }
  _tile_stored(0, sums, SOTTO_TILE_LINE);
  if (groups > 1) _tile_stored(1, sums + SOTTO_AMX_TOKENS, SOTTO_TILE_LINE);
  if (groups > 2) _tile_stored(2, sums + 2 * SOTTO_AMX_TOKENS, SOTTO_TILE_LINE);
  if (groups > 3) _tile_stored(3, sums + 3 * SOTTO_AMX_TOKENS, SOTTO_TILE_LINE);
}

/// A sotto_multiply_tile.
#define TILE(name, take)                                                                                           \
  SOTTO_TARGET_AMX void name(const sotto_view *view, size_t row, const void *pack, size_t tokens,                  \
                             sotto_ahead ahead, float (*sums)[SOTTO_TILE]) {                                       \
    switch ((tokens + SOTTO_AMX_TOKENS - 1) / SOTTO_AMX_TOKENS) {                                                  \
      case 1: multiply_tile(view, row, pack, tokens, ahead, sums, take, 1); break;                                 \
      case 2: multiply_tile(view, row, pack, tokens, ahead, sums, take, 2); break;                                 \
      case 3: multiply_tile(view, row, pack, tokens, ahead, sums, take, 3); break;                                 \
      case 4: multiply_tile(view, row, pack, tokens, ahead, sums, take, 4); break;                                 \
      default: break;                                                                                              \
    }                                                                                                              \
  }

TILE(sotto_tile_mxfp4_amx, take_mxfp4)
TILE(sotto_tile_mxfp4_planar_amx, take_planar)

/// A token's blocks, each a line of numbers in `order`.
SOTTO_INLINE_AVX512 void pack_token(const float *x, size_t columns, size_t token, size_t tokens, uint8_t *out,
                                    const __m512i order) {
  for (size_t k = 0; k < columns; k += SOTTO_BLOCK, out += tokens * SOTTO_TILE_LINE) {
    __m512i numbers = sotto_bfloats(_mm512_loadu_ps(x + k), _mm512_loadu_ps(x + k + 16));
    _mm512_store_si512(out + token * SOTTO_TILE_LINE, _mm512_permutexvar_epi16(order, numbers));
  }
}

SOTTO_TARGET_AVX512 void sotto_pack_tile_amx(const float *x, size_t columns, size_t token, size_t tokens, void *pack) {
  pack_token(x, columns, token, tokens, pack, sotto_order(sotto_nibble_order));
}

SOTTO_TARGET_AVX512 void sotto_pack_planar_tile_amx(const float *x, size_t columns, size_t token, size_t tokens,
                                                    void *pack) {
  pack_token(x, columns, token, tokens, pack, sotto_order(sotto_planar_order));
}
#endif
