// Pinned memory tokens: pages that stay where they are as long as a device may use them.
#pragma once

#include "bti.h"
#include "vmo.h"

// Commits and pins a range, whole pages, of a VMO, for a device that only reads it or writes to it.
// INVALID_ARGS: the range is empty; OUT_OF_RANGE; NO_MEMORY; BAD_STATE: there is a quarantine; what
// a pager says.  *out has one reference, the caller's, who has others to both objects.
zx_status_t pmt_create(struct bti* bti, struct vmo* vmo, uint64_t offset, uint64_t size,
                       bool writes, struct pmt** out);
struct dispatcher* pmt_dispatcher(struct pmt* pmt);
struct pmt* pmt_from_dispatcher(struct dispatcher* object);
// Lets the pages go.
void pmt_unpin(struct pmt* pmt);
// Leaves the pages pinned until their VMO ends: nobody can tell when the device stops.
void pmt_abandon(struct pmt* pmt);
// The BTI's place to put it, and back.
struct list_node* pmt_quarantine_link(struct pmt* pmt);
struct pmt* pmt_from_quarantine(struct list_node* link);
