#include "ckernels.h"

// The entry point of OpenMP regions that GCC compiles, in libgomp and in LLVM's library. Weak: whoever links oneDNN has it.
extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) __attribute__((weak));
extern int omp_get_thread_num(void) __attribute__((weak));
extern int omp_get_num_threads(void) __attribute__((weak));

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The pool's own synchronisation is not instrumented.
extern void __tsan_acquire(void *address);
extern void __tsan_release(void *address);
#define ACQUIRE(address) __tsan_acquire(address)
#define RELEASE(address) __tsan_release(address)
#endif
#endif
#ifndef ACQUIRE
#define ACQUIRE(address) ((void)0)
#define RELEASE(address) ((void)0)
#endif

typedef struct {
    int64_t count;
    void (*body)(void *, int64_t, int64_t);
    void *context;
    char entry, exit;
} region;

static void run_part(void *data) {
    region *r = data;
    ACQUIRE(&r->entry);
    int64_t part = omp_get_thread_num(), parts = omp_get_num_threads();
    int64_t begin = r->count * part / parts, end = r->count * (part + 1) / parts;
    if (begin < end) r->body(r->context, begin, end);
    RELEASE(&r->exit);
}

void ck_parallel(int threads, int64_t count, void (*body)(void *context, int64_t begin, int64_t end), void *context) {
    if (count <= 0) return;
    if (threads > count) threads = (int)count;
    if (threads <= 1 || !GOMP_parallel || !omp_get_thread_num || !omp_get_num_threads) {
        body(context, 0, count);
        return;
    }
    region r = {count, body, context, 0, 0};
    RELEASE(&r.entry);
    GOMP_parallel(run_part, &r, (unsigned)threads, 0);
    ACQUIRE(&r.exit);
}
