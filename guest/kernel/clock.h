// Clocks: user-set transformations of monotonic time.
#pragma once

#include "object.h"

struct clock;

// options: ZX_CLOCK_OPT_*; NULL without memory.
struct clock* clock_create(uint64_t options, zx_time_t backstop);
struct dispatcher* clock_dispatcher(struct clock* clock);
struct clock* clock_from_dispatcher(struct dispatcher* object);
zx_time_t clock_read(struct clock* clock);
void clock_get_details(struct clock* clock, zx_clock_details_v1_t* details);
// version: of the structure that the arguments came in; ZX_CLOCK_UPDATE_OPTION_* say which of them
// count.  INVALID_ARGS if the clock's kind does not allow it.
zx_status_t clock_update(struct clock* clock, uint64_t version, uint64_t options,
                         const zx_clock_update_args_v2_t* args);
