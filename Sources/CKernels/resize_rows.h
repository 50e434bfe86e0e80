// One pixel of a resized image, compiled for each variant.

CK_INLINE FLOATS NAME(mix)(FLOATS low, FLOATS high, float weight) {
    return low * (1 - weight) + high * weight;
}

/// The mix of four pixels of n channels.
static void NAME(mix_pixel)(const float *const corner[4], float row, float column, float *y, int64_t n) {
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES) {
        FLOATS top = NAME(mix)(NAME(ck_load)(corner[0] + c), NAME(ck_load)(corner[1] + c), column);
        FLOATS bottom = NAME(mix)(NAME(ck_load)(corner[2] + c), NAME(ck_load)(corner[3] + c), column);
        NAME(ck_store)(y + c, NAME(mix)(top, bottom, row));
    }
    for (; c < n; c++) {
        float top = corner[0][c] * (1 - column) + corner[1][c] * column;
        float bottom = corner[2][c] * (1 - column) + corner[3][c] * column;
        y[c] = top * (1 - row) + bottom * row;
    }
}
