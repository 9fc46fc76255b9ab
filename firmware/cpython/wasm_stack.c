// SPDX-License-Identifier: Apache-2.0
// How much of a thread's C stack wasm code may use.
#define _GNU_SOURCE
#include "wasm.h"

#include <pthread.h>

// So much from where the outermost call begins, but never the last bytes of the thread: imports run Python code there.
#define STACK_FOR_WASM   (256 * 1024)
#define STACK_FOR_PYTHON (48 * 1024)

#ifdef __GLIBC__
// The lowest address of this thread's stack; NULL when it is not known.
static char *thread_stack(void) {
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        if (pthread_attr_getstack(&attributes, &lowest, &size) != 0) {
            lowest = NULL;
        }
        pthread_attr_destroy(&attributes);
    }
    return lowest;
}
#else
static char *thread_stack(void) {
    return NULL;
}
#endif

char *motet_wasm_stack_floor(void) {
    // Asking takes the C library many microseconds in the main thread, so it is asked once per thread.
    static _Thread_local char *lowest;
    static _Thread_local bool asked;
    if (!asked) {
        lowest = thread_stack();
        asked = true;
    }
    char *wanted = (char *)__builtin_frame_address(0) - STACK_FOR_WASM;
    char *allowed = lowest == NULL ? NULL : lowest + STACK_FOR_PYTHON;
    return wanted > allowed ? wanted : allowed;
}
