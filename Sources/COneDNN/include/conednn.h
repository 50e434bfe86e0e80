// A small face of oneDNN, the same over its versions 2 and 3: the only place of the project that sees its API.
//
// A layout describes memory, a kernel is a primitive made for layouts, a call binds a kernel to memory. Layouts and kernels are
// immutable and shared by threads; a call belongs to one thread at a time. Functions that make something return 0, or oneDNN's
// status: ONEDNN_UNIMPLEMENTED where the library has no such kernel. Kernels share their work among as many threads as
// onednn_set_threads has set for the calling thread when they were made, and again when they run.
//
// Training: a forward kernel is made with `is_training` where it then computes more than a result. The kernels of its gradients are
// made from it and from layouts; a gradient is that of a sum of the result's elements times ONEDNN_RESULT_GRADIENT. A matrix
// product's are two matrix products.
#ifndef CONEDNN_H
#define CONEDNN_H

#include <stddef.h>
#include <stdint.h>

#define ONEDNN_UNIMPLEMENTED 3
#define ONEDNN_POST_OPERATIONS 8

typedef struct onednn_layout onednn_layout;
typedef struct onednn_kernel onednn_kernel;
typedef struct onednn_call onednn_call;

typedef enum { ONEDNN_FLOAT, ONEDNN_INT32, ONEDNN_INT8, ONEDNN_UINT8 } onednn_type;

/// OpenMP's and therefore oneDNN's threads for kernels that the calling thread makes and runs.
void onednn_set_threads(int threads);

/// Whether products of 8-bit integers are summed by instructions that do not saturate on this processor.
int onednn_has_exact_int8(void);

/// Whether an 8-bit kernel's scales multiply its bias too (version 2), or the sums alone.
int onednn_scales_bias(void);

/// The library's version, "2.6.3" for instance.
const char *onednn_version(void);

// Layouts

/// Sizes of the axes, outermost first as the operator names them, and their strides in elements; NULL leaves the order to the
/// kernel that the layout is given to.
int onednn_layout_create(onednn_layout **out, int rank, const int64_t *sizes, onednn_type type, const int64_t *strides);
void onednn_layout_destroy(onednn_layout *layout);
size_t onednn_layout_bytes(const onednn_layout *layout);
int onednn_layout_equal(const onednn_layout *a, const onednn_layout *b);

// Kernels

typedef enum {
    ONEDNN_RELU, ONEDNN_CLIP, ONEDNN_ELU, ONEDNN_LOGISTIC, ONEDNN_TANH, ONEDNN_EXP, ONEDNN_LOG, ONEDNN_SQRT, ONEDNN_ABS,
    ONEDNN_SOFTPLUS, ONEDNN_MISH, ONEDNN_SWISH, ONEDNN_GELU, ONEDNN_HARDSWISH, ONEDNN_LINEAR
} onednn_function;

/// What is done to results before they are stored.
typedef struct {
    enum { ONEDNN_POST_FUNCTION, ONEDNN_POST_SUM, ONEDNN_POST_ADD } kind;
    /// ONEDNN_POST_FUNCTION: RELU takes the slope below zero as alpha, CLIP its bounds, LINEAR is alpha · x + beta.
    onednn_function function;
    float alpha, beta;
    /// ONEDNN_POST_ADD: the layout of what is added. ONEDNN_POST_SUM adds what lay in the result's memory.
    const onednn_layout *operand;
} onednn_post_operation;

typedef struct {
    int count;
    onednn_post_operation operations[ONEDNN_POST_OPERATIONS];
    /// 8-bit kernels: factors of the 32-bit sums, one or one for each output channel; scale_count is 0 for none.
    const float *scales;
    int scale_count;
    int32_t source_zero, result_zero;
} onednn_attributes;

/// The length of lists that the library reads.
#define ONEDNN_AXES 12

/// A window over spatial axes; dilations count from 1.
typedef struct {
    int rank;
    int64_t kernel[ONEDNN_AXES], strides[ONEDNN_AXES], dilations[ONEDNN_AXES], pad_begin[ONEDNN_AXES], pad_end[ONEDNN_AXES];
} onednn_window;

/// Weights are groups × M/groups × C/groups × kernel where groups are more than 1, else M × C × kernel; those of a transposed
/// convolution the same with M its output channels. `bias` may be NULL.
int onednn_convolution(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_window *window,
    const onednn_attributes *attributes, int is_transposed);

/// Reads the result's gradient and the weights, writes the source's gradient.
int onednn_convolution_by_source(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *result, const onednn_window *window, int is_transposed);

/// Reads the source and the result's gradient, writes the gradients of the weights and, unless `bias` is NULL, of the bias.
int onednn_convolution_by_weights(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *result, const onednn_window *window,
    int is_transposed);

/// result = source (N × K) · weights (M × K, transposed) + bias (M).
int onednn_inner_product(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes);

int onednn_inner_product_by_source(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *result);

int onednn_inner_product_by_weights(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *result);

/// result = source · weights + bias over the last two axes; the bias broadcasts, and so do axes of size 1 in front.
int onednn_matmul(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes);

typedef enum { ONEDNN_MAXIMUM, ONEDNN_AVERAGE, ONEDNN_AVERAGE_WITH_PADDING } onednn_pool;

/// Training writes the places of maxima to ONEDNN_WORKSPACE, which the gradient's kernel reads.
int onednn_pooling(onednn_kernel **out, onednn_pool pool, const onednn_layout *source, const onednn_layout *result,
    const onednn_window *window, const onednn_attributes *attributes, int is_training);

/// Layouts are those of the gradients.
int onednn_pooling_gradient(onednn_kernel **out, const onednn_kernel *forward, onednn_pool pool,
    const onednn_layout *source, const onednn_layout *result, const onednn_window *window);

typedef enum { ONEDNN_NEAREST, ONEDNN_LINEAR_MIX } onednn_resampling_rule;

/// Spatial axes resized: output i lies at (i + 0.5) · factor − 0.5, where the factor is the ratio of the sizes.
int onednn_resampling(onednn_kernel **out, onednn_resampling_rule rule, const onednn_layout *source,
    const onednn_layout *result, const onednn_attributes *attributes);

/// Layouts are those of the gradients.
int onednn_resampling_gradient(onednn_kernel **out, const onednn_kernel *forward, onednn_resampling_rule rule,
    const onednn_layout *source, const onednn_layout *result);

/// Source and result have one layout.
int onednn_eltwise(onednn_kernel **out, onednn_function function, float alpha, float beta, const onednn_layout *layout,
    const onednn_attributes *attributes);

/// Reads the source, or `from_result` the result where the function has an inverse that far: RELU with alpha ≥ 0, ELU with
/// alpha ≥ 0, LOGISTIC, TANH, EXP, SQRT.
int onednn_eltwise_gradient(onednn_kernel **out, const onednn_kernel *forward, onednn_function function, float alpha,
    float beta, const onednn_layout *layout, int from_result);

/// Along one axis; source and result have one layout.
int onednn_softmax(onednn_kernel **out, const onednn_layout *layout, int axis, int is_logarithm,
    const onednn_attributes *attributes);

/// Reads the result and its gradient.
int onednn_softmax_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout, int axis,
    int is_logarithm);

typedef enum {
    ONEDNN_ADD, ONEDNN_SUBTRACT, ONEDNN_MULTIPLY, ONEDNN_DIVIDE, ONEDNN_GREATER, ONEDNN_LESSER
} onednn_pair;

/// ONEDNN_SOURCE 0 and 1 of equal rank; axes of the second broadcast where their size is 1. GREATER and LESSER are the greater and
/// the lesser of two numbers.
int onednn_binary(onednn_kernel **out, onednn_pair pair, const onednn_layout *left, const onednn_layout *right,
    const onednn_layout *result, const onednn_attributes *attributes);

/// ONEDNN_SOURCE 0, 1 … one behind the other along an axis.
int onednn_concat(onednn_kernel **out, int count, const onednn_layout *const *sources, int axis,
    const onednn_layout *result);

/// Layouts may differ in order and type.
int onednn_reorder(onednn_kernel **out, const onednn_layout *source, const onednn_layout *result);

// Normalisations

/// (x − mean) / √(variance + epsilon), then scaled and shifted by ONEDNN_SCALE and ONEDNN_SHIFT. ONEDNN_MEAN and ONEDNN_VARIANCE
/// are read where they are given, and else computed: written where `is_training`.
typedef struct {
    float epsilon;
    int has_scale, has_shift, has_statistics, is_training;
} onednn_normalization;

/// Statistics, scale and shift for each channel, the second axis. Source and result have one layout, here and below.
int onednn_batch_normalization(onednn_kernel **out, const onednn_layout *layout, const onednn_normalization *form,
    const onednn_attributes *attributes);

/// Reads source, statistics, scale, shift and the result's gradient; writes the gradients of the source and, where there are those,
/// of scale and shift. Statistics that are given are constants. ONEDNN_UNIMPLEMENTED in version 2 for a scale without shift or a
/// shift without scale.
int onednn_batch_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    const onednn_normalization *form);

/// Statistics for each row along the last axis, scale and shift for each of its elements. `statistics` has the axes in front of it.
int onednn_layer_normalization(onednn_kernel **out, const onednn_layout *layout, const onednn_layout *statistics,
    const onednn_normalization *form, const onednn_attributes *attributes);

int onednn_layer_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    const onednn_layout *statistics, const onednn_normalization *form);

/// Statistics for each image and group of channels, scale and shift for each channel. ONEDNN_UNIMPLEMENTED before version 3.3.
int onednn_group_normalization(onednn_kernel **out, const onednn_layout *layout, int64_t groups,
    const onednn_normalization *form, const onednn_attributes *attributes);

int onednn_group_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    int64_t groups, const onednn_normalization *form);

/// x · (bias + alpha / size · Σ x²)^−beta over `size` channels around each, where `size` is odd; an even size sums size − 1.
typedef struct {
    int64_t size;
    float alpha, beta, bias;
    int is_training;
} onednn_response;

/// Local response normalisation over channels. Training may write ONEDNN_WORKSPACE.
int onednn_lrn(onednn_kernel **out, const onednn_layout *layout, const onednn_response *form,
    const onednn_attributes *attributes);

/// ONEDNN_UNIMPLEMENTED for a size below 3.
int onednn_lrn_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    const onednn_response *form);

void onednn_kernel_destroy(onednn_kernel *kernel);

/// The implementation that oneDNN chose, "jit:avx2" for instance.
const char *onednn_kernel_name(const onednn_kernel *kernel);

/// Memory that a run needs beside its operands, in bytes.
size_t onednn_kernel_scratch(const onednn_kernel *kernel);

typedef enum {
    ONEDNN_SOURCE, ONEDNN_WEIGHTS, ONEDNN_BIAS, ONEDNN_RESULT, ONEDNN_SCRATCH,
    /// The operand of the first, second … post operation of kind ONEDNN_POST_ADD.
    ONEDNN_OPERAND,
    ONEDNN_SCALE, ONEDNN_SHIFT, ONEDNN_MEAN, ONEDNN_VARIANCE,
    /// What a forward kernel leaves for its gradient's.
    ONEDNN_WORKSPACE,
    ONEDNN_SOURCE_GRADIENT, ONEDNN_WEIGHTS_GRADIENT, ONEDNN_BIAS_GRADIENT, ONEDNN_RESULT_GRADIENT, ONEDNN_SCALE_GRADIENT,
    ONEDNN_SHIFT_GRADIENT
} onednn_role;

/// The layout that the kernel wants of an operand, a new one; a status where the kernel has no such operand.
int onednn_kernel_layout(onednn_layout **out, const onednn_kernel *kernel, onednn_role role);

// Calls

/// Memory objects for the operands that the kernel has.
int onednn_call_create(onednn_call **out, const onednn_kernel *kernel);
void onednn_call_destroy(onednn_call *call);
/// The operand's memory for the runs that follow; roles that the kernel does not have are ignored.
int onednn_call_bind(onednn_call *call, onednn_role role, int index, void *memory);
int onednn_call_run(onednn_call *call);

#endif
