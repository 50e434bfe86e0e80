#include "making.h"
#include <stdlib.h>

int onednn_reorder(onednn_kernel **out, const onednn_layout *source, const onednn_layout *result) {
    BEGIN_FORWARD(NULL);
    status = dnnl_reorder_primitive_desc_create(
        &description, onednn_descriptor(source), onednn_engine(), onednn_descriptor(result), onednn_engine(), attr);
    FINISH(SOURCE, RESULT);
}

int onednn_concat(onednn_kernel **out, int count, const onednn_layout *const *sources, int axis,
    const onednn_layout *result) {
    if (count < 1 || axis < 0 || axis >= onednn_rank(result)) return dnnl_invalid_arguments;
#if VERSION_2
    dnnl_memory_desc_t *list = calloc((size_t)count, sizeof *list);
#else
    descriptor *list = calloc((size_t)count, sizeof *list);
#endif
    onednn_operand *operands = calloc((size_t)count + 1, sizeof *operands);
    dnnl_primitive_attr_t attr = onednn_attr(NULL, NULL);
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = list && operands && attr ? dnnl_success : dnnl_out_of_memory;
    for (int i = 0; i < count && status == dnnl_success; i++) {
        operands[i] = (onednn_operand){ONEDNN_SOURCE, i, DNNL_ARG_MULTIPLE_SRC + i};
#if VERSION_2
        list[i] = *onednn_descriptor(sources[i]);
#else
        list[i] = onednn_descriptor(sources[i]);
#endif
    }
    if (status == dnnl_success) {
        operands[count] = (onednn_operand)RESULT;
#if VERSION_2
        status = dnnl_concat_primitive_desc_create(
            &description, onednn_descriptor(result), count, axis, list, attr, onednn_engine());
#else
        status = dnnl_concat_primitive_desc_create(
            &description, onednn_engine(), onednn_descriptor(result), count, axis, list, attr);
#endif
    }
    int made = status;
    if (status == dnnl_success) made = onednn_kernel_make(out, description, NULL, operands, count + 1);
    if (attr) dnnl_primitive_attr_destroy(attr);
    free(list);
    free(operands);
    return made;
}
