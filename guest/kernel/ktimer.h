// Callbacks at a point of monotonic time.
#pragma once

#include "list.h"
#include "zx/abi.h"

struct ktimer {
    struct list_node link; // ordered by deadline; unlinked while idle
    zx_time_t deadline;    // ns, monotonic
    void (*callback)(struct ktimer* timer);
};

// Monotonic time in ns, as the vDSO computes it.
zx_time_t current_time(void);
// (Re)arms it; a deadline in the past fires at the next interrupt.  ZX_TIME_INFINITE: never.
void ktimer_set(struct ktimer* timer, zx_time_t deadline, void (*callback)(struct ktimer*));
// Whether it was armed.
bool ktimer_cancel(struct ktimer* timer);
// Runs what is due and programs the hardware for the next.
void ktimer_run(void);
// How the hardware's ticks become nanoseconds: (ticks * multiplier) >> shift, in 128 bits.
struct ticks_to_ns {
    uint64_t multiplier;
    uint32_t shift;
};
extern struct ticks_to_ns ticks_to_ns;
// Once the hardware's rate is known.
void ktimer_init(void);
// A thread runs again: the time slice's tick is wanted.
void ktimer_leave_idle(void);
