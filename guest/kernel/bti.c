// Bus transaction initiators.
#include "bti.h"

#include "heap.h"
#include "pmt.h"

struct bti {
    struct dispatcher object; // first
    struct dispatcher* iommu; // a reference
    uint64_t tokens;          // that exist, in quarantine or not
    uint64_t quarantined;
    struct list_node quarantine; // pmt.quarantine_link, each with a reference
    char name[ZX_MAX_NAME_LEN];
};

static void release(struct bti* bti, void (*last_act)(struct pmt* pmt)) {
    for (struct list_node* node; (node = list_pop_front(&bti->quarantine)) != NULL;) {
        struct pmt* pmt = pmt_from_quarantine(node);
        bti->quarantined--;
        last_act(pmt);
        dispatcher_unref(pmt_dispatcher(pmt));
    }
}

// Nobody can release the quarantine any more.
static void on_zero_handles(struct dispatcher* object) {
    release(bti_from_dispatcher(object), pmt_abandon);
}

static void bti_destroy(struct dispatcher* object) {
    dispatcher_unref(bti_from_dispatcher(object)->iommu);
    kfree(object);
}

static const struct dispatcher_ops bti_ops = {
    .type = ZX_OBJ_TYPE_BTI,
    .has_name = true,
    .on_zero_handles = on_zero_handles,
    .destroy = bti_destroy,
};

struct bti* bti_create(struct dispatcher* iommu) {
    struct bti* bti = kalloc(sizeof(*bti));
    if (bti != NULL) {
        dispatcher_init(&bti->object, &bti_ops, 0);
        dispatcher_ref(iommu);
        bti->iommu = iommu;
        list_init(&bti->quarantine);
    }
    return bti;
}

struct dispatcher* bti_dispatcher(struct bti* bti) {
    return &bti->object;
}

struct bti* bti_from_dispatcher(struct dispatcher* object) {
    return (struct bti*)object;
}

char* bti_name(struct bti* bti) {
    return bti->name;
}

void bti_get_info(struct bti* bti, zx_info_bti_t* info) {
    *info = (zx_info_bti_t){.minimum_contiguity = PAGE_SIZE,
                            .aspace_size = UINT64_MAX,
                            .pmo_count = bti->tokens,
                            .quarantine_count = bti->quarantined};
}

bool bti_may_pin(const struct bti* bti) {
    return bti->quarantined == 0;
}

void bti_add_token(struct bti* bti) {
    dispatcher_ref(&bti->object);
    bti->tokens++;
}

void bti_remove_token(struct bti* bti) {
    bti->tokens--;
    dispatcher_unref(&bti->object);
}

void bti_quarantine(struct bti* bti, struct pmt* pmt) {
    if (bti->object.handles == 0) {
        pmt_abandon(pmt);
        return;
    }
    dispatcher_ref(pmt_dispatcher(pmt));
    list_push_back(&bti->quarantine, pmt_quarantine_link(pmt));
    bti->quarantined++;
}

void bti_release_quarantine(struct bti* bti) {
    release(bti, pmt_unpin);
}
