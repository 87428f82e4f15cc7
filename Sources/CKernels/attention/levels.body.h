// Attention for one level: the size of its register tiles, and its parts.
#if LEVEL_AVX512
#define TILE_ROWS 6
#define TILE_VECTORS 4
#elif LEVEL_AVX2 || LEVEL_NEON
#define TILE_ROWS 6
#define TILE_VECTORS 1
#else
#define TILE_ROWS 2
#define TILE_VECTORS 1
#endif

#include "pages.body.h"
#include "tiles.body.h"
#include "pairs.body.h"
#include "segment.body.h"

#undef TILE_ROWS
#undef TILE_VECTORS
#undef unrolled
