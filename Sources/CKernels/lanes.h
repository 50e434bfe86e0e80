// Vectors of LANES floats or integers. Products are fused with sums by ck_add_product alone, so that both variants give the same numbers.
#pragma STDC FP_CONTRACT OFF

typedef float NAME(ck_floats) __attribute__((vector_size(4 * LANES)));
typedef int32_t NAME(ck_ints) __attribute__((vector_size(4 * LANES)));
typedef uint8_t NAME(ck_bytes) __attribute__((vector_size(LANES)));
typedef int8_t NAME(ck_signed_bytes) __attribute__((vector_size(LANES)));

#undef FLOATS
#undef INTS
#define FLOATS NAME(ck_floats)
#define INTS NAME(ck_ints)

CK_INLINE FLOATS NAME(ck_load)(const float *p) {
    FLOATS v;
    memcpy(&v, p, sizeof v);
    return v;
}

CK_INLINE void NAME(ck_store)(float *p, FLOATS v) {
    memcpy(p, &v, sizeof v);
}

/// The first n < LANES elements; zeros follow.
CK_INLINE FLOATS NAME(ck_load_some)(const float *p, int64_t n) {
    float all[LANES] = {0};
    for (int64_t i = 0; i < n; i++) all[i] = p[i];
    return NAME(ck_load)(all);
}

CK_INLINE void NAME(ck_store_some)(float *p, FLOATS v, int64_t n) {
    float all[LANES];
    NAME(ck_store)(all, v);
    for (int64_t i = 0; i < n; i++) p[i] = all[i];
}

CK_INLINE FLOATS NAME(ck_all)(float x) {
    return x - (FLOATS){0};
}

CK_INLINE FLOATS NAME(ck_select)(INTS mask, FLOATS yes, FLOATS no) {
    return (FLOATS)((mask & (INTS)yes) | (~mask & (INTS)no));
}

/// NaN passes through.
CK_INLINE FLOATS NAME(ck_clamp)(FLOATS v, FLOATS low, FLOATS high) {
    v = NAME(ck_select)(low > v, low, v);
    return NAME(ck_select)(high < v, high, v);
}

/// sum + a · b, fused where the variant can: for sums that are exact, or may differ by rounding.
CK_INLINE FLOATS NAME(ck_add_product)(FLOATS sum, FLOATS a, FLOATS b) {
#if LANES == 8
    return (FLOATS)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)sum);
#else
    return sum + a * b;
#endif
}

/// Rounded to nearest, halves to even; |v| < 2²².
CK_INLINE INTS NAME(ck_round)(FLOATS v) {
    FLOATS magic = NAME(ck_all)(12582912.0f);
    return (INTS)(v + magic) - (INTS)magic;
}

/// LANES 8-bit integers.
CK_INLINE INTS NAME(ck_load_8)(const uint8_t *p, bool is_signed) {
    NAME(ck_bytes) v;
    memcpy(&v, p, sizeof v);
    return is_signed ? __builtin_convertvector((NAME(ck_signed_bytes))v, INTS) : __builtin_convertvector(v, INTS);
}

CK_INLINE void NAME(ck_store_8)(uint8_t *p, INTS v) {
    NAME(ck_bytes) bytes = __builtin_convertvector(v, NAME(ck_bytes));
    memcpy(p, &bytes, sizeof bytes);
}
