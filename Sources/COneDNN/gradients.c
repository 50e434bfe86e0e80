// Gradients of convolutions and inner products.
#include "making.h"

int onednn_convolution_by_source(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *result, const onednn_window *window, int is_transposed) {
    if (!onednn_window_fits(window, source)) return dnnl_invalid_arguments;
    int64_t dilations[ONEDNN_AXES] = {0};
    onednn_dilations(dilations, window);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), r = onednn_descriptor(result);
    BEGIN_GRADIENT(forward);
#if VERSION_2
    if (is_transposed) {
        dnnl_deconvolution_desc_t operation;
        MAKE(dnnl_dilated_deconvolution_backward_data_desc_init(&operation, dnnl_deconvolution_direct, s, w, r,
            window->strides, dilations, window->pad_begin, window->pad_end));
    } else {
        dnnl_convolution_desc_t operation;
        MAKE(dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, s, w, r, window->strides,
            dilations, window->pad_begin, window->pad_end));
    }
#else
    if (is_transposed)
        MAKE(dnnl_deconvolution_backward_data_primitive_desc_create(&description, onednn_engine(), dnnl_deconvolution_direct,
            s, w, r, window->strides, dilations, window->pad_begin, window->pad_end, hint, attr));
    else
        MAKE(dnnl_convolution_backward_data_primitive_desc_create(&description, onednn_engine(), dnnl_convolution_direct, s,
            w, r, window->strides, dilations, window->pad_begin, window->pad_end, hint, attr));
#endif
    FINISH(RESULT_GRADIENT, WEIGHTS, SOURCE_GRADIENT);
}

int onednn_convolution_by_weights(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *result, const onednn_window *window,
    int is_transposed) {
    if (!onednn_window_fits(window, source)) return dnnl_invalid_arguments;
    int64_t dilations[ONEDNN_AXES] = {0};
    onednn_dilations(dilations, window);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
    BEGIN_GRADIENT(forward);
#if VERSION_2
    if (is_transposed) {
        dnnl_deconvolution_desc_t operation;
        MAKE(dnnl_dilated_deconvolution_backward_weights_desc_init(&operation, dnnl_deconvolution_direct, s, w, b, r,
            window->strides, dilations, window->pad_begin, window->pad_end));
    } else {
        dnnl_convolution_desc_t operation;
        MAKE(dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, s, w, b, r,
            window->strides, dilations, window->pad_begin, window->pad_end));
    }
#else
    if (is_transposed)
        MAKE(dnnl_deconvolution_backward_weights_primitive_desc_create(&description, onednn_engine(),
            dnnl_deconvolution_direct, s, w, b, r, window->strides, dilations, window->pad_begin, window->pad_end, hint,
            attr));
    else
        MAKE(dnnl_convolution_backward_weights_primitive_desc_create(&description, onednn_engine(), dnnl_convolution_direct,
            s, w, b, r, window->strides, dilations, window->pad_begin, window->pad_end, hint, attr));
#endif
    FINISH(SOURCE, RESULT_GRADIENT, WEIGHTS_GRADIENT, BIAS_GRADIENT);
}

int onednn_inner_product_by_source(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *result) {
    BEGIN_GRADIENT(forward);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), r = onednn_descriptor(result);
#if VERSION_2
    dnnl_inner_product_desc_t operation;
    MAKE(dnnl_inner_product_backward_data_desc_init(&operation, s, w, r));
#else
    MAKE(dnnl_inner_product_backward_data_primitive_desc_create(&description, onednn_engine(), s, w, r, hint, attr));
#endif
    FINISH(RESULT_GRADIENT, WEIGHTS, SOURCE_GRADIENT);
}

int onednn_inner_product_by_weights(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *source,
    const onednn_layout *weights, const onednn_layout *bias, const onednn_layout *result) {
    BEGIN_GRADIENT(forward);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
#if VERSION_2
    dnnl_inner_product_desc_t operation;
    MAKE(dnnl_inner_product_backward_weights_desc_init(&operation, s, w, b, r));
#else
    MAKE(dnnl_inner_product_backward_weights_primitive_desc_create(
        &description, onednn_engine(), s, w, b, r, hint, attr));
#endif
    FINISH(SOURCE, RESULT_GRADIENT, WEIGHTS_GRADIENT, BIAS_GRADIENT);
}
