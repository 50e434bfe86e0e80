#include "variants.h"

#define CK_ROWS "pooling_rows.h"
#include "both_variants.h"

typedef struct {
    const float *x;
    float *y;
    ck_convolution form;
    void (*window)(const float *x, int64_t rows, int64_t columns, int64_t down, int64_t right, float *y, int64_t n);
} maximum_job;

/// The first tap inside 0 ..< size of those `dilation` apart from `start`, and in *count how many are.
static int64_t inside(int64_t start, int64_t taps, int64_t dilation, int64_t size, int64_t *count) {
    int64_t first = start < 0 ? (dilation - 1 - start) / dilation : 0;
    int64_t beyond = start >= size ? 0 : ck_least(taps, (size - 1 - start) / dilation + 1);
    *count = ck_most(0, beyond - first);
    return first;
}

static void maximum_rows(void *context, int64_t begin, int64_t end) {
    const maximum_job *job = context;
    const ck_convolution *form = &job->form;
    int64_t n = form->in_channels, row = form->in_width * n;
    for (int64_t i = begin; i < end; i++) {
        int64_t batch = i / form->out_height, rows, columns;
        int64_t top = i % form->out_height * form->stride_height - form->pad_top;
        int64_t first_row = inside(top, form->kernel_height, form->dilation_height, form->in_height, &rows);
        const float *image = job->x + (batch * form->in_height + top + first_row * form->dilation_height) * row;
        float *y = job->y + i * form->out_width * n;
        for (int64_t j = 0; j < form->out_width; j++, y += n) {
            int64_t left = j * form->stride_width - form->pad_left;
            int64_t first = inside(left, form->kernel_width, form->dilation_width, form->in_width, &columns);
            job->window(image + (left + first * form->dilation_width) * n, rows, columns, form->dilation_height * row,
                form->dilation_width * n, y, n);
        }
    }
}

void ck_maximum_pool_f32(const ck_convolution *form, const float *x, float *y, int threads) {
    maximum_job job = {x, y, *form, CK_BEST(maximum_window)};
    int64_t taps = form->kernel_height * form->kernel_width;
    int64_t count = form->batch * form->out_height, bytes = count * form->out_width * form->in_channels * taps * 4;
    ck_parallel(ck_worthy_threads(threads, bytes), count, maximum_rows, &job);
}
