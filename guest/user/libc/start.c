// What libc must know before its first use: the system calls and the root VMAR.

#include "libc.h"

#include "vdso_calls.h"

struct vdso_calls vdso_calls;

static zx_handle_t root_vmar = ZX_HANDLE_INVALID;

bool libc_start(zx_handle_t vmar, const elf_object_t* vdso) {
    root_vmar = vmar;
    bool complete = true;
#define X(name)                                                                                    \
    vdso_calls.name = (__typeof__(vdso_calls.name))elf_object_symbol(vdso, "zx_" #name);           \
    complete = complete && vdso_calls.name != NULL;
    VDSO_CALLS(X)
#undef X
    return complete;
}

zx_handle_t zx_vmar_root_self(void) {
    return root_vmar;
}
