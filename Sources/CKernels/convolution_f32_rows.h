// Float convolution, compiled for each variant: the inputs of some positions are laid out as rows of a panel, one slice of the sums
// at a time, and multiplied by blocks of weights. Sums so far are kept in y.

#define PARTS (CK_BLOCK / LANES)
/// Rows that are multiplied together: as many as there are registers for.
#define GROUP (LANES == 8 ? 6 : 2)

/// The part begin ..< end of a position's inputs, in the order of the packed weights.
CK_INLINE void NAME(fill_inputs)(const ck_product_job *job, int64_t index, int64_t begin, int64_t end, float *y) {
    const ck_convolution *form = &job->form;
    int64_t inputs = form->in_channels, size = job->product.segment, across = form->kernel_width / job->product.taps;
    int64_t line = index / form->out_width;
    int64_t top = line % form->out_height * form->stride_height - form->pad_top;
    int64_t left = index % form->out_width * form->stride_width - form->pad_left;
    const float *image = job->x + line / form->out_height * form->in_height * form->in_width * inputs;
    for (int64_t segment = begin / ck_most(size, 1); segment * size < end; segment++) {
        int64_t row = top + segment / across * form->dilation_height;
        int64_t column = left + segment % across * form->dilation_width;
        int64_t from = ck_most(begin - segment * size, 0), to = ck_least(end - segment * size, size);
        // Inputs of the segment that are inside the image.
        bool is_inside = row >= 0 && row < form->in_height;
        int64_t first = is_inside ? ck_most(0, -column) * inputs : to;
        int64_t last = is_inside ? ck_least(job->product.taps, form->in_width - column) * inputs : to;
        first = ck_least(ck_most(first, from), to);
        last = ck_most(ck_least(last, to), first);
        memset(y, 0, (size_t)(first - from) * sizeof(float));
        y += first - from;
        if (last > first) {
            memcpy(y, image + (row * form->in_width + column) * inputs + first, (size_t)(last - first) * sizeof(float));
        }
        y += last - first;
        memset(y, 0, (size_t)(to - last) * sizeof(float));
        y += to - last;
    }
}

/// A block of output channels for some rows of a panel.
typedef struct {
    const float *inputs, *weights;
    int64_t depth;
    /// What the sums begin with, besides the offset: the addend, sums so far, or NULL.
    const float *addend;
    float *y;
    /// Floats from one position's results to the next, and how many channels there are.
    int64_t results, channels;
    /// Infinite before the last slice.
    FLOATS low, high;
    FLOATS offset[PARTS];
    float zeros[CK_BLOCK];
    /// Weights of the next block, and how many floats of them to fetch meanwhile.
    const float *next;
    int64_t ahead;
} NAME(tile);

CK_INLINE void NAME(finish_row)(const NAME(tile) *tile, const FLOATS *sums, int64_t at) {
    float few[CK_BLOCK] = {0}, *y = tile->channels < CK_BLOCK ? few : tile->y + at;
    const float *addend = tile->addend ? tile->addend + at : tile->zeros;
    if (tile->channels < CK_BLOCK) addend = memcpy(few, addend, (size_t)tile->channels * sizeof(float));
    for (int i = 0; i < PARTS; i++) {
        FLOATS v = sums[i] + tile->offset[i] + NAME(ck_load)(addend + i * LANES);
        NAME(ck_store)(y + i * LANES, NAME(ck_clamp)(v, tile->low, tile->high));
    }
    if (tile->channels < CK_BLOCK) memcpy(tile->y + at, few, (size_t)tile->channels * sizeof(float));
}

CK_INLINE void NAME(multiply)(const NAME(tile) *tile, int rows) {
    FLOATS sums[GROUP][PARTS];
    int64_t depth = tile->depth;
    const float *x = tile->inputs, *w = tile->weights;
    const float *next = tile->next;
    int64_t ahead = tile->ahead;
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
        for (int i = 0; i < PARTS; i++) sums[r][i] = (FLOATS){0};
    }
#pragma clang loop unroll_count(4)
    for (int64_t k = 0; k < depth; k++, w += CK_BLOCK) {
        // A line at a time, so that the loads of this block do not wait.
        if (k % 4 == 0) __builtin_prefetch(next + ck_least(k * 4, ahead), 0, 2);
        FLOATS weights[PARTS];
        for (int i = 0; i < PARTS; i++) weights[i] = NAME(ck_load)(w + i * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < rows; r++) {
            FLOATS input = NAME(ck_all)(x[r * CK_STRIDE + k]);
            for (int i = 0; i < PARTS; i++) sums[r][i] = NAME(ck_add_product)(sums[r][i], input, weights[i]);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) NAME(finish_row)(tile, sums[r], r * tile->results);
}

static void NAME(multiply_tile)(const NAME(tile) *tile, int64_t rows) {
    switch (rows) {
    case 1: NAME(multiply)(tile, 1); break;
    case 2: NAME(multiply)(tile, 2); break;
#if LANES == 8
    case 3: NAME(multiply)(tile, 3); break;
    case 4: NAME(multiply)(tile, 4); break;
    case 5: NAME(multiply)(tile, 5); break;
    case 6: NAME(multiply)(tile, 6); break;
#endif
    }
}

/// Adds a slice of the sums of a panel's positions from `first` on.
static void NAME(multiply_panel)(const ck_product_job *job, const float *panel, int64_t first, int64_t rows, int64_t slice,
    int64_t block_begin, int64_t block_end) {
    const ck_product *product = &job->product;
    int64_t begin = slice * product->depth, channels = job->form.out_channels;
    NAME(tile) tile = {.results = channels};
    tile.depth = ck_least(product->depth, product->total - begin);
    bool is_last = slice == product->slices - 1;
    tile.low = NAME(ck_all)(is_last ? job->low : -__builtin_inff());
    tile.high = NAME(ck_all)(is_last ? job->high : __builtin_inff());
    const float *addend = slice > 0 ? job->y : job->addend;
    // Groups of even sizes: one of few rows would wait for its own sums.
    int64_t groups = (rows + GROUP - 1) / GROUP;
    for (int64_t block = block_begin; block < block_end; block++) {
        int64_t channel = block * CK_BLOCK;
        tile.channels = ck_least(CK_BLOCK, channels - channel);
        tile.weights = job->packed + (begin * product->blocks + block * tile.depth) * CK_BLOCK;
        for (int i = 0; i < PARTS && slice == 0; i++) {
            int64_t n = ck_most(0, ck_least(LANES, tile.channels - i * LANES));
            tile.offset[i] = NAME(ck_load_some)(job->offset + channel + i * LANES, n);
        }
        for (int64_t group = 0; group < groups; group++) {
            int64_t row = rows * group / groups, end = rows * (group + 1) / groups;
            int64_t at = (first + row) * channels + channel;
            tile.inputs = panel + row * CK_STRIDE;
            tile.addend = addend ? addend + at : NULL;
            tile.y = job->y + at;
            int64_t near = tile.depth * group / groups, far = tile.depth * (group + 1) / groups;
            bool is_more = block + 1 < block_end;
            tile.next = tile.weights + (is_more ? tile.depth + near : 0) * CK_BLOCK;
            tile.ahead = is_more ? (far - near) * CK_BLOCK : 0;
            NAME(multiply_tile)(&tile, end - row);
        }
    }
}

static void NAME(product_parts)(void *context, int64_t begin, int64_t end) {
    const ck_product_job *job = context;
    const ck_product *product = &job->product;
    for (int64_t part = begin; part < end; part++) {
        float *panel = job->scratch + part * job->rows * CK_STRIDE;
        int64_t row = 0, row_end = product->positions, block = 0, block_end = product->blocks;
        if (job->are_channels_cut) {
            block = product->blocks * part / job->parts;
            block_end = product->blocks * (part + 1) / job->parts;
        } else {
            row = product->positions * part / job->parts;
            row_end = product->positions * (part + 1) / job->parts;
        }
        for (; row < row_end; row += job->rows) {
            int64_t rows = ck_least(job->rows, row_end - row);
            for (int64_t slice = 0; slice < product->slices; slice++) {
                int64_t first = slice * product->depth, last = ck_least(first + product->depth, product->total);
                for (int64_t r = 0; r < rows; r++) {
                    NAME(fill_inputs)(job, row + r, first, last, panel + r * CK_STRIDE);
                }
                NAME(multiply_panel)(job, panel, row, rows, slice, block, block_end);
            }
        }
    }
}

#undef PARTS
#undef GROUP
