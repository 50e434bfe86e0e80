// Rows of arithmetic that other families build on.
#ifndef CK_ARITHMETIC_H
#define CK_ARITHMETIC_H

#include "walk.h"

/// n results of operands at any strides.
typedef void (*ck_binary_row)(ck_operation operation, const float *a, int64_t a_stride, const float *b, int64_t b_stride,
    float *y, int64_t n, float low, float high);
ck_binary_row ck_best_binary_row(void);

/// The loops of a dense result, side 0, and its operands a and b, brought into their simplest form. The number of elements.
int64_t ck_pair_loops(const ck_pair_walk *walk, ck_loops *loops);

#endif
