// Timers.  Slack allows a timer to fire later than asked; it is reported and not used.
#include "timer.h"

#include "heap.h"
#include "ktimer.h"

struct timer {
    struct dispatcher object; // first
    struct ktimer clock;
    uint32_t options;
    zx_time_t deadline; // 0 while not armed
    zx_duration_t slack;
};

static void timer_disarm(struct timer* timer) {
    ktimer_cancel(&timer->clock);
    timer->deadline = 0;
    timer->slack = 0;
}

static void timer_on_zero_handles(struct dispatcher* object) {
    timer_disarm(timer_from_dispatcher(object));
}

static void timer_destroy(struct dispatcher* object) {
    kfree(object);
}

static const struct dispatcher_ops timer_ops = {
    .type = ZX_OBJ_TYPE_TIMER,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = timer_on_zero_handles,
    .destroy = timer_destroy,
};

struct timer* timer_create(uint32_t options) {
    struct timer* timer = kalloc(sizeof(*timer));
    if (timer != NULL) {
        dispatcher_init(&timer->object, &timer_ops, 0);
        timer->options = options;
    }
    return timer;
}

struct dispatcher* timer_dispatcher(struct timer* timer) {
    return &timer->object;
}

struct timer* timer_from_dispatcher(struct dispatcher* object) {
    return (struct timer*)object;
}

static void timer_fire(struct timer* timer) {
    timer_disarm(timer);
    update_signals(&timer->object, 0, ZX_TIMER_SIGNALED);
}

static void timer_expired(struct ktimer* clock) {
    timer_fire(container_of(clock, struct timer, clock));
}

void timer_set(struct timer* timer, zx_time_t deadline, zx_duration_t slack) {
    timer_cancel(timer);
    if (deadline <= current_time()) {
        timer_fire(timer);
        return;
    }
    timer->deadline = deadline;
    timer->slack = slack;
    ktimer_set(&timer->clock, deadline, timer_expired);
}

void timer_cancel(struct timer* timer) {
    timer_disarm(timer);
    update_signals(&timer->object, ZX_TIMER_SIGNALED, 0);
}

void timer_get_info(struct timer* timer, zx_info_timer_t* info) {
    *info = (zx_info_timer_t){
        .options = timer->options, .deadline = timer->deadline, .slack = timer->slack};
}
