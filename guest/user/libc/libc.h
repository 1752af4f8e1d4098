// The part of libc that the zxio library imports, provided by the process that loads it.

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "zx/abi.h"

void* malloc(size_t size);
void free(void* block);

// A lock for short sections; zero-initialised memory is an open one.
typedef struct {
    uint32_t state;
} pthread_mutex_t;
typedef struct pthread_mutexattr pthread_mutexattr_t;

int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes);
int pthread_mutex_destroy(pthread_mutex_t* mutex);
int pthread_mutex_lock(pthread_mutex_t* mutex);
int pthread_mutex_unlock(pthread_mutex_t* mutex);

// The address space that memory comes from: a handle that stays the process's own.
zx_handle_t zx_vmar_root_self(void);

// Ends the process by a fault: the caller found its own state broken.
__attribute__((noreturn)) void __zx_panic(const char* format, ...);
