#include "making.h"

#define HAS_GROUPS (DNNL_VERSION_MAJOR > 3 || (DNNL_VERSION_MAJOR == 3 && DNNL_VERSION_MINOR >= 3))

#define MEAN {ONEDNN_MEAN, 0, DNNL_ARG_MEAN}
#define VARIANCE {ONEDNN_VARIANCE, 0, DNNL_ARG_VARIANCE}
#define SCALE {ONEDNN_SCALE, 0, form->has_scale ? DNNL_ARG_SCALE : 0}
#define SHIFT {ONEDNN_SHIFT, 0, form->has_shift ? DNNL_ARG_SHIFT : 0}
#define SCALE_GRADIENT {ONEDNN_SCALE_GRADIENT, 0, form->has_scale ? DNNL_ARG_DIFF_SCALE : 0}
#define SHIFT_GRADIENT {ONEDNN_SHIFT_GRADIENT, 0, form->has_shift ? DNNL_ARG_DIFF_SHIFT : 0}
#define FINISH_FORWARD FINISH(SOURCE, MEAN, VARIANCE, SCALE, SHIFT, RESULT)
#define FINISH_GRADIENT(SHIFT_OPERAND) \
    FINISH(SOURCE, MEAN, VARIANCE, SCALE, SHIFT_OPERAND, RESULT_GRADIENT, SOURCE_GRADIENT, SCALE_GRADIENT, SHIFT_GRADIENT)
// A gradient does not depend on the shift, but version 2 wants it bound, and so do layers in early releases of version 3.
#define NO_SHIFT {ONEDNN_SHIFT, 0, 0}
#define SHIFT_OF_VERSION_2 {ONEDNN_SHIFT, 0, VERSION_2 && form->has_shift ? DNNL_ARG_SHIFT : 0}

// Gradient kernels of version 2 write a gradient of the shift wherever they write one of the scale.
#define GRADIENT_FITS(FORM) (!VERSION_2 || !(FORM)->has_scale == !(FORM)->has_shift)

static unsigned flags(const onednn_normalization *form) {
    unsigned result = 0;
    if (form->has_statistics) result |= dnnl_use_global_stats;
    if (form->has_scale) result |= dnnl_use_scale;
    if (form->has_shift) result |= dnnl_use_shift;
    return result;
}

static dnnl_prop_kind_t gradient_kind(const onednn_normalization *form) {
    return form->has_scale || form->has_shift ? dnnl_backward : dnnl_backward_data;
}

int onednn_batch_normalization(onednn_kernel **out, const onednn_layout *layout, const onednn_normalization *form,
    const onednn_attributes *attributes) {
    BEGIN_FORWARD(attributes);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_batch_normalization_desc_t operation;
    MAKE(dnnl_batch_normalization_forward_desc_init(
        &operation, PURPOSE(form->is_training), d, form->epsilon, flags(form)));
#else
    MAKE(dnnl_batch_normalization_forward_primitive_desc_create(
        &description, onednn_engine(), PURPOSE(form->is_training), d, d, form->epsilon, flags(form), attr));
#endif
    FINISH_FORWARD;
}

int onednn_batch_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    const onednn_normalization *form) {
    if (!GRADIENT_FITS(form)) return ONEDNN_UNIMPLEMENTED;
    BEGIN_GRADIENT(forward);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_batch_normalization_desc_t operation;
    MAKE(dnnl_batch_normalization_backward_desc_init(&operation, gradient_kind(form), d, d, form->epsilon, flags(form)));
#else
    MAKE(dnnl_batch_normalization_backward_primitive_desc_create(
        &description, onednn_engine(), gradient_kind(form), d, d, d, form->epsilon, flags(form), hint, attr));
#endif
    FINISH_GRADIENT(SHIFT_OF_VERSION_2);
}

/// The library does not look.
static int statistics_fit(const onednn_layout *layout, const onednn_layout *statistics) {
    int rank = onednn_rank(statistics);
    if (rank < 1 || rank != onednn_rank(layout) - 1) return 0;
    for (int i = 0; i < rank; i++)
        if (onednn_size(statistics, i) != onednn_size(layout, i)) return 0;
    return 1;
}

int onednn_layer_normalization(onednn_kernel **out, const onednn_layout *layout, const onednn_layout *statistics,
    const onednn_normalization *form, const onednn_attributes *attributes) {
    if (!statistics_fit(layout, statistics)) return dnnl_invalid_arguments;
    BEGIN_FORWARD(attributes);
    descriptor d = onednn_descriptor(layout), s = onednn_descriptor(statistics);
#if VERSION_2
    dnnl_layer_normalization_desc_t operation;
    MAKE(dnnl_layer_normalization_forward_desc_init(
        &operation, PURPOSE(form->is_training), d, s, form->epsilon, flags(form)));
#else
    MAKE(dnnl_layer_normalization_forward_primitive_desc_create(
        &description, onednn_engine(), PURPOSE(form->is_training), d, d, s, form->epsilon, flags(form), attr));
#endif
    FINISH_FORWARD;
}

int onednn_layer_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    const onednn_layout *statistics, const onednn_normalization *form) {
    if (!statistics_fit(layout, statistics)) return dnnl_invalid_arguments;
    if (!GRADIENT_FITS(form)) return ONEDNN_UNIMPLEMENTED;
    BEGIN_GRADIENT(forward);
    descriptor d = onednn_descriptor(layout), s = onednn_descriptor(statistics);
#if VERSION_2
    dnnl_layer_normalization_desc_t operation;
    MAKE(dnnl_layer_normalization_backward_desc_init(
        &operation, gradient_kind(form), d, d, s, form->epsilon, flags(form)));
#else
    MAKE(dnnl_layer_normalization_backward_primitive_desc_create(
        &description, onednn_engine(), gradient_kind(form), d, d, d, s, form->epsilon, flags(form), hint, attr));
#endif
    FINISH_GRADIENT(SHIFT);
}

#if HAS_GROUPS

int onednn_group_normalization(onednn_kernel **out, const onednn_layout *layout, int64_t groups,
    const onednn_normalization *form, const onednn_attributes *attributes) {
    BEGIN_FORWARD(attributes);
    descriptor d = onednn_descriptor(layout);
    MAKE(dnnl_group_normalization_forward_primitive_desc_create(
        &description, onednn_engine(), PURPOSE(form->is_training), d, d, groups, form->epsilon, flags(form), attr));
    FINISH_FORWARD;
}

int onednn_group_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    int64_t groups, const onednn_normalization *form) {
    BEGIN_GRADIENT(forward);
    descriptor d = onednn_descriptor(layout);
    MAKE(dnnl_group_normalization_backward_primitive_desc_create(
        &description, onednn_engine(), gradient_kind(form), d, d, d, groups, form->epsilon, flags(form), hint, attr));
    FINISH_GRADIENT(NO_SHIFT);
}

#else

int onednn_group_normalization(onednn_kernel **out, const onednn_layout *layout, int64_t groups,
    const onednn_normalization *form, const onednn_attributes *attributes) {
    (void)out, (void)layout, (void)groups, (void)form, (void)attributes;
    return ONEDNN_UNIMPLEMENTED;
}

int onednn_group_normalization_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    int64_t groups, const onednn_normalization *form) {
    (void)out, (void)forward, (void)layout, (void)groups, (void)form;
    return ONEDNN_UNIMPLEMENTED;
}

#endif

int onednn_lrn(onednn_kernel **out, const onednn_layout *layout, const onednn_response *form,
    const onednn_attributes *attributes) {
    if (form->size < 1) return dnnl_invalid_arguments;
    BEGIN_FORWARD(attributes);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_lrn_desc_t operation;
    MAKE(dnnl_lrn_forward_desc_init(&operation, PURPOSE(form->is_training), dnnl_lrn_across_channels, d, form->size,
        form->alpha, form->beta, form->bias));
#else
    MAKE(dnnl_lrn_forward_primitive_desc_create(&description, onednn_engine(), PURPOSE(form->is_training),
        dnnl_lrn_across_channels, d, d, form->size, form->alpha, form->beta, form->bias, attr));
#endif
    FINISH(SOURCE, RESULT, WORKSPACE);
}

int onednn_lrn_gradient(onednn_kernel **out, const onednn_kernel *forward, const onednn_layout *layout,
    const onednn_response *form) {
    if (form->size < 1) return dnnl_invalid_arguments;
    // The kernel for AVX-512 and channels last is generated from the neighbours on one side, and crashes where there are none.
    if (form->size < 3) return ONEDNN_UNIMPLEMENTED;
    BEGIN_GRADIENT(forward);
    descriptor d = onednn_descriptor(layout);
#if VERSION_2
    dnnl_lrn_desc_t operation;
    MAKE(dnnl_lrn_backward_desc_init(
        &operation, dnnl_lrn_across_channels, d, d, form->size, form->alpha, form->beta, form->bias));
#else
    MAKE(dnnl_lrn_backward_primitive_desc_create(&description, onednn_engine(), dnnl_lrn_across_channels, d, d, d, form->size,
        form->alpha, form->beta, form->bias, hint, attr));
#endif
    FINISH(SOURCE, RESULT_GRADIENT, WORKSPACE, SOURCE_GRADIENT);
}
