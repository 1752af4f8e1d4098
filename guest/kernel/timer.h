// Timers: an object that is signalled at a point of monotonic time.
#pragma once

#include "object.h"

struct timer;

struct timer* timer_create(uint32_t options);
struct dispatcher* timer_dispatcher(struct timer* timer);
struct timer* timer_from_dispatcher(struct dispatcher* object);
// Clears the signal and arms the timer; a deadline that has passed signals at once.
void timer_set(struct timer* timer, zx_time_t deadline, zx_duration_t slack);
// Clears the signal; the timer is not armed any more.
void timer_cancel(struct timer* timer);
void timer_get_info(struct timer* timer, zx_info_timer_t* info);
