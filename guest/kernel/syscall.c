// The one door from user mode: is this a system call, and whose?

#include "syscall.h"

#include "policy.h"
#include "process.h"
#include "restricted.h"
#include "sanitize.h"
#include "thread.h"

// Called from anywhere but its own place in the vDSO, or with a number that does not exist.  The
// result is never seen unless an exception handler lets the thread go on.
static uint64_t bad_syscall(uint64_t number) {
#if ARCH_RUNS_RESTRICTED
    if (restricted_is_active()) {
        restricted_leave();
    }
#endif
    policy_exception(ZX_EXCP_POLICY_CODE_BAD_SYSCALL, (uint32_t)number);
    return (uint64_t)ZX_ERR_BAD_SYSCALL;
}

uint64_t syscall_dispatch(uint64_t number, const uint64_t* args, uint64_t return_address) {
    if (__builtin_expect(number >= ZX_SYS_COUNT, 0)) {
        return bad_syscall(number);
    }
    const struct syscall_entry* entry = &syscall_table[number];
    uint64_t offset = return_address - thread_current()->vdso_base;
    if (__builtin_expect(offset != entry->vdso_return, 0) &&
        (offset != entry->vdso_exit_return || offset == 0)) {
        return bad_syscall(number);
    }
    if (__builtin_expect(entry->handler == NULL, 0)) {
        return (uint64_t)ZX_ERR_NOT_SUPPORTED;
    }
    if (SANITIZED) {
        uint64_t result = entry->handler(args);
        user_mode_work |= preempt_often;
        return result;
    }
    return entry->handler(args);
}
