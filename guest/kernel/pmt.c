// Pinned memory tokens.
#include "pmt.h"

#include "heap.h"
#include "paged_store.h"

struct pmt {
    struct dispatcher object; // first
    struct bti* bti;          // counted there
    struct vmo* vmo;          // a reference; NULL once unpinned or abandoned
    struct pin* pin;
    struct list_node quarantine_link;
};

static void on_zero_handles(struct dispatcher* object) {
    struct pmt* pmt = pmt_from_dispatcher(object);
    if (pmt->vmo != NULL) {
        bti_quarantine(pmt->bti, pmt);
    }
}

static void destroy(struct dispatcher* object) {
    struct pmt* pmt = pmt_from_dispatcher(object);
    pmt_unpin(pmt);
    bti_remove_token(pmt->bti);
    kfree(pmt);
}

static const struct dispatcher_ops pmt_ops = {
    .type = ZX_OBJ_TYPE_PMT,
    .on_zero_handles = on_zero_handles,
    .destroy = destroy,
};

zx_status_t pmt_create(struct bti* bti, struct vmo* vmo, uint64_t offset, uint64_t size,
                       bool writes, struct pmt** out) {
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmo_in_range(vmo, offset, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (vmo->store->paged != NULL) {
        zx_status_t status = paged_commit_for_pin(vmo->store, vmo->offset + offset, size, writes);
        if (status != ZX_OK) {
            return status;
        }
    }
    struct pin* pin = store_pin(vmo->store, vmo->offset + offset, size);
    if (pin == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct pmt* pmt = bti_may_pin(bti) ? kalloc(sizeof(*pmt)) : NULL;
    if (pmt == NULL) {
        store_unpin(pin);
        return bti_may_pin(bti) ? ZX_ERR_NO_MEMORY : ZX_ERR_BAD_STATE;
    }
    dispatcher_init(&pmt->object, &pmt_ops, 0);
    bti_add_token(bti);
    dispatcher_ref(vmo_dispatcher(vmo));
    pmt->bti = bti;
    pmt->vmo = vmo;
    pmt->pin = pin;
    *out = pmt;
    return ZX_OK;
}

struct dispatcher* pmt_dispatcher(struct pmt* pmt) {
    return &pmt->object;
}

struct pmt* pmt_from_dispatcher(struct dispatcher* object) {
    return (struct pmt*)object;
}

static void drop_vmo(struct pmt* pmt) {
    struct vmo* vmo = pmt->vmo;
    pmt->vmo = NULL;
    dispatcher_unref(vmo_dispatcher(vmo));
}

void pmt_unpin(struct pmt* pmt) {
    if (pmt->vmo != NULL) {
        store_unpin(pmt->pin);
        drop_vmo(pmt);
    }
}

// The store frees the pin when it goes.  What is wired never does, and needs no pin to stay.
void pmt_abandon(struct pmt* pmt) {
    if (pmt->vmo->store->wired) {
        store_unpin(pmt->pin);
    }
    drop_vmo(pmt);
}

struct list_node* pmt_quarantine_link(struct pmt* pmt) {
    return &pmt->quarantine_link;
}

struct pmt* pmt_from_quarantine(struct list_node* link) {
    return container_of(link, struct pmt, quarantine_link);
}
