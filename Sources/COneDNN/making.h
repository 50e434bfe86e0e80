// The frame of a function that makes a kernel. Version 2 describes an operation first and then asks for a kernel; version 3 does both
// at once.
#ifndef CONEDNN_MAKING_H
#define CONEDNN_MAKING_H

#include "internal.h"

#define BEGIN(ATTRIBUTES, MASK, FORWARD) \
    const onednn_attributes *const given = (ATTRIBUTES); \
    const int mask = (MASK); \
    const onednn_kernel *const forward_kernel = (FORWARD); \
    const_dnnl_primitive_desc_t hint = forward_kernel ? forward_kernel->description : NULL; \
    dnnl_primitive_attr_t attr = onednn_attr(given, &mask); \
    if (!attr) return ONEDNN_UNIMPLEMENTED; \
    dnnl_primitive_desc_t description = NULL; \
    dnnl_status_t status = dnnl_success; \
    (void)hint

/// Without post operations or scales, of a kernel that goes forward.
#define BEGIN_FORWARD(ATTRIBUTES) BEGIN(ATTRIBUTES, 0, NULL)
#define BEGIN_GRADIENT(FORWARD) BEGIN(NULL, 0, FORWARD)

#if VERSION_2
#define MAKE(DESCRIBE) \
    do { \
        dnnl_status_t described = (DESCRIBE); \
        if (described != dnnl_success) { \
            dnnl_primitive_attr_destroy(attr); \
            return described; \
        } \
        status = dnnl_primitive_desc_create(&description, &operation, attr, onednn_engine(), hint); \
    } while (0)
#else
#define MAKE(CREATE) status = (CREATE)
#endif

/// The kernel with its operands, each a role, an index and an argument.
#define FINISH(...) \
    do { \
        dnnl_primitive_attr_destroy(attr); \
        if (status != dnnl_success) return status; \
        const onednn_operand list[] = {__VA_ARGS__}; \
        return onednn_kernel_make(out, description, given, list, (int)(sizeof list / sizeof *list)); \
    } while (0)

#define PURPOSE(IS_TRAINING) ((IS_TRAINING) ? dnnl_forward_training : dnnl_forward_inference)

#define SOURCE {ONEDNN_SOURCE, 0, DNNL_ARG_SRC}
#define WEIGHTS {ONEDNN_WEIGHTS, 0, DNNL_ARG_WEIGHTS}
#define BIAS {ONEDNN_BIAS, 0, DNNL_ARG_BIAS}
#define RESULT {ONEDNN_RESULT, 0, DNNL_ARG_DST}
#define WORKSPACE {ONEDNN_WORKSPACE, 0, DNNL_ARG_WORKSPACE}
#define SOURCE_GRADIENT {ONEDNN_SOURCE_GRADIENT, 0, DNNL_ARG_DIFF_SRC}
#define WEIGHTS_GRADIENT {ONEDNN_WEIGHTS_GRADIENT, 0, DNNL_ARG_DIFF_WEIGHTS}
#define BIAS_GRADIENT {ONEDNN_BIAS_GRADIENT, 0, DNNL_ARG_DIFF_BIAS}
#define RESULT_GRADIENT {ONEDNN_RESULT_GRADIENT, 0, DNNL_ARG_DIFF_DST}

#endif
