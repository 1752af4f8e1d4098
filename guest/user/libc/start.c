// What libc must know before its first use: the system calls and the root VMAR.

#include "libc.h"

#include "vdso_calls.h"

struct vdso_calls vdso_calls;

static zx_handle_t root_vmar = ZX_HANDLE_INVALID;

bool libc_start(zx_handle_t vmar, const elf_object_t* vdso) {
    root_vmar = vmar;
    return elf_object_symbols(vdso, VDSO_CALLS(VDSO_NAME), &vdso_calls) == NULL;
}

zx_handle_t zx_vmar_root_self(void) {
    return root_vmar;
}
