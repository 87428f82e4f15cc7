// The kernels, one operation a file. Every function is safe to call from several threads on disjoint outputs.
#pragma once
#include "attention.h"
#include "convolution.h"
#include "elementwise.h"
#include "gated_delta.h"
#include "isa.h"
#include "matmul.h"
#include "memory.h"
#include "normalization.h"
#include "rotary.h"
#include "routing.h"
#include "sampling.h"
#include "thread_pool.h"
