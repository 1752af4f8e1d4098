// Events.
#pragma once

#include "object.h"

// With one reference, the caller's; NULL without memory.
struct dispatcher* event_create(void);
