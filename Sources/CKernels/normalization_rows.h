// Softmax of rows and means of channels, compiled for each variant.

/// e^x for x ≤ 0, within 2e-7 of it; 0 below −87, NaN for NaN.
CK_INLINE FLOATS NAME(exponential)(FLOATS x) {
    FLOATS magic = NAME(ck_all)(12582912.0f);
    INTS vanishes = x < NAME(ck_all)(-87.0f);
    FLOATS shifted = x * 1.44269504f + magic;
    FLOATS whole = shifted - magic;
    FLOATS r = x - whole * 0.693359375f;
    r = r + whole * 2.12194440e-4f;
    FLOATS p = r * 1.98756914e-4f + 1.39819994e-3f;
    p = p * r + 8.33345188e-3f;
    p = p * r + 4.16657949e-2f;
    p = p * r + 1.66666657e-1f;
    p = p * r + 5.00000000e-1f;
    p = p * r * r + r + 1.0f;
    // The sum's low bits hold the power of two.
    INTS power = (INTS)(((INTS)shifted - (INTS)magic) << 23) + (INTS)NAME(ck_all)(1.0f);
    return NAME(ck_select)(vanishes, NAME(ck_all)(0), p * (FLOATS)power);
}

CK_INLINE FLOATS NAME(greater)(FLOATS a, FLOATS b) {
    return NAME(ck_select)(a > b, a, b);
}

CK_INLINE float NAME(total)(FLOATS v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

static void NAME(softmax_row)(const float *x, float *y, int64_t n, bool is_logarithm) {
    int64_t whole = n / LANES * LANES;
    float most = x[0];
    FLOATS mosts = NAME(ck_all)(most);
    for (int64_t i = 0; i < whole; i += LANES) mosts = NAME(greater)(NAME(ck_load)(x + i), mosts);
    for (int i = 0; i < LANES; i++) most = mosts[i] > most ? mosts[i] : most;
    for (int64_t i = whole; i < n; i++) most = x[i] > most ? x[i] : most;
    FLOATS shift = NAME(ck_all)(most), sums = {0};
    for (int64_t i = 0; i < whole; i += LANES) {
        FLOATS e = NAME(exponential)(NAME(ck_load)(x + i) - shift);
        if (!is_logarithm) NAME(ck_store)(y + i, e);
        sums += e;
    }
    float sum = NAME(total)(sums);
    if (whole < n) {
        FLOATS e = NAME(exponential)(NAME(ck_load_some)(x + whole, n - whole) - shift);
        if (!is_logarithm) NAME(ck_store_some)(y + whole, e, n - whole);
        for (int64_t i = 0; i < n - whole; i++) sum += e[i];
    }
    if (is_logarithm) {
        float logarithm = logf(sum);
        for (int64_t i = 0; i < n; i++) y[i] = x[i] - most - logarithm;
    } else {
        float factor = 1 / sum;
        for (int64_t i = 0; i < n; i++) y[i] *= factor;
    }
}

/// LANES rows of a few numbers, side by side.
CK_INLINE void NAME(softmax_few)(const float *x, float *y, int64_t n, bool is_logarithm) {
    FLOATS columns[LANES], sum = {0};
    for (int64_t k = 0; k < n; k++) {
        for (int lane = 0; lane < LANES; lane++) columns[k][lane] = x[lane * n + k];
    }
    FLOATS most = columns[0];
    for (int64_t k = 1; k < n; k++) most = NAME(greater)(columns[k], most);
    for (int64_t k = 0; k < n; k++) {
        FLOATS e = NAME(exponential)(columns[k] - most);
        sum += e;
        columns[k] = is_logarithm ? columns[k] - most : e;
    }
    if (is_logarithm) {
        for (int lane = 0; lane < LANES; lane++) sum[lane] = logf(sum[lane]);
    } else {
        sum = 1.0f / sum;
    }
    for (int64_t k = 0; k < n; k++) {
        FLOATS v = is_logarithm ? columns[k] - sum : columns[k] * sum;
        for (int lane = 0; lane < LANES; lane++) y[lane * n + k] = v[lane];
    }
}

static void NAME(softmax_rows)(const float *x, float *y, int64_t rows, int64_t n, bool is_logarithm) {
    int64_t i = 0;
    if (n <= LANES) {
        for (; i + LANES <= rows; i += LANES) NAME(softmax_few)(x + i * n, y + i * n, n, is_logarithm);
    }
    for (; i < rows; i++) NAME(softmax_row)(x + i * n, y + i * n, n, is_logarithm);
}

/// The mean over positions of up to 32 channels that lie side by side. Sums are taken in runs, which loses less.
static void NAME(mean_channels)(const float *x, float *y, int64_t positions, int64_t stride, int64_t n) {
    FLOATS sums[MEAN_BLOCK / LANES] = {{0}};
    float few[LANES] = {0};
    int64_t whole = n / LANES;
    for (int64_t first = 0; first < positions; first += 64) {
        FLOATS run[MEAN_BLOCK / LANES] = {{0}};
        int64_t end = ck_least(first + 64, positions);
        if (whole == MEAN_BLOCK / LANES) {
            for (int64_t i = first; i < end; i++) {
                for (int k = 0; k < MEAN_BLOCK / LANES; k++) run[k] += NAME(ck_load)(x + i * stride + k * LANES);
            }
        } else {
            for (int64_t i = first; i < end; i++) {
                for (int64_t k = 0; k < whole; k++) run[k] += NAME(ck_load)(x + i * stride + k * LANES);
            }
        }
        for (int k = 0; k < MEAN_BLOCK / LANES; k++) sums[k] += run[k];
        for (int64_t c = whole * LANES; c < n; c++) {
            float sum = 0;
            for (int64_t i = first; i < end; i++) sum += x[i * stride + c];
            few[c - whole * LANES] += sum;
        }
    }
    float count = (float)positions;
    for (int64_t k = 0; k < whole; k++) NAME(ck_store)(y + k * LANES, sums[k] / count);
    for (int64_t c = whole * LANES; c < n; c++) y[c] = few[c - whole * LANES] / count;
}
