// zx_pager_*.
#include "pager.h"
#include "process.h"
#include "sourced_store.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_pager_create(uint32_t options, uaddr_t out) {
    zx_status_t status = policy_enforce(ZX_POL_NEW_PAGER);
    if (status != ZX_OK) {
        return status;
    }
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct pager* pager = pager_create();
    if (pager == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(pager_dispatcher(pager), ZX_DEFAULT_PAGER_RIGHTS, out);
}

static zx_status_t get_pager(zx_handle_t value, struct pager** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(value, ZX_OBJ_TYPE_PAGER, ZX_RIGHT_NONE, &object, NULL);
    if (status == ZX_OK) {
        *out = pager_from_dispatcher(object);
    }
    return status;
}

zx_status_t sys_pager_create_vmo(zx_handle_t handle, uint32_t options, zx_handle_t port_value,
                                 uint64_t key, uint64_t size, uaddr_t out) {
    zx_status_t status = policy_enforce(ZX_POL_NEW_VMO);
    struct pager* pager;
    if (status == ZX_OK) {
        status = get_pager(handle, &pager);
    }
    struct dispatcher* port;
    if (status == ZX_OK) {
        status = handle_get_object(port_value, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &port, NULL);
    }
    if (status != ZX_OK) {
        return status;
    }
    if ((options & ~(ZX_VMO_RESIZABLE | ZX_VMO_TRAP_DIRTY)) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo* vmo;
    status = pager_create_vmo(pager, port_from_dispatcher(port), key, size,
                              options & ZX_VMO_RESIZABLE, options & ZX_VMO_TRAP_DIRTY, &vmo);
    if (status != ZX_OK) {
        return status;
    }
    zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS | (options & ZX_VMO_RESIZABLE ? ZX_RIGHT_RESIZE : 0);
    return handle_give(&vmo->object, rights, out);
}

// The pages that a pager supplies to a VMO.
static zx_status_t get_store(zx_handle_t pager_value, zx_handle_t vmo_value,
                             struct vmo_store** out) {
    struct pager* pager;
    zx_status_t status = get_pager(pager_value, &pager);
    struct dispatcher* object;
    if (status == ZX_OK) {
        status = handle_get_object(vmo_value, ZX_OBJ_TYPE_VMO, ZX_RIGHT_NONE, &object, NULL);
    }
    if (status != ZX_OK) {
        return status;
    }
    *out = pager_store_of(pager, vmo_from_dispatcher(object));
    return *out != NULL ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t sys_pager_detach_vmo(zx_handle_t pager, zx_handle_t vmo) {
    struct vmo_store* store;
    zx_status_t status = get_store(pager, vmo, &store);
    if (status == ZX_OK) {
        sourced_detach(store);
    }
    return status;
}

zx_status_t sys_pager_supply_pages(zx_handle_t pager, zx_handle_t pager_vmo, uint64_t offset,
                                   uint64_t length, zx_handle_t aux_vmo, uint64_t aux_offset) {
    if (!IS_PAGE_ALIGNED(offset) || !IS_PAGE_ALIGNED(length) || !IS_PAGE_ALIGNED(aux_offset)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo_store* store;
    zx_status_t status = get_store(pager, pager_vmo, &store);
    struct dispatcher* aux;
    if (status == ZX_OK) {
        status =
            handle_get_object(aux_vmo, ZX_OBJ_TYPE_VMO, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &aux, NULL);
    }
    struct vmo_store* from;
    if (status == ZX_OK) {
        status = vmo_give_pages(vmo_from_dispatcher(aux), &aux_offset, length, &from);
    }
    return status == ZX_OK ? sourced_supply(store, offset, length, from, aux_offset) : status;
}

zx_status_t sys_pager_op_range(zx_handle_t pager, uint32_t op, zx_handle_t pager_vmo,
                               uint64_t offset, uint64_t length, uint64_t data) {
    if (!IS_PAGE_ALIGNED(offset) || !IS_PAGE_ALIGNED(length)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo_store* store;
    zx_status_t status = get_store(pager, pager_vmo, &store);
    return status == ZX_OK ? pager_operate(op, store, offset, length, data) : status;
}

// Stores the dirty ranges that fit and counts all of them; a wait for the caller's buffer may
// change them, but never what is behind the one that is stored.
static zx_status_t store_dirty_ranges(struct vmo_store* store, uint64_t offset, uint64_t end,
                                      uaddr_t buffer, size_t room, size_t* actual, size_t* avail) {
    zx_vmo_dirty_range_t range;
    *actual = *avail = 0;
    while (sourced_next_dirty(store, &offset, end, &range)) {
        if (*actual < room) {
            zx_status_t status =
                copy_to_user(buffer + *actual * sizeof(range), &range, sizeof(range));
            if (status != ZX_OK) {
                return status;
            }
            ++*actual;
        }
        ++*avail;
    }
    return ZX_OK;
}

zx_status_t sys_pager_query_dirty_ranges(zx_handle_t pager, zx_handle_t pager_vmo, uint64_t offset,
                                         uint64_t length, uaddr_t buffer, size_t buffer_size,
                                         uaddr_t actual_out, uaddr_t avail_out) {
    struct vmo_store* store;
    zx_status_t status = get_store(pager, pager_vmo, &store);
    if (status != ZX_OK) {
        return status;
    }
    if (offset > store->size || length > store->size - offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    uint64_t end = PAGE_ALIGN_UP(offset + length);
    offset = PAGE_ALIGN_DOWN(offset);
    sourced_settle_dirty(store, offset, end);
    size_t actual;
    size_t avail;
    store->references++; // it may wait for the buffer
    status = store_dirty_ranges(store, offset, end, buffer,
                                buffer_size / sizeof(zx_vmo_dirty_range_t), &actual, &avail);
    store_unref(store);
    if (status == ZX_OK) {
        status = store_optional_u64(actual_out, actual);
    }
    return status == ZX_OK ? store_optional_u64(avail_out, avail) : status;
}

zx_status_t sys_pager_query_vmo_stats(zx_handle_t pager, zx_handle_t pager_vmo, uint32_t options,
                                      uaddr_t buffer, size_t buffer_size) {
    struct vmo_store* store;
    zx_status_t status = get_store(pager, pager_vmo, &store);
    if (status != ZX_OK) {
        return status;
    }
    if (buffer_size < sizeof(zx_pager_vmo_stats_t)) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    if ((options & ~ZX_PAGER_RESET_VMO_STATS) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_pager_vmo_stats_t stats = {.modified =
                                      store->paged->modified ? ZX_PAGER_VMO_STATS_MODIFIED : 0};
    if (options & ZX_PAGER_RESET_VMO_STATS) {
        store->paged->modified = false; // even if the answer cannot be stored
    }
    return copy_to_user(buffer, &stats, sizeof(stats));
}
