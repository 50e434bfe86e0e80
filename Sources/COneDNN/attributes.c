#include "internal.h"

int onednn_scales_bias(void) { return VERSION_2; }

dnnl_alg_kind_t onednn_algorithm(onednn_function function) {
    switch (function) {
    case ONEDNN_RELU: return dnnl_eltwise_relu;
#if VERSION_2
    case ONEDNN_CLIP: return dnnl_eltwise_clip;
#else
    case ONEDNN_CLIP: return dnnl_eltwise_clip_v2;
#endif
    case ONEDNN_ELU: return dnnl_eltwise_elu;
    case ONEDNN_LOGISTIC: return dnnl_eltwise_logistic;
    case ONEDNN_TANH: return dnnl_eltwise_tanh;
    case ONEDNN_EXP: return dnnl_eltwise_exp;
    case ONEDNN_LOG: return dnnl_eltwise_log;
    case ONEDNN_SQRT: return dnnl_eltwise_sqrt;
    case ONEDNN_ABS: return dnnl_eltwise_abs;
    case ONEDNN_SOFTPLUS: return dnnl_eltwise_soft_relu;
    case ONEDNN_MISH: return dnnl_eltwise_mish;
    case ONEDNN_SWISH: return dnnl_eltwise_swish;
    case ONEDNN_GELU: return dnnl_eltwise_gelu_erf;
    case ONEDNN_HARDSWISH: return dnnl_eltwise_hardswish;
    case ONEDNN_LINEAR: return dnnl_eltwise_linear;
    }
    return dnnl_alg_kind_undef;
}

void onednn_function_numbers(onednn_function function, float *alpha, float *beta) {
    if (function == ONEDNN_HARDSWISH) {
        *alpha = 1.0f / 6;
        *beta = 0.5f;
    }
    if (function == ONEDNN_SOFTPLUS) *alpha = 1;
}

dnnl_primitive_attr_t onednn_attr(const onednn_attributes *attributes, const int *weight_scale_mask) {
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t operations = NULL;
    if (dnnl_primitive_attr_create(&attr) != dnnl_success) return NULL;
    int failed = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user) != dnnl_success;
    failed |= dnnl_post_ops_create(&operations) != dnnl_success;
    for (int i = 0; attributes && !failed && i < attributes->count; i++) {
        const onednn_post_operation *o = &attributes->operations[i];
        float alpha = o->alpha, beta = o->beta;
        dnnl_status_t status = dnnl_success;
        switch (o->kind) {
        case ONEDNN_POST_FUNCTION:
            onednn_function_numbers(o->function, &alpha, &beta);
#if VERSION_2
            status = dnnl_post_ops_append_eltwise(operations, 1, onednn_algorithm(o->function), alpha, beta);
#else
            status = dnnl_post_ops_append_eltwise(operations, onednn_algorithm(o->function), alpha, beta);
#endif
            break;
        case ONEDNN_POST_SUM:
#if VERSION_2
            status = dnnl_post_ops_append_sum(operations, 1);
#else
            status = dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
#endif
            break;
        case ONEDNN_POST_ADD:
            status = dnnl_post_ops_append_binary(operations, dnnl_binary_add, onednn_descriptor(o->operand));
            break;
        }
        failed |= status != dnnl_success;
    }
    failed = failed || dnnl_primitive_attr_set_post_ops(attr, operations) != dnnl_success;
    dnnl_post_ops_destroy(operations);
    if (attributes && attributes->scale_count > 0 && !failed) {
#if VERSION_2
        int mask = attributes->scale_count > 1 ? 2 : 0;
        failed |= dnnl_primitive_attr_set_output_scales(attr, attributes->scale_count, mask, attributes->scales)
            != dnnl_success;
#else
        int mask = attributes->scale_count > 1 ? *weight_scale_mask : 0;
        failed |= dnnl_primitive_attr_set_scales_mask(attr, DNNL_ARG_WEIGHTS, mask) != dnnl_success;
#endif
    }
#if VERSION_2
    (void)weight_scale_mask;
    if (attributes && attributes->source_zero)
        failed |= dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &attributes->source_zero) != dnnl_success;
    if (attributes && attributes->result_zero)
        failed |= dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_DST, 1, 0, &attributes->result_zero) != dnnl_success;
#else
    if (attributes && attributes->source_zero)
        failed |= dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_SRC, 0) != dnnl_success;
    if (attributes && attributes->result_zero)
        failed |= dnnl_primitive_attr_set_zero_points_mask(attr, DNNL_ARG_DST, 0) != dnnl_success;
#endif
    if (failed) {
        dnnl_primitive_attr_destroy(attr);
        return NULL;
    }
    return attr;
}
