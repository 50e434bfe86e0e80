#ifndef CONEDNN_INTERNAL_H
#define CONEDNN_INTERNAL_H

#include "conednn.h"
#include <dnnl.h>

#define VERSION_2 (DNNL_VERSION_MAJOR < 3)

#if VERSION_2
typedef const dnnl_memory_desc_t *descriptor;
#else
typedef const_dnnl_memory_desc_t descriptor;
#endif

/// A structure in version 2, a handle in version 3.
struct onednn_layout {
    dnnl_memory_desc_t memory;
};

/// What a call binds: role, index among roles of that kind, oneDNN's argument number.
typedef struct {
    onednn_role role;
    int index;
    int argument;
} onednn_operand;

struct onednn_kernel {
    dnnl_primitive_desc_t description;
    dnnl_primitive_t primitive;
    size_t scratch;
    char name[64];
    int operand_count;
    onednn_operand *operands;
    /// Version 3 takes scales and zero points as memory at run time.
    float *scales;
    int32_t zeros[2];
    int scale_count;
};

dnnl_engine_t onednn_engine(void);
dnnl_stream_t onednn_stream(void);
descriptor onednn_descriptor(const onednn_layout *layout);
/// NULL where it cannot be made.
dnnl_primitive_attr_t onednn_attr(const onednn_attributes *attributes, const int *weight_scale_mask);
dnnl_alg_kind_t onednn_algorithm(onednn_function function);
void onednn_function_numbers(onednn_function function, float *alpha, float *beta);

int onednn_rank(const onednn_layout *layout);
/// Along one of its axes.
int64_t onednn_size(const onednn_layout *layout, int axis);
/// Whether a window has an extent, a step and a dilation along each spatial axis of the source.
int onednn_window_fits(const onednn_window *window, const onednn_layout *source);
/// Dilations that count from 0.
void onednn_dilations(int64_t *result, const onednn_window *window);

/// Makes the kernel of a primitive description, which it owns from here on. Operands that the description has no memory for, and
/// those of argument 0, are left out.
int onednn_kernel_make(onednn_kernel **out, dnnl_primitive_desc_t description, const onednn_attributes *attributes,
    const onednn_operand *operands, int count);

#endif
