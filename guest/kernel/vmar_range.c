// What zx_vmar_protect and zx_vmar_op_range do to the mappings of a range.
#include "vmar_tree.h"

#define PERMISSIONS (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)

// Where a mapping is: in the region itself, in a sub-region, in one the handle must not reach into.
enum place { DIRECT, BELOW, OUT_OF_REACH };

// What to do with each mapping of a range, in order of address.
typedef zx_status_t (*visit_fn)(struct mapping* mapping, enum place place, uint64_t from,
                                uint64_t to, uint32_t argument);

// Visits the mappings of a range, which must leave no gap (else gap_status).  Starts from the top
// for each: regions may be nested deeper than the kernel's stack.
static zx_status_t visit_range(struct vmar* vmar, bool op_children, uint64_t base, uint64_t size,
                               visit_fn function, uint32_t argument, zx_status_t gap_status) {
    uint64_t end = base + size;
    while (base < end) {
        struct vmar* region = vmar;
        struct vmar_node* node = vmar_first_above(region, base);
        while (node != NULL && node->base <= base && !node->is_mapping) {
            region = node_region(node);
            node = vmar_first_above(region, base);
        }
        if (node == NULL || node->base > base) {
            return gap_status;
        }
        uint64_t to = node_end(node) < end ? node_end(node) : end;
        enum place place = region == vmar ? DIRECT : op_children ? BELOW : OUT_OF_REACH;
        zx_status_t status = function(node_mapping(node), place, base, to, argument);
        if (status != ZX_OK) {
            return status;
        }
        base = to;
    }
    return ZX_OK;
}

// Below a sub-region permissions can only be taken away.
static zx_status_t may_protect(struct mapping* mapping, enum place place, uint64_t from,
                               uint64_t to, uint32_t permissions) {
    (void)from;
    (void)to;
    if ((permissions & ~mapping->allowed) != 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (place == OUT_OF_REACH) {
        return ZX_ERR_INVALID_ARGS;
    }
    bool widens = (permissions & ~mapping->permissions) != 0;
    return place == BELOW && widens ? ZX_ERR_ACCESS_DENIED : ZX_OK;
}

static zx_status_t do_protect(struct mapping* mapping, enum place place, uint64_t from, uint64_t to,
                              uint32_t permissions) {
    (void)place;
    (void)from;
    (void)to;
    mapping_set_permissions(mapping, permissions);
    return ZX_OK;
}

zx_status_t vmar_protect(struct vmar* vmar, zx_vm_option_t options, uint64_t address, uint64_t size,
                         bool op_children) {
    if (!IS_PAGE_ALIGNED(address) || (options & ~PERMISSIONS) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    size = PAGE_ALIGN_UP(size);
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (!vmar_contains(vmar, address, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (vmar_has_vdso_code(vmar, address, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    zx_status_t status =
        visit_range(vmar, op_children, address, size, may_protect, options, ZX_ERR_NOT_FOUND);
    if (status == ZX_OK) {
        status = vmar_split_at(vmar, address);
    }
    if (status == ZX_OK) {
        status = vmar_split_at(vmar, address + size);
    }
    if (status != ZX_OK) {
        return status;
    }
    return visit_range(vmar, op_children, address, size, do_protect, options, ZX_ERR_NOT_FOUND);
}

// Added to an operation that comes through a handle without ZX_RIGHT_WRITE.
#define WITHOUT_WRITE 0x100u

static zx_status_t do_op(struct mapping* mapping, enum place place, uint64_t from, uint64_t to,
                         uint32_t argument) {
    uint64_t offset = mapping->vmo_offset + (from - mapping->node.base);
    uint32_t op = argument & ~WITHOUT_WRITE;
    if (place == OUT_OF_REACH) {
        return ZX_ERR_INVALID_ARGS;
    }
    switch (op) {
    case ZX_VMAR_OP_COMMIT:
    case ZX_VMAR_OP_DECOMMIT: {
        if ((argument & WITHOUT_WRITE) || !(mapping->permissions & ZX_VM_PERM_WRITE)) {
            return ZX_ERR_ACCESS_DENIED;
        }
        uint32_t vmo_op = op == ZX_VMAR_OP_COMMIT ? ZX_VMO_OP_COMMIT : ZX_VMO_OP_DECOMMIT;
        bool paged = mapping->vmo->store->paged != NULL;
        zx_status_t status = vmo_op_range(mapping->vmo, vmo_op, offset, to - from, 0, 0);
        if (status == ZX_OK && op == ZX_VMAR_OP_COMMIT && !paged) { // else it may be gone
            mapping_map_range(mapping, from, to - from);
        }
        return status;
    }
    case ZX_VMAR_OP_MAP_RANGE:
        mapping_map_range(mapping, from, to - from);
        return ZX_OK;
    case ZX_VMAR_OP_ALWAYS_NEED: {
        uint64_t vmo_end = vmo_size(mapping->vmo);
        if (vmo_is_memory(mapping->vmo) && offset < vmo_end) {
            uint64_t size = to - from < vmo_end - offset ? to - from : vmo_end - offset;
            vmo_op_range(mapping->vmo, ZX_VMO_OP_ALWAYS_NEED, offset, size, 0, 0);
        }
        return ZX_OK;
    }
    default: // a hint
        return ZX_OK;
    }
}

static zx_status_t op_range(struct vmar* vmar, uint32_t op, uint64_t address, uint64_t size,
                            zx_rights_t rights) {
    if (size == 0 || !IS_PAGE_ALIGNED(address) || !IS_PAGE_ALIGNED(size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (!vmar_contains(vmar, address, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    switch (op) {
    case ZX_VMAR_OP_COMMIT:
    case ZX_VMAR_OP_DECOMMIT:
    case ZX_VMAR_OP_MAP_RANGE:
    case ZX_VMAR_OP_DONT_NEED:
    case ZX_VMAR_OP_ALWAYS_NEED:
        return visit_range(vmar, rights & ZX_RIGHT_OP_CHILDREN, address, size, do_op,
                           rights & ZX_RIGHT_WRITE ? op : op | WITHOUT_WRITE, ZX_ERR_BAD_STATE);
    default:
        return ZX_ERR_NOT_SUPPORTED;
    }
}

zx_status_t vmar_op_range(struct vmar* vmar, uint32_t op, uint64_t address, uint64_t size,
                          zx_rights_t rights) {
    dispatcher_ref(&vmar->object); // it may wait for pages
    zx_status_t status = op_range(vmar, op, address, size, rights);
    dispatcher_unref(&vmar->object);
    return status;
}
