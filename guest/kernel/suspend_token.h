// Suspend tokens: a thread or process stays stopped until the token is closed.
#pragma once

#include "object.h"

extern const struct dispatcher_ops suspend_token_ops;

// Suspends a process or thread.  *out has one reference, the caller's.  BAD_STATE, NO_MEMORY.
zx_status_t suspend_token_create(struct dispatcher* task, struct dispatcher** out);
