// The generic timer.  Its virtual counter, which user mode can read, is the system's time; its
// virtual timer interrupts at a given count, so an idle kernel without deadlines gets none.

#include "arm64.h"

#define TIMER_ENABLE 1
#define TIMER_MASKED 2
#define USER_MAY_READ_VIRTUAL_COUNTER 2 // CNTKCTL_EL1.EL0VCTEN

static uint64_t boot_ticks; // the counter when the kernel started

static uint64_t read_counter(void) {
    isb(); // not before what precedes it
    return read_sysreg(cntvct_el0);
}

void clock_init(void) {
    boot_ticks = read_counter();
    write_sysreg(cntkctl_el1, USER_MAY_READ_VIRTUAL_COUNTER);
    write_sysreg(cntv_ctl_el0, TIMER_MASKED);
}

uint64_t arch_ticks(void) {
    return read_counter() - boot_ticks;
}

int64_t arch_ticks_offset(void) {
    return -(int64_t)boot_ticks;
}

uint64_t arch_ticks_per_second(void) {
    return read_sysreg(cntfrq_el0);
}

void arch_timer_set(uint64_t ticks) {
    if (ticks == UINT64_MAX) {
        write_sysreg(cntv_ctl_el0, TIMER_MASKED);
        return;
    }
    write_sysreg(cntv_cval_el0, boot_ticks + ticks);
    write_sysreg(cntv_ctl_el0, TIMER_ENABLE);
}

// The line stays up until the timer is set to a later time or masked.
void clock_interrupt(void) {
    arch_timer_set(UINT64_MAX);
    timer_interrupt();
}
