// Profiles: how threads are to be scheduled, as one object that is applied to any number of them.
#pragma once

#include "object.h"

struct profile;
struct thread_dispatcher;

// INVALID_ARGS, NO_MEMORY.
zx_status_t profile_create(const zx_profile_info_t* info, struct profile** out);
struct dispatcher* profile_dispatcher(struct profile* profile);
struct profile* profile_from_dispatcher(struct dispatcher* object);
// BAD_STATE: the thread is dead or on its way there.
zx_status_t profile_apply(const struct profile* profile, struct thread_dispatcher* thread);
