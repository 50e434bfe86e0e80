#include "internal.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

extern void GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags) __attribute__((weak));
extern void omp_set_num_threads(int threads) __attribute__((weak));

static void nothing(void *data) { (void)data; }

/// Holds a team of more threads than there are processors, asleep, for as long as the process runs.
static void *park(void *processors) {
    GOMP_parallel(nothing, NULL, (unsigned)(size_t)processors + 1, 0);
    for (;;) pause();
    return NULL;
}

/// libgomp's threads spin for milliseconds at the end of a region before they sleep. Where another process has one of the
/// processors, a thread then spins for what cannot come before its own time is up, and a network of thirty layers takes a
/// hundred times as long. It spins a hundredth of that once it manages more threads than there are processors: so it is given
/// some that sleep. Whoever sets OpenMP's waiting by environment is left alone.
static void wait_asleep(void) {
    if (!GOMP_parallel || getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1 || processors > 256) return;
    pthread_t thread;
    pthread_attr_t small;
    if (pthread_attr_init(&small) != 0) return;
    pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
    pthread_create(&thread, &small, park, (void *)(size_t)processors);
    pthread_attr_destroy(&small);
}

void onednn_set_threads(int threads) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (threads > 1) pthread_once(&once, wait_asleep);
    if (omp_set_num_threads) omp_set_num_threads(threads);
}
