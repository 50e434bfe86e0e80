// glibc's settings for its allocator, which Swift's own module of glibc leaves out.
#ifdef __linux__
#include <malloc.h>
#endif
