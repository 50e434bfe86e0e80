// Kernels that no library has in the form an execution plan needs: strided copies, broadcast arithmetic, requantisation, and
// 8-bit convolutions whose sums cannot saturate. Each is compiled for AVX2 with FMA and for the plain processor, and the better
// one is taken at run time; both give the same integers, and floats that differ by rounding at most.
//
// Every call shares its work among `threads` threads, cut by sizes alone: the same threads give the same bytes. Pointers are
// aligned to their elements only. Nothing is allocated, nothing fails; sizes are checked by the caller.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#define CK_RANK 8

/// Runs body(context, begin, end) over 0 ..< count, cut into one range a thread, in OpenMP's pool where the library that
/// brings it is linked, so that oneDNN's and these kernels share their threads.
void ck_parallel(int threads, int64_t count, void (*body)(void *context, int64_t begin, int64_t end), void *context);

/// Sizes, slowest first, and the strides of both sides in elements; a stride of 0 repeats.
typedef struct {
    int rank;
    int64_t size[CK_RANK];
    int64_t from[CK_RANK];
    int64_t to[CK_RANK];
} ck_walk;

/// to[Σ i·walk.to] = from[Σ i·walk.from]: transposition, slice, concatenation, expansion. `width` is 1, 2, 4 or 8 bytes.
void ck_copy(const void *from, void *to, int width, const ck_walk *walk, int threads);

/// to[Σ i·walk.to] = the element that `value` points at.
void ck_fill(void *to, int width, const void *value, const ck_walk *walk, int threads);

typedef enum { CK_ADD, CK_SUBTRACT, CK_MULTIPLY, CK_DIVIDE, CK_MAXIMUM, CK_MINIMUM, CK_PRELU } ck_operation;

/// The output's sizes, slowest first (it is dense), and the strides of both operands in elements; 0 broadcasts.
typedef struct {
    int rank;
    int64_t size[CK_RANK];
    int64_t a[CK_RANK];
    int64_t b[CK_RANK];
} ck_pair_walk;

/// y = clamp(a op b, low, high); a PRELU is a < 0 ? a · b : a. `y` may be `a` or `b` where that one is dense.
void ck_binary_f32(ck_operation operation, const float *a, const float *b, float *y, const ck_pair_walk *walk, float low,
    float high, int threads);

/// y = clamp(x · scale[c] + shift[c], low, high) for x of outer × channels × inner. `y` may be `x`.
void ck_affine_f32(const float *x, const float *scale, const float *shift, float *y, int64_t outer, int64_t channels,
    int64_t inner, float low, float high, int threads);

/// Softmax, or its logarithm, of each row of n.
void ck_softmax_f32(const float *x, float *y, int64_t rows, int64_t n, int is_logarithm, int threads);

/// y[b, c] = mean over positions of x[b, position, c].
void ck_mean_f32(const float *x, float *y, int64_t batch, int64_t positions, int64_t channels, int threads);

/// A resized image, channels last.
typedef struct {
    int64_t batch, height, width, channels;
    int64_t out_height, out_width;
} ck_resize;

/// y[b, i, j, c] = x[b, rows[i], columns[j], c]. `width` is the bytes of an element.
void ck_resize_nearest(const void *x, void *y, int width, const ck_resize *form, const int32_t *rows,
    const int32_t *columns, int threads);

/// Along each axis: position i mixes low[i] (1 − weight[i]) and high[i] (weight[i]).
typedef struct {
    const int32_t *low, *high;
    const float *weight;
} ck_mix;

void ck_resize_linear_f32(const float *x, float *y, const ck_resize *form, ck_mix rows, ck_mix columns, int threads);

// 8-bit integers. Real = scale · (integer − zero). Rounding is to nearest, halves to even; results saturate.

typedef struct {
    float scale;
    int32_t zero;
    int is_signed;
} ck_grid;

void ck_quantize(const float *x, void *y, int64_t count, ck_grid grid, int threads);
void ck_dequantize(const void *x, float *y, int64_t count, ck_grid grid, int threads);

/// y = table[x], both as bytes. `y` may be `x`.
void ck_table(const uint8_t *x, uint8_t *y, int64_t count, const uint8_t *table, int threads);

/// y = quantised clamp(a op b, low, high), computed in real numbers.
void ck_binary_8(ck_operation operation, const void *a, ck_grid a_grid, const void *b, ck_grid b_grid, void *y,
    ck_grid y_grid, const ck_pair_walk *walk, float low, float high, int threads);

/// y[b, c] = quantised mean over positions of x[b, position, c], of real numbers added one after the other.
void ck_mean_8(const void *x, ck_grid x_grid, void *y, ck_grid y_grid, int64_t batch, int64_t positions,
    int64_t channels, int threads);

/// A convolution of 8-bit integers, channels last, summed exactly in 32 bits.
typedef struct {
    int64_t batch, groups;
    /// Of all groups together.
    int64_t in_channels, out_channels;
    int64_t in_height, in_width, out_height, out_width;
    int64_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
    int64_t pad_top, pad_left;
    int32_t x_zero;
    int x_is_signed;
    /// 0: y is float32 and has no grid; 1: y holds 8-bit integers.
    int y_is_quantized;
    int32_t y_zero;
    int y_is_signed;
} ck_convolution;

/// Bytes that the packed weights take, aligned to 64.
size_t ck_convolution_packed_size(const ck_convolution *form);

/// Packs weights of out_channels × (in_channels / groups) × kernel_height × kernel_width.
/// weight_zeros: one for each output channel, or NULL for zeros.
void ck_convolution_pack(const ck_convolution *form, const int8_t *weights, const int8_t *weight_zeros, void *packed);

/// With sum = Σ (x − x_zero)·(w − w_zero): v = clamp((sum + offset[c]) · multiplier[c], low, high), and y = v, or
/// saturate(round(v) + y_zero).
void ck_convolution_run(const ck_convolution *form, const void *x, const void *packed, const float *multiplier,
    const float *offset, void *y, float low, float high, int threads);

/// The largest element under each window, channels last: the form's channels, groups and integer fields beyond in_channels are
/// not read.
void ck_maximum_pool_f32(const ck_convolution *form, const float *x, float *y, int threads);

// The same in floats, for `groups` of 1: the form's integer fields are not read. Meant for weights that are larger than a core's
// cache, as a matrix product in blocks.

size_t ck_convolution_f32_packed_size(const ck_convolution *form);

/// Packs weights of out_channels × in_channels × kernel_height × kernel_width.
void ck_convolution_f32_pack(const ck_convolution *form, const float *weights, void *packed);

/// Bytes of scratch memory that a run with so many threads takes.
size_t ck_convolution_f32_scratch(const ck_convolution *form, int threads);

/// y = clamp(Σ x·w + offset[c] + addend, low, high). `addend` is shaped as y and may be `y`, or NULL for none.
void ck_convolution_f32_run(const ck_convolution *form, const float *x, const void *packed, const float *offset,
    const float *addend, float *y, float low, float high, void *scratch, int threads);

/// For tests: whether this thread's calls take the plain variant where the processor has a better one.
void ck_use_plain(int is_plain);

#endif
