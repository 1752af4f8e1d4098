// The system calls that the agent itself makes, found by name in the vDSO.
#pragma once

#include "libc/elf_symbols.h"
#include "libc/libc.h"
#include "zx/syscalls.h"

#define AGENT_CALLS(X)                                                                             \
    X(channel_create)                                                                              \
    X(channel_read)                                                                                \
    X(channel_write)                                                                               \
    X(clock_get_monotonic)                                                                         \
    X(debug_write)                                                                                 \
    X(exception_get_thread)                                                                        \
    X(handle_close)                                                                                \
    X(handle_duplicate)                                                                            \
    X(job_create)                                                                                  \
    X(nanosleep)                                                                                   \
    X(object_get_info)                                                                             \
    X(object_set_property)                                                                         \
    X(object_signal)                                                                               \
    X(object_signal_peer)                                                                          \
    X(object_wait_many)                                                                            \
    X(object_wait_one)                                                                             \
    X(process_create)                                                                              \
    X(process_exit)                                                                                \
    X(process_start)                                                                               \
    X(task_create_exception_channel)                                                               \
    X(task_kill)                                                                                   \
    X(task_suspend_token)                                                                          \
    X(thread_create)                                                                               \
    X(thread_legacy_yield)                                                                         \
    X(thread_read_state)                                                                           \
    X(thread_start)                                                                                \
    X(thread_write_state)                                                                          \
    X(vmar_allocate)                                                                               \
    X(vmar_destroy)                                                                                \
    X(vmar_map)                                                                                    \
    X(vmar_unmap)                                                                                  \
    X(vmo_create)                                                                                  \
    X(vmo_read)

struct agent_calls {
#define X(name) __typeof__(&zx_##name) name;
    AGENT_CALLS(X)
#undef X
};

extern struct agent_calls calls;

// Looks all of them up; the name of one that is missing, or NULL.
const char* calls_find(const elf_object_t* vdso);
