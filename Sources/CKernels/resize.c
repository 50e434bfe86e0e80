#include "variants.h"

#define CK_ROWS "resize_rows.h"
#include "both_variants.h"

typedef struct {
    const char *x;
    char *y;
    ck_resize form;
    int64_t pixel;
    const int32_t *rows, *columns;
} nearest_job;

static void nearest_rows(void *context, int64_t begin, int64_t end) {
    const nearest_job *job = context;
    const ck_resize *form = &job->form;
    int64_t pixel = job->pixel, row = form->out_width * pixel;
    for (int64_t i = begin; i < end; i++) {
        int64_t batch = i / form->out_height, out_row = i % form->out_height;
        char *y = job->y + i * row;
        if (i > begin && out_row > 0 && job->rows[out_row] == job->rows[out_row - 1]) {
            memcpy(y, y - row, (size_t)row);
            continue;
        }
        const char *x = job->x + (batch * form->height + job->rows[out_row]) * form->width * pixel;
        if (pixel == 4) {
            for (int64_t j = 0; j < form->out_width; j++) memcpy(y + j * 4, x + (int64_t)job->columns[j] * 4, 4);
        } else if (pixel == 1) {
            for (int64_t j = 0; j < form->out_width; j++) y[j] = x[job->columns[j]];
        } else {
            for (int64_t j = 0; j < form->out_width; j++) {
                memcpy(y + j * pixel, x + job->columns[j] * pixel, (size_t)pixel);
            }
        }
    }
}

void ck_resize_nearest(const void *x, void *y, int width, const ck_resize *form, const int32_t *rows,
    const int32_t *columns, int threads) {
    nearest_job job = {x, y, *form, form->channels * width, rows, columns};
    int64_t count = form->batch * form->out_height;
    ck_parallel(ck_worthy_threads(threads, count * form->out_width * job.pixel), count, nearest_rows, &job);
}

typedef struct {
    const float *x;
    float *y;
    ck_resize form;
    ck_mix rows, columns;
    void (*pixel)(const float *const corner[4], float row, float column, float *y, int64_t n);
} linear_job;

static void linear_rows(void *context, int64_t begin, int64_t end) {
    const linear_job *job = context;
    const ck_resize *form = &job->form;
    int64_t n = form->channels, row = form->width * n;
    for (int64_t i = begin; i < end; i++) {
        int64_t out_row = i % form->out_height;
        const float *image = job->x + i / form->out_height * form->height * row;
        const float *top = image + job->rows.low[out_row] * row, *bottom = image + job->rows.high[out_row] * row;
        float *y = job->y + i * form->out_width * n;
        for (int64_t j = 0; j < form->out_width; j++) {
            int64_t left = job->columns.low[j] * n, right = job->columns.high[j] * n;
            const float *corner[4] = {top + left, top + right, bottom + left, bottom + right};
            job->pixel(corner, job->rows.weight[out_row], job->columns.weight[j], y + j * n, n);
        }
    }
}

void ck_resize_linear_f32(const float *x, float *y, const ck_resize *form, ck_mix rows, ck_mix columns, int threads) {
    linear_job job = {x, y, *form, rows, columns, CK_BEST(mix_pixel)};
    int64_t count = form->batch * form->out_height;
    ck_parallel(ck_worthy_threads(threads, count * form->out_width * form->channels * 16), count, linear_rows, &job);
}
