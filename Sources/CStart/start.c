#include "cstart.h"

#if defined(__linux__)
#include <malloc.h>
#include <stdlib.h>

/// libgomp's threads spin at the end of each parallel region before they sleep, for milliseconds by default. Where another
/// process has one of the processors they spin for what cannot come before their own time is up, and a network of thirty layers
/// takes a hundred times as long; where they sleep at once, waking them costs as much as a small layer. libgomp reads the
/// environment once, when it is loaded: so its count is set before that, unless the user has set something.
static void choose_spinning(void) {
    if (!getenv("OMP_WAIT_POLICY")) setenv("GOMP_SPINCOUNT", "20000", 0);
}

/// OpenBLAS starts its threads when it is loaded, though nearly no run needs it, and those that do use one thread.
static void choose_linear_algebra(void) {
    setenv("OPENBLAS_NUM_THREADS", "1", 0);
}

/// Blocks of 1 MiB and more go back to the system when they are freed. By itself glibc raises that limit to the largest block
/// ever freed and keeps what is smaller, for each thread apart, so that the most memory a run takes depends on which thread
/// happened to free what.
static void choose_allocation(void) {
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

static void start(int count, char **arguments, char **environment) {
    (void)count, (void)arguments, (void)environment;
    choose_spinning();
    choose_linear_algebra();
    choose_allocation();
}

// Run by the loader before any library's own start.
__attribute__((section(".preinit_array"), used)) static void (*const at_start)(int, char **, char **) = start;
#endif
