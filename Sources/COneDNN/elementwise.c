#include "making.h"

int onednn_eltwise(onednn_kernel **out, onednn_function function, float alpha, float beta, const onednn_layout *layout,
    const onednn_attributes *attributes) {
    BEGIN_FORWARD(attributes);
    onednn_function_numbers(function, &alpha, &beta);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_eltwise_desc_t operation;
    MAKE(dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, onednn_algorithm(function), d, alpha, beta));
#else
    MAKE(dnnl_eltwise_forward_primitive_desc_create(
        &description, onednn_engine(), dnnl_forward_inference, onednn_algorithm(function), d, d, alpha, beta, attr));
#endif
    FINISH(SOURCE, RESULT);
}

/// The function as told by its result; undefined where it cannot be.
static dnnl_alg_kind_t from_result_algorithm(onednn_function function) {
    switch (function) {
    case ONEDNN_RELU: return dnnl_eltwise_relu_use_dst_for_bwd;
    case ONEDNN_ELU: return dnnl_eltwise_elu_use_dst_for_bwd;
    case ONEDNN_LOGISTIC: return dnnl_eltwise_logistic_use_dst_for_bwd;
    case ONEDNN_TANH: return dnnl_eltwise_tanh_use_dst_for_bwd;
    case ONEDNN_EXP: return dnnl_eltwise_exp_use_dst_for_bwd;
    case ONEDNN_SQRT: return dnnl_eltwise_sqrt_use_dst_for_bwd;
    default: return dnnl_alg_kind_undef;
    }
}

int onednn_eltwise_gradient(onednn_kernel **out, const onednn_kernel *forward, onednn_function function, float alpha,
    float beta, const onednn_layout *layout, int from_result) {
    dnnl_alg_kind_t algorithm = from_result ? from_result_algorithm(function) : onednn_algorithm(function);
    if (algorithm == dnnl_alg_kind_undef) return ONEDNN_UNIMPLEMENTED;
    BEGIN_GRADIENT(forward);
    onednn_function_numbers(function, &alpha, &beta);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_eltwise_desc_t operation;
    MAKE(dnnl_eltwise_backward_desc_init(&operation, algorithm, d, d, alpha, beta));
#else
    MAKE(dnnl_eltwise_backward_primitive_desc_create(
        &description, onednn_engine(), algorithm, d, d, d, alpha, beta, hint, attr));
#endif
    if (from_result) FINISH(RESULT, RESULT_GRADIENT, SOURCE_GRADIENT);
    FINISH(SOURCE, RESULT_GRADIENT, SOURCE_GRADIENT);
}

static dnnl_alg_kind_t pair_algorithm(onednn_pair pair) {
    switch (pair) {
    case ONEDNN_ADD: return dnnl_binary_add;
    case ONEDNN_SUBTRACT: return dnnl_binary_sub;
    case ONEDNN_MULTIPLY: return dnnl_binary_mul;
    case ONEDNN_DIVIDE: return dnnl_binary_div;
    case ONEDNN_GREATER: return dnnl_binary_max;
    case ONEDNN_LESSER: return dnnl_binary_min;
    }
    return dnnl_alg_kind_undef;
}

int onednn_binary(onednn_kernel **out, onednn_pair pair, const onednn_layout *left, const onednn_layout *right,
    const onednn_layout *result, const onednn_attributes *attributes) {
    BEGIN_FORWARD(attributes);
    descriptor a = onednn_descriptor(left), b = onednn_descriptor(right), r = onednn_descriptor(result);
#if VERSION_2
    dnnl_binary_desc_t operation;
    MAKE(dnnl_binary_desc_init(&operation, pair_algorithm(pair), a, b, r));
#else
    MAKE(dnnl_binary_primitive_desc_create(&description, onednn_engine(), pair_algorithm(pair), a, b, r, attr));
#endif
    FINISH({ONEDNN_SOURCE, 0, DNNL_ARG_SRC_0}, {ONEDNN_SOURCE, 1, DNNL_ARG_SRC_1}, RESULT);
}

#define SOFTMAX(IS_LOGARITHM) ((IS_LOGARITHM) ? dnnl_softmax_log : dnnl_softmax_accurate)

int onednn_softmax(onednn_kernel **out, const onednn_layout *layout, int axis, int is_logarithm,
    const onednn_attributes *attributes) {
    if (axis < 0 || axis >= onednn_rank(layout)) return dnnl_invalid_arguments;
    BEGIN_FORWARD(attributes);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_softmax_v2_desc_t operation;
    MAKE(dnnl_softmax_v2_forward_desc_init(&operation, dnnl_forward_inference, SOFTMAX(is_logarithm), d, d, axis));
#else
    MAKE(dnnl_softmax_forward_primitive_desc_create(
        &description, onednn_engine(), dnnl_forward_inference, SOFTMAX(is_logarithm), d, d, axis, attr));
#endif
    FINISH(SOURCE, RESULT);
}

int onednn_softmax_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout, int axis,
    int is_logarithm) {
    if (axis < 0 || axis >= onednn_rank(layout)) return dnnl_invalid_arguments;
    BEGIN_GRADIENT(forward);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_softmax_v2_desc_t operation;
    MAKE(dnnl_softmax_v2_backward_desc_init(&operation, SOFTMAX(is_logarithm), d, d, d, axis));
#else
    MAKE(dnnl_softmax_backward_primitive_desc_create(
        &description, onednn_engine(), SOFTMAX(is_logarithm), d, d, d, axis, hint, attr));
#endif
    FINISH(RESULT, RESULT_GRADIENT, SOURCE_GRADIENT);
}
