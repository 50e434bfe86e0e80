// LAPACK by its Fortran symbols. Debian's OpenBLAS comes without LAPACKE, and Accelerate has the same symbols.
#ifndef CLAPACK_SHIM_H
#define CLAPACK_SHIM_H

#include <stddef.h>
#include <stdint.h>

// Singular value decomposition by divide and conquer. Matrices are stored column by column. The last argument is the length of
// `jobz`, which Fortran compilers append.
void dgesdd_(const char *jobz, const int32_t *m, const int32_t *n, double *a, const int32_t *lda, double *s, double *u,
             const int32_t *ldu, double *vt, const int32_t *ldvt, double *work, const int32_t *lwork, int32_t *iwork,
             int32_t *info, size_t jobz_length);

#ifdef __APPLE__
static inline void clapack_use_one_thread(void) {}
#else
void openblas_set_num_threads(int count);

// Sums are cut up by threads, so that results would depend on their number.
static inline void clapack_use_one_thread(void) { openblas_set_num_threads(1); }
#endif

#endif
