// The kernels, one operation a file. Every function is safe to call from several threads on disjoint outputs.
#pragma once
#include "isa.h"
#include "matmul.h"
#include "thread_pool.h"
