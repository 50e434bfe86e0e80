#include "arithmetic.h"

#define CK_ROWS "quantization_rows.h"
#include "both_variants.h"

typedef void (*quantize_row)(const float *x, uint8_t *y, int64_t n, const ck_grid *grid);
typedef void (*dequantize_row)(const uint8_t *x, float *y, int64_t n, const ck_grid *grid);

typedef struct {
    const float *x;
    uint8_t *y;
    ck_grid grid;
    quantize_row row;
} quantize_job;

static void quantize_part(void *context, int64_t begin, int64_t end) {
    const quantize_job *job = context;
    job->row(job->x + begin, job->y + begin, end - begin, &job->grid);
}

void ck_quantize(const float *x, void *y, int64_t count, ck_grid grid, int threads) {
    quantize_job job = {x, y, grid, CK_BEST(quantize_row)};
    ck_parallel(ck_worthy_threads(threads, count * 4), count, quantize_part, &job);
}

typedef struct {
    const uint8_t *x;
    float *y;
    ck_grid grid;
    dequantize_row row;
} dequantize_job;

static void dequantize_part(void *context, int64_t begin, int64_t end) {
    const dequantize_job *job = context;
    job->row(job->x + begin, job->y + begin, end - begin, &job->grid);
}

void ck_dequantize(const void *x, float *y, int64_t count, ck_grid grid, int threads) {
    dequantize_job job = {x, y, grid, CK_BEST(dequantize_row)};
    ck_parallel(ck_worthy_threads(threads, count * 4), count, dequantize_part, &job);
}

typedef struct {
    const uint8_t *x;
    uint8_t *y;
    const uint8_t *table;
} table_job;

static void table_part(void *context, int64_t begin, int64_t end) {
    const table_job *job = context;
    for (int64_t i = begin; i < end; i++) job->y[i] = job->table[job->x[i]];
}

void ck_table(const uint8_t *x, uint8_t *y, int64_t count, const uint8_t *table, int threads) {
    table_job job = {x, y, table};
    ck_parallel(ck_worthy_threads(threads, count * 2), count, table_part, &job);
}

/// Elements that pass through floats at a time.
#define CHUNK 512

typedef struct {
    ck_operation operation;
    const uint8_t *a, *b;
    uint8_t *y;
    ck_grid a_grid, b_grid, y_grid;
    ck_loops loops;
    float low, high;
    ck_binary_row row;
    dequantize_row dequantize;
    quantize_row quantize;
} binary_8_job;

/// The real numbers of n elements of an operand, and the step at which they lie in `room`.
CK_INLINE int64_t real_operand(const binary_8_job *job, const uint8_t *p, int64_t stride, const ck_grid *grid, float *room,
    int64_t n) {
    uint8_t gathered[CHUNK];
    if (stride == 0) {
        job->dequantize(p, room, 1, grid);
        return 0;
    }
    if (stride != 1) {
        for (int64_t i = 0; i < n; i++) gathered[i] = p[i * stride];
        p = gathered;
    }
    job->dequantize(p, room, n, grid);
    return 1;
}

static void binary_8_row(const binary_8_job *job, const uint8_t *a, int64_t a_stride, const uint8_t *b, int64_t b_stride,
    uint8_t *y, int64_t n) {
    float left[CHUNK], right[CHUNK], result[CHUNK];
    for (int64_t i = 0; i < n; i += CHUNK) {
        int64_t count = ck_least(CHUNK, n - i);
        int64_t a_step = real_operand(job, a + i * a_stride, a_stride, &job->a_grid, left, count);
        int64_t b_step = real_operand(job, b + i * b_stride, b_stride, &job->b_grid, right, count);
        job->row(job->operation, left, a_step, right, b_step, result, count, job->low, job->high);
        job->quantize(result, y + i, count, &job->y_grid);
    }
}

static void binary_8_flat(void *context, int64_t begin, int64_t end) {
    const binary_8_job *job = context;
    int64_t a = job->loops.stride[1][0], b = job->loops.stride[2][0];
    binary_8_row(job, job->a + begin * a, a, job->b + begin * b, b, job->y + begin, end - begin);
}

static void binary_8_rows(void *context, int64_t begin, int64_t end) {
    const binary_8_job *job = context;
    const ck_loops *loops = &job->loops;
    int outer = loops->rank - 1;
    ck_place place = ck_place_at(loops, outer, begin);
    for (int64_t i = begin; i < end; i++) {
        binary_8_row(job, job->a + place.offset[1], loops->stride[1][outer], job->b + place.offset[2],
            loops->stride[2][outer], job->y + place.offset[0], loops->size[outer]);
        ck_advance(&place, loops, outer);
    }
}

void ck_binary_8(ck_operation operation, const void *a, ck_grid a_grid, const void *b, ck_grid b_grid, void *y,
    ck_grid y_grid, const ck_pair_walk *walk, float low, float high, int threads) {
    binary_8_job job = {operation, a, b, y, a_grid, b_grid, y_grid, .low = low, .high = high,
        .row = ck_best_binary_row(), .dequantize = CK_BEST(dequantize_row), .quantize = CK_BEST(quantize_row)};
    int64_t count = ck_pair_loops(walk, &job.loops);
    if (count == 0) return;
    threads = ck_worthy_threads(threads, count * 4);
    if (job.loops.rank == 1) {
        ck_parallel(threads, count, binary_8_flat, &job);
    } else {
        ck_parallel(threads, ck_steps(&job.loops, job.loops.rank - 1), binary_8_rows, &job);
    }
}

/// Channels that a piece of work sums.
#define MEAN_BLOCK 64

typedef struct {
    const uint8_t *x;
    uint8_t *y;
    ck_grid x_grid, y_grid;
    int64_t positions, channels, blocks;
    void (*sum)(const uint8_t *x, float *sums, int64_t positions, int64_t stride, int64_t n, const ck_grid *grid);
    quantize_row quantize;
} mean_8_job;

static void mean_8_part(void *context, int64_t begin, int64_t end) {
    const mean_8_job *job = context;
    for (int64_t i = begin; i < end; i++) {
        int64_t batch = i / job->blocks, channel = i % job->blocks * MEAN_BLOCK;
        int64_t n = ck_least(MEAN_BLOCK, job->channels - channel);
        const uint8_t *x = job->x + batch * job->positions * job->channels + channel;
        float means[MEAN_BLOCK];
        job->sum(x, means, job->positions, job->channels, n, &job->x_grid);
        for (int64_t c = 0; c < n; c++) means[c] /= (float)job->positions;
        job->quantize(means, job->y + batch * job->channels + channel, n, &job->y_grid);
    }
}

void ck_mean_8(const void *x, ck_grid x_grid, void *y, ck_grid y_grid, int64_t batch, int64_t positions,
    int64_t channels, int threads) {
    if (batch <= 0 || channels <= 0) return;
    mean_8_job job = {x, y, x_grid, y_grid, positions, channels, (channels + MEAN_BLOCK - 1) / MEAN_BLOCK,
        CK_BEST(sum_rows), CK_BEST(quantize_row)};
    ck_parallel(ck_worthy_threads(threads, batch * positions * channels), batch * job.blocks, mean_8_part, &job);
}
