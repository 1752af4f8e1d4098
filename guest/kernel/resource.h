// Resources: the right to a range of something there is only one of.
#pragma once

#include "object.h"

struct resource;

// The root resource (kind ZX_RSRC_KIND_ROOT), made at the first call and kept.
struct dispatcher* resource_root(void);
struct resource* resource_from_dispatcher(struct dispatcher* object);
// Whether a resource may be made from a parent: options are kind and flags.  INVALID_ARGS (of
// options, or where something is exclusive that must not be), ACCESS_DENIED.
zx_status_t resource_check_child(struct resource* parent, uint32_t options, uint64_t base,
                                 uint64_t size);
// Makes one for which that is so.  INVALID_ARGS (of the range), NOT_FOUND, NO_MEMORY.
zx_status_t resource_create(uint32_t options, uint64_t base, uint64_t size, const char* name,
                            struct resource** out);
struct dispatcher* resource_dispatcher(struct resource* resource);
// Whether a handle of the caller is to a resource of this kind that covers the range, or to the
// root resource: BAD_HANDLE, WRONG_TYPE (also of another kind), ACCESS_DENIED (what the kernel
// keeps to itself), OUT_OF_RANGE.
zx_status_t resource_check(zx_handle_t handle, uint32_t kind, uint64_t base, uint64_t size);
void resource_get_info(struct resource* resource, zx_info_resource_t* info);
