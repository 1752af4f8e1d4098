// zx_vmar_*.
#include "handle.h"
#include "usercopy.h"
#include "vmar.h"
#include "zx/kernel_calls.h"

#define CAN_MAP_RWX (ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE)

static zx_status_t get_vmar(zx_handle_t handle, zx_rights_t rights, struct vmar** out,
                            zx_rights_t* rights_out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_VMAR, rights, &object, rights_out);
    if (status == ZX_OK) {
        *out = vmar_from_dispatcher(object);
    }
    return status;
}

// READ, WRITE and EXECUTE for three flags in that order, the first being `read`.
static zx_rights_t rights_for(zx_vm_option_t options, zx_vm_option_t read) {
    return (options & read ? ZX_RIGHT_READ : 0) | (options & (read << 1) ? ZX_RIGHT_WRITE : 0) |
           (options & (read << 2) ? ZX_RIGHT_EXECUTE : 0);
}

// CAN_MAP_* flags for READ, WRITE and EXECUTE among rights.
static zx_vm_option_t can_map_for(zx_rights_t rights) {
    return (rights & ZX_RIGHT_READ ? ZX_VM_CAN_MAP_READ : 0) |
           (rights & ZX_RIGHT_WRITE ? ZX_VM_CAN_MAP_WRITE : 0) |
           (rights & ZX_RIGHT_EXECUTE ? ZX_VM_CAN_MAP_EXECUTE : 0);
}

// Neither processor can express pages that are writable or executable but not readable.
static bool permissions_exist(zx_vm_option_t options) {
    return (options & ZX_VM_PERM_READ) || !(options & (ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE));
}

static zx_vm_option_t without_execute_only(zx_vm_option_t options) {
    return options & ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED
               ? (options & ~ZX_VM_PERM_READ_IF_XOM_UNSUPPORTED) | ZX_VM_PERM_READ
               : options;
}

zx_status_t sys_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, size_t offset,
                              size_t size, uaddr_t child_vmar, uaddr_t child_addr) {
    struct vmar* parent;
    struct vmar* child;
    zx_rights_t needed = rights_for(options, ZX_VM_CAN_MAP_READ);
    zx_status_t status = get_vmar(parent_vmar, needed, &parent, NULL);
    if (status == ZX_OK) {
        status = vmar_allocate(parent, options, offset, size, &child);
    }
    if (status != ZX_OK) {
        return status;
    }
    status = store_u64(child_addr, child->node.base);
    if (status == ZX_OK) {
        status = handle_make_and_store(&child->object, ZX_DEFAULT_VMAR_RIGHTS | needed, child_vmar);
    }
    if (status != ZX_OK) {
        vmar_destroy(child);
    }
    dispatcher_unref(&child->object);
    return status;
}

zx_status_t sys_vmar_map(zx_handle_t handle, zx_vm_option_t options, size_t vmar_offset,
                         zx_handle_t vmo_handle, uint64_t vmo_offset, size_t len,
                         uaddr_t mapped_addr) {
    struct vmar* vmar;
    zx_rights_t vmar_rights;
    zx_status_t status = get_vmar(handle, ZX_RIGHT_NONE, &vmar, &vmar_rights);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* object;
    zx_rights_t vmo_rights;
    status = handle_get_object(vmo_handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP, &object, &vmo_rights);
    if (status != ZX_OK) {
        return status;
    }
    struct vmo* vmo = vmo_from_dispatcher(object);
    options = without_execute_only(options);
    bool map_range = options & ZX_VM_MAP_RANGE;
    options &= ~ZX_VM_MAP_RANGE;
    if (!permissions_exist(options) || (map_range && (options & ZX_VM_SPECIFIC_OVERWRITE)) ||
        (options & CAN_MAP_RWX)) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_rights_t both = vmar_rights & vmo_rights;
    zx_rights_t needed = rights_for(options, ZX_VM_PERM_READ);
    if ((both & needed) != needed) {
        return ZX_ERR_ACCESS_DENIED;
    }
    options |= can_map_for(both); // what zx_vmar_protect may give later
    uint64_t address;
    status = vmar_map(vmar, options, vmar_offset, vmo, vmo_offset, len, &address);
    if (status != ZX_OK) {
        return status;
    }
    if (map_range) {
        mapping_map_fresh(vmar_find_mapping(vmar, address));
    }
    status = store_u64(mapped_addr, address);
    if (status != ZX_OK) {
        vmar_unmap_range(vmar, address, len, false);
    }
    return status;
}

zx_status_t sys_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, size_t len) {
    struct vmar* vmar;
    zx_rights_t rights;
    zx_status_t status = get_vmar(handle, ZX_RIGHT_NONE, &vmar, &rights);
    return status == ZX_OK ? vmar_unmap_range(vmar, addr, len, rights & ZX_RIGHT_OP_CHILDREN)
                           : status;
}

zx_status_t sys_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
                             size_t len) {
    struct vmar* vmar;
    zx_rights_t rights;
    options = without_execute_only(options);
    zx_rights_t needed = rights_for(options, ZX_VM_PERM_READ);
    zx_status_t status = get_vmar(handle, needed, &vmar, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (!permissions_exist(options)) {
        return ZX_ERR_INVALID_ARGS;
    }
    return vmar_protect(vmar, options, addr, len, rights & ZX_RIGHT_OP_CHILDREN);
}

zx_status_t sys_vmar_destroy(zx_handle_t handle) {
    struct vmar* vmar;
    zx_status_t status = get_vmar(handle, ZX_RIGHT_OP_CHILDREN, &vmar, NULL);
    if (status != ZX_OK) {
        return status;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (vmar->node.parent == NULL) {
        return ZX_ERR_NOT_SUPPORTED; // the root region lives as long as its process
    }
    return vmar_destroy(vmar);
}

zx_status_t sys_vmar_op_range(zx_handle_t handle, uint32_t op, zx_vaddr_t address, size_t size,
                              uaddr_t buffer, size_t buffer_size) {
    struct vmar* vmar;
    zx_rights_t rights;
    zx_status_t status = get_vmar(handle, ZX_RIGHT_NONE, &vmar, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (buffer != 0 || buffer_size != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    return vmar_op_range(vmar, op, address, size, rights);
}
