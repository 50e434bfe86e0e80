// 8-bit convolution, compiled for each variant.

#define PARTS (CK_BLOCK / LANES)

/// What turns sums into results, kept in registers.
typedef struct {
    FLOATS low, high;
    INTS zero;
    bool is_quantized;
    uint8_t *y;
    int64_t n;
    FLOATS multiplier[PARTS], offset[PARTS];
} NAME(finishing);

CK_INLINE NAME(finishing) NAME(begin_finishing)(const ck_convolution_job *job) {
    const ck_convolution *form = &job->form;
    float low = job->low, high = job->high;
    if (form->y_is_quantized) {
        float lowest = (form->y_is_signed ? -128.0f : 0.0f) - (float)form->y_zero;
        float highest = (form->y_is_signed ? 127.0f : 255.0f) - (float)form->y_zero;
        low = low > lowest ? low : lowest;
        low = low < highest ? low : highest;
        high = high < highest ? high : highest;
        high = high > lowest ? high : lowest;
    }
    NAME(finishing) finishing = {NAME(ck_all)(low), NAME(ck_all)(high), (INTS){0} + form->y_zero,
        form->y_is_quantized != 0, job->y, 0, {{0}}, {{0}}};
    return finishing;
}

/// The scales of n ≤ 16 channels from `channel` on.
CK_INLINE void NAME(take_channels)(NAME(finishing) *finishing, const ck_convolution_job *job, int64_t channel, int64_t n) {
    float few[2][CK_BLOCK] = {{0}};
    const float *multiplier = job->multiplier + channel, *offset = job->offset + channel;
    if (n < CK_BLOCK) {
        memcpy(few[0], multiplier, (size_t)n * sizeof(float));
        memcpy(few[1], offset, (size_t)n * sizeof(float));
        multiplier = few[0];
        offset = few[1];
    }
    finishing->n = n;
    for (int i = 0; i < PARTS; i++) {
        finishing->multiplier[i] = NAME(ck_load)(multiplier + i * LANES);
        finishing->offset[i] = NAME(ck_load)(offset + i * LANES);
    }
}

/// The low bytes of 16 integers that fit in them.
CK_INLINE void NAME(store_block)(uint8_t *y, const INTS *v) {
#if LANES == 8
    // Packing works in halves of a vector, which leaves the four quarters in the order 0, 2, 1, 3.
    __m256i shorts = _mm256_packs_epi32((__m256i)v[0], (__m256i)v[1]);
    shorts = _mm256_and_si256(shorts, _mm256_set1_epi16(0xff));
    __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(shorts), _mm256_extracti128_si256(shorts, 1));
    _mm_storeu_si128((__m128i *)y, _mm_shuffle_epi32(bytes, 0xd8));
#else
    for (int i = 0; i < PARTS; i++) NAME(ck_store_8)(y + i * LANES, v[i]);
#endif
}

/// Writes the results of the channels taken: scaled, clamped, and rounded where they are 8-bit.
CK_INLINE void NAME(finish)(const NAME(finishing) *finishing, const FLOATS *sums, int64_t at) {
    FLOATS v[PARTS];
    for (int i = 0; i < PARTS; i++) v[i] = (sums[i] + finishing->offset[i]) * finishing->multiplier[i];
    if (!finishing->is_quantized) {
        float few[CK_BLOCK], *y = (float *)finishing->y + at;
        for (int i = 0; i < PARTS; i++) {
            NAME(ck_store)(few + i * LANES, NAME(ck_clamp)(v[i], finishing->low, finishing->high));
        }
        if (finishing->n == CK_BLOCK) {
            memcpy(y, few, sizeof few);
        } else {
            memcpy(y, few, (size_t)finishing->n * sizeof(float));
        }
        return;
    }
    INTS integers[PARTS];
    for (int i = 0; i < PARTS; i++) {
        // NaN becomes the lowest.
        FLOATS bounded = NAME(ck_select)(v[i] > finishing->low, v[i], finishing->low);
        bounded = NAME(ck_select)(bounded < finishing->high, bounded, finishing->high);
        integers[i] = NAME(ck_round)(bounded) + finishing->zero;
    }
    if (finishing->n == CK_BLOCK) {
        NAME(store_block)(finishing->y + at, integers);
    } else {
        uint8_t few[CK_BLOCK];
        NAME(store_block)(few, integers);
        memcpy(finishing->y + at, few, (size_t)finishing->n);
    }
}

#include "convolution8_depthwise.h"
#include "convolution8_general.h"

#undef PARTS
