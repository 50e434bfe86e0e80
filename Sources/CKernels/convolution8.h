// What the kernels of 8-bit convolution share: how weights are packed, and the bounds of their scratch memory.
#ifndef CK_CONVOLUTION8_H
#define CK_CONVOLUTION8_H

#include "variants.h"

/// Output channels that are summed together.
#define CK_BLOCK 16
/// The depthwise kernel takes at most this many taps, so that sums stay below 2²⁴, and tiles of at most this many inputs.
#define CK_MOST_TAPS 128
#define CK_TILE 320
/// 16-bit inputs that a thread keeps, and positions and blocks of output channels that it sums at a time.
#define CK_PANEL 24576
#define CK_PANEL_ROWS 64
#define CK_PANEL_BLOCKS 4

/// Weights as 16-bit integers without their zeros, in pairs along the sum so that one instruction multiplies and adds two.
///
/// General: [group][block][pair][16 channels][2]. A sum runs over segments: the kernel's rows, where taps side by side are
/// side by side in memory too, or else its taps. Each is padded to whole pairs.
///
/// Depthwise: for each block, −zero · Σ weights of 16 channels, then [tap][16 channels], all as floats. The last block overlaps the one
/// before if the channels are no multiple of 16. `depth` counts both.
typedef struct {
    bool is_depthwise;
    /// Small groups are joined, their weights for each other's inputs being zeros. Channels are those of a joined group.
    int64_t joined, groups, in_channels, out_channels, blocks;
    int64_t segments, taps, segment, depth;
    int64_t bytes;
} ck_packing;

ck_packing ck_packing_of(const ck_convolution *form);

/// How many inputs lie under so many positions.
static inline int64_t ck_span(int64_t positions, int64_t stride, int64_t kernel, int64_t dilation) {
    return (positions - 1) * stride + (kernel - 1) * dilation + 1;
}

typedef struct {
    ck_convolution form;
    ck_packing packing;
    const uint8_t *x;
    const uint8_t *packed;
    const float *multiplier, *offset;
    uint8_t *y;
    float low, high;
    /// General: how many pieces the output channels are cut into, and how deep a panel is.
    int64_t parts, quads, depth;
    /// Depthwise: the most positions of a tile.
    int64_t tile_rows, tile_columns;
} ck_convolution_job;

#endif
