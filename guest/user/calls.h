// The system calls that the agent itself makes, found by name in the vDSO.
#pragma once

#include "libc/elf_symbols.h"
#include "libc/libc.h"
#include "libc/vdso_calls.h"
#include "zx/syscalls.h"

// Those that all editions of the kernel have in the same form.
#define AGENT_CALLS(X)                                                                             \
    X(channel_create)                                                                              \
    X(channel_read)                                                                                \
    X(channel_write)                                                                               \
    X(debug_write)                                                                                 \
    X(handle_close)                                                                                \
    X(handle_duplicate)                                                                            \
    X(job_create)                                                                                  \
    X(nanosleep)                                                                                   \
    X(object_get_property)                                                                         \
    X(object_set_property)                                                                         \
    X(object_signal)                                                                               \
    X(object_signal_peer)                                                                          \
    X(object_wait_many)                                                                            \
    X(object_wait_one)                                                                             \
    X(process_create)                                                                              \
    X(process_exit)                                                                                \
    X(process_start)                                                                               \
    X(task_kill)                                                                                   \
    X(task_suspend_token)                                                                          \
    X(thread_create)                                                                               \
    X(thread_read_state)                                                                           \
    X(thread_start)                                                                                \
    X(thread_write_state)                                                                          \
    X(vmar_destroy)                                                                                \
    X(vmar_unmap)                                                                                  \
    X(vmo_create)                                                                                  \
    X(vmo_get_size)                                                                                \
    X(vmo_read)

// Those that not every edition has; see system.h.
#define EDITION_CALLS(X)                                                                           \
    X(clock_get_monotonic)                                                                         \
    X(exception_get_thread)                                                                        \
    X(job_set_policy)                                                                              \
    X(object_get_info)                                                                             \
    X(task_create_exception_channel)                                                               \
    X(thread_legacy_yield)                                                                         \
    X(vmar_allocate)                                                                               \
    X(vmar_map)

struct agent_calls {
#define X(name) __typeof__(&zx_##name) name;
    AGENT_CALLS(X)
    EDITION_CALLS(X)
#undef X
};

extern struct agent_calls calls;

// Looks all of them up, and finds out which edition of the kernel this is; the name of one that is
// missing, or NULL.
const char* calls_find(const elf_object_t* vdso);
