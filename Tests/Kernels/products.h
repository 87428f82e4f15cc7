// The matrices that products are checked with.
#pragma once
#include "check.h"

/// The columns that a matrix of a format may have at least; all numbers of columns are multiples of it.
size_t check_unit(sotto_weight_format format);
/// A matrix of random bytes that end where it ends. Unless it is hostile, no bits make a number or a scale large.
sotto_matrix check_matrix(sotto_weight_format format, size_t rows, size_t columns, size_t matrices, int variant,
                          int is_hostile);
