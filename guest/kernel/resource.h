// Resources: the right to a range of something there is only one of.
#pragma once

#include "object.h"

struct resource;

// The root resource (kind ZX_RSRC_KIND_ROOT), made at the first call and kept.
struct dispatcher* resource_root(void);
struct resource* resource_from_dispatcher(struct dispatcher* object);
// Part of a parent.  INVALID_ARGS, ACCESS_DENIED, NOT_FOUND, NO_MEMORY.
zx_status_t resource_create(struct resource* parent, uint32_t options, uint64_t base, uint64_t size,
                            const char* name, struct resource** out);
struct dispatcher* resource_dispatcher(struct resource* resource);
// Whether a handle of the caller is to a resource of this kind that covers the range, or to the
// root resource: BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED (another kind), OUT_OF_RANGE.
zx_status_t resource_check(zx_handle_t handle, uint32_t kind, uint64_t base, uint64_t size);
void resource_get_info(struct resource* resource, zx_info_resource_t* info);
