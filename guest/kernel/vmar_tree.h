// The tree of regions and mappings: who lies where, without the rules of the calls.
#pragma once

#include "vmar.h"

static inline struct vmar_node* node_of(struct list_node* link) {
    return container_of(link, struct vmar_node, link);
}

static inline struct vmar* node_region(struct vmar_node* node) {
    return container_of(node, struct vmar, node);
}

static inline struct mapping* node_mapping(struct vmar_node* node) {
    return container_of(node, struct mapping, node);
}

static inline uint64_t node_end(const struct vmar_node* node) {
    return node->base + node->size;
}

void vmar_insert(struct vmar* parent, struct vmar_node* node);
// The first child that ends above an address, or NULL.
struct vmar_node* vmar_first_above(struct vmar* vmar, uint64_t address);
// The child behind one, or NULL.
struct vmar_node* vmar_next(struct vmar* vmar, struct vmar_node* node);
bool vmar_range_is_free(struct vmar* vmar, uint64_t base, uint64_t size);
// Whether all of a range lies in the region.
bool vmar_contains(const struct vmar* vmar, uint64_t base, uint64_t size);
// Whether the vDSO's code lies in a range.  Every way to lose it is closed: no system call could
// come from elsewhere.
bool vmar_has_vdso_code(const struct vmar* vmar, uint64_t base, uint64_t size);
// Makes an address the start of a mapping if it lies inside one.  NO_MEMORY.
zx_status_t vmar_split_at(struct vmar* vmar, uint64_t address);
// Removes what lies in a range of whole pages, which may cut mappings but not regions.  NO_MEMORY.
zx_status_t vmar_clear_range(struct vmar* vmar, uint64_t base, uint64_t size);
// Takes a region and all below it out of the tree, by address and leaves first, up to the vDSO's
// code (ACCESS_DENIED); whole_space: the page tables go as a whole, and the vDSO's code too.
zx_status_t vmar_destroy_tree(struct vmar* top, bool whole_space);
