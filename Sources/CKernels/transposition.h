// Planes whose dense axes differ on both sides.
#ifndef CK_TRANSPOSITION_H
#define CK_TRANSPOSITION_H

#include "variants.h"

/// Bytes of a row of the source that are read one after the other: several cache lines, which the processor then fetches ahead.
#define CK_STRIP 256

/// to[s · to_stride + d] = from[d · from_stride + s] for s < dense_from and d < dense_to.
typedef struct {
    int64_t dense_from, dense_to;
    int64_t from_stride, to_stride;
} ck_plane;

/// The transposition of planes with elements of 1, 2, 4 or 8 bytes.
typedef void (*ck_transposition)(const void *from, void *to, const ck_plane *plane);
ck_transposition ck_transposition_of(int width);

#endif
