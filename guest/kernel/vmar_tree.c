// The tree of regions and mappings.
//
// No function here recurses: regions may be nested deeper than the kernel's stack.
#include "vmar_tree.h"

void vmar_insert(struct vmar* parent, struct vmar_node* node) {
    struct list_node* before = &parent->children;
    while (before->prev != &parent->children && node_of(before->prev)->base > node->base) {
        before = before->prev;
    }
    list_insert_after(before->prev, &node->link);
    node->parent = parent;
}

struct vmar_node* vmar_first_above(struct vmar* vmar, uint64_t address) {
    list_for_each(link, &vmar->children) {
        if (node_end(node_of(link)) > address) {
            return node_of(link);
        }
    }
    return NULL;
}

struct vmar_node* vmar_next(struct vmar* vmar, struct vmar_node* node) {
    return node->link.next == &vmar->children ? NULL : node_of(node->link.next);
}

bool vmar_range_is_free(struct vmar* vmar, uint64_t base, uint64_t size) {
    struct vmar_node* node = vmar_first_above(vmar, base);
    return node == NULL || node->base >= base + size;
}

static void mapping_remove(struct mapping* mapping) {
    struct address_space* space = mapping->node.parent->space;
    if (space->vdso_code == mapping) {
        space->vdso_code = NULL;
    }
    list_remove(&mapping->node.link);
    mapping->node.parent = NULL;
    mapping_free(mapping);
}

zx_status_t vmar_destroy_tree(struct vmar* top, bool whole_space) {
    struct vmar* region = top;
    for (;;) {
        while (!list_is_empty(&region->children)) {
            struct vmar_node* node = node_of(region->children.next);
            if (!node->is_mapping) {
                region = node_region(node);
                continue;
            }
            if (whole_space) {
                node_mapping(node)->aspace = NULL; // the page tables go at once
            } else if (node_mapping(node) == region->space->vdso_code) {
                return ZX_ERR_ACCESS_DENIED;
            }
            mapping_remove(node_mapping(node));
        }
        struct vmar* parent = region->node.parent;
        region->alive = false;
        if (parent != NULL) {
            list_remove(&region->node.link);
            region->node.parent = NULL;
            dispatcher_unref(&region->object); // the tree's
        }
        if (region == top) {
            return ZX_OK;
        }
        region = parent;
    }
}

struct mapping* vmar_find_mapping(struct vmar* vmar, uint64_t address) {
    for (;;) {
        struct vmar_node* node = vmar_first_above(vmar, address);
        if (node == NULL || node->base > address) {
            return NULL;
        }
        if (node->is_mapping) {
            return node_mapping(node);
        }
        vmar = node_region(node);
    }
}

bool vmar_contains(const struct vmar* vmar, uint64_t base, uint64_t size) {
    return base >= vmar->node.base && base - vmar->node.base <= vmar->node.size &&
           size <= vmar->node.size - (base - vmar->node.base);
}

bool vmar_has_vdso_code(const struct vmar* vmar, uint64_t base, uint64_t size) {
    struct mapping* code = vmar->space->vdso_code;
    return code != NULL && code->node.base < base + size && node_end(&code->node) > base;
}

// Cuts a mapping in two at an address inside it; the upper part is a mapping of its own.
static zx_status_t mapping_split(struct mapping* mapping, uint64_t at) {
    uint64_t lower_size = at - mapping->node.base;
    struct mapping* upper =
        mapping_create(mapping->aspace, mapping->vmo, mapping->vmo_offset + lower_size, at,
                       mapping->node.size - lower_size, mapping->permissions, mapping->allowed);
    if (upper == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    mapping->node.size = lower_size;
    vmar_insert(mapping->node.parent, &upper->node);
    return ZX_OK;
}

zx_status_t vmar_split_at(struct vmar* vmar, uint64_t address) {
    struct mapping* mapping = vmar_find_mapping(vmar, address);
    return mapping == NULL || mapping->node.base == address ? ZX_OK
                                                            : mapping_split(mapping, address);
}

zx_status_t vmar_clear_range(struct vmar* vmar, uint64_t base, uint64_t size) {
    zx_status_t status = vmar_split_at(vmar, base);
    if (status == ZX_OK) {
        status = vmar_split_at(vmar, base + size);
    }
    if (status != ZX_OK) {
        return status;
    }
    struct vmar_node* node = vmar_first_above(vmar, base);
    while (node != NULL && node->base < base + size) {
        struct vmar_node* next = vmar_next(vmar, node);
        if (node->is_mapping) {
            mapping_remove(node_mapping(node));
        } else {
            vmar_destroy_tree(node_region(node), false);
        }
        node = next;
    }
    return ZX_OK;
}
