// The message that starts a process: handles, each with a type that says what it is.
#pragma once

#include "zx/abi.h"

#define PROCESSARGS_MAX_HANDLES 64

// Types of handles (low byte of the information) as Zircon numbers them.
enum {
    PROCESSARGS_PROCESS = 0x01,
    PROCESSARGS_THREAD = 0x02,
    PROCESSARGS_JOB = 0x03,
    PROCESSARGS_ROOT_VMAR = 0x04,
    PROCESSARGS_VDSO_VMO = 0x11,
    PROCESSARGS_STACK_VMO = 0x13,
    PROCESSARGS_BOOTFS_VMO = 0x1b,
    PROCESSARGS_ROOT_RESOURCE = 0x3f,
    PROCESSARGS_USER = 0xf0,
};

// Arguments of PROCESSARGS_USER handles (upper half of the information).
enum {
    USER_SHARED_MEMORY = 0,
    USER_DOORBELL = 1,
    USER_AGENT_IMAGE = 2,
    USER_ZXIO_LIBRARY = 3,
};

struct processargs {
    uint32_t count;
    zx_handle_t handles[PROCESSARGS_MAX_HANDLES];
    uint32_t info[PROCESSARGS_MAX_HANDLES]; // type, argument in the upper half
};

// Reads the message waiting on the bootstrap channel and closes the channel.
zx_status_t processargs_read(zx_handle_t bootstrap, struct processargs* args);
// The handle of this type and argument; ZX_HANDLE_INVALID if there is none.
zx_handle_t processargs_handle(const struct processargs* args, uint32_t type, uint32_t argument);
