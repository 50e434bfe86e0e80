// Any groups and any kernel: inputs of some positions are laid out as rows of a panel, which is then multiplied by blocks of weights.

/// n inputs as 16-bit integers without their zero.
CK_INLINE void NAME(widen)(const uint8_t *x, int16_t *y, int64_t n, int16_t zero, bool is_signed) {
    int64_t i = 0;
#if LANES == 8
    if (n >= 16) {
        __m256i zeros = _mm256_set1_epi16(zero);
        for (;;) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(x + i));
            __m256i wide = is_signed ? _mm256_cvtepi8_epi16(bytes) : _mm256_cvtepu8_epi16(bytes);
            _mm256_storeu_si256((__m256i *)(y + i), _mm256_sub_epi16(wide, zeros));
            if (i + 16 == n) return;
            i = ck_least(i + 16, n - 16);
        }
    }
    if (n >= 8) {
        __m128i zeros = _mm_set1_epi16(zero);
        for (;;) {
            __m128i bytes = _mm_loadl_epi64((const __m128i *)(x + i));
            __m128i wide = is_signed ? _mm_cvtepi8_epi16(bytes) : _mm_cvtepu8_epi16(bytes);
            _mm_storeu_si128((__m128i *)(y + i), _mm_sub_epi16(wide, zeros));
            if (i + 8 == n) return;
            i = n - 8;
        }
    }
#endif
    for (; i < n; i++) y[i] = (int16_t)((is_signed ? (int8_t)x[i] : x[i]) - zero);
}

/// An output position.
typedef struct {
    int64_t image, row, column;
} NAME(position);

CK_INLINE NAME(position) NAME(position_at)(const ck_convolution *form, int64_t index) {
    int64_t row = index / form->out_width;
    return (NAME(position)){row / form->out_height, row % form->out_height, index % form->out_width};
}

CK_INLINE void NAME(move_on)(const ck_convolution *form, NAME(position) *position) {
    if (++position->column < form->out_width) return;
    position->column = 0;
    if (++position->row < form->out_height) return;
    position->row = 0;
    position->image++;
}

/// The part begin ..< end of a position's inputs, in the order of the packed weights.
CK_INLINE void NAME(fill_row)(const ck_convolution_job *job, int64_t group, const NAME(position) *position, int64_t begin,
    int64_t end, int16_t *y) {
    const ck_convolution *form = &job->form;
    const ck_packing *packing = &job->packing;
    int64_t inputs = packing->in_channels, size = packing->segment, across = form->kernel_width / packing->taps;
    int64_t segment = begin == 0 ? 0 : begin / size, i = begin == 0 ? 0 : segment / across, j = segment - i * across;
    for (; segment * size < end; segment++) {
        int64_t in_row = position->row * form->stride_height - form->pad_top + i * form->dilation_height;
        int64_t in_column = position->column * form->stride_width - form->pad_left + j * form->dilation_width;
        if (++j == across) j = 0, i++;
        int64_t from = ck_most(begin - segment * size, 0), to = ck_least(end - segment * size, size);
        // Inputs of the segment that are inside the image.
        bool is_inside = in_row >= 0 && in_row < form->in_height;
        int64_t first = is_inside ? ck_most(0, -in_column) * inputs : to;
        int64_t last = is_inside ? ck_least(packing->taps, form->in_width - in_column) * inputs : to;
        first = ck_least(ck_most(first, from), to);
        last = ck_most(ck_least(last, to), first);
        for (int64_t k = from; k < first; k++) *y++ = 0;
        if (last > first) {
            int64_t pixel = (position->image * form->in_height + in_row) * form->in_width + in_column;
            const uint8_t *x = job->x + pixel * form->in_channels + group * inputs + first;
            if (form->x_is_signed) {
                NAME(widen)(x, y, last - first, (int16_t)form->x_zero, true);
            } else {
                NAME(widen)(x, y, last - first, (int16_t)form->x_zero, false);
            }
            y += last - first;
        }
        for (int64_t k = last; k < to; k++) *y++ = 0;
    }
}

/// Adds the products of `rows` rows of the panel and a block of weights to the sums, or begins them.
CK_INLINE void NAME(multiply)(const int16_t *panel, int64_t stride, const int16_t *weights, int64_t pairs, int rows,
    int32_t (*sums)[CK_BLOCK], bool begins) {
#if LANES == 8
    __m256i low[4], high[4];
    for (int r = 0; r < rows; r++) {
        low[r] = begins ? _mm256_setzero_si256() : _mm256_loadu_si256((const __m256i *)sums[r]);
        high[r] = begins ? _mm256_setzero_si256() : _mm256_loadu_si256((const __m256i *)(sums[r] + 8));
    }
    for (int64_t k = 0; k < pairs; k++) {
        __m256i low_weights = _mm256_load_si256((const __m256i *)(weights + k * 32));
        __m256i high_weights = _mm256_load_si256((const __m256i *)(weights + k * 32 + 16));
        for (int r = 0; r < rows; r++) {
            int32_t pair;
            memcpy(&pair, panel + r * stride + 2 * k, sizeof pair);
            __m256i x = _mm256_set1_epi32(pair);
            low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(x, low_weights));
            high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(x, high_weights));
        }
    }
    for (int r = 0; r < rows; r++) {
        _mm256_storeu_si256((__m256i *)sums[r], low[r]);
        _mm256_storeu_si256((__m256i *)(sums[r] + 8), high[r]);
    }
#else
    for (int r = 0; r < rows; r++) {
        int32_t sum[CK_BLOCK] = {0};
        if (!begins) memcpy(sum, sums[r], sizeof sum);
        for (int64_t k = 0; k < pairs; k++) {
            int16_t a = panel[r * stride + 2 * k], b = panel[r * stride + 2 * k + 1];
            const int16_t *w = weights + k * 32;
            for (int i = 0; i < CK_BLOCK; i++) sum[i] += a * w[2 * i] + b * w[2 * i + 1];
        }
        memcpy(sums[r], sum, sizeof sum);
    }
#endif
}

static void NAME(multiply_panel)(const int16_t *panel, int64_t stride, int64_t rows, const int16_t *weights,
    int32_t (*sums)[CK_BLOCK], bool begins) {
    int64_t r = 0, pairs = stride / 2;
    for (; r + 4 <= rows; r += 4) NAME(multiply)(panel + r * stride, stride, weights, pairs, 4, sums + r, begins);
    switch (rows - r) {
    case 1: NAME(multiply)(panel + r * stride, stride, weights, pairs, 1, sums + r, begins); break;
    case 2: NAME(multiply)(panel + r * stride, stride, weights, pairs, 2, sums + r, begins); break;
    case 3: NAME(multiply)(panel + r * stride, stride, weights, pairs, 3, sums + r, begins); break;
    }
}

/// Positions first ..< first + rows of the blocks block_begin ..< block_end.
static void NAME(general_panel)(const ck_convolution_job *job, int64_t group, int64_t first, int64_t rows,
    int64_t block_begin, int64_t block_end) {
    const ck_packing *packing = &job->packing;
    NAME(finishing) finishing = NAME(begin_finishing)(job);
    _Alignas(64) int16_t panel[CK_PANEL];
    _Alignas(64) int32_t sums[CK_PANEL_BLOCKS][CK_PANEL_ROWS][CK_BLOCK];
    const int16_t *weights = (const int16_t *)job->packed + group * packing->blocks * packing->depth * CK_BLOCK;
    for (int64_t block = block_begin; block < block_end; block += CK_PANEL_BLOCKS) {
        int64_t blocks = ck_least(CK_PANEL_BLOCKS, block_end - block);
        for (int64_t begin = 0; begin < packing->depth; begin += job->depth) {
            int64_t depth = ck_least(job->depth, packing->depth - begin);
            if (block == block_begin || job->depth < packing->depth) {
                NAME(position) position = NAME(position_at)(&job->form, first);
                for (int64_t r = 0; r < rows; r++) {
                    NAME(fill_row)(job, group, &position, begin, begin + depth, panel + r * depth);
                    NAME(move_on)(&job->form, &position);
                }
            }
            for (int64_t b = 0; b < blocks; b++) {
                NAME(multiply_panel)(panel, depth, rows, weights + ((block + b) * packing->depth + begin) * CK_BLOCK, sums[b],
                    begin == 0);
            }
        }
        for (int64_t b = 0; b < blocks; b++) {
            int64_t place = (block + b) * CK_BLOCK, channel = group * packing->out_channels + place;
            NAME(take_channels)(&finishing, job, channel, ck_least(CK_BLOCK, packing->out_channels - place));
            for (int64_t r = 0; r < rows; r++) {
                FLOATS totals[PARTS];
                for (int i = 0; i < PARTS; i++) {
                    INTS sum;
                    memcpy(&sum, sums[b][r] + i * LANES, sizeof sum);
                    totals[i] = __builtin_convertvector(sum, FLOATS);
                }
                NAME(finish)(&finishing, totals, (first + r) * job->form.out_channels + channel);
            }
        }
    }
}

static void NAME(general_quads)(void *context, int64_t begin, int64_t end) {
    const ck_convolution_job *job = context;
    const ck_packing *packing = &job->packing;
    int64_t positions = job->form.batch * job->form.out_height * job->form.out_width;
    int64_t most = ck_least(CK_PANEL_ROWS / 4, CK_PANEL / job->depth / 4);
    while (begin < end) {
        // The quads of one group and one part of its output channels.
        int64_t group = begin / job->quads / job->parts, part = begin / job->quads % job->parts;
        int64_t quad = begin % job->quads, quads = ck_least(job->quads - quad, end - begin);
        int64_t block_begin = packing->blocks * part / job->parts, block_end = packing->blocks * (part + 1) / job->parts;
        int64_t panels = (quads + most - 1) / most, step = (quads + panels - 1) / panels;
        for (int64_t i = quad; i < quad + quads; i += step) {
            int64_t count = ck_least(step, quad + quads - i);
            NAME(general_panel)(job, group, i * 4, ck_least(count * 4, positions - i * 4), block_begin, block_end);
        }
        begin += quads;
    }
}
