// Pagers.
#include "pager.h"

#include "heap.h"
#include "sourced_store.h"

struct pager {
    struct dispatcher object; // first
    struct list_node sources; // of its VMOs that are alive, or whose end has yet to be heard of
};

static void on_zero_handles(struct dispatcher* object) {
    page_source_abandon_all(&pager_from_dispatcher(object)->sources);
}

static void pager_destroy(struct dispatcher* object) {
    page_source_abandon_all(&pager_from_dispatcher(object)->sources);
    kfree(object);
}

static const struct dispatcher_ops pager_ops = {
    .type = ZX_OBJ_TYPE_PAGER,
    .on_zero_handles = on_zero_handles,
    .destroy = pager_destroy,
};

struct pager* pager_create(void) {
    struct pager* pager = kalloc(sizeof(*pager));
    if (pager != NULL) {
        dispatcher_init(&pager->object, &pager_ops, 0);
        list_init(&pager->sources);
    }
    return pager;
}

struct dispatcher* pager_dispatcher(struct pager* pager) {
    return &pager->object;
}

struct pager* pager_from_dispatcher(struct dispatcher* object) {
    return (struct pager*)object;
}

zx_status_t pager_create_vmo(struct pager* pager, struct port* port, uint64_t key, uint64_t size,
                             bool resizable, bool traps_dirty, struct vmo** out) {
    uint64_t rounded;
    zx_status_t status = vmo_round_size(size, &rounded);
    if (status != ZX_OK) {
        return status;
    }
    struct page_source* source = page_source_create(&pager->sources, pager, port, key, traps_dirty);
    if (source == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct vmo_store* store = sourced_create(source, rounded);
    if (store == NULL) {
        page_source_close(source);
        return ZX_ERR_NO_MEMORY;
    }
    return vmo_create_paged(store, size, resizable, out);
}

struct vmo_store* pager_store_of(const struct pager* pager, const struct vmo* vmo) {
    const struct paged* paged = vmo->store->paged;
    bool is_its = vmo->child_kind == 0 && paged != NULL && paged->source != NULL &&
                  page_source_pager(paged->source) == pager;
    return is_its ? vmo->store : NULL;
}

// What a pager may say has happened to pages that it was asked for.
static bool is_failure(int64_t status) {
    switch (status) {
    case ZX_ERR_IO:
    case ZX_ERR_IO_DATA_INTEGRITY:
    case ZX_ERR_BAD_STATE:
    case ZX_ERR_NO_SPACE:
    case ZX_ERR_BUFFER_TOO_SMALL:
        return true;
    default:
        return false;
    }
}

zx_status_t pager_operate(uint32_t op, struct vmo_store* store, uint64_t offset, uint64_t length,
                          uint64_t data) {
    switch (op) {
    case ZX_PAGER_OP_FAIL:
        return is_failure((int64_t)data) ? sourced_fail(store, offset, length, (zx_status_t)data)
                                         : ZX_ERR_INVALID_ARGS;
    case ZX_PAGER_OP_DIRTY:
        return data == 0 ? sourced_make_dirty(store, offset, length) : ZX_ERR_INVALID_ARGS;
    case ZX_PAGER_OP_WRITEBACK_BEGIN:
        return data == 0 || data == ZX_VMO_DIRTY_RANGE_IS_ZERO
                   ? sourced_begin_writeback(store, offset, length, data != 0)
                   : ZX_ERR_INVALID_ARGS;
    case ZX_PAGER_OP_WRITEBACK_END:
        return data == 0 ? sourced_end_writeback(store, offset, length) : ZX_ERR_INVALID_ARGS;
    default:
        return ZX_ERR_NOT_SUPPORTED;
    }
}
