#include "cstart.h"

#if defined(__linux__)
#include <malloc.h>
#include <stddef.h>
#include <string.h>

extern char **environ;

static const char *look_up(const char *name) {
    const size_t length = strlen(name);
    for (char **entry = environ; entry && *entry; entry++) {
        if (!strncmp(*entry, name, length) && (*entry)[length] == '=') return *entry + length + 1;
    }
    return NULL;
}

/// libgomp's threads spin at the end of each parallel region before they sleep, for milliseconds by default. Where another
/// process has one of the processors they spin for what cannot come before their own time is up, and a network of thirty layers
/// takes a hundred times as long; where they sleep at once, waking them costs as much as a small layer.
static const char *spinning(void) { return look_up("OMP_WAIT_POLICY") ? NULL : "20000"; }

/// What variables are taken to say that the user has not set. Libraries read them once, when they are loaded. Nothing can be set
/// before that, since the C library's own start drops it, and afterwards it is too late: so they are answered here. The loader
/// finds this function before the C library's.
char *getenv(const char *name) {
    const char *value = look_up(name);
    if (!value && !strcmp(name, "GOMP_SPINCOUNT")) value = spinning();
    // OpenBLAS starts its threads when it is loaded, though nearly no run needs it, and those that do use one thread.
    if (!value && !strcmp(name, "OPENBLAS_NUM_THREADS")) value = "1";
    return (char *)value;
}

/// Blocks of 1 MiB and more go back to the system when they are freed. By itself glibc raises that limit to the largest block
/// ever freed and keeps what is smaller, for each thread apart, so that the most memory a run takes depends on which thread
/// happened to free what.
static void choose_allocation(int count, char **arguments, char **environment) {
    (void)count, (void)arguments, (void)environment;
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

// Run by the loader before any library's own start.
__attribute__((section(".preinit_array"), used)) static void (*const at_start)(int, char **, char **) = choose_allocation;
#endif
