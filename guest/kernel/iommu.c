// IOMMUs.
#include "iommu.h"

#include "heap.h"

struct iommu {
    struct dispatcher object; // first
};

static void iommu_destroy(struct dispatcher* object) {
    kfree(object);
}

static const struct dispatcher_ops iommu_ops = {
    .type = ZX_OBJ_TYPE_IOMMU,
    .destroy = iommu_destroy,
};

struct dispatcher* iommu_create(void) {
    struct iommu* iommu = kalloc(sizeof(*iommu));
    if (iommu == NULL) {
        return NULL;
    }
    dispatcher_init(&iommu->object, &iommu_ops, 0);
    return &iommu->object;
}
