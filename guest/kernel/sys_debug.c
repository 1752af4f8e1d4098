// zx_debug_*, zx_ktrace_*, zx_mtrace_control.
//
// All but zx_debug_write are only there where "kernel.enable-debugging-syscalls=true" is on the
// command line.  There is no trace to take even then: nothing in this kernel writes one.
#include "boot.h"
#include "debuglog.h"
#include "resource.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

#define PIECE 256

// The serial line's input is the host's way to ring; programs have the output only.
zx_status_t sys_debug_read(zx_handle_t handle, uaddr_t buffer, size_t buffer_size, uaddr_t actual) {
    (void)handle;
    (void)buffer;
    (void)buffer_size;
    (void)actual;
    return ZX_ERR_NOT_SUPPORTED;
}

// Text for the serial line, past the log.
zx_status_t sys_debug_write(uaddr_t buffer, size_t buffer_size) {
    char piece[PIECE];
    for (size_t done = 0; done < buffer_size;) {
        size_t size = buffer_size - done < PIECE ? buffer_size - done : PIECE;
        zx_status_t status = copy_from_user(piece, buffer + done, size);
        if (status != ZX_OK) {
            return status;
        }
        print_user_text(piece, size);
        done += size;
    }
    return ZX_OK;
}

// Whether the caller may use the calls for debugging: NOT_SUPPORTED, then the resource's errors.
static zx_status_t check_debugging(zx_handle_t resource) {
    if (!debugging_calls_enabled()) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
}

// The kernel has no commands.
zx_status_t sys_debug_send_command(zx_handle_t resource, uaddr_t buffer, size_t buffer_size) {
    zx_status_t status = check_debugging(resource);
    if (status != ZX_OK) {
        return status;
    }
    char command[ZX_DEBUG_COMMAND_MAX];
    if (buffer_size > sizeof(command)) {
        return ZX_ERR_INVALID_ARGS;
    }
    status = copy_from_user(command, buffer, buffer_size);
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

zx_status_t sys_ktrace_control(zx_handle_t handle, uint32_t action, uint32_t options, uaddr_t ptr) {
    (void)options;
    zx_status_t status = check_debugging(handle);
    if (status != ZX_OK) {
        return status;
    }
    char name[ZX_MAX_NAME_LEN - 1];
    switch (action) {
    case KTRACE_ACTION_START:
    case KTRACE_ACTION_START_CIRCULAR:
        return ZX_ERR_NOT_SUPPORTED;
    case KTRACE_ACTION_STOP:
    case KTRACE_ACTION_REWIND:
        return ZX_OK;
    case KTRACE_ACTION_NEW_PROBE:
        status = copy_from_user(name, ptr, sizeof(name));
        return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
    default:
        return ZX_ERR_INVALID_ARGS;
    }
}

zx_status_t sys_ktrace_read(zx_handle_t handle, uaddr_t data, uint32_t offset, size_t data_size,
                            uaddr_t actual) {
    (void)data;
    (void)offset;
    (void)data_size;
    (void)actual;
    zx_status_t status = check_debugging(handle);
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

// As while no trace is taken: the probe is heard by nobody.
zx_status_t sys_ktrace_write(zx_handle_t handle, uint32_t id, uint32_t arg0, uint32_t arg1) {
    (void)arg0;
    (void)arg1;
    zx_status_t status = check_debugging(handle);
    if (status != ZX_OK) {
        return status;
    }
    return id > ZX_KTRACE_PROBE_MAX ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

// The processor's counters are not used.
zx_status_t sys_mtrace_control(zx_handle_t handle, uint32_t kind, uint32_t action, uint32_t options,
                               uaddr_t ptr, size_t ptr_size) {
    (void)action;
    (void)options;
    (void)ptr;
    (void)ptr_size;
    zx_status_t status = check_debugging(handle);
    if (status != ZX_OK) {
        return status;
    }
    return kind == MTRACE_KIND_PERFMON ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_INVALID_ARGS;
}
