// One body, several instruction sets: the loader picks the best one for the processor. That takes indirect
// functions, which glibc on x86-64 has; elsewhere the plain build is all there is.
#ifndef THROUGHLINE_CLONES_H
#define THROUGHLINE_CLONES_H

#include <stddef.h>

#if !defined(__has_feature)
#define __has_feature(feature) 0
#endif

// The loader calls the resolvers before a sanitizer's run-time is ready.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

#endif
