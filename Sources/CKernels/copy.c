#include "transposition.h"
#include "walk.h"

typedef struct {
    const char *from;
    char *to;
    int width;
    ck_loops loops;
    ck_plane plane;
    /// How many elements of a plane are one piece of work.
    int64_t strip_from, strip_to;
    ck_transposition transpose;
} copy_job;

static void copy_bytes(void *context, int64_t begin, int64_t end) {
    const copy_job *job = context;
    memcpy(job->to + begin, job->from + begin, (size_t)(end - begin));
}

/// Short rows without a call.
CK_INLINE void copy_row(char *to, const char *from, size_t n) {
    char a[32], b[32];
    if (n >= 16 && n <= 32) {
        memcpy(a, from, 16), memcpy(b, from + n - 16, 16);
        memcpy(to, a, 16), memcpy(to + n - 16, b, 16);
    } else if (n > 32 && n <= 64) {
        memcpy(a, from, 32), memcpy(b, from + n - 32, 32);
        memcpy(to, a, 32), memcpy(to + n - 32, b, 32);
    } else if (n >= 8 && n < 16) {
        memcpy(a, from, 8), memcpy(b, from + n - 8, 8);
        memcpy(to, a, 8), memcpy(to + n - 8, b, 8);
    } else {
        memcpy(to, from, n);
    }
}

static void copy_rows(void *context, int64_t begin, int64_t end) {
    const copy_job *job = context;
    int outer = job->loops.rank - 1, width = job->width;
    size_t row = (size_t)job->loops.size[outer] * (size_t)width;
    ck_place place = ck_place_at(&job->loops, outer, begin);
    for (int64_t i = begin; i < end; i++) {
        copy_row(job->to + place.offset[0] * width, job->from + place.offset[1] * width, row);
        ck_advance(&place, &job->loops, outer);
    }
}

#define STRIDED_LOOP(element)                                                                                        \
    for (int64_t i = begin; i < end; i++) {                                                                          \
        const element *from = (const element *)job->from + place.offset[1];                                          \
        element *to = (element *)job->to + place.offset[0];                                                          \
        if (from_stride == 0 && to_stride == 1) {                                                                    \
            element value = *from;                                                                                   \
            for (int64_t k = 0; k < n; k++) to[k] = value;                                                           \
        } else {                                                                                                     \
            for (int64_t k = 0; k < n; k++) to[k * to_stride] = from[k * from_stride];                               \
        }                                                                                                            \
        ck_advance(&place, &job->loops, outer);                                                                      \
    }

static void copy_strided(void *context, int64_t begin, int64_t end) {
    const copy_job *job = context;
    int outer = job->loops.rank - 1;
    int64_t n = job->loops.size[outer];
    int64_t to_stride = job->loops.stride[0][outer], from_stride = job->loops.stride[1][outer];
    ck_place place = ck_place_at(&job->loops, outer, begin);
    switch (job->width) {
    case 1: STRIDED_LOOP(uint8_t) break;
    case 2: STRIDED_LOOP(uint16_t) break;
    case 4: STRIDED_LOOP(uint32_t) break;
    default: STRIDED_LOOP(uint64_t) break;
    }
}

static int64_t pieces(int64_t size, int64_t strip) {
    return (size + strip - 1) / strip;
}

static void copy_planes(void *context, int64_t begin, int64_t end) {
    const copy_job *job = context;
    const ck_plane *whole = &job->plane;
    int64_t across = pieces(whole->dense_to, job->strip_to), along = pieces(whole->dense_from, job->strip_from);
    for (int64_t i = begin; i < end; i++) {
        int64_t d = i % across * job->strip_to, s = i / across % along * job->strip_from;
        ck_place place = ck_place_at(&job->loops, job->loops.rank, i / across / along);
        ck_plane part = *whole;
        part.dense_to = ck_least(job->strip_to, whole->dense_to - d);
        part.dense_from = ck_least(job->strip_from, whole->dense_from - s);
        job->transpose(job->from + (place.offset[1] + d * whole->from_stride + s) * job->width,
            job->to + (place.offset[0] + s * whole->to_stride + d) * job->width, &part);
    }
}

/// Makes planes of the last loop, dense in the target, and of `dense`, dense in the source.
static void cut_planes(copy_job *job, int dense) {
    int last = job->loops.rank - 1;
    ck_plane plane = {job->loops.size[dense], job->loops.size[last], job->loops.stride[1][last],
        job->loops.stride[0][dense]};
    ck_remove_loop(&job->loops, last);
    ck_remove_loop(&job->loops, dense);
    int64_t line = CK_STRIP / job->width;
    job->plane = plane;
    job->strip_to = ck_least(plane.dense_to, 256);
    job->strip_from = ck_most(line, pieces(4096, job->strip_to * line) * line);
    if (plane.dense_from < job->strip_from) {
        job->strip_from = plane.dense_from;
        job->strip_to = ck_least(plane.dense_to, ck_most(256, pieces(4096, plane.dense_from * line) * line));
    }
    job->transpose = ck_transposition_of(job->width);
}

static int dense_source(const ck_loops *loops) {
    for (int i = 0; i < loops->rank - 1; i++) {
        if (loops->stride[1][i] == 1) return i;
    }
    return -1;
}

void ck_copy(const void *from, void *to, int width, const ck_walk *walk, int threads) {
    copy_job job = {.from = from, .to = to, .width = width, .loops = {.rank = walk->rank, .sides = 2}};
    memcpy(job.loops.size, walk->size, sizeof walk->size);
    memcpy(job.loops.stride[0], walk->to, sizeof walk->to);
    memcpy(job.loops.stride[1], walk->from, sizeof walk->from);
    int64_t count = ck_simplify(&job.loops);
    if (count == 0) return;
    threads = ck_worthy_threads(threads, count * width);
    int last = job.loops.rank - 1, dense = dense_source(&job.loops);
    int64_t rows = ck_steps(&job.loops, last);
    if (job.loops.stride[0][last] == 1 && job.loops.stride[1][last] == 1) {
        if (last == 0) {
            ck_parallel(threads, count * width, copy_bytes, &job);
        } else {
            ck_parallel(threads, rows, copy_rows, &job);
        }
    } else if (job.loops.stride[0][last] == 1 && dense >= 0) {
        cut_planes(&job, dense);
        int64_t across = pieces(job.plane.dense_to, job.strip_to);
        int64_t along = pieces(job.plane.dense_from, job.strip_from);
        ck_parallel(threads, ck_steps(&job.loops, job.loops.rank) * across * along, copy_planes, &job);
    } else {
        ck_parallel(threads, rows, copy_strided, &job);
    }
}

void ck_fill(void *to, int width, const void *value, const ck_walk *walk, int threads) {
    ck_walk filling = *walk;
    memset(filling.from, 0, sizeof filling.from);
    ck_copy(value, to, width, &filling, threads);
}
