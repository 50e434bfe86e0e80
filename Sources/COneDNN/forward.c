#include "making.h"

int onednn_convolution(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_window *window,
    const onednn_attributes *attributes, int is_transposed) {
    if (!onednn_window_fits(window, source)) return dnnl_invalid_arguments;
    int64_t dilations[ONEDNN_AXES] = {0};
    onednn_dilations(dilations, window);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
    // Scales run along the output channels, behind the groups where there are any.
    BEGIN(attributes, onednn_rank(weights) > onednn_rank(source) ? 3 : 1, NULL);
#if VERSION_2
    if (is_transposed) {
        dnnl_deconvolution_desc_t operation;
        MAKE(dnnl_dilated_deconvolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_deconvolution_direct, s, w,
            b, r, window->strides, dilations, window->pad_begin, window->pad_end));
    } else {
        dnnl_convolution_desc_t operation;
        MAKE(dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_convolution_direct, s, w, b,
            r, window->strides, dilations, window->pad_begin, window->pad_end));
    }
#else
    if (is_transposed)
        MAKE(dnnl_deconvolution_forward_primitive_desc_create(&description, onednn_engine(), dnnl_forward_inference,
            dnnl_deconvolution_direct, s, w, b, r, window->strides, dilations, window->pad_begin, window->pad_end, attr));
    else
        MAKE(dnnl_convolution_forward_primitive_desc_create(&description, onednn_engine(), dnnl_forward_inference,
            dnnl_convolution_direct, s, w, b, r, window->strides, dilations, window->pad_begin, window->pad_end, attr));
#endif
    FINISH(SOURCE, WEIGHTS, BIAS, RESULT);
}

int onednn_inner_product(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes) {
    BEGIN(attributes, 1, NULL);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
#if VERSION_2
    dnnl_inner_product_desc_t operation;
    MAKE(dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, s, w, b, r));
#else
    MAKE(dnnl_inner_product_forward_primitive_desc_create(
        &description, onednn_engine(), dnnl_forward_inference, s, w, b, r, attr));
#endif
    FINISH(SOURCE, WEIGHTS, BIAS, RESULT);
}

int onednn_matmul(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes) {
    BEGIN(attributes, 2, NULL);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
#if VERSION_2
    dnnl_matmul_desc_t operation;
    MAKE(dnnl_matmul_desc_init(&operation, s, w, b, r));
#else
    MAKE(dnnl_matmul_primitive_desc_create(&description, onednn_engine(), s, w, b, r, attr));
#endif
    FINISH(SOURCE, WEIGHTS, BIAS, RESULT);
}
