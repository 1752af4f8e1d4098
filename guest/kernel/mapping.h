// A VMO shown in an address space: the leaves of the tree of regions.
#pragma once

#include "list.h"
#include "vmo.h"
#include "vmo_store.h"

struct vmar;

// What regions and mappings share as children of a region.
struct vmar_node {
    struct list_node link; // vmar.children, by address
    struct vmar* parent;   // NULL: root region, or destroyed
    uint64_t base;
    uint64_t size;
    bool is_mapping;
};

struct mapping {
    struct vmar_node node;       // first
    struct arch_aspace* aspace;  // NULL: the whole address space is going
    struct vmo* vmo;             // a reference
    uint64_t vmo_offset;         // bytes, in the VMO
    uint32_t permissions;        // ZX_VM_PERM_*
    uint32_t allowed;            // the most that zx_vmar_protect may give
    struct list_node store_link; // vmo_store.mappings
};

// NULL without memory.  Takes a reference to the VMO; not yet in a region.
struct mapping* mapping_create(struct arch_aspace* aspace, struct vmo* vmo, uint64_t vmo_offset,
                               uint64_t base, uint64_t size, uint32_t permissions,
                               uint32_t allowed);
// Unmaps its pages and frees it; it must be in no region any more.
void mapping_free(struct mapping* mapping);
// Takes the pages of a range of the store from the address space.
void mapping_revoke(struct mapping* mapping, uint64_t store_offset, uint64_t size);
// Takes the pages of a range of addresses from the address space.
void mapping_unmap_pages(struct mapping* mapping, uint64_t address, uint64_t size);
// Makes the page at an address inside it present with at least this access: ZX_OK.  It fails if the
// mapping does not allow it, the VMO ends before, there is no memory, or no page comes from a
// pager; ZX_ERR_SHOULD_WAIT: it has waited for one, and the mapping may be gone meanwhile.
zx_status_t mapping_fault(struct mapping* mapping, uint64_t address, bool write, bool execute);
// Mappings of VMOs whose pages may have to come first.
extern uint32_t paged_mappings;
// Makes all pages present that the VMO has, without changing it.
void mapping_map_range(struct mapping* mapping, uint64_t address, uint64_t size);
// The same for the whole of a mapping that was only just made.
void mapping_map_fresh(struct mapping* mapping);
// Changes what users may do; pages fault again where that is less or other.
void mapping_set_permissions(struct mapping* mapping, uint32_t permissions);
