// zx_iommu_create, zx_bti_*, zx_pmt_unpin.
#include "boot.h"
#include "iommu.h"
#include "pmt.h"
#include "process.h"
#include "resource.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

// Reads what the caller has to show, of which nothing is kept.
static zx_status_t read_through(uaddr_t from, size_t size) {
    uint8_t piece[256];
    zx_status_t status = ZX_OK;
    while (size > 0 && status == ZX_OK) {
        size_t length = size < sizeof(piece) ? size : sizeof(piece);
        status = copy_from_user(piece, from, length);
        from += length;
        size -= length;
    }
    return status;
}

zx_status_t sys_iommu_create(zx_handle_t resource, uint32_t type, uaddr_t desc, size_t desc_size,
                             uaddr_t out) {
    zx_status_t status = resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        return status;
    }
    if (desc_size > ZX_IOMMU_MAX_DESC_LEN) {
        return ZX_ERR_INVALID_ARGS;
    }
    status = read_through(desc, desc_size);
    if (status != ZX_OK) {
        return status;
    }
    if (type != ZX_IOMMU_TYPE_DUMMY) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (desc_size != sizeof(zx_iommu_desc_dummy_t)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* iommu = iommu_create();
    if (iommu == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(iommu, ZX_DEFAULT_IOMMU_RIGHTS, out);
}

// The dummy IOMMU knows every device.
zx_status_t sys_bti_create(zx_handle_t iommu, uint32_t options, uint64_t bti_id, uaddr_t out) {
    (void)bti_id;
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status = handle_get_object(iommu, ZX_OBJ_TYPE_IOMMU, ZX_RIGHT_NONE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    struct bti* bti = bti_create(object);
    if (bti == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    return handle_give(bti_dispatcher(bti), ZX_DEFAULT_BTI_RIGHTS, out);
}

static zx_status_t get_bti(zx_handle_t value, zx_rights_t rights, struct bti** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(value, ZX_OBJ_TYPE_BTI, rights, &object, NULL);
    if (status == ZX_OK) {
        *out = bti_from_dispatcher(object);
    }
    return status;
}

// The VMO to pin, as far as the handle to it lets the device do what the options say.
static zx_status_t get_vmo(zx_handle_t value, uint32_t options, struct vmo** out) {
    struct dispatcher* object;
    zx_rights_t rights;
    zx_status_t status = handle_get_object(value, ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP, &object, &rights);
    if (status != ZX_OK) {
        return status;
    }
    // The device reads what it executes; what programs may execute is no concern of its.
    bool reads = options & (ZX_BTI_PERM_READ | ZX_BTI_PERM_EXECUTE);
    bool writes = options & ZX_BTI_PERM_WRITE;
    if ((reads && !(rights & ZX_RIGHT_READ)) || (writes && !(rights & ZX_RIGHT_WRITE))) {
        return ZX_ERR_ACCESS_DENIED;
    }
    *out = vmo_from_dispatcher(object);
    return ZX_OK;
}

#define PERMISSIONS (ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE | ZX_BTI_PERM_EXECUTE)

// Whether the options for the addresses suit the VMO: one of both at most, and CONTIGUOUS only if
// it is.
static bool options_suit(uint32_t options, const struct vmo* vmo) {
    uint32_t how = options & ~PERMISSIONS;
    return how == 0 || how == ZX_BTI_COMPRESS ||
           (how == ZX_BTI_CONTIGUOUS && vmo_is_contiguous(vmo));
}

// The address of each page, or of the first only; they are pinned, so all are there.
static zx_status_t store_addresses(struct vmo* vmo, uint64_t offset, uaddr_t to, size_t count) {
    for (size_t i = 0; i < count; i++) {
        paddr_t page;
        zx_status_t status = vmo_get_page(vmo, offset + i * PAGE_SIZE, false, &page);
        if (status == ZX_OK) {
            status = store_u64(to + i * sizeof(page), page);
        }
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

zx_status_t sys_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo_value,
                        uint64_t offset, uint64_t size, uaddr_t addresses, size_t count,
                        uaddr_t out) {
    struct bti* bti;
    zx_status_t status = get_bti(handle, ZX_RIGHT_MAP, &bti);
    if (status != ZX_OK) {
        return status;
    }
    if (!IS_PAGE_ALIGNED(offset) || !IS_PAGE_ALIGNED(size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct vmo* vmo;
    status = get_vmo(vmo_value, options, &vmo);
    if (status != ZX_OK) {
        return status;
    }
    if (!options_suit(options, vmo)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (count > (boot_info.ram_end - boot_info.ram_start) / sizeof(zx_paddr_t)) {
        return ZX_ERR_NO_MEMORY; // of so many addresses
    }
    struct pmt* pmt;
    dispatcher_ref(bti_dispatcher(bti)); // it may wait for pages
    dispatcher_ref(vmo_dispatcher(vmo));
    status = pmt_create(bti, vmo, offset, size, options & ZX_BTI_PERM_WRITE, &pmt);
    dispatcher_unref(vmo_dispatcher(vmo));
    dispatcher_unref(bti_dispatcher(bti));
    if (status != ZX_OK) {
        return status;
    }
    size_t expected = options & ZX_BTI_CONTIGUOUS ? 1 : size / PAGE_SIZE;
    if ((options & PERMISSIONS) == 0 || count != expected) {
        status = ZX_ERR_INVALID_ARGS;
    } else {
        status = store_addresses(vmo, offset, addresses, count);
    }
    if (status == ZX_OK) { // a handle that cannot be stored is closed, which means quarantine
        status = handle_make_and_store(pmt_dispatcher(pmt), ZX_DEFAULT_PMT_RIGHTS, out);
    } else {
        pmt_unpin(pmt);
    }
    dispatcher_unref(pmt_dispatcher(pmt));
    return status;
}

zx_status_t sys_bti_release_quarantine(zx_handle_t handle) {
    struct bti* bti;
    zx_status_t status = get_bti(handle, ZX_RIGHT_WRITE, &bti);
    if (status == ZX_OK) {
        bti_release_quarantine(bti);
    }
    return status;
}

// The handle is gone in any case.
zx_status_t sys_pmt_unpin(zx_handle_t value) {
    struct handle* handle = handle_table_remove(process_current()->handles, value);
    if (handle == NULL) {
        return policy_bad_handle();
    }
    zx_status_t status = ZX_ERR_WRONG_TYPE;
    if (handle->object->ops->type == ZX_OBJ_TYPE_PMT) {
        pmt_unpin(pmt_from_dispatcher(handle->object));
        status = ZX_OK;
    }
    handle_destroy(handle);
    return status;
}
