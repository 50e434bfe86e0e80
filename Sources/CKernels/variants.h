// Which of a kernel's two compilations runs, and among how many threads.
#ifndef CK_VARIANTS_H
#define CK_VARIANTS_H

#include "ckernels.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#define CK_HAS_AVX2 1
#include <immintrin.h>
#else
#define CK_HAS_AVX2 0
#endif

#define CK_INLINE static inline __attribute__((always_inline))

/// See ck_use_plain.
extern _Thread_local bool ck_is_plain_forced;

static inline bool ck_takes_avx2(void) {
#if CK_HAS_AVX2
    return !ck_is_plain_forced && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

#if CK_HAS_AVX2
#define CK_BEST(kernel) (ck_takes_avx2() ? kernel##_avx2 : kernel##_plain)
#else
#define CK_BEST(kernel) kernel##_plain
#endif

/// Threads that a piece of work of so many bytes, or as much calculation, is worth.
static inline int ck_worthy_threads(int threads, int64_t bytes) {
    int64_t parts = bytes / 16384;
    return parts < 1 ? 1 : parts < threads ? (int)parts : threads;
}

static inline int64_t ck_least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static inline int64_t ck_most(int64_t a, int64_t b) {
    return a > b ? a : b;
}

#endif
