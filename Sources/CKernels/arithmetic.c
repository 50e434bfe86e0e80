#include "arithmetic.h"

#define CK_ROWS "arithmetic_rows.h"
#include "both_variants.h"

ck_binary_row ck_best_binary_row(void) {
    return CK_BEST(binary_row);
}

int64_t ck_pair_loops(const ck_pair_walk *walk, ck_loops *loops) {
    *loops = (ck_loops){.rank = walk->rank, .sides = 3};
    memcpy(loops->size, walk->size, sizeof walk->size);
    memcpy(loops->stride[1], walk->a, sizeof walk->a);
    memcpy(loops->stride[2], walk->b, sizeof walk->b);
    int64_t step = 1;
    for (int i = walk->rank - 1; i >= 0; i--) {
        loops->stride[0][i] = step;
        step *= walk->size[i];
    }
    return ck_simplify(loops);
}

#define REPEATED_ROOM 256

typedef struct {
    ck_operation operation;
    const float *a, *b;
    float *y;
    ck_loops loops;
    float low, high;
    ck_binary_row row;
    float repeated[REPEATED_ROOM];
} binary_job;

static void binary_flat(void *context, int64_t begin, int64_t end) {
    const binary_job *job = context;
    int64_t a = job->loops.stride[1][0], b = job->loops.stride[2][0];
    job->row(job->operation, job->a + begin * a, a, job->b + begin * b, b, job->y + begin, end - begin, job->low, job->high);
}

static void binary_rows(void *context, int64_t begin, int64_t end) {
    const binary_job *job = context;
    const ck_loops *loops = &job->loops;
    int outer = loops->rank - 1;
    ck_place place = ck_place_at(loops, outer, begin);
    for (int64_t i = begin; i < end; i++) {
        job->row(job->operation, job->a + place.offset[1], loops->stride[1][outer], job->b + place.offset[2],
            loops->stride[2][outer], job->y + place.offset[0], loops->size[outer], job->low, job->high);
        ck_advance(&place, loops, outer);
    }
}

/// Short rows of a dense operand against the same few numbers: several rows are taken as one.
static void binary_repeated(void *context, int64_t begin, int64_t end) {
    const binary_job *job = context;
    int64_t n = job->loops.size[1], rows = REPEATED_ROOM / n;
    bool is_left = job->loops.stride[1][0] == 0;
    for (int64_t i = begin; i < end; i += rows) {
        int64_t count = ck_least(rows, end - i) * n;
        const float *a = is_left ? job->repeated : job->a + i * n, *b = is_left ? job->b + i * n : job->repeated;
        job->row(job->operation, a, 1, b, 1, job->y + i * n, count, job->low, job->high);
    }
}

/// Whether binary_repeated does it.
static bool repeat(binary_job *job) {
    const ck_loops *loops = &job->loops;
    int64_t n = loops->size[1];
    if (loops->rank != 2 || n > REPEATED_ROOM / 8) return false;
    if (loops->stride[1][1] != 1 || loops->stride[2][1] != 1) return false;
    bool is_left = loops->stride[1][0] == 0 && loops->stride[2][0] == n;
    if (!is_left && !(loops->stride[2][0] == 0 && loops->stride[1][0] == n)) return false;
    const float *few = is_left ? job->a : job->b;
    for (int64_t i = 0; i < REPEATED_ROOM / n * n; i++) job->repeated[i] = few[i % n];
    return true;
}

void ck_binary_f32(ck_operation operation, const float *a, const float *b, float *y, const ck_pair_walk *walk, float low,
    float high, int threads) {
    binary_job job = {operation, a, b, y, .low = low, .high = high, .row = ck_best_binary_row()};
    int64_t count = ck_pair_loops(walk, &job.loops);
    if (count == 0) return;
    threads = ck_worthy_threads(threads, count * 4);
    int64_t rows = ck_steps(&job.loops, job.loops.rank - 1);
    if (job.loops.rank == 1) {
        ck_parallel(threads, count, binary_flat, &job);
    } else {
        ck_parallel(threads, rows, repeat(&job) ? binary_repeated : binary_rows, &job);
    }
}

typedef void (*affine_row)(const float *, const float *, const float *, int, float *, int64_t, float, float);

typedef struct {
    const float *x, *scale, *shift;
    float *y;
    int64_t channels, inner;
    float low, high;
    affine_row row;
} affine_job;

static void affine_planes(void *context, int64_t begin, int64_t end) {
    const affine_job *job = context;
    int64_t n = job->inner;
    for (int64_t i = begin; i < end; i++) {
        int64_t channel = i % job->channels;
        job->row(job->x + i * n, job->scale + channel, job->shift + channel, 0, job->y + i * n, n, job->low, job->high);
    }
}

/// Channels last. A few channels are repeated, so that a row fills vectors.
static void affine_pixels(void *context, int64_t begin, int64_t end) {
    const affine_job *job = context;
    const float *scale = job->scale, *shift = job->shift;
    int64_t n = job->channels, rows = 1;
    float scales[REPEATED_ROOM], shifts[REPEATED_ROOM];
    if (n <= REPEATED_ROOM / 8) {
        rows = REPEATED_ROOM / n;
        for (int64_t i = 0; i < rows * n; i++) {
            scales[i] = scale[i % n];
            shifts[i] = shift[i % n];
        }
        scale = scales;
        shift = shifts;
    }
    for (int64_t i = begin; i < end; i += rows) {
        int64_t count = ck_least(rows, end - i) * n;
        job->row(job->x + i * n, scale, shift, 1, job->y + i * n, count, job->low, job->high);
    }
}

void ck_affine_f32(const float *x, const float *scale, const float *shift, float *y, int64_t outer, int64_t channels,
    int64_t inner, float low, float high, int threads) {
    if (outer <= 0 || channels <= 0 || inner <= 0) return;
    affine_job job = {x, scale, shift, y, channels, inner, low, high, CK_BEST(affine_row)};
    threads = ck_worthy_threads(threads, outer * channels * inner * 4);
    if (inner == 1) {
        ck_parallel(threads, outer, affine_pixels, &job);
    } else {
        ck_parallel(threads, outer * channels, affine_planes, &job);
    }
}
