#include "internal.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// OpenMP's count for regions that the calling thread opens; the library that oneDNN links has it.
extern void omp_set_num_threads(int threads) __attribute__((weak));

void onednn_set_threads(int threads) {
    if (omp_set_num_threads) omp_set_num_threads(threads);
}

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void) {
    if (dnnl_engine_create(&engine, dnnl_cpu, 0) != dnnl_success) return;
    if (dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success) stream = NULL;
}

dnnl_engine_t onednn_engine(void) {
    pthread_once(&once, start);
    return engine;
}

dnnl_stream_t onednn_stream(void) {
    pthread_once(&once, start);
    return stream;
}

int onednn_has_exact_int8(void) {
    switch (dnnl_get_effective_cpu_isa()) {
    case dnnl_cpu_isa_sse41:
    case dnnl_cpu_isa_avx:
    case dnnl_cpu_isa_avx2:
    case dnnl_cpu_isa_avx512_core: return 0;
    default: return 1;
    }
}

const char *onednn_version(void) {
    static char text[32];
    const dnnl_version_t *version = dnnl_version();
    if (!text[0]) snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
    return text;
}

static dnnl_data_type_t data_type(onednn_type type) {
    switch (type) {
    case ONEDNN_FLOAT: return dnnl_f32;
    case ONEDNN_INT32: return dnnl_s32;
    case ONEDNN_INT8: return dnnl_s8;
    case ONEDNN_UINT8: return dnnl_u8;
    }
    return dnnl_data_type_undef;
}

descriptor onednn_descriptor(const onednn_layout *layout) {
    if (!layout) return NULL;
#if VERSION_2
    return &layout->memory;
#else
    return layout->memory;
#endif
}

int onednn_layout_create(onednn_layout **out, int rank, const int64_t *sizes, onednn_type type, const int64_t *strides) {
    onednn_layout *layout = calloc(1, sizeof *layout);
    if (!layout) return dnnl_out_of_memory;
    dnnl_status_t status;
#if VERSION_2
    status = strides ? dnnl_memory_desc_init_by_strides(&layout->memory, rank, sizes, data_type(type), strides)
                     : dnnl_memory_desc_init_by_tag(&layout->memory, rank, sizes, data_type(type), dnnl_format_tag_any);
#else
    status = strides ? dnnl_memory_desc_create_with_strides(&layout->memory, rank, sizes, data_type(type), strides)
                     : dnnl_memory_desc_create_with_tag(&layout->memory, rank, sizes, data_type(type), dnnl_format_tag_any);
#endif
    if (status != dnnl_success) {
        free(layout);
        return status;
    }
    *out = layout;
    return 0;
}

void onednn_layout_destroy(onednn_layout *layout) {
#if !VERSION_2
    if (layout) dnnl_memory_desc_destroy(layout->memory);
#endif
    free(layout);
}

size_t onednn_layout_bytes(const onednn_layout *layout) { return dnnl_memory_desc_get_size(onednn_descriptor(layout)); }

int onednn_layout_equal(const onednn_layout *a, const onednn_layout *b) {
    return dnnl_memory_desc_equal(onednn_descriptor(a), onednn_descriptor(b));
}

int onednn_rank(const onednn_layout *layout) {
#if VERSION_2
    return layout->memory.ndims;
#else
    int rank = 0;
    return dnnl_memory_desc_query(layout->memory, dnnl_query_ndims_s32, &rank) == dnnl_success ? rank : 0;
#endif
}

int64_t onednn_size(const onednn_layout *layout, int axis) {
#if VERSION_2
    return layout->memory.dims[axis];
#else
    const dnnl_dims_t *sizes = NULL;
    return dnnl_memory_desc_query(layout->memory, dnnl_query_dims, &sizes) == dnnl_success ? (*sizes)[axis] : 0;
#endif
}

int onednn_window_fits(const onednn_window *window, const onednn_layout *source) {
    if (window->rank < 1 || window->rank > ONEDNN_AXES || window->rank != onednn_rank(source) - 2) return 0;
    for (int i = 0; i < window->rank; i++)
        if (window->strides[i] < 1 || window->dilations[i] < 1 || window->kernel[i] < 1) return 0;
    return 1;
}

void onednn_dilations(int64_t *result, const onednn_window *window) {
    for (int i = 0; i < window->rank; i++) result[i] = window->dilations[i] - 1;
}
