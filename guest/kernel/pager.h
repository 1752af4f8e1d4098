// Pagers: programs that supply the pages of VMOs.
#pragma once

#include "port.h"
#include "vmo.h"

struct pager;

struct pager* pager_create(void);
struct dispatcher* pager_dispatcher(struct pager* pager);
struct pager* pager_from_dispatcher(struct dispatcher* object);
// A VMO that it is to supply.  OUT_OF_RANGE, NO_MEMORY.
zx_status_t pager_create_vmo(struct pager* pager, struct port* port, uint64_t key, uint64_t size,
                             bool resizable, bool traps_dirty, struct vmo** out);
// What it supplies to a VMO that it was made for, not a child; NULL: nothing.
struct vmo_store* pager_store_of(const struct pager* pager, const struct vmo* vmo);
// zx_pager_op_range but for the range's alignment: INVALID_ARGS, NOT_SUPPORTED, OUT_OF_RANGE,
// NOT_FOUND, NO_MEMORY.
zx_status_t pager_operate(uint32_t op, struct vmo_store* store, uint64_t offset, uint64_t length,
                          uint64_t data);
