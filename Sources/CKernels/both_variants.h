// Compiles the file that CK_ROWS names twice: with four lanes for any processor, and with eight for AVX2 and FMA.
// There, NAME(f) is f_plain or f_avx2.

#define NAME(f) f##_plain
#define LANES 4
#include "lanes.h"
#include CK_ROWS
#undef NAME
#undef LANES

#if CK_HAS_AVX2
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define NAME(f) f##_avx2
#define LANES 8
#include "lanes.h"
#include CK_ROWS
#undef NAME
#undef LANES
#pragma clang attribute pop
#endif
