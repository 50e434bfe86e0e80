// One output of a pool, compiled for each variant.

/// The largest of rows × columns elements, `down` and `right` apart, for n channels.
static void NAME(maximum_window)(const float *x, int64_t rows, int64_t columns, int64_t down, int64_t right, float *y,
    int64_t n) {
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES) {
        FLOATS best = NAME(ck_all)(-__builtin_inff());
        for (int64_t i = 0; i < rows; i++) {
            const float *row = x + i * down + c;
            for (int64_t j = 0; j < columns; j++) {
                FLOATS v = NAME(ck_load)(row + j * right);
                best = NAME(ck_select)(v > best, v, best);
            }
        }
        NAME(ck_store)(y + c, best);
    }
    for (; c < n; c++) {
        float best = -__builtin_inff();
        for (int64_t i = 0; i < rows; i++) {
            for (int64_t j = 0; j < columns; j++) {
                float v = x[i * down + j * right + c];
                best = v > best ? v : best;
            }
        }
        y[c] = best;
    }
}
