#include "making.h"

static dnnl_alg_kind_t pool_rule(onednn_pool pool) {
    switch (pool) {
    case ONEDNN_MAXIMUM: return dnnl_pooling_max;
    case ONEDNN_AVERAGE: return dnnl_pooling_avg_exclude_padding;
    case ONEDNN_AVERAGE_WITH_PADDING: return dnnl_pooling_avg_include_padding;
    }
    return dnnl_alg_kind_undef;
}

int onednn_pooling(onednn_kernel **out, onednn_pool pool, const onednn_layout *source, const onednn_layout *result,
    const onednn_window *window, const onednn_attributes *attributes, int is_training) {
    if (!onednn_window_fits(window, source)) return dnnl_invalid_arguments;
    int64_t dilations[ONEDNN_AXES] = {0};
    onednn_dilations(dilations, window);
    descriptor s = onednn_descriptor(source), r = onednn_descriptor(result);
    BEGIN_FORWARD(attributes);
#if VERSION_2
    dnnl_pooling_v2_desc_t operation;
    MAKE(dnnl_pooling_v2_forward_desc_init(&operation, PURPOSE(is_training), pool_rule(pool), s, r, window->strides,
        window->kernel, dilations, window->pad_begin, window->pad_end));
#else
    MAKE(dnnl_pooling_forward_primitive_desc_create(&description, onednn_engine(), PURPOSE(is_training), pool_rule(pool), s,
        r, window->strides, window->kernel, dilations, window->pad_begin, window->pad_end, attr));
#endif
    FINISH(SOURCE, RESULT, WORKSPACE);
}

int onednn_pooling_gradient(onednn_kernel **out, const onednn_kernel *forward, onednn_pool pool,
    const onednn_layout *source, const onednn_layout *result, const onednn_window *window) {
    if (!onednn_window_fits(window, source)) return dnnl_invalid_arguments;
    int64_t dilations[ONEDNN_AXES] = {0};
    onednn_dilations(dilations, window);
    descriptor s = onednn_descriptor(source), r = onednn_descriptor(result);
    BEGIN_GRADIENT(forward);
#if VERSION_2
    dnnl_pooling_v2_desc_t operation;
    MAKE(dnnl_pooling_v2_backward_desc_init(&operation, pool_rule(pool), s, r, window->strides, window->kernel, dilations,
        window->pad_begin, window->pad_end));
#else
    MAKE(dnnl_pooling_backward_primitive_desc_create(&description, onednn_engine(), pool_rule(pool), s, r, window->strides,
        window->kernel, dilations, window->pad_begin, window->pad_end, hint, attr));
#endif
    FINISH(RESULT_GRADIENT, WORKSPACE, SOURCE_GRADIENT);
}

static dnnl_alg_kind_t resampling_rule(onednn_resampling_rule rule) {
    return rule == ONEDNN_NEAREST ? dnnl_resampling_nearest : dnnl_resampling_linear;
}

int onednn_resampling(onednn_kernel **out, onednn_resampling_rule rule, const onednn_layout *source,
    const onednn_layout *result, const onednn_attributes *attributes) {
    descriptor s = onednn_descriptor(source), r = onednn_descriptor(result);
    BEGIN_FORWARD(attributes);
#if VERSION_2
    dnnl_resampling_desc_t operation;
    MAKE(dnnl_resampling_forward_desc_init(&operation, dnnl_forward_inference, resampling_rule(rule), NULL, s, r));
#else
    MAKE(dnnl_resampling_forward_primitive_desc_create(
        &description, onednn_engine(), dnnl_forward_inference, resampling_rule(rule), NULL, s, r, attr));
#endif
    FINISH(SOURCE, RESULT);
}

int onednn_resampling_gradient(onednn_kernel **out, const onednn_kernel *forward, onednn_resampling_rule rule,
    const onednn_layout *source, const onednn_layout *result) {
    descriptor s = onednn_descriptor(source), r = onednn_descriptor(result);
    BEGIN_GRADIENT(forward);
#if VERSION_2
    dnnl_resampling_desc_t operation;
    MAKE(dnnl_resampling_backward_desc_init(&operation, resampling_rule(rule), NULL, s, r));
#else
    MAKE(dnnl_resampling_backward_primitive_desc_create(
        &description, onednn_engine(), resampling_rule(rule), NULL, s, r, hint, attr));
#endif
    FINISH(RESULT_GRADIENT, SOURCE_GRADIENT);
}
