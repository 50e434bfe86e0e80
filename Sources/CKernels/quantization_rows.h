// Conversion to and from 8-bit integers, compiled for each variant.

/// The integers of the real numbers v; NaN becomes the lowest.
CK_INLINE INTS NAME(integers)(FLOATS v, const ck_grid *grid) {
    float zero = (float)grid->zero;
    FLOATS low = NAME(ck_all)((grid->is_signed ? -128.0f : 0.0f) - zero);
    FLOATS high = NAME(ck_all)((grid->is_signed ? 127.0f : 255.0f) - zero);
    v = v / grid->scale;
    v = NAME(ck_select)(v > low, v, low);
    v = NAME(ck_select)(v < high, v, high);
    return NAME(ck_round)(v) + grid->zero;
}

static void NAME(quantize_row)(const float *x, uint8_t *y, int64_t n, const ck_grid *grid) {
    int64_t i = 0;
    const ck_grid g = *grid;
#if LANES == 8
    // Within their range, so that the packing saturates nothing; it mixes the halves, which the permutation undoes.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    for (; i + 32 <= n; i += 32) {
        __m256i v[4];
        for (int k = 0; k < 4; k++) v[k] = (__m256i)NAME(integers)(NAME(ck_load)(x + i + k * 8), &g);
        __m256i a = _mm256_packs_epi32(v[0], v[1]), b = _mm256_packs_epi32(v[2], v[3]);
        __m256i packed = g.is_signed ? _mm256_packs_epi16(a, b) : _mm256_packus_epi16(a, b);
        _mm256_storeu_si256((__m256i *)(y + i), _mm256_permutevar8x32_epi32(packed, order));
    }
#endif
    for (; i + LANES <= n; i += LANES) NAME(ck_store_8)(y + i, NAME(integers)(NAME(ck_load)(x + i), &g));
    if (i == n) return;
    INTS v = NAME(integers)(NAME(ck_load_some)(x + i, n - i), &g);
    for (int64_t k = 0; k < n - i; k++) y[i + k] = (uint8_t)v[k];
}

CK_INLINE void NAME(real_row)(const uint8_t *x, float *y, int64_t n, float scale, int32_t zero, bool is_signed) {
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        INTS v = NAME(ck_load_8)(x + i, is_signed) - zero;
        NAME(ck_store)(y + i, __builtin_convertvector(v, FLOATS) * scale);
    }
    for (; i < n; i++) y[i] = (float)((is_signed ? (int8_t)x[i] : x[i]) - zero) * scale;
}

static void NAME(dequantize_row)(const uint8_t *x, float *y, int64_t n, const ck_grid *grid) {
    if (grid->is_signed) {
        NAME(real_row)(x, y, n, grid->scale, grid->zero, true);
    } else {
        NAME(real_row)(x, y, n, grid->scale, grid->zero, false);
    }
}

/// Sums of the real numbers of `positions` rows, `stride` apart, for n channels: one after the other, as sums of dequantised
/// numbers are rounded.
CK_INLINE void NAME(sum_steps)(const uint8_t *x, float *sums, int64_t positions, int64_t stride, int64_t n,
    const ck_grid *grid, bool is_signed) {
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES) {
        FLOATS sum = NAME(ck_all)(0);
        for (int64_t i = 0; i < positions; i++) {
            INTS steps = NAME(ck_load_8)(x + i * stride + c, is_signed) - grid->zero;
            sum += __builtin_convertvector(steps, FLOATS) * grid->scale;
        }
        NAME(ck_store)(sums + c, sum);
    }
    for (; c < n; c++) {
        sums[c] = 0;
        for (int64_t i = 0; i < positions; i++) {
            uint8_t byte = x[i * stride + c];
            sums[c] += (float)((is_signed ? (int8_t)byte : byte) - grid->zero) * grid->scale;
        }
    }
}

static void NAME(sum_rows)(const uint8_t *x, float *sums, int64_t positions, int64_t stride, int64_t n,
    const ck_grid *grid) {
    if (grid->is_signed) {
        NAME(sum_steps)(x, sums, positions, stride, n, grid, true);
    } else {
        NAME(sum_steps)(x, sums, positions, stride, n, grid, false);
    }
}
