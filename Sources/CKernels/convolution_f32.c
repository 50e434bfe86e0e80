#include "convolution_f32.h"

#define CK_ROWS "convolution_f32_rows.h"
#include "both_variants.h"

static int64_t cut(int64_t count, int64_t most) {
    return (count + most - 1) / most;
}

ck_product ck_product_of(const ck_convolution *form) {
    ck_product product;
    product.positions = form->batch * form->out_height * form->out_width;
    product.blocks = cut(form->out_channels, CK_BLOCK);
    product.taps = form->dilation_width == 1 ? form->kernel_width : 1;
    product.segment = product.taps * form->in_channels;
    product.total = form->kernel_height * form->kernel_width * form->in_channels;
    product.slices = ck_most(1, cut(product.total, CK_MOST_DEPTH));
    product.depth = cut(product.total, product.slices);
    return product;
}

size_t ck_convolution_f32_packed_size(const ck_convolution *form) {
    ck_product product = ck_product_of(form);
    return (size_t)(product.blocks * product.total * CK_BLOCK) * sizeof(float);
}

void ck_convolution_f32_pack(const ck_convolution *form, const float *weights, void *packed) {
    ck_product product = ck_product_of(form);
    int64_t taps = form->kernel_height * form->kernel_width, inputs = form->in_channels;
    memset(packed, 0, ck_convolution_f32_packed_size(form));
    for (int64_t channel = 0; channel < form->out_channels; channel++) {
        for (int64_t i = 0; i < product.total; i++) {
            int64_t begin = i / product.depth * product.depth, depth = ck_least(product.depth, product.total - begin);
            int64_t row = product.blocks * begin + channel / CK_BLOCK * depth + i - begin;
            ((float *)packed)[row * CK_BLOCK + channel % CK_BLOCK] =
                weights[(channel * inputs + i % inputs) * taps + i / inputs];
        }
    }
}

/// What each thread does, and the panels it takes for that.
static void plan_parts(ck_product_job *job, int threads) {
    const ck_product *product = &job->product;
    int64_t positions = product->positions, blocks = product->blocks;
    threads = ck_worthy_threads(threads, positions * blocks * CK_BLOCK * product->total / 4);
    // Weights are then read once, by one thread only.
    job->are_channels_cut = positions <= 2 * CK_MOST_ROWS
        && cut(blocks, threads) * positions <= cut(positions, threads) * blocks;
    job->parts = ck_least(threads, job->are_channels_cut ? blocks : positions);
    int64_t rows = job->are_channels_cut ? positions : cut(positions, job->parts);
    job->rows = cut(rows, cut(rows, CK_MOST_ROWS));
}

size_t ck_convolution_f32_scratch(const ck_convolution *form, int threads) {
    ck_product_job job = {.form = *form, .product = ck_product_of(form)};
    if (job.product.positions <= 0 || job.product.blocks <= 0) return 0;
    plan_parts(&job, threads);
    return (size_t)(job.parts * job.rows * CK_STRIDE) * sizeof(float);
}

void ck_convolution_f32_run(const ck_convolution *form, const float *x, const void *packed, const float *offset,
    const float *addend, float *y, float low, float high, void *scratch, int threads) {
    ck_product_job job = {*form, ck_product_of(form), x, packed, offset, addend, y, low, high, scratch, 0, false, 0};
    if (job.product.positions <= 0 || job.product.blocks <= 0) return;
    plan_parts(&job, threads);
    ck_parallel((int)job.parts, job.parts, CK_BEST(product_parts), &job);
}
