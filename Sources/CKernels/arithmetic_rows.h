// One row of broadcast arithmetic, compiled for each variant.

CK_INLINE FLOATS NAME(apply)(ck_operation operation, FLOATS a, FLOATS b) {
    switch (operation) {
    case CK_ADD: return a + b;
    case CK_SUBTRACT: return a - b;
    case CK_MULTIPLY: return a * b;
    case CK_DIVIDE: return a / b;
    case CK_MAXIMUM: return NAME(ck_select)(a != a, a, NAME(ck_select)(a > b, a, b));
    case CK_MINIMUM: return NAME(ck_select)(a != a, a, NAME(ck_select)(a < b, a, b));
    case CK_PRELU: return NAME(ck_select)(a < NAME(ck_all)(0), a * b, a);
    }
    return a;
}


/// a and b step by 0 or 1.
CK_INLINE void NAME(stepped_row)(ck_operation operation, const float *a, int64_t a_stride, const float *b,
    int64_t b_stride, float *y, int64_t n, float low, float high) {
    FLOATS lows = NAME(ck_all)(low), highs = NAME(ck_all)(high);
    FLOATS all_a = NAME(ck_all)(*a), all_b = NAME(ck_all)(*b);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        FLOATS left = a_stride ? NAME(ck_load)(a + i) : all_a;
        FLOATS right = b_stride ? NAME(ck_load)(b + i) : all_b;
        NAME(ck_store)(y + i, NAME(ck_clamp)(NAME(apply)(operation, left, right), lows, highs));
    }
    if (i == n) return;
    FLOATS left = a_stride ? NAME(ck_load_some)(a + i, n - i) : all_a;
    FLOATS right = b_stride ? NAME(ck_load_some)(b + i, n - i) : all_b;
    NAME(ck_store_some)(y + i, NAME(ck_clamp)(NAME(apply)(operation, left, right), lows, highs), n - i);
}

CK_INLINE void NAME(any_row)(ck_operation operation, const float *a, int64_t a_stride, const float *b,
    int64_t b_stride, float *y, int64_t n, float low, float high) {
    if (a_stride == 1 && b_stride == 1) {
        NAME(stepped_row)(operation, a, 1, b, 1, y, n, low, high);
    } else if (a_stride == 1 && b_stride == 0) {
        NAME(stepped_row)(operation, a, 1, b, 0, y, n, low, high);
    } else if (a_stride == 0 && b_stride == 1) {
        NAME(stepped_row)(operation, a, 0, b, 1, y, n, low, high);
    } else {
        for (int64_t i = 0; i < n; i++) {
            NAME(stepped_row)(operation, a + i * a_stride, 0, b + i * b_stride, 0, y + i, 1, low, high);
        }
    }
}

static void NAME(binary_row)(ck_operation operation, const float *a, int64_t a_stride, const float *b, int64_t b_stride,
    float *y, int64_t n, float low, float high) {
    switch (operation) {
    case CK_ADD: NAME(any_row)(CK_ADD, a, a_stride, b, b_stride, y, n, low, high); break;
    case CK_SUBTRACT: NAME(any_row)(CK_SUBTRACT, a, a_stride, b, b_stride, y, n, low, high); break;
    case CK_MULTIPLY: NAME(any_row)(CK_MULTIPLY, a, a_stride, b, b_stride, y, n, low, high); break;
    case CK_DIVIDE: NAME(any_row)(CK_DIVIDE, a, a_stride, b, b_stride, y, n, low, high); break;
    case CK_MAXIMUM: NAME(any_row)(CK_MAXIMUM, a, a_stride, b, b_stride, y, n, low, high); break;
    case CK_MINIMUM: NAME(any_row)(CK_MINIMUM, a, a_stride, b, b_stride, y, n, low, high); break;
    case CK_PRELU: NAME(any_row)(CK_PRELU, a, a_stride, b, b_stride, y, n, low, high); break;
    }
}

/// y = clamp(x · scale + shift); they step by 0 or 1.
CK_INLINE void NAME(affine_steps)(const float *x, const float *scale, const float *shift, int stride, float *y,
    int64_t n, float low, float high) {
    FLOATS lows = NAME(ck_all)(low), highs = NAME(ck_all)(high);
    FLOATS scales = NAME(ck_all)(*scale), shifts = NAME(ck_all)(*shift);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        if (stride) scales = NAME(ck_load)(scale + i), shifts = NAME(ck_load)(shift + i);
        NAME(ck_store)(y + i, NAME(ck_clamp)(NAME(ck_load)(x + i) * scales + shifts, lows, highs));
    }
    if (i == n) return;
    if (stride) scales = NAME(ck_load_some)(scale + i, n - i), shifts = NAME(ck_load_some)(shift + i, n - i);
    FLOATS v = NAME(ck_load_some)(x + i, n - i) * scales + shifts;
    NAME(ck_store_some)(y + i, NAME(ck_clamp)(v, lows, highs), n - i);
}

static void NAME(affine_row)(const float *x, const float *scale, const float *shift, int stride, float *y, int64_t n,
    float low, float high) {
    if (stride) {
        NAME(affine_steps)(x, scale, shift, 1, y, n, low, high);
    } else {
        NAME(affine_steps)(x, scale, shift, 0, y, n, low, high);
    }
}
