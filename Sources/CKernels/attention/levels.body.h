// Attention for one level: the size of its register tiles, and its parts.
#include "../common/tile_size.h"
#include "pages.body.h"
#include "tiles.body.h"
#include "pairs.body.h"
#include "pairs_amx.body.h"
#include "segment.body.h"

#undef TILE_ROWS
#undef TILE_VECTORS
#undef unrolled
