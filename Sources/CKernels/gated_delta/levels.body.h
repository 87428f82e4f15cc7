// The gated delta rule for one level: the size of its register tiles, and its parts.
#if LEVEL_AVX512
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 4
#define TOKEN_VECTORS 4
#elif LEVEL_AVX2 || LEVEL_NEON
#define PRODUCT_ROWS 4
#define PRODUCT_VECTORS 1
#define TOKEN_VECTORS 2
#else
#define PRODUCT_ROWS 2
#define PRODUCT_VECTORS 1
#define TOKEN_VECTORS 1
#endif
#define unrolled _Pragma("clang loop unroll(full)")

#include "gates.body.h"
#include "tokens.body.h"
#include "channels.body.h"
#include "product.body.h"
#include "chunk.body.h"
#include "channel_chunk.body.h"

#undef unrolled
#undef PRODUCT_ROWS
#undef PRODUCT_VECTORS
#undef TOKEN_VECTORS
