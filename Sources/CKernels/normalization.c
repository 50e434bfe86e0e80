#include "variants.h"

#include <math.h>

/// Channels that a piece of work sums.
#define MEAN_BLOCK 32

#define CK_ROWS "normalization_rows.h"
#include "both_variants.h"

typedef struct {
    const float *x;
    float *y;
    int64_t n;
    bool is_logarithm;
    void (*rows)(const float *x, float *y, int64_t rows, int64_t n, bool is_logarithm);
} softmax_job;

static void softmax_part(void *context, int64_t begin, int64_t end) {
    const softmax_job *job = context;
    job->rows(job->x + begin * job->n, job->y + begin * job->n, end - begin, job->n, job->is_logarithm);
}

void ck_softmax_f32(const float *x, float *y, int64_t rows, int64_t n, int is_logarithm, int threads) {
    if (rows <= 0 || n <= 0) return;
    softmax_job job = {x, y, n, is_logarithm != 0, CK_BEST(softmax_rows)};
    ck_parallel(ck_worthy_threads(threads, rows * n * 8), rows, softmax_part, &job);
}

typedef struct {
    const float *x;
    float *y;
    int64_t positions, channels, blocks;
    void (*channels_mean)(const float *x, float *y, int64_t positions, int64_t stride, int64_t n);
} mean_job;

static void mean_part(void *context, int64_t begin, int64_t end) {
    const mean_job *job = context;
    for (int64_t i = begin; i < end; i++) {
        int64_t batch = i / job->blocks, channel = i % job->blocks * MEAN_BLOCK;
        job->channels_mean(job->x + batch * job->positions * job->channels + channel,
            job->y + batch * job->channels + channel, job->positions, job->channels,
            ck_least(MEAN_BLOCK, job->channels - channel));
    }
}

void ck_mean_f32(const float *x, float *y, int64_t batch, int64_t positions, int64_t channels, int threads) {
    if (batch <= 0 || channels <= 0) return;
    mean_job job = {x, y, positions, channels, (channels + MEAN_BLOCK - 1) / MEAN_BLOCK, CK_BEST(mean_channels)};
    ck_parallel(ck_worthy_threads(threads, batch * positions * channels * 4), batch * job.blocks, mean_part, &job);
}
