// The dynamic loader: brings libzxio_standalone.so into the running process.

#pragma once

#include "zx/abi.h"

// Maps the library in `library_vmo` (needs READ, EXECUTE and MAP) below `root_vmar`, binds its
// imports to libc (libc/) and to the vDSO at `vdso`, and leaves its text and its bound tables
// read-only.  Neither handle is consumed; `root_vmar` must stay open, memory comes from it.  Call
// it once per process, before other threads run.
//
// ZX_ERR_NOT_FOUND: an import that neither provides.  ZX_ERR_INVALID_ARGS: not a library for this
// machine.  Else the status of the failing system call.
zx_status_t zxio_library_load(zx_handle_t root_vmar, zx_handle_t library_vmo, const void* vdso);

// Address of an exported function of the loaded library; NULL if there is none of this name or no
// library.
void* zxio_library_symbol(const char* name);
