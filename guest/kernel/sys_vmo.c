// zx_vmo_*.
#include "boot.h"
#include "handle.h"
#include "policy.h"
#include "process.h"
#include "resource.h"
#include "usercopy.h"
#include "vmo.h"
#include "zx/kernel_calls.h"

static zx_status_t get_vmo(zx_handle_t handle, zx_rights_t rights, struct vmo** out,
                           zx_rights_t* rights_out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_VMO, rights, &object, rights_out);
    if (status == ZX_OK) {
        *out = vmo_from_dispatcher(object);
    }
    return status;
}

zx_status_t sys_vmo_create(uint64_t size, uint32_t options, uaddr_t out) {
    struct vmo* vmo;
    zx_status_t status = policy_enforce(ZX_POL_NEW_VMO);
    if (status == ZX_OK) {
        status = vmo_create(size, options, &vmo);
    }
    if (status != ZX_OK) {
        return status;
    }
    zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS | (options & ZX_VMO_RESIZABLE ? ZX_RIGHT_RESIZE : 0);
    return handle_give(&vmo->object, rights, out);
}

zx_status_t sys_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
                                      uaddr_t out) {
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (alignment_log2 == 0) {
        alignment_log2 = PAGE_SHIFT;
    }
    if (alignment_log2 < PAGE_SHIFT || alignment_log2 >= 64) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = policy_enforce(ZX_POL_NEW_VMO);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* initiator; // of transfers; all memory is within the reach of any
    status = handle_get_object(bti, ZX_OBJ_TYPE_BTI, ZX_RIGHT_MAP, &initiator, NULL);
    struct vmo* vmo;
    if (status == ZX_OK) {
        status = vmo_create_contiguous(size, alignment_log2, &vmo);
    }
    return status == ZX_OK ? handle_give(&vmo->object, ZX_DEFAULT_VMO_RIGHTS, out) : status;
}

zx_status_t sys_vmo_create_physical(zx_handle_t resource, zx_paddr_t paddr, size_t size,
                                    uaddr_t out) {
    zx_status_t status = policy_enforce(ZX_POL_NEW_VMO);
    if (status == ZX_OK) {
        status = resource_check(resource, ZX_RSRC_KIND_MMIO, paddr, size);
    }
    struct vmo* vmo;
    if (status == ZX_OK) {
        status = vmo_create_device(paddr, size, &vmo);
    }
    return status == ZX_OK ? handle_give(&vmo->object, ZX_DEFAULT_VMO_RIGHTS, out) : status;
}

// Of a child made through a handle with these rights.
static zx_rights_t child_rights(zx_rights_t parent, uint32_t options) {
    zx_rights_t rights = (parent & ~(zx_rights_t)ZX_RIGHT_RESIZE) | ZX_RIGHTS_PROPERTY;
    if (options & ZX_VMO_CHILD_RESIZABLE) {
        rights |= ZX_RIGHT_RESIZE;
    }
    if (options & ZX_VMO_CHILD_NO_WRITE) {
        rights &= ~(zx_rights_t)ZX_RIGHT_WRITE;
    } else if (options & (ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE)) {
        // A private copy may be written, at the expense of executing it.
        rights = (rights & ~(zx_rights_t)ZX_RIGHT_EXECUTE) | ZX_RIGHT_WRITE;
    }
    return rights;
}

zx_status_t sys_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
                                 uint64_t size, uaddr_t out) {
    if ((options & ZX_VMO_CHILD_NO_WRITE) && (options & ZX_VMO_CHILD_RESIZABLE)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo* parent;
    struct vmo* child;
    zx_rights_t rights;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ, &parent, &rights);
    if (status == ZX_OK) {
        status = vmo_create_child(parent, options, offset, size, &child);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (rights & ZX_RIGHT_GET_PROPERTY) {
        vmo_set_name(child, parent->name);
    }
    return handle_give(&child->object, child_rights(rights, options), out);
}

zx_status_t sys_vmo_read(zx_handle_t handle, uaddr_t buffer, uint64_t offset, size_t buffer_size) {
    struct vmo* vmo;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_READ, &vmo, NULL);
    return status == ZX_OK ? vmo_read_user(vmo, buffer, offset, buffer_size) : status;
}

zx_status_t sys_vmo_write(zx_handle_t handle, uaddr_t buffer, uint64_t offset, size_t buffer_size) {
    struct vmo* vmo;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_WRITE, &vmo, NULL);
    return status == ZX_OK ? vmo_write_user(vmo, buffer, offset, buffer_size) : status;
}

zx_status_t sys_vmo_get_size(zx_handle_t handle, uaddr_t size) {
    struct vmo* vmo;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_NONE, &vmo, NULL);
    return status == ZX_OK ? store_u64(size, vmo_size(vmo)) : status;
}

zx_status_t sys_vmo_set_size(zx_handle_t handle, uint64_t size) {
    struct vmo* vmo;
    zx_rights_t rights;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_WRITE, &vmo, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (vmo_is_resizable(vmo) && !(rights & ZX_RIGHT_RESIZE)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    return vmo_resize(vmo, size);
}

// The rights an operation needs: all of `all` and, if it is not 0, one of `any`.
static const struct {
    zx_rights_t all;
    zx_rights_t any;
} op_rights[] = {
    [ZX_VMO_OP_COMMIT] = {ZX_RIGHT_WRITE, 0},
    [ZX_VMO_OP_DECOMMIT] = {ZX_RIGHT_WRITE, 0},
    [ZX_VMO_OP_ZERO] = {ZX_RIGHT_WRITE, 0},
    [ZX_VMO_OP_LOCK] = {0, ZX_RIGHT_READ | ZX_RIGHT_WRITE},
    [ZX_VMO_OP_TRY_LOCK] = {0, ZX_RIGHT_READ | ZX_RIGHT_WRITE},
    [ZX_VMO_OP_UNLOCK] = {0, ZX_RIGHT_READ | ZX_RIGHT_WRITE},
    [ZX_VMO_OP_CACHE_SYNC] = {ZX_RIGHT_READ, 0},
    [ZX_VMO_OP_CACHE_INVALIDATE] = {ZX_RIGHT_WRITE, 0},
    [ZX_VMO_OP_CACHE_CLEAN] = {ZX_RIGHT_READ, 0},
    [ZX_VMO_OP_CACHE_CLEAN_INVALIDATE] = {ZX_RIGHT_READ, 0},
    [ZX_VMO_OP_DONT_NEED] = {0, 0},
    [ZX_VMO_OP_ALWAYS_NEED] = {0, 0},
};

zx_status_t sys_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset, uint64_t size,
                             uaddr_t buffer, size_t buffer_size) {
    struct vmo* vmo;
    zx_rights_t rights;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_NONE, &vmo, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (op == ZX_VMO_OP_CACHE_INVALIDATE && !debugging_calls_enabled()) {
        return ZX_ERR_NOT_SUPPORTED; // others' writes could be lost
    }
    if (op < sizeof(op_rights) / sizeof(op_rights[0])) {
        zx_rights_t all = op_rights[op].all;
        zx_rights_t any = op_rights[op].any;
        if ((rights & all) != all || (any != 0 && (rights & any) == 0)) {
            return ZX_ERR_ACCESS_DENIED;
        }
    }
    return vmo_op_range(vmo, op, offset, size, buffer, buffer_size);
}

zx_status_t sys_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy) {
    if ((cache_policy & ~ZX_CACHE_POLICY_MASK) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo* vmo;
    zx_status_t status = get_vmo(handle, ZX_RIGHT_MAP, &vmo, NULL);
    return status == ZX_OK ? vmo_set_cache_policy(vmo, cache_policy) : status;
}

zx_status_t sys_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex, uaddr_t out) {
    zx_status_t allowed = vmex == ZX_HANDLE_INVALID ? policy_enforce(ZX_POL_AMBIENT_MARK_VMO_EXEC)
                                                    : resource_check(vmex, ZX_RSRC_KIND_SYSTEM,
                                                                     ZX_RSRC_SYSTEM_VMEX_BASE, 1);
    struct handle* source = handle_table_remove(process_current()->handles, handle);
    if (source == NULL) {
        return policy_bad_handle();
    }
    zx_status_t status = allowed;
    if (status == ZX_OK && source->object->ops->type != ZX_OBJ_TYPE_VMO) {
        status = ZX_ERR_BAD_HANDLE;
    }
    if (status == ZX_OK) {
        status = handle_make_and_store(source->object, source->rights | ZX_RIGHT_EXECUTE, out);
    }
    handle_destroy(source);
    return status;
}
