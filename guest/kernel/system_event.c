// The events of memory pressure.  The guest's memory is small and fixed, so none but "normal" is
// ever signalled.
#include "system_event.h"

#include "event.h"
#include "print.h"

static struct dispatcher* events[ZX_SYSTEM_EVENT_IMMINENT_OUT_OF_MEMORY + 1];

void system_events_init(void) {
    for (uint32_t kind = ZX_SYSTEM_EVENT_OUT_OF_MEMORY;
         kind <= ZX_SYSTEM_EVENT_IMMINENT_OUT_OF_MEMORY; kind++) {
        events[kind] = event_create();
        ASSERT(events[kind] != NULL);
    }
    update_signals(events[ZX_SYSTEM_EVENT_MEMORY_PRESSURE_NORMAL], 0, ZX_EVENT_SIGNALED);
}

struct dispatcher* system_event(uint32_t kind) {
    return kind < sizeof(events) / sizeof(events[0]) ? events[kind] : NULL;
}
