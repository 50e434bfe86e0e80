// 8-bit convolution, compiled for each variant.

/// Writes n ≤ 16 results: scaled, clamped, and rounded where they are 8-bit.
CK_INLINE void NAME(finish)(const ck_convolution_job *job, const int32_t *sums, int64_t channel, int64_t n, int64_t at) {
    const ck_convolution *form = &job->form;
    FLOATS lows = NAME(ck_all)(job->low), highs = NAME(ck_all)(job->high);
    float zero = (float)form->y_zero;
    FLOATS lowest = NAME(ck_all)((form->y_is_signed ? -128.0f : 0.0f) - zero);
    FLOATS highest = NAME(ck_all)((form->y_is_signed ? 127.0f : 255.0f) - zero);
    for (int64_t i = 0; i < n; i += LANES) {
        int64_t some = ck_least(LANES, n - i);
        bool is_whole = some == LANES;
        const float *multiplier = job->multiplier + channel + i, *offset = job->offset + channel + i;
        FLOATS m = is_whole ? NAME(ck_load)(multiplier) : NAME(ck_load_some)(multiplier, some);
        FLOATS o = is_whole ? NAME(ck_load)(offset) : NAME(ck_load_some)(offset, some);
        INTS sum;
        memcpy(&sum, sums + i, sizeof sum);
        FLOATS v = NAME(ck_clamp)(__builtin_convertvector(sum, FLOATS) * m + o, lows, highs);
        if (!form->y_is_quantized) {
            float *y = (float *)job->y + at + i;
            if (is_whole) NAME(ck_store)(y, v); else NAME(ck_store_some)(y, v, some);
            continue;
        }
        v = NAME(ck_select)(v > lowest, v, lowest);
        v = NAME(ck_select)(v < highest, v, highest);
        INTS y = NAME(ck_round)(v) + form->y_zero;
        if (is_whole) {
            NAME(ck_store_8)(job->y + at + i, y);
        } else {
            for (int64_t k = 0; k < some; k++) job->y[at + i + k] = (uint8_t)y[k];
        }
    }
}

#include "convolution8_depthwise.h"
#include "convolution8_general.h"
