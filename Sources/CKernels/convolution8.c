#include "convolution8.h"

#define CK_ROWS "convolution8_rows.h"
#include "both_variants.h"

static int64_t tile_inputs(const ck_convolution *form, int64_t rows, int64_t columns) {
    int64_t in_rows = ck_span(rows, form->stride_height, form->kernel_height, form->dilation_height);
    int64_t in_columns = ck_span(columns, form->stride_width, form->kernel_width, form->dilation_width);
    return in_rows > CK_TILE || in_columns > CK_TILE ? INT64_MAX : in_rows * in_columns;
}

ck_packing ck_packing_of(const ck_convolution *form) {
    ck_packing packing = {.joined = 1};
    int64_t taps = form->kernel_height * form->kernel_width, groups = form->groups;
    packing.is_depthwise = groups > 1 && groups == form->in_channels && groups == form->out_channels && taps <= CK_MOST_TAPS
        && tile_inputs(form, 1, 1) <= CK_TILE;
    if (packing.is_depthwise) {
        packing.blocks = (form->groups + CK_BLOCK - 1) / CK_BLOCK;
        packing.depth = 1 + taps;
        packing.bytes = packing.blocks * packing.depth * CK_BLOCK * 4;
        return packing;
    }
    for (int64_t joined = 2; joined <= groups && joined * (form->out_channels / groups) <= CK_BLOCK; joined++) {
        if (groups % joined == 0) packing.joined = joined;
    }
    packing.groups = groups / packing.joined;
    packing.in_channels = form->in_channels / packing.groups;
    packing.out_channels = form->out_channels / packing.groups;
    bool are_taps_joined = packing.groups == 1 && form->dilation_width == 1;
    packing.blocks = (packing.out_channels + CK_BLOCK - 1) / CK_BLOCK;
    packing.taps = are_taps_joined ? form->kernel_width : 1;
    packing.segments = are_taps_joined ? form->kernel_height : taps;
    packing.segment = (packing.taps * packing.in_channels + 1) / 2 * 2;
    packing.depth = packing.segments * packing.segment;
    packing.bytes = packing.groups * packing.blocks * packing.depth * CK_BLOCK * 2;
    return packing;
}

size_t ck_convolution_packed_size(const ck_convolution *form) {
    return (size_t)ck_packing_of(form).bytes;
}

static int64_t depthwise_channel(const ck_convolution *form, int64_t block) {
    return ck_most(0, ck_least(block * CK_BLOCK, form->groups - CK_BLOCK));
}

static void pack_depthwise(const ck_convolution *form, const ck_packing *packing, const int8_t *weights,
    const int8_t *weight_zeros, float (*packed)[CK_BLOCK]) {
    int64_t taps = form->kernel_height * form->kernel_width;
    for (int64_t block = 0; block < packing->blocks; block++, packed += packing->depth) {
        for (int64_t i = 0; i < ck_least(CK_BLOCK, form->groups); i++) {
            int64_t channel = depthwise_channel(form, block) + i;
            for (int64_t tap = 0; tap < taps; tap++) {
                int weight = weights[channel * taps + tap] - (weight_zeros ? weight_zeros[channel] : 0);
                packed[1 + tap][i] = (float)weight;
                packed[0][i] -= (float)(form->x_zero * weight);
            }
        }
    }
}

static void pack_general(const ck_convolution *form, const ck_packing *packing, const int8_t *weights,
    const int8_t *weight_zeros, int16_t *packed) {
    int64_t taps = form->kernel_height * form->kernel_width, depth = packing->depth;
    int64_t inputs = form->in_channels / form->groups, outputs = form->out_channels / form->groups;
    for (int64_t channel = 0; channel < form->out_channels; channel++) {
        int64_t group = channel / packing->out_channels, place = channel % packing->out_channels;
        int16_t *block = packed + (group * packing->blocks + place / CK_BLOCK) * depth * CK_BLOCK;
        int zero = weight_zeros ? weight_zeros[channel] : 0;
        for (int64_t segment = 0; segment < packing->segments; segment++) {
            for (int64_t k = 0; k < packing->taps * inputs; k++) {
                int64_t tap = segment * packing->taps + k / inputs;
                int64_t input = channel / outputs % packing->joined * inputs + k % inputs;
                int64_t at = segment * packing->segment + k / inputs * packing->in_channels + input;
                int weight = weights[(channel * inputs + k % inputs) * taps + tap] - zero;
                block[(at / 2 * CK_BLOCK + place % CK_BLOCK) * 2 + at % 2] = (int16_t)weight;
            }
        }
    }
}

void ck_convolution_pack(const ck_convolution *form, const int8_t *weights, const int8_t *weight_zeros, void *packed) {
    ck_packing packing = ck_packing_of(form);
    memset(packed, 0, (size_t)packing.bytes);
    if (packing.is_depthwise) {
        pack_depthwise(form, &packing, weights, weight_zeros, packed);
    } else {
        pack_general(form, &packing, weights, weight_zeros, packed);
    }
}

/// How deep a panel is, so that a few dozen positions fit, or all if they are fewer.
static int64_t panel_depth(int64_t depth, int64_t positions) {
    if (depth <= 1024 || depth * ((positions + 3) / 4 * 4) <= CK_PANEL) return depth;
    int64_t panels = (depth + 767) / 768;
    return ((depth + panels - 1) / panels + 1) / 2 * 2;
}

/// Tiles of 8 × 16 positions, or fewer where the inputs under them would be too many.
static void cut_tiles(ck_convolution_job *job) {
    job->tile_rows = 8;
    job->tile_columns = 16;
    while (tile_inputs(&job->form, job->tile_rows, job->tile_columns) > CK_TILE) {
        if (job->tile_columns > 2 * job->tile_rows) {
            job->tile_columns /= 2;
        } else if (job->tile_rows > 1) {
            job->tile_rows /= 2;
        } else {
            job->tile_columns /= 2;
        }
    }
}

void ck_convolution_run(const ck_convolution *form, const void *x, const void *packed, const float *multiplier,
    const float *offset, void *y, float low, float high, int threads) {
    ck_convolution_job job = {*form, ck_packing_of(form), x, packed, multiplier, offset, y, low, high,
        1, 0, 0, 0, 0};
    int64_t rows = form->batch * form->out_height, positions = rows * form->out_width;
    if (positions <= 0 || form->out_channels <= 0) return;
    int64_t taps = form->kernel_height * form->kernel_width;
    threads = ck_worthy_threads(threads, positions * form->out_channels * (form->in_channels / form->groups) * taps / 4);
    if (job.packing.is_depthwise) {
        cut_tiles(&job);
        ck_parallel(threads, rows, CK_BEST(depthwise_rows), &job);
        return;
    }
    job.quads = (positions + 3) / 4;
    job.parts = job.quads >= 4 * threads ? 1 : ck_least(job.packing.blocks, threads);
    job.depth = panel_depth(job.packing.depth, positions);
    ck_parallel(threads, job.packing.groups * job.parts * job.quads, CK_BEST(general_quads), &job);
}
