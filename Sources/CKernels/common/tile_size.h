// The size of a register tile of a matrix product, for one level. Included once for each level.
#undef TILE_ROWS
#undef TILE_VECTORS
#if LEVEL_AVX512
// 24 of 32 registers; four numbers per vector of b are read for six multiplications with it.
#define TILE_ROWS 6
#define TILE_VECTORS 4
#elif LEVEL_AVX2 || LEVEL_NEON
// 12 of 16 registers, or 24 of 32.
#define TILE_ROWS 6
#define TILE_VECTORS 1
#else
#define TILE_ROWS 2
#define TILE_VECTORS 1
#endif
