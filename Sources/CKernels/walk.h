// Loops over strided operands: brought into their simplest form, and stepped through.
#ifndef CK_WALK_H
#define CK_WALK_H

#include "variants.h"

#define CK_SIDES 3

/// Nested loops, slowest first; side 0 is what is written.
typedef struct {
    int rank, sides;
    int64_t size[CK_RANK];
    int64_t stride[CK_SIDES][CK_RANK];
} ck_loops;

static inline int64_t ck_magnitude(int64_t x) {
    return x < 0 ? -x : x;
}

static inline void ck_move_loop(ck_loops *loops, int from, int to) {
    loops->size[to] = loops->size[from];
    for (int side = 0; side < loops->sides; side++) loops->stride[side][to] = loops->stride[side][from];
}

static inline bool ck_merges(const ck_loops *loops, int outer, int inner) {
    for (int side = 0; side < loops->sides; side++) {
        if (loops->stride[side][outer] != loops->size[inner] * loops->stride[side][inner]) return false;
    }
    return true;
}

/// Drops loops of one step, orders them as what is written lies in memory, joins those that are one on all sides. At least one
/// loop is left. The number of elements.
static inline int64_t ck_simplify(ck_loops *loops) {
    int rank = 0;
    int64_t count = 1;
    for (int i = 0; i < loops->rank; i++) {
        count *= loops->size[i];
        if (loops->size[i] != 1) ck_move_loop(loops, i, rank++);
    }
    if (count == 0) return 0;
    for (int i = 1; i < rank; i++) {
        ck_loops moved = *loops;
        int place = i;
        while (place > 0
            && ck_magnitude(loops->stride[0][place - 1]) < ck_magnitude(moved.stride[0][i])) {
            ck_move_loop(loops, place - 1, place);
            place--;
        }
        loops->size[place] = moved.size[i];
        for (int side = 0; side < loops->sides; side++) loops->stride[side][place] = moved.stride[side][i];
    }
    int last = 0;
    for (int i = 1; i < rank; i++) {
        if (ck_merges(loops, last, i)) {
            int64_t size = loops->size[last] * loops->size[i];
            ck_move_loop(loops, i, last);
            loops->size[last] = size;
        } else {
            ck_move_loop(loops, i, ++last);
        }
    }
    if (rank == 0) {
        loops->size[0] = 1;
        for (int side = 0; side < loops->sides; side++) loops->stride[side][0] = 1;
    }
    loops->rank = last + 1;
    return count;
}

static inline void ck_remove_loop(ck_loops *loops, int removed) {
    for (int i = removed + 1; i < loops->rank; i++) ck_move_loop(loops, i, i - 1);
    loops->rank--;
}

static inline int64_t ck_steps(const ck_loops *loops, int rank) {
    int64_t count = 1;
    for (int i = 0; i < rank; i++) count *= loops->size[i];
    return count;
}

/// A step of the outer `rank` loops, and where each side is then.
typedef struct {
    int64_t index[CK_RANK];
    int64_t offset[CK_SIDES];
} ck_place;

static inline ck_place ck_place_at(const ck_loops *loops, int rank, int64_t step) {
    ck_place place = {{0}, {0}};
    for (int i = rank - 1; i >= 0; i--) {
        place.index[i] = step % loops->size[i];
        step /= loops->size[i];
        for (int side = 0; side < loops->sides; side++) place.offset[side] += place.index[i] * loops->stride[side][i];
    }
    return place;
}

static inline void ck_advance(ck_place *place, const ck_loops *loops, int rank) {
    for (int i = rank - 1; i >= 0; i--) {
        bool is_over = ++place->index[i] == loops->size[i];
        int64_t steps = is_over ? 1 - loops->size[i] : 1;
        for (int side = 0; side < loops->sides; side++) place->offset[side] += steps * loops->stride[side][i];
        if (!is_over) return;
        place->index[i] = 0;
    }
}

#endif
