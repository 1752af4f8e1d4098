// zx_nanosleep, and the clock and tick calls for a vDSO that cannot read them itself.
#include "ktimer.h"
#include "thread.h"
#include "zx/kernel_calls.h"

zx_status_t sys_nanosleep(zx_time_t deadline) {
    if (deadline > 0) {
        zx_status_t status = thread_block(NULL, deadline, ZX_THREAD_STATE_BLOCKED_SLEEPING);
        if (status == ZX_ERR_INTERNAL_INTR_KILLED) {
            return status; // never seen: the thread dies
        }
    }
    return ZX_OK;
}

zx_time_t sys_clock_get_monotonic_via_kernel(void) {
    return current_time();
}

zx_ticks_t sys_ticks_get_via_kernel(void) {
    return (zx_ticks_t)arch_ticks();
}
