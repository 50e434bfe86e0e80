// Float convolution as a matrix product: how it is cut into blocks, and how the weights are packed.
#ifndef CK_CONVOLUTION_F32_H
#define CK_CONVOLUTION_F32_H

#include "variants.h"

/// Output channels that are summed together.
#define CK_BLOCK 16
/// The most inputs of a sum that are laid out at a time, so that the weights of a block stay in the first cache; and the most
/// positions, so that their inputs stay in the second.
#define CK_MOST_DEPTH 256
#define CK_MOST_ROWS 240
/// Floats from one position of a panel to the next. Rows a little further apart than a power of two do not fall on the same lines
/// of a cache.
#define CK_STRIDE (CK_MOST_DEPTH + 16)

/// Packed weights are [slice][block][depth of the slice][16 channels], zeros beyond the last channel. A sum runs over segments:
/// the kernel's rows, where taps side by side are side by side in memory too, or else its taps.
typedef struct {
    int64_t positions, blocks;
    int64_t taps, segment;
    /// Products of a sum, and of each slice of it but the last.
    int64_t total, depth, slices;
} ck_product;

ck_product ck_product_of(const ck_convolution *form);

typedef struct {
    ck_convolution form;
    ck_product product;
    const float *x, *packed, *offset, *addend;
    float *y;
    float low, high;
    float *scratch;
    /// A part is what a thread does: all positions for some output channels, or some positions for all.
    int64_t parts;
    bool are_channels_cut;
    /// Positions of a panel.
    int64_t rows;
} ck_product_job;

#endif
