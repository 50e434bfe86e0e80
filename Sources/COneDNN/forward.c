#include "internal.h"

// Version 2 describes an operation first and then asks for a kernel; version 3 does both at once.
#if VERSION_2
#define MAKE(DESCRIBE) \
    do { \
        dnnl_status_t described = (DESCRIBE); \
        if (described != dnnl_success) { \
            dnnl_primitive_attr_destroy(attr); \
            return described; \
        } \
        status = dnnl_primitive_desc_create(&description, &operation, attr, onednn_engine(), NULL); \
    } while (0)
#else
#define MAKE(CREATE) status = (CREATE)
#endif

#define FINISH(HAS_WEIGHTS, HAS_BIAS) \
    dnnl_primitive_attr_destroy(attr); \
    if (status != dnnl_success) return status; \
    return onednn_kernel_make(out, description, attributes, HAS_WEIGHTS, HAS_BIAS)

#define PREPARE(MASK) \
    const int mask = (MASK); \
    dnnl_primitive_attr_t attr = onednn_attr(attributes, &mask); \
    if (!attr) return ONEDNN_UNIMPLEMENTED; \
    dnnl_primitive_desc_t description = NULL; \
    dnnl_status_t status = dnnl_success

static void minus_one(int64_t *result, const onednn_window *window) {
    for (int i = 0; i < window->rank; i++) result[i] = window->dilations[i] - 1;
}

int onednn_convolution(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_window *window,
    const onednn_attributes *attributes, int is_transposed) {
    int64_t dilations[ONEDNN_AXES] = {0};
    minus_one(dilations, window);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
#if VERSION_2
    int is_grouped = w->ndims > s->ndims;
    PREPARE(is_grouped ? 3 : 1);
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
    int weight_rank = 0, source_rank = 0;
    dnnl_memory_desc_query(w, dnnl_query_ndims_s32, &weight_rank);
    dnnl_memory_desc_query(s, dnnl_query_ndims_s32, &source_rank);
    PREPARE(weight_rank > source_rank ? 3 : 1);
    if (is_transposed)
        MAKE(dnnl_deconvolution_forward_primitive_desc_create(&description, onednn_engine(), dnnl_forward_inference,
            dnnl_deconvolution_direct, s, w, b, r, window->strides, dilations, window->pad_begin, window->pad_end, attr));
    else
        MAKE(dnnl_convolution_forward_primitive_desc_create(&description, onednn_engine(), dnnl_forward_inference,
            dnnl_convolution_direct, s, w, b, r, window->strides, dilations, window->pad_begin, window->pad_end, attr));
#endif
    FINISH(1, bias != NULL);
}

int onednn_inner_product(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes) {
    PREPARE(1);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
#if VERSION_2
    dnnl_inner_product_desc_t operation;
    MAKE(dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, s, w, b, r));
#else
    MAKE(dnnl_inner_product_forward_primitive_desc_create(
        &description, onednn_engine(), dnnl_forward_inference, s, w, b, r, attr));
#endif
    FINISH(1, bias != NULL);
}

int onednn_matmul(onednn_kernel **out, const onednn_layout *source, const onednn_layout *weights,
    const onednn_layout *bias, const onednn_layout *result, const onednn_attributes *attributes) {
    PREPARE(2);
    descriptor s = onednn_descriptor(source), w = onednn_descriptor(weights), b = onednn_descriptor(bias),
               r = onednn_descriptor(result);
#if VERSION_2
    dnnl_matmul_desc_t operation;
    MAKE(dnnl_matmul_desc_init(&operation, s, w, b, r));
#else
    MAKE(dnnl_matmul_primitive_desc_create(&description, onednn_engine(), s, w, b, r, attr));
#endif
    FINISH(1, bias != NULL);
}

int onednn_pooling(onednn_kernel **out, onednn_pool pool, const onednn_layout *source, const onednn_layout *result,
    const onednn_window *window, const onednn_attributes *attributes) {
    PREPARE(0);
    dnnl_alg_kind_t algorithm = pool == ONEDNN_MAXIMUM ? dnnl_pooling_max
        : pool == ONEDNN_AVERAGE                       ? dnnl_pooling_avg_exclude_padding
                                                       : dnnl_pooling_avg_include_padding;
    descriptor s = onednn_descriptor(source), r = onednn_descriptor(result);
    int64_t dilations[ONEDNN_AXES] = {0};
    minus_one(dilations, window);
#if VERSION_2
    dnnl_pooling_v2_desc_t operation;
    MAKE(dnnl_pooling_v2_forward_desc_init(&operation, dnnl_forward_inference, algorithm, s, r, window->strides,
        window->kernel, dilations, window->pad_begin, window->pad_end));
#else
    MAKE(dnnl_pooling_forward_primitive_desc_create(&description, onednn_engine(), dnnl_forward_inference, algorithm, s, r,
        window->strides, window->kernel, dilations, window->pad_begin, window->pad_end, attr));
#endif
    FINISH(0, 0);
}

int onednn_eltwise(onednn_kernel **out, onednn_function function, float alpha, float beta, const onednn_layout *layout,
    const onednn_attributes *attributes) {
    PREPARE(0);
    onednn_function_numbers(function, &alpha, &beta);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_eltwise_desc_t operation;
    MAKE(dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, onednn_algorithm(function), d, alpha, beta));
#else
    MAKE(dnnl_eltwise_forward_primitive_desc_create(
        &description, onednn_engine(), dnnl_forward_inference, onednn_algorithm(function), d, d, alpha, beta, attr));
#endif
    FINISH(0, 0);
}

int onednn_reorder(onednn_kernel **out, const onednn_layout *source, const onednn_layout *result) {
    const onednn_attributes *attributes = NULL;
    PREPARE(0);
    status = dnnl_reorder_primitive_desc_create(
        &description, onednn_descriptor(source), onednn_engine(), onednn_descriptor(result), onednn_engine(), attr);
    FINISH(0, 0);
}
