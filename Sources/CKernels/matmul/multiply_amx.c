// The tiles of amx.h: products, their sums, and the way from sums to results.
#if defined(__x86_64__)
#include "amx.h"
#include "methods.h"

// Tile numbers must be constants: 0 to 3 are sums, 4 and 5 rows, 6 and 7 tokens.
#define BEGIN(tile, sums)                     \
  if (is_first)                               \
    _tile_zero(tile);                         \
  else                                        \
    _tile_loadd(tile, (sums)->values, SOTTO_TILE_LINE)

/// `tiles` and `groups` are constants after inlining.
SOTTO_INLINE SOTTO_TARGET_AMX void multiply(const sotto_amx_block *rows, const sotto_amx_block *tokens, size_t blocks,
                                            int is_first, sotto_amx_sums (*sums)[2], const size_t tiles,
                                            const size_t groups) {
  BEGIN(0, &sums[0][0]);
  if (tiles > 1) {
    BEGIN(1, &sums[0][1]);
  }
  if (groups > 1) {
    BEGIN(2, &sums[1][0]);
  }
  if (groups > 1 && tiles > 1) {
    BEGIN(3, &sums[1][1]);
  }
  for (size_t b = 0; b < blocks; b++) {
    _tile_loadd(4, rows[b].values, SOTTO_TILE_LINE);
    _tile_loadd(6, tokens[b].values, SOTTO_TILE_LINE);
    _tile_dpbf16ps(0, 4, 6);
    if (tiles > 1) {
      _tile_loadd(5, rows[SOTTO_AMX_PANEL + b].values, SOTTO_TILE_LINE);
      _tile_dpbf16ps(1, 5, 6);
    }
    if (groups > 1) {
      _tile_loadd(7, tokens[blocks + b].values, SOTTO_TILE_LINE);
      _tile_dpbf16ps(2, 4, 7);
    }
    if (groups > 1 && tiles > 1) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums[0][0].values, SOTTO_TILE_LINE);
  if (tiles > 1) _tile_stored(1, sums[0][1].values, SOTTO_TILE_LINE);
  if (groups > 1) _tile_stored(2, sums[1][0].values, SOTTO_TILE_LINE);
  if (groups > 1 && tiles > 1) _tile_stored(3, sums[1][1].values, SOTTO_TILE_LINE);
}

SOTTO_TARGET_AMX void sotto_multiply_amx(const sotto_amx_block *rows, size_t tiles, const sotto_amx_block *tokens,
                                         size_t groups, size_t blocks, int is_first,
                                         sotto_amx_sums (*sums)[2]) {
  if (tiles > 1 && groups > 1)
    multiply(rows, tokens, blocks, is_first, sums, 2, 2);
  else if (tiles > 1)
    multiply(rows, tokens, blocks, is_first, sums, 2, 1);
  else if (groups > 1)
    multiply(rows, tokens, blocks, is_first, sums, 1, 2);
  else
    multiply(rows, tokens, blocks, is_first, sums, 1, 1);
}

SOTTO_TARGET_AVX512 void sotto_store_amx(const sotto_amx_sums *sums, size_t tokens, const float bias[SOTTO_TILE],
                                         const sotto_place *place) {
  __m512i x[SOTTO_TILE];
  _Alignas(64) float turned[SOTTO_AMX_TOKENS][SOTTO_TILE];
#pragma clang loop unroll(full)
  for (int r = 0; r < SOTTO_TILE; r++) x[r] = _mm512_load_si512(sums->values[r]);
  sotto_transpose_words(x);
#pragma clang loop unroll(full)
  for (int t = 0; t < SOTTO_AMX_TOKENS; t++) _mm512_store_si512(turned[t], x[t]);
  sotto_store_avx512(turned, tokens, bias, place);
}

SOTTO_TARGET_AVX512 void sotto_pack_amx(const float *const x[SOTTO_AMX_TOKENS], size_t tokens, size_t columns,
                                        const uint16_t *order, sotto_amx_block *out) {
  const __m512i indices = sotto_order(order);
  for (size_t k = 0; k < columns; k += SOTTO_BLOCK, out++) {
    const uint32_t mask = columns - k < SOTTO_BLOCK ? (1u << (columns - k)) - 1 : ~0u;
    __m512i pairs[SOTTO_AMX_TOKENS];
#pragma clang loop unroll(full)
    for (size_t t = 0; t < SOTTO_AMX_TOKENS; t++) {
      pairs[t] = _mm512_setzero_si512();
      if (t < tokens)
        pairs[t] = _mm512_permutexvar_epi16(
            indices, sotto_bfloats(_mm512_maskz_loadu_ps((__mmask16)mask, x[t] + k),
                                   _mm512_maskz_loadu_ps((__mmask16)(mask >> 16), x[t] + k + 16)));
    }
    sotto_transpose_words(pairs);
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) _mm512_store_si512(out->values[i], pairs[i]);
  }
}
#endif
