// The system calls that the loader and libc make themselves, found by name in the vDSO.

#pragma once

#include "elf_symbols.h"
#include "zx/syscalls.h"

#define VDSO_CALLS(X)                                                                              \
    X(handle_close)                                                                                \
    X(nanosleep)                                                                                   \
    X(vmar_allocate)                                                                               \
    X(vmar_destroy)                                                                                \
    X(vmar_map)                                                                                    \
    X(vmar_protect)                                                                                \
    X(vmar_unmap)                                                                                  \
    X(vmo_create)                                                                                  \
    X(vmo_read)

struct vdso_calls {
#define X(name) __typeof__(&zx_##name) name;
    VDSO_CALLS(X)
#undef X
};

extern struct vdso_calls vdso_calls;

// A call's name in a list for elf_object_symbols.
#define VDSO_NAME(name) "zx_" #name "\0"

// Looks the calls up and notes the address space to work in; false if a call is missing.
bool libc_start(zx_handle_t root_vmar, const elf_object_t* vdso);
