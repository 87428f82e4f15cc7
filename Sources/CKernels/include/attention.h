// Keys and values in pages of 64 positions, and attention over them.
//
// A page holds, head by head, the keys of four groups of 16 positions, each group transposed ([head_size][16], so
// that a dot product with 16 keys needs no horizontal sum), and then the values ([64][value_size rounded up to 16],
// zeros behind). float16 in place of bfloat16: it is read as fast, and against float32 the outputs' error is 0.03% to
// 0.09% (scores of standard deviation 1 to 16), of bfloat16 0.2% to 0.7%. Tiles of many query rows are multiplied in
// bfloat16 where that is allowed (0.3% to 1%), at twice the speed. Pages start out zeroed, since numbers behind the last position are multiplied by
// weights of 0.
//
// In 8 bits, a position's key has a scale (float16) for every 32 columns of a head, and its value one for all of them:
// keys have columns far larger than the rest, values do not. A group of 16 positions holds, for every 32 columns, the
// 16 scales and then the columns; the 64 scales of the values stand before the values. A number is its int8 times its
// scale. Against float32 the outputs' error is 0.5% to 1% (normally distributed numbers).
//
// Pages are kept in files as they are (Sources/Generation/Disk): another layout needs another version there.
#pragma once
#include <stddef.h>

#include "elementwise.h"
#include "thread_pool.h"

enum { SOTTO_PAGE_POSITIONS = 64 };

typedef enum { SOTTO_CACHE_F32 = 0, SOTTO_CACHE_F16 = 1, SOTTO_CACHE_I8 = 2 } sotto_cache_format;

typedef struct {
  ptrdiff_t heads, head_size, value_size;
  sotto_cache_format format;
} sotto_cache_layout;

size_t sotto_page_bytes(const sotto_cache_layout *layout);
/// Stores key and value rows at the positions `first`, `first` + 1, ..., counted from the beginning of pages[0].
/// Numbers beyond the range of the format are clamped to it.
void sotto_cache_write(sotto_pool *pool, const sotto_cache_layout *layout, void *const *pages, ptrdiff_t first,
                       sotto_rows key, sotto_rows value, ptrdiff_t rows);

/// One sequence's part in an attention call.
typedef struct {
  const void *const *pages;
  ptrdiff_t origin;     // the position that pages[0] begins with, a multiple of 64
  ptrdiff_t length;     // positions, those of the query rows included
  ptrdiff_t row, rows;  // the query rows; they are the sequence's last positions
} sotto_sequence;

typedef struct {
  sotto_cache_layout layout;
  sotto_rows query;  // [rows][heads * head_size]
  float *output;     // [rows][heads * value_size]
  ptrdiff_t heads;   // query heads, a multiple of layout.heads
  float scale, softcap;
  ptrdiff_t window;    // 0 for all positions
  const float *sinks;  // a logit for each query head, or NULL
  int rounded;         // whether queries, keys and weights may be rounded to bfloat16
  const sotto_sequence *sequences;
  ptrdiff_t sequence_count;
} sotto_attention;

/// How a call is cut up. The number of threads decides only who computes what and how much scratch memory there is:
/// results do not depend on it.
typedef struct {
  ptrdiff_t tile_rows;  // query rows of the largest tile
  ptrdiff_t segments;   // pieces of work
  ptrdiff_t groups;     // pairs of a tile and a head, each of one or more segments
  ptrdiff_t partials;   // segments whose result is one of several of their group
  int threads;
  size_t scratch_bytes;
} sotto_attention_plan;

sotto_attention_plan sotto_plan_attention(const sotto_attention *a, int threads);
/// Causal attention with an online softmax: memory beside the inputs is `plan.scratch_bytes`, aligned to 64.
void sotto_attend(sotto_pool *pool, const sotto_attention *a, const sotto_attention_plan *plan, void *scratch);
