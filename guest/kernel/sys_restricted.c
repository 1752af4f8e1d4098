// zx_restricted_*.
#include "heap.h"
#include "process.h"
#include "restricted.h"
#include "string.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

#define RETURNED_BY_SYSCALL 0 // the reason that normal mode is told

// The calling thread's state; NULL without memory.
static struct restricted* own_state(void) {
    struct thread_dispatcher* thread = thread_object_current();
    if (thread->restricted == NULL) {
        thread->restricted = kalloc(sizeof(*thread->restricted));
    }
    return thread->restricted;
}

bool restricted_is_active(void) {
    const struct restricted* restricted = thread_object_current()->restricted;
    return restricted != NULL && restricted->active;
}

#if ARCH_RUNS_RESTRICTED
#define NO_VDSO (1ull << 63) // no address of a system call is near it

// Other addresses, other system calls.
static void switch_mode(struct restricted* restricted, bool active) {
    struct thread* thread = thread_current();
    struct process* process = thread->process;
    restricted->active = active;
    thread->root = active && process->restricted != NULL ? process->restricted : process->root;
    thread->vdso_base = active ? NO_VDSO : process->vdso_base;
    arch_aspace_activate(vmar_arch_aspace(thread->root));
}

__attribute__((noreturn)) static void enter(struct restricted* restricted) {
    switch_mode(restricted, true);
    arch_restricted_load(restricted->registers, restricted->normal_bases);
    thread_before_user_mode();
    arch_enter_user();
}

void restricted_leave(void) {
    struct restricted* restricted = thread_object_current()->restricted;
    arch_restricted_save(restricted->registers, restricted->normal_bases);
    switch_mode(restricted, false);
    arch_set_user_entry(thread_current(), restricted->vector, 0, restricted->context,
                        RETURNED_BY_SYSCALL);
    thread_before_user_mode();
    arch_enter_user();
}
#endif

zx_status_t sys_restricted_enter(uint32_t options, uintptr_t vector_table_ptr, uintptr_t context) {
    if (options != 0 || !is_user_address(vector_table_ptr)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct restricted* restricted = own_state();
    if (restricted == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    restricted->vector = vector_table_ptr;
    restricted->context = context;
#if ARCH_RUNS_RESTRICTED
    if (arch_restricted_is_valid(restricted->registers)) {
        enter(restricted);
    }
#endif
    return ZX_ERR_BAD_STATE;
}

zx_status_t sys_restricted_read_state(uaddr_t buffer, size_t buffer_size) {
    if (buffer_size != RESTRICTED_SIZE) {
        return ZX_ERR_INVALID_ARGS;
    }
    const struct restricted* restricted = own_state();
    return restricted == NULL ? ZX_ERR_NO_MEMORY
                              : copy_to_user(buffer, restricted->registers, RESTRICTED_SIZE);
}

zx_status_t sys_restricted_write_state(uaddr_t buffer, size_t buffer_size) {
    if (buffer_size != RESTRICTED_SIZE) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint8_t registers[RESTRICTED_SIZE];
    zx_status_t status = copy_from_user(registers, buffer, sizeof(registers));
    if (status != ZX_OK) {
        return status;
    }
    struct restricted* restricted = own_state();
    if (restricted == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    memcpy(restricted->registers, registers, sizeof(registers)); // judged when it is entered
    return ZX_OK;
}
