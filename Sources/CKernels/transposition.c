#include "transposition.h"

#define SHUFFLE __builtin_shufflevector

typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));
typedef uint16_t shorts8 __attribute__((vector_size(16)));
typedef uint16_t shorts4 __attribute__((vector_size(8)));
typedef uint32_t words4 __attribute__((vector_size(16)));

#define LOW_BYTES(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define HIGH_BYTES(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#define LOW_8_BYTES(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_8_BYTES(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_SHORTS(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define HIGH_SHORTS(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOW_WORDS(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define HIGH_WORDS(a, b) SHUFFLE(a, b, 2, 6, 3, 7)

/// A square of `side` rows: each round interleaves the rows of the upper half with those of the lower.
#define DEFINE_SQUARE(name, element, vector, side, low, high)                                                        \
    CK_INLINE void name(const element *from, int64_t from_stride, element *to, int64_t to_stride) {                  \
        vector rows[side], mixed[side];                                                                              \
        for (int i = 0; i < side; i++) memcpy(&rows[i], from + i * from_stride, sizeof rows[i]);                     \
        for (int round = 1; round < side; round *= 2) {                                                              \
            for (int i = 0; i < side / 2; i++) {                                                                     \
                mixed[2 * i] = low(rows[i], rows[i + side / 2]);                                                     \
                mixed[2 * i + 1] = high(rows[i], rows[i + side / 2]);                                                \
            }                                                                                                        \
            memcpy(rows, mixed, sizeof rows);                                                                        \
        }                                                                                                            \
        for (int i = 0; i < side; i++) memcpy(to + i * to_stride, &rows[i], sizeof rows[i]);                         \
    }

DEFINE_SQUARE(small_square_1, uint8_t, bytes8, 8, LOW_8_BYTES, HIGH_8_BYTES)
DEFINE_SQUARE(square_1, uint8_t, bytes16, 16, LOW_BYTES, HIGH_BYTES)
DEFINE_SQUARE(small_square_2, uint16_t, shorts4, 4, LOW_WORDS, HIGH_WORDS)
DEFINE_SQUARE(square_2, uint16_t, shorts8, 8, LOW_SHORTS, HIGH_SHORTS)
DEFINE_SQUARE(square_4, uint32_t, words4, 4, LOW_WORDS, HIGH_WORDS)

CK_INLINE void square_8(const uint64_t *from, int64_t from_stride, uint64_t *to, int64_t to_stride) {
    for (int d = 0; d < 4; d++) {
        for (int s = 0; s < 4; s++) to[s * to_stride + d] = from[d * from_stride + s];
    }
}

#if CK_HAS_AVX2
__attribute__((target("avx2"))) CK_INLINE void square_4_avx2(
    const uint32_t *from, int64_t from_stride, uint32_t *to, int64_t to_stride) {
    __m256 rows[8], pairs[8], quads[8];
    for (int i = 0; i < 8; i++) rows[i] = _mm256_loadu_ps((const float *)(from + i * from_stride));
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
        quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
    }
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps((float *)(to + i * to_stride), _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20));
        _mm256_storeu_ps((float *)(to + (i + 4) * to_stride), _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31));
    }
}
#endif

/// A few channels between planes and pixels: one loop of a known number of steps.
#define DEFINE_NARROW(element)                                                                                       \
    CK_INLINE void join_##element(const element *restrict from, element *restrict to, const ck_plane *p, int few) {  \
        int64_t stride = p->from_stride;                                                                             \
        for (int64_t s = 0; s < p->dense_from; s++) {                                                                \
            for (int d = 0; d < few; d++) to[s * few + d] = from[d * stride + s];                                    \
        }                                                                                                            \
    }                                                                                                                \
    CK_INLINE void part_##element(const element *restrict from, element *restrict to, const ck_plane *p, int few) {  \
        int64_t stride = p->to_stride;                                                                               \
        for (int64_t d = 0; d < p->dense_to; d++) {                                                                  \
            for (int s = 0; s < few; s++) to[s * stride + d] = from[d * few + s];                                    \
        }                                                                                                            \
    }                                                                                                                \
    CK_INLINE bool narrow_##element(const element *from, element *to, const ck_plane *p) {                           \
        bool joins = p->to_stride == p->dense_to, parts = p->from_stride == p->dense_from;                           \
        if (joins && p->dense_to == 2) return join_##element(from, to, p, 2), true;                                  \
        if (joins && p->dense_to == 3) return join_##element(from, to, p, 3), true;                                  \
        if (joins && p->dense_to == 4) return join_##element(from, to, p, 4), true;                                  \
        if (parts && p->dense_from == 2) return part_##element(from, to, p, 2), true;                                \
        if (parts && p->dense_from == 3) return part_##element(from, to, p, 3), true;                                \
        if (parts && p->dense_from == 4) return part_##element(from, to, p, 4), true;                                \
        return false;                                                                                                \
    }                                                                                                                \
    CK_INLINE void one_by_one_##element(const element *from, element *to, const ck_plane *p) {                       \
        if (p->dense_to < p->dense_from) {                                                                           \
            for (int64_t d = 0; d < p->dense_to; d++) {                                                              \
                for (int64_t s = 0; s < p->dense_from; s++) to[s * p->to_stride + d] = from[d * p->from_stride + s]; \
            }                                                                                                        \
        } else {                                                                                                     \
            for (int64_t s = 0; s < p->dense_from; s++) {                                                            \
                for (int64_t d = 0; d < p->dense_to; d++) to[s * p->to_stride + d] = from[d * p->from_stride + s];   \
            }                                                                                                        \
        }                                                                                                            \
    }

DEFINE_NARROW(uint8_t)
DEFINE_NARROW(uint16_t)
DEFINE_NARROW(uint32_t)
DEFINE_NARROW(uint64_t)

/// Strips of the source, in squares: two at a time, which makes whole cache lines of the target. The last ones of both axes overlap
/// those before. False where an axis is shorter than a square.
#define DEFINE_SQUARES(name, attributes, element, square, side)                                                      \
    attributes CK_INLINE void pair_of_##name(const element *from, element *to, const ck_plane *p, int64_t s,         \
        int64_t d) {                                                                                                 \
        for (int i = 0; i < 2; i++) {                                                                                \
            int64_t here = ck_least(d + i * side, p->dense_to - side);                                               \
            square(from + here * p->from_stride + s, p->from_stride, to + s * p->to_stride + here, p->to_stride);    \
        }                                                                                                            \
    }                                                                                                                \
    attributes CK_INLINE bool name(const element *from, element *to, const ck_plane *p) {                            \
        if (p->dense_from < side || p->dense_to < side) return false;                                                \
        int64_t strip = CK_STRIP / (int64_t)sizeof(element);                                                         \
        for (int64_t first = 0; first < p->dense_from; first += strip) {                                             \
            int64_t end = ck_least(first + strip, p->dense_from);                                                    \
            for (int64_t d = 0; d < p->dense_to; d += 2 * side) {                                                    \
                for (int64_t s = first; s < end; s += side) {                                                        \
                    pair_of_##name(from, to, p, ck_least(s, p->dense_from - side), d);                               \
                }                                                                                                    \
            }                                                                                                        \
        }                                                                                                            \
        return true;                                                                                                 \
    }

DEFINE_SQUARES(squares_1, , uint8_t, square_1, 16)
DEFINE_SQUARES(small_squares_1, , uint8_t, small_square_1, 8)
DEFINE_SQUARES(squares_2, , uint16_t, square_2, 8)
DEFINE_SQUARES(small_squares_2, , uint16_t, small_square_2, 4)
DEFINE_SQUARES(squares_4, , uint32_t, square_4, 4)
DEFINE_SQUARES(squares_8, , uint64_t, square_8, 4)

#define DEFINE_TRANSPOSITION(name, attributes, element, squares, small_squares)                                      \
    attributes static void name(const void *from, void *to, const ck_plane *p) {                                     \
        if (narrow_##element(from, to, p) || squares(from, to, p) || small_squares(from, to, p)) return;             \
        one_by_one_##element(from, to, p);                                                                           \
    }

DEFINE_TRANSPOSITION(transpose_1_plain, , uint8_t, squares_1, small_squares_1)
DEFINE_TRANSPOSITION(transpose_2_plain, , uint16_t, squares_2, small_squares_2)
DEFINE_TRANSPOSITION(transpose_4_plain, , uint32_t, squares_4, squares_4)
DEFINE_TRANSPOSITION(transpose_8, , uint64_t, squares_8, squares_8)
#if CK_HAS_AVX2
#define AVX2 __attribute__((target("avx2")))
DEFINE_SQUARES(squares_4_avx2, AVX2, uint32_t, square_4_avx2, 8)
DEFINE_TRANSPOSITION(transpose_1_avx2, AVX2, uint8_t, squares_1, small_squares_1)
DEFINE_TRANSPOSITION(transpose_2_avx2, AVX2, uint16_t, squares_2, small_squares_2)
DEFINE_TRANSPOSITION(transpose_4_avx2, AVX2, uint32_t, squares_4_avx2, squares_4)
#endif

ck_transposition ck_transposition_of(int width) {
    switch (width) {
    case 1: return CK_BEST(transpose_1);
    case 2: return CK_BEST(transpose_2);
    case 4: return CK_BEST(transpose_4);
    default: return transpose_8;
    }
}
