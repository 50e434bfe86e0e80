#include "internal.h"
#include <stdlib.h>
#include <string.h>

static descriptor wanted(const onednn_kernel *kernel, int argument) {
    return dnnl_primitive_desc_query_md(kernel->description, dnnl_query_exec_arg_md, argument);
}

static void add_operand(onednn_kernel *kernel, onednn_role role, int index, int argument) {
    if (!argument) return;
    descriptor memory = wanted(kernel, argument);
    if (!memory || dnnl_memory_desc_get_size(memory) == 0) return;
    kernel->operands[kernel->operand_count++] = (onednn_operand){role, index, argument};
}

int onednn_kernel_make(onednn_kernel **out, dnnl_primitive_desc_t description, const onednn_attributes *attributes,
    const onednn_operand *operands, int count) {
    onednn_kernel *kernel = calloc(1, sizeof *kernel);
    if (!kernel) {
        dnnl_primitive_desc_destroy(description);
        return dnnl_out_of_memory;
    }
    kernel->description = description;
    kernel->operands = calloc((size_t)count + 1 + ONEDNN_POST_OPERATIONS, sizeof *kernel->operands);
    dnnl_status_t status =
        kernel->operands ? dnnl_primitive_create(&kernel->primitive, description) : dnnl_out_of_memory;
    if (status != dnnl_success) {
        onednn_kernel_destroy(kernel);
        return status;
    }
    descriptor scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    kernel->scratch = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
    const char *name = NULL;
    if (dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name) == dnnl_success && name)
        strncpy(kernel->name, name, sizeof kernel->name - 1);
    for (int i = 0; i < count; i++) add_operand(kernel, operands[i].role, operands[i].index, operands[i].argument);
    if (kernel->scratch) add_operand(kernel, ONEDNN_SCRATCH, 0, DNNL_ARG_SCRATCHPAD);
    for (int i = 0, operand = 0; attributes && i < attributes->count; i++)
        if (attributes->operations[i].kind == ONEDNN_POST_ADD)
            add_operand(kernel, ONEDNN_OPERAND, operand++, DNNL_ARG_ATTR_MULTIPLE_POST_OP(i) | DNNL_ARG_SRC_1);
    if (attributes) {
        kernel->zeros[0] = attributes->source_zero;
        kernel->zeros[1] = attributes->result_zero;
    }
    if (attributes && attributes->scale_count > 0) {
        kernel->scales = malloc(sizeof(float) * (size_t)attributes->scale_count);
        if (!kernel->scales) {
            onednn_kernel_destroy(kernel);
            return dnnl_out_of_memory;
        }
        kernel->scale_count = attributes->scale_count;
        memcpy(kernel->scales, attributes->scales, sizeof(float) * (size_t)attributes->scale_count);
    }
    *out = kernel;
    return 0;
}

void onednn_kernel_destroy(onednn_kernel *kernel) {
    if (!kernel) return;
    if (kernel->primitive) dnnl_primitive_destroy(kernel->primitive);
    if (kernel->description) dnnl_primitive_desc_destroy(kernel->description);
    free(kernel->scales);
    free(kernel->operands);
    free(kernel);
}

const char *onednn_kernel_name(const onednn_kernel *kernel) { return kernel->name; }

size_t onednn_kernel_scratch(const onednn_kernel *kernel) { return kernel->scratch; }

int onednn_kernel_layout(onednn_layout **out, const onednn_kernel *kernel, onednn_role role) {
    descriptor found = NULL;
    for (int i = 0; i < kernel->operand_count && !found; i++)
        if (kernel->operands[i].role == role) found = wanted(kernel, kernel->operands[i].argument);
    if (!found) return dnnl_invalid_arguments;
    onednn_layout *layout = calloc(1, sizeof *layout);
    if (!layout) return dnnl_out_of_memory;
#if VERSION_2
    layout->memory = *found;
#else
    dnnl_status_t status = dnnl_memory_desc_clone(&layout->memory, found);
    if (status != dnnl_success) {
        free(layout);
        return status;
    }
#endif
    *out = layout;
    return 0;
}

/// Scales and the two zero points of version 3.
#define EXTRAS 3

struct onednn_call {
    const onednn_kernel *kernel;
    int count;
    dnnl_exec_arg_t arguments[];
};

int onednn_call_create(onednn_call **out, const onednn_kernel *kernel) {
    size_t most = (size_t)kernel->operand_count + EXTRAS;
    onednn_call *call = calloc(1, sizeof *call + most * sizeof *call->arguments);
    if (!call) return dnnl_out_of_memory;
    call->kernel = kernel;
    dnnl_status_t status = dnnl_success;
    for (int i = 0; i < kernel->operand_count && status == dnnl_success; i++) {
        dnnl_exec_arg_t *entry = &call->arguments[i];
        entry->arg = kernel->operands[i].argument;
        status = dnnl_memory_create(&entry->memory, wanted(kernel, entry->arg), onednn_engine(), DNNL_MEMORY_NONE);
        if (status == dnnl_success) call->count++;
    }
#if !VERSION_2
    const int64_t scale_count = kernel->scale_count, one = 1;
    struct {
        int argument, wanted;
        const int64_t *size;
        dnnl_data_type_t type;
        void *data;
    } extra[EXTRAS] = {
        {DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, kernel->scale_count > 0, &scale_count, dnnl_f32, kernel->scales},
        {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, kernel->zeros[0] != 0, &one, dnnl_s32, (void *)&kernel->zeros[0]},
        {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, kernel->zeros[1] != 0, &one, dnnl_s32, (void *)&kernel->zeros[1]},
    };
    for (int i = 0; i < EXTRAS && status == dnnl_success; i++) {
        if (!extra[i].wanted) continue;
        dnnl_memory_desc_t flat;
        status = dnnl_memory_desc_create_with_tag(&flat, 1, extra[i].size, extra[i].type, dnnl_a);
        if (status != dnnl_success) break;
        dnnl_exec_arg_t *entry = &call->arguments[call->count];
        entry->arg = extra[i].argument;
        status = dnnl_memory_create(&entry->memory, flat, onednn_engine(), extra[i].data);
        if (status == dnnl_success) call->count++;
        dnnl_memory_desc_destroy(flat);
    }
#endif
    if (status != dnnl_success) {
        onednn_call_destroy(call);
        return status;
    }
    *out = call;
    return 0;
}

void onednn_call_destroy(onednn_call *call) {
    if (!call) return;
    for (int i = 0; i < call->count; i++) dnnl_memory_destroy(call->arguments[i].memory);
    free(call);
}

int onednn_call_bind(onednn_call *call, onednn_role role, int index, void *memory) {
    const onednn_kernel *kernel = call->kernel;
    for (int i = 0; i < kernel->operand_count; i++)
        if (kernel->operands[i].role == role && kernel->operands[i].index == index)
            return dnnl_memory_set_data_handle(call->arguments[i].memory, memory);
    return 0;
}

int onednn_call_run(onednn_call *call) {
    return dnnl_primitive_execute(call->kernel->primitive, onednn_stream(), call->count, call->arguments);
}
