// What the display shows, if there were one.
#pragma once

#include "arch.h"

struct vmo;

// Commits a VMO and keeps it until another takes its place.  INVALID_ARGS (empty), NO_MEMORY.
zx_status_t framebuffer_set(struct vmo* vmo);
void framebuffer_clear(void);
