// Virtual memory objects: arrays of pages made on demand.  Snapshots share pages by reference
// count and copy on the first write of either side; slices and references forward to the VMO
// they were made of.
#pragma once

#include "object.h"
#include "pmm.h"

struct vmo;

zx_status_t vmo_create(uint64_t size, uint32_t options, struct vmo** out);
// Over physical pages that belong to no free list (shared memory, blobs); not resizable.
zx_status_t vmo_create_physical(paddr_t base, uint64_t size, struct vmo** out);
struct dispatcher* vmo_dispatcher(struct vmo* vmo);
struct vmo* vmo_from_dispatcher(struct dispatcher* object);
void vmo_set_name(struct vmo* vmo, const char* name);
uint64_t vmo_size(const struct vmo* vmo);         // bytes, whole pages
uint64_t vmo_content_size(const struct vmo* vmo); // bytes
zx_status_t vmo_set_content_size(struct vmo* vmo, uint64_t size);
zx_status_t vmo_resize(struct vmo* vmo, uint64_t size);
bool vmo_is_resizable(const struct vmo* vmo);
// Kernel copies; OUT_OF_RANGE past the end, NO_MEMORY.
zx_status_t vmo_read_kernel(struct vmo* vmo, void* to, uint64_t offset, size_t size);
zx_status_t vmo_write_kernel(struct vmo* vmo, const void* from, uint64_t offset, size_t size);
// User copies of the caller, page by page; INVALID_ARGS for a bad buffer.
zx_status_t vmo_read_user(struct vmo* vmo, uint64_t to, uint64_t offset, size_t size);
zx_status_t vmo_write_user(struct vmo* vmo, uint64_t from, uint64_t offset, size_t size);
zx_status_t vmo_zero(struct vmo* vmo, uint64_t offset, uint64_t size);
// The page at an offset, made if needed; for_write: private to this VMO.  OUT_OF_RANGE, NO_MEMORY.
zx_status_t vmo_get_page(struct vmo* vmo, uint64_t offset, bool for_write, paddr_t* out);
