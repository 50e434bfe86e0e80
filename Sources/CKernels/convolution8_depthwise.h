// A kernel of its own for each channel: 16 channels side by side, a tile of positions at a time. All sums are integers below 2²⁴, which
// floats hold exactly, so that one fused operation does for a product and its sum.

/// Positions that a tile begins with, and how many: in the output, and the inputs under them.
typedef struct {
    int64_t image, row, column, rows, columns;
    int64_t in_row, in_column, in_rows, in_columns;
} NAME(tile);

CK_INLINE void NAME(fill_zeros)(float (*inputs)[CK_BLOCK], int64_t count, int32_t zero) {
    for (int64_t j = 0; j < count; j++) {
        for (int k = 0; k < PARTS; k++) NAME(ck_store)(inputs[j] + k * LANES, NAME(ck_all)((float)zero));
    }
}

/// n ≤ 16 channels of the inputs under a tile, as floats.
CK_INLINE void NAME(fill_tile)(const ck_convolution_job *job, const NAME(tile) *tile, int64_t channel, int64_t n,
    bool is_signed, float (*inputs)[CK_BLOCK]) {
    const ck_convolution *form = &job->form;
    uint8_t few[CK_BLOCK] = {0};
    int64_t pixel = form->in_channels, row_end = form->in_height, width = form->in_width, across = tile->in_columns;
    int64_t first = ck_least(ck_most(0, -tile->in_column), across);
    int64_t last = ck_most(first, ck_least(across, width - tile->in_column));
    for (int64_t i = 0; i < tile->in_rows; i++, inputs += across) {
        int64_t row = tile->in_row + i;
        if (row < 0 || row >= row_end) {
            NAME(fill_zeros)(inputs, across, form->x_zero);
            continue;
        }
        const uint8_t *x = job->x + channel + ((tile->image * row_end + row) * width + tile->in_column + first) * pixel;
        NAME(fill_zeros)(inputs, first, form->x_zero);
        for (int64_t j = first; j < last; j++, x += pixel) {
            const uint8_t *from = n < CK_BLOCK ? memcpy(few, x, (size_t)n) : x;
            for (int k = 0; k < PARTS; k++) {
                INTS v = NAME(ck_load_8)(from + k * LANES, is_signed);
                NAME(ck_store)(inputs[j] + k * LANES, __builtin_convertvector(v, FLOATS));
            }
        }
        NAME(fill_zeros)(inputs + last, across - last, form->x_zero);
    }
}

/// Neighbouring positions of a row, whose inputs begin at `inputs`.
CK_INLINE void NAME(depthwise_positions)(const ck_convolution *form, const NAME(finishing) *finishing,
    const float (*inputs)[CK_BLOCK], int64_t in_columns, const float (*packed)[CK_BLOCK], int columns, int64_t at) {
    FLOATS sums[4][PARTS];
    for (int q = 0; q < columns; q++) {
        for (int k = 0; k < PARTS; k++) sums[q][k] = NAME(ck_load)(packed[0] + k * LANES);
    }
    int64_t stride = form->stride_width;
    for (int64_t i = 0; i < form->kernel_height; i++) {
        const float (*x)[CK_BLOCK] = inputs + i * form->dilation_height * in_columns;
        for (int64_t j = 0; j < form->kernel_width; j++) {
            packed++;
            for (int k = 0; k < PARTS; k++) {
                FLOATS weights = NAME(ck_load)(packed[0] + k * LANES);
                for (int q = 0; q < columns; q++) {
                    sums[q][k] = NAME(ck_add_product)(sums[q][k], NAME(ck_load)(x[q * stride] + k * LANES), weights);
                }
            }
            x += form->dilation_width;
        }
    }
#pragma clang loop unroll(full)
    for (int q = 0; q < columns; q++) NAME(finish)(finishing, sums[q], at + q * form->out_channels);
}

CK_INLINE void NAME(depthwise_tile)(const ck_convolution_job *job, NAME(finishing) *finishing, const NAME(tile) *tile) {
    const ck_convolution form = job->form;
    int64_t channels = form.groups, n = ck_least(CK_BLOCK, channels);
    _Alignas(64) float inputs[CK_TILE][CK_BLOCK];
    for (int64_t block = 0; block < job->packing.blocks; block++) {
        int64_t channel = ck_most(0, ck_least(block * CK_BLOCK, channels - CK_BLOCK));
        const float (*packed)[CK_BLOCK] = (const float (*)[CK_BLOCK])job->packed + block * job->packing.depth;
        if (form.x_is_signed) {
            NAME(fill_tile)(job, tile, channel, n, true, inputs);
        } else {
            NAME(fill_tile)(job, tile, channel, n, false, inputs);
        }
        NAME(take_channels)(finishing, job, channel, n);
        for (int64_t i = 0; i < tile->rows; i++) {
            const float (*row)[CK_BLOCK] = (const float (*)[CK_BLOCK])inputs + i * form.stride_height * tile->in_columns;
            int64_t first = (tile->image * form.out_height + tile->row + i) * form.out_width + tile->column;
            for (int64_t j = 0; j < tile->columns;) {
                // The last four overlap those before.
                if (tile->columns >= 4) j = ck_least(j, tile->columns - 4);
                const float (*x)[CK_BLOCK] = row + j * form.stride_width;
                int64_t at = (first + j) * channels + channel;
                if (tile->columns >= 4) {
                    NAME(depthwise_positions)(&form, finishing, x, tile->in_columns, packed, 4, at);
                    j += 4;
                } else {
                    NAME(depthwise_positions)(&form, finishing, x, tile->in_columns, packed, 1, at);
                    j++;
                }
            }
        }
    }
}

static void NAME(depthwise_rows)(void *context, int64_t begin, int64_t end) {
    const ck_convolution_job *job = context;
    const ck_convolution *form = &job->form;
    NAME(finishing) finishing = NAME(begin_finishing)(job);
    NAME(tile) tile;
    for (int64_t i = begin; i < end; i += tile.rows) {
        tile.image = i / form->out_height;
        tile.row = i % form->out_height;
        tile.rows = ck_least(job->tile_rows, ck_least(form->out_height - tile.row, end - i));
        tile.in_row = tile.row * form->stride_height - form->pad_top;
        tile.in_rows = ck_span(tile.rows, form->stride_height, form->kernel_height, form->dilation_height);
        for (tile.column = 0; tile.column < form->out_width; tile.column += tile.columns) {
            tile.columns = ck_least(job->tile_columns, form->out_width - tile.column);
            tile.in_column = tile.column * form->stride_width - form->pad_left;
            tile.in_columns = ck_span(tile.columns, form->stride_width, form->kernel_width, form->dilation_width);
            NAME(depthwise_tile)(job, &finishing, &tile);
        }
    }
}
