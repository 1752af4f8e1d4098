// zx_thread_*.
#include "boot.h"
#include "names.h"
#include "process.h"
#include "zx/kernel_calls.h"

static zx_status_t get_thread(zx_handle_t handle, zx_rights_t rights,
                              struct thread_dispatcher** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_THREAD, rights, &object, NULL);
    if (status == ZX_OK) {
        *out = thread_from_dispatcher(object);
    }
    return status;
}

zx_status_t sys_thread_create(zx_handle_t process, uaddr_t name, size_t name_size, uint32_t options,
                              uaddr_t out) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    char text[ZX_MAX_NAME_LEN];
    zx_status_t status = read_name(name, name_size, text);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* object;
    struct thread_dispatcher* thread;
    status = handle_get_object(process, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_MANAGE_THREAD, &object, NULL);
    if (status == ZX_OK) {
        status = process_create_thread(process_from_dispatcher(object), text, &thread);
    }
    if (status != ZX_OK) {
        return status;
    }
    return handle_give(&thread->object, ZX_DEFAULT_THREAD_RIGHTS, out);
}

zx_status_t sys_thread_start(zx_handle_t handle, zx_vaddr_t thread_entry, zx_vaddr_t stack,
                             uintptr_t arg1, uintptr_t arg2) {
    struct thread_dispatcher* thread;
    zx_status_t status = get_thread(handle, ZX_RIGHT_MANAGE_THREAD, &thread);
    return status == ZX_OK ? process_start_thread(thread, thread_entry, stack, arg1, arg2) : status;
}

void sys_thread_exit(void) {
    thread_exit_current();
}

zx_status_t sys_thread_legacy_yield(uint32_t options) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    thread_yield();
    return ZX_OK;
}

// ---- registers -----------------------------------------------------------------------------

#define REGISTERS_MAX 2120 // bytes of the largest kind, either architecture

// Bytes of a kind of registers; 0: there is no such kind.
static size_t size_of_kind(uint32_t kind) {
    switch (kind) {
    case ZX_THREAD_STATE_GENERAL_REGS:
        return arch_general_regs_size();
    case ZX_THREAD_STATE_FP_REGS:
        return FP_REGS_SIZE;
    case ZX_THREAD_STATE_VECTOR_REGS:
        return VECTOR_REGS_SIZE;
    case ZX_THREAD_STATE_DEBUG_REGS:
        return DEBUG_REGS_SIZE;
    case ZX_THREAD_STATE_SINGLE_STEP:
        return sizeof(uint32_t);
    default:
        return 0;
    }
}

static zx_status_t check_kind(uint32_t kind, size_t buffer_size) {
    size_t size = size_of_kind(kind);
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    return buffer_size < size ? ZX_ERR_BUFFER_TOO_SMALL : ZX_OK;
}

// Whether a thread has registers of a kind to read and write: while it is stopped, but not when it
// has run its last instruction.  Those for debugging the kernel does not hand out.
static zx_status_t check_registers(const struct thread_dispatcher* thread, uint32_t kind) {
    if (!thread_object_is_stopped(thread)) {
        return ZX_ERR_BAD_STATE;
    }
    bool handed_out = kind == ZX_THREAD_STATE_GENERAL_REGS || kind == ZX_THREAD_STATE_VECTOR_REGS ||
                      (kind == ZX_THREAD_STATE_FP_REGS && ARCH_HAS_FP_REGS);
    return handed_out && !thread->is_exiting ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

static void get_registers(struct thread* thread, uint32_t kind, void* out) {
    switch (kind) {
    case ZX_THREAD_STATE_GENERAL_REGS:
        arch_get_general_regs(thread, out);
        break;
#if ARCH_HAS_FP_REGS
    case ZX_THREAD_STATE_FP_REGS:
        arch_get_fp_regs(thread, out);
        break;
#endif
    default:
        arch_get_vector_regs(thread, out);
    }
}

static zx_status_t set_registers(struct thread* thread, uint32_t kind, const void* in) {
    switch (kind) {
    case ZX_THREAD_STATE_GENERAL_REGS:
        return arch_set_general_regs(thread, in);
#if ARCH_HAS_FP_REGS
    case ZX_THREAD_STATE_FP_REGS:
        arch_set_fp_regs(thread, in);
        return ZX_OK;
#endif
    default:
        arch_set_vector_regs(thread, in);
        return ZX_OK;
    }
}

zx_status_t sys_thread_read_state(zx_handle_t handle, uint32_t kind, uaddr_t buffer,
                                  size_t buffer_size) {
    struct thread_dispatcher* thread;
    zx_status_t status = get_thread(handle, ZX_RIGHT_READ, &thread);
    if (status == ZX_OK) {
        status = check_kind(kind, buffer_size);
    }
    if (status == ZX_OK) {
        status = check_registers(thread, kind);
    }
    if (status != ZX_OK) {
        return status;
    }
    uint8_t registers[REGISTERS_MAX] __attribute__((aligned(8)));
    get_registers(thread->thread, kind, registers);
    return copy_to_user(buffer, registers, size_of_kind(kind));
}

zx_status_t sys_thread_write_state(zx_handle_t handle, uint32_t kind, uaddr_t buffer,
                                   size_t buffer_size) {
    if ((kind & ZX_THREAD_STATE_DEBUG_REGS) && !debugging_calls_enabled()) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    struct thread_dispatcher* thread;
    zx_status_t status = get_thread(handle, ZX_RIGHT_WRITE, &thread);
    if (status == ZX_OK) {
        status = check_kind(kind, buffer_size);
    }
    uint8_t registers[REGISTERS_MAX] __attribute__((aligned(8)));
    if (status == ZX_OK) {
        status = copy_from_user(registers, buffer, size_of_kind(kind));
    }
    if (status == ZX_OK) {
        status = check_registers(thread, kind);
    }
    return status == ZX_OK ? set_registers(thread->thread, kind, registers) : status;
}
