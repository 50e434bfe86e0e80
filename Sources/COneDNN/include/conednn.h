// A small face of oneDNN, the same over its versions 2 and 3: the only place of the project that sees its API.
//
// A layout describes memory, a kernel is a primitive made for layouts, a call binds a kernel to memory. Layouts and kernels are
// immutable and shared by threads; a call belongs to one thread at a time. Functions that make something return 0, or oneDNN's
// status: ONEDNN_UNIMPLEMENTED where the library has no such kernel. Kernels share their work among as many threads as
// onednn_set_threads has set for the calling thread when they were made, and again when they run.
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

/// result = source (N × K) · weights (M × K, transposed) + bias (M).
int onednn_inner_product(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes);

/// result = source · weights + bias over the last two axes; the bias broadcasts.
int onednn_matmul(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes);

typedef enum { ONEDNN_MAXIMUM, ONEDNN_AVERAGE, ONEDNN_AVERAGE_WITH_PADDING } onednn_pool;

int onednn_pooling(onednn_kernel **out, onednn_pool pool, const onednn_layout *source, const onednn_layout *result,
    const onednn_window *window, const onednn_attributes *attributes);

/// Source and result have one layout.
int onednn_eltwise(onednn_kernel **out, onednn_function function, float alpha, float beta, const onednn_layout *layout,
    const onednn_attributes *attributes);

/// Layouts may differ in order and type.
int onednn_reorder(onednn_kernel **out, const onednn_layout *source, const onednn_layout *result);

void onednn_kernel_destroy(onednn_kernel *kernel);

/// The implementation that oneDNN chose, "jit:avx2" for instance.
const char *onednn_kernel_name(const onednn_kernel *kernel);

/// Memory that a run needs beside its operands, in bytes.
size_t onednn_kernel_scratch(const onednn_kernel *kernel);

typedef enum {
    ONEDNN_SOURCE, ONEDNN_WEIGHTS, ONEDNN_BIAS, ONEDNN_RESULT, ONEDNN_SCRATCH,
    /// The operand of the first, second … post operation of kind ONEDNN_POST_ADD.
    ONEDNN_OPERAND
} onednn_role;

/// The layout that the kernel wants of an operand: a new one.
int onednn_kernel_layout(onednn_layout **out, const onednn_kernel *kernel, onednn_role role);

// Calls

/// Memory objects for the operands that the kernel has.
int onednn_call_create(onednn_call **out, const onednn_kernel *kernel);
void onednn_call_destroy(onednn_call *call);
/// The operand's memory for the runs that follow; roles that the kernel does not have are ignored.
int onednn_call_bind(onednn_call *call, onednn_role role, int index, void *memory);
int onednn_call_run(onednn_call *call);

#endif
