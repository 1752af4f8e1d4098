// The events of memory pressure.
#pragma once

#include "object.h"

// Makes them all; at boot, because they live as long as the kernel.
void system_events_init(void);
// One of ZX_SYSTEM_EVENT_*; NULL: no such kind.
struct dispatcher* system_event(uint32_t kind);
