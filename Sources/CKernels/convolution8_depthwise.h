// A channel at a time with a kernel of its own: 16 channels side by side, their taps in pairs.

/// Where the taps of an output position are read, how far the next position's are, and whether they move with the channel:
/// taps in the padding all read the same 16 zeros.
typedef struct {
    const uint8_t *at[CK_MOST_TAPS + 1];
    int64_t step[CK_MOST_TAPS + 1];
    int64_t moves[CK_MOST_TAPS + 1];
} NAME(taps);

#if LANES == 8
CK_INLINE void NAME(depthwise_sums)(const NAME(taps) *taps, int64_t pairs, int64_t channel, const int32_t *packed,
    int columns, bool is_signed, int32_t (*sums)[CK_BLOCK]) {
    const __m256i *weights = (const __m256i *)packed;
    __m256i low[4], high[4];
    for (int q = 0; q < columns; q++) low[q] = weights[0], high[q] = weights[1];
    for (int64_t pair = 0; pair < pairs; pair++) {
        __m256i low_weights = weights[2 + 2 * pair], high_weights = weights[3 + 2 * pair];
        const uint8_t *first = taps->at[2 * pair] + (channel & taps->moves[2 * pair]);
        const uint8_t *second = taps->at[2 * pair + 1] + (channel & taps->moves[2 * pair + 1]);
        int64_t first_step = taps->step[2 * pair], second_step = taps->step[2 * pair + 1];
        for (int q = 0; q < columns; q++) {
            __m128i a = _mm_loadu_si128((const __m128i *)(first + q * first_step));
            __m128i b = _mm_loadu_si128((const __m128i *)(second + q * second_step));
            __m128i low_pairs = _mm_unpacklo_epi8(a, b), high_pairs = _mm_unpackhi_epi8(a, b);
            __m256i x = is_signed ? _mm256_cvtepi8_epi16(low_pairs) : _mm256_cvtepu8_epi16(low_pairs);
            low[q] = _mm256_add_epi32(low[q], _mm256_madd_epi16(x, low_weights));
            x = is_signed ? _mm256_cvtepi8_epi16(high_pairs) : _mm256_cvtepu8_epi16(high_pairs);
            high[q] = _mm256_add_epi32(high[q], _mm256_madd_epi16(x, high_weights));
        }
    }
    for (int q = 0; q < columns; q++) {
        _mm256_storeu_si256((__m256i *)sums[q], low[q]);
        _mm256_storeu_si256((__m256i *)(sums[q] + 8), high[q]);
    }
}
#else
CK_INLINE void NAME(depthwise_sums)(const NAME(taps) *taps, int64_t pairs, int64_t channel, const int32_t *packed,
    int columns, bool is_signed, int32_t (*sums)[CK_BLOCK]) {
    const int16_t *weights = (const int16_t *)(packed + CK_BLOCK);
    for (int q = 0; q < columns; q++) {
        memcpy(sums[q], packed, sizeof sums[q]);
        for (int64_t tap = 0; tap < 2 * pairs; tap++) {
            const uint8_t *x = taps->at[tap] + (channel & taps->moves[tap]) + q * taps->step[tap];
            const int16_t *w = weights + tap / 2 * 2 * CK_BLOCK + tap % 2;
            for (int i = 0; i < CK_BLOCK; i++) sums[q][i] += (is_signed ? (int8_t)x[i] : x[i]) * w[2 * i];
        }
    }
}
#endif

CK_INLINE void NAME(depthwise_pixels)(const ck_convolution_job *job, const NAME(taps) *taps, int columns, int64_t at) {
    NAME(finishing) finishing = NAME(begin_finishing)(job);
    const ck_packing *packing = &job->packing;
    int64_t channels = job->form.groups, n = ck_least(CK_BLOCK, channels), pairs = packing->segments;
    int32_t sums[4][CK_BLOCK];
    for (int64_t block = 0; block < packing->blocks; block++) {
        int64_t channel = ck_most(0, ck_least(block * CK_BLOCK, channels - CK_BLOCK));
        const int32_t *packed = (const int32_t *)job->packed + block * (1 + pairs) * CK_BLOCK;
        if (job->form.x_is_signed) {
            NAME(depthwise_sums)(taps, pairs, channel, packed, columns, true, sums);
        } else {
            NAME(depthwise_sums)(taps, pairs, channel, packed, columns, false, sums);
        }
        NAME(take_channels)(&finishing, job, channel, n);
        for (int q = 0; q < columns; q++) NAME(finish)(&finishing, sums[q], at + q * channels + channel);
    }
}

/// The taps of the output position (row, column) of an image.
CK_INLINE void NAME(find_taps)(const ck_convolution *form, const uint8_t *image, int64_t row, int64_t column,
    const uint8_t *zeros, NAME(taps) *taps) {
    int64_t tap = 0;
    for (int64_t i = 0; i < form->kernel_height; i++) {
        int64_t in_row = row * form->stride_height - form->pad_top + i * form->dilation_height;
        for (int64_t j = 0; j < form->kernel_width; j++, tap++) {
            int64_t in_column = column * form->stride_width - form->pad_left + j * form->dilation_width;
            bool is_inside = in_row >= 0 && in_row < form->in_height && in_column >= 0 && in_column < form->in_width;
            int64_t place = (in_row * form->in_width + in_column) * form->in_channels;
            taps->at[tap] = is_inside ? image + place : zeros;
            taps->step[tap] = is_inside ? form->stride_width * form->in_channels : 0;
            taps->moves[tap] = is_inside ? -1 : 0;
        }
    }
    // The last one's partner, whose weights are zeros.
    taps->at[tap] = zeros;
    taps->step[tap] = taps->moves[tap] = 0;
}

/// Fewer than 16 channels are copied, so that nothing is read past the end.
CK_INLINE void NAME(copy_taps)(const ck_convolution *form, uint8_t (*copies)[CK_BLOCK], NAME(taps) *taps) {
    int64_t count = form->kernel_height * form->kernel_width;
    for (int64_t tap = 0; tap < count; tap++) {
        memcpy(copies[tap], taps->at[tap], (size_t)form->in_channels);
        taps->at[tap] = copies[tap];
    }
}

static void NAME(depthwise_rows)(void *context, int64_t begin, int64_t end) {
    const ck_convolution_job *job = context;
    const ck_convolution *form = &job->form;
    uint8_t zeros[CK_BLOCK], copies[CK_MOST_TAPS][CK_BLOCK] = {{0}};
    memset(zeros, form->x_zero, sizeof zeros);
    NAME(taps) taps;
    int64_t reach = (form->kernel_width - 1) * form->dilation_width;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = i % form->out_height;
        const uint8_t *image = job->x + i / form->out_height * form->in_height * form->in_width * form->in_channels;
        for (int64_t column = 0; column < form->out_width;) {
            int64_t first = column * form->stride_width - form->pad_left, last = first + 3 * form->stride_width + reach;
            int64_t at = (i * form->out_width + column) * form->in_channels;
            NAME(find_taps)(form, image, row, column, zeros, &taps);
            bool are_four = column + 4 <= form->out_width && first >= 0 && last < form->in_width;
            if (are_four && form->in_channels >= CK_BLOCK) {
                NAME(depthwise_pixels)(job, &taps, 4, at);
                column += 4;
            } else {
                if (form->in_channels < CK_BLOCK) NAME(copy_taps)(form, copies, &taps);
                NAME(depthwise_pixels)(job, &taps, 1, at);
                column++;
            }
        }
    }
}
