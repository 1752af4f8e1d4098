// Time: what the clock says, callbacks at deadlines, and the running thread's tick.
//
// The hardware is programmed as rarely as possible, since each time costs a trip through QEMU's
// main loop: only when something is wanted earlier than it is set to anyway.  A deadline that is
// cancelled, or a tick of a thread that has stopped, is left to fire once for nothing.

#include "ktimer.h"

#include "print.h"
#include "sanitize.h"
#include "share.h"
#include "thread.h"

#define NS_PER_S 1000000000ull
#define TICK_NS 10000000 // a thread's time slice
#define SHORT_TICK_NS 50000
#define NEVER ZX_TIME_INFINITE

struct ticks_to_ns ticks_to_ns = {1, 0};
static uint64_t ticks_per_ns; // 32.32 fixed point

static struct list_node timers = LIST_INIT(timers); // by deadline
static zx_time_t armed = NEVER;                     // when the hardware will interrupt

void ktimer_init(void) {
    uint64_t rate = arch_ticks_per_second();
    ASSERT(rate >> 32 == 0 && rate > 0);
    ticks_to_ns.multiplier = (NS_PER_S << 32) / rate;
    ticks_to_ns.shift = 32;
    ticks_per_ns = (rate << 32) / NS_PER_S;
}

zx_time_t current_time(void) {
    return (zx_time_t)((unsigned __int128)arch_ticks() * ticks_to_ns.multiplier >>
                       ticks_to_ns.shift);
}

// Rounded up, so that the interrupt does not come before the time.
static uint64_t ns_to_ticks(zx_time_t ns) {
    return (uint64_t)((unsigned __int128)(uint64_t)ns * ticks_per_ns >> 32) + 1;
}

// An interrupt at that time at the latest.
static void arm(zx_time_t deadline) {
    if (deadline < armed) {
        armed = deadline;
        arch_timer_set(deadline > 0 ? ns_to_ticks(deadline) : 0);
    }
}

void ktimer_set(struct ktimer* timer, zx_time_t deadline, void (*callback)(struct ktimer*)) {
    ktimer_cancel(timer);
    timer->deadline = deadline;
    timer->callback = callback;
    if (deadline == NEVER) {
        return;
    }
    // Most deadlines lie behind those already there.
    struct list_node* before = timers.prev;
    while (before != &timers && container_of(before, struct ktimer, link)->deadline > deadline) {
        before = before->prev;
    }
    list_insert_after(before, &timer->link);
    arm(deadline);
}

bool ktimer_cancel(struct ktimer* timer) {
    if (!list_is_linked(&timer->link)) {
        return false;
    }
    list_remove(&timer->link);
    return true;
}

void ktimer_run(void) {
    while (!list_is_empty(&timers)) {
        struct ktimer* first = container_of(timers.next, struct ktimer, link);
        if (first->deadline > current_time()) {
            arm(first->deadline);
            return;
        }
        list_remove(&first->link);
        first->callback(first);
    }
}

static zx_time_t next_tick(zx_time_t now) {
    return now + (SANITIZED && preempt_often ? SHORT_TICK_NS : TICK_NS);
}

void ktimer_leave_idle(void) {
    arm(next_tick(current_time()));
}

void timer_interrupt(void) {
    armed = NEVER;
    zx_time_t now = current_time();
    share_header->clock_ns = (uint64_t)now;
    ktimer_run();
    if (!scheduler_is_idle()) {
        scheduler_tick();
        arm(next_tick(now));
    }
}
