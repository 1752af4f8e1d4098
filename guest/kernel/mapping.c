// Mappings: what is shown where, and the page faults that make it so.
//
// A mapping may allow both writing and execution, but a page never does at the same time: it is
// present for the one that was last asked for, and faults for the other.
#include "mapping.h"

#include "heap.h"
#include "paged_store.h"

// Pages made present around a fault in a mapping that is not writable.
#define FAULT_AROUND 8

uint32_t paged_mappings;

struct mapping* mapping_create(struct arch_aspace* aspace, struct vmo* vmo, uint64_t vmo_offset,
                               uint64_t base, uint64_t size, uint32_t permissions,
                               uint32_t allowed) {
    struct mapping* mapping = kalloc(sizeof(*mapping));
    if (mapping == NULL) {
        return NULL;
    }
    mapping->node.base = base;
    mapping->node.size = size;
    mapping->node.is_mapping = true;
    mapping->aspace = aspace;
    mapping->vmo = vmo;
    mapping->vmo_offset = vmo_offset;
    mapping->permissions = permissions;
    mapping->allowed = allowed | permissions;
    dispatcher_ref(&vmo->object);
    vmo->mapping_count++;
    paged_mappings += vmo->store->paged != NULL;
    list_push_back(&vmo->store->mappings, &mapping->store_link);
    return mapping;
}

void mapping_free(struct mapping* mapping) {
    mapping_unmap_pages(mapping, mapping->node.base, mapping->node.size);
    list_remove(&mapping->store_link);
    mapping->vmo->mapping_count--;
    paged_mappings -= mapping->vmo->store->paged != NULL;
    dispatcher_unref(&mapping->vmo->object);
    kfree(mapping);
}

void mapping_unmap_pages(struct mapping* mapping, uint64_t address, uint64_t size) {
    if (mapping->aspace != NULL) {
        arch_mmu_unmap(mapping->aspace, address, size >> PAGE_SHIFT);
    }
}

void mapping_revoke(struct mapping* mapping, uint64_t store_offset, uint64_t size) {
    uint64_t first = mapping->vmo->offset + mapping->vmo_offset;
    uint64_t last = first + mapping->node.size;
    uint64_t start = store_offset > first ? store_offset : first;
    uint64_t end = store_offset + size < last ? store_offset + size : last;
    if (start < end) {
        mapping_unmap_pages(mapping, mapping->node.base + (start - first), end - start);
    }
}

// The flags of a present page that is writable or not in the store.
static uint32_t page_flags(struct mapping* mapping, bool page_writable, bool write, bool execute) {
    uint32_t permissions = mapping->permissions;
    uint32_t flags = MMU_USER;
    if (permissions & ZX_VM_PERM_READ) {
        flags |= MMU_READ;
    }
    bool both = (permissions & ZX_VM_PERM_WRITE) && (permissions & ZX_VM_PERM_EXECUTE);
    if ((permissions & ZX_VM_PERM_WRITE) && page_writable && (!both || write)) {
        flags |= MMU_WRITE;
    }
    if ((permissions & ZX_VM_PERM_EXECUTE) && (!both || execute)) {
        flags |= MMU_EXECUTE;
    }
    struct vmo_store* store = mapping->vmo->store;
    if (store->device) {
        flags |= MMU_DEVICE;
    }
    return flags;
}

static bool show_pages(struct mapping* mapping, uint64_t address, paddr_t page, size_t count,
                       uint32_t flags) {
    const struct vmo_store* store = mapping->vmo->store;
    if ((flags & MMU_EXECUTE) && !store->physical && !store->wired) {
        arch_sync_instructions(phys_to_virt(page), count << PAGE_SHIFT);
    }
    return arch_mmu_map(mapping->aspace, address, page, count, flags) == ZX_OK;
}

// The same for those of them that are not present.
static bool show_absent_pages(struct mapping* mapping, uint64_t address, paddr_t page, size_t count,
                              uint32_t flags) {
    for (size_t i = 0; i < count; i++, address += PAGE_SIZE, page += PAGE_SIZE) {
        paddr_t present;
        uint32_t present_flags;
        if (!arch_mmu_query(mapping->aspace, address, &present, &present_flags) &&
            !show_pages(mapping, address, page, 1, flags)) {
            return false;
        }
    }
    return true;
}

// Makes the pages of a range present that the VMO has; in a fresh mapping none is present yet.
static void show_range(struct mapping* mapping, uint64_t address, uint64_t size, bool fresh) {
    struct vmo* vmo = mapping->vmo;
    uint64_t vmo_end = vmo_size(vmo);
    uint64_t offset = mapping->vmo_offset + (address - mapping->node.base);
    if ((mapping->permissions & ZX_VM_PERM_READ) == 0 || offset >= vmo_end) {
        return;
    }
    size = size < vmo_end - offset ? size : vmo_end - offset;
    for (uint64_t end = address + size; address < end;) {
        paddr_t page;
        bool writable;
        size_t most = (end - address + PAGE_SIZE - 1) >> PAGE_SHIFT;
        size_t count = store_peek_run(vmo->store, vmo->offset + offset, most, &page, &writable);
        if (count > 0) {
            uint32_t flags = page_flags(mapping, writable, false, false);
            bool shown = fresh ? show_pages(mapping, address, page, count, flags)
                               : show_absent_pages(mapping, address, page, count, flags);
            if (!shown) {
                return;
            }
        } else {
            count = 1; // none is there
        }
        address += count << PAGE_SHIFT;
        offset += count << PAGE_SHIFT;
    }
}

void mapping_map_range(struct mapping* mapping, uint64_t address, uint64_t size) {
    show_range(mapping, address, size, false);
}

void mapping_map_fresh(struct mapping* mapping) {
    show_range(mapping, mapping->node.base, mapping->node.size, true);
}

// Code and constants are read in sequence: saves the faults on the next pages.
static void fault_around(struct mapping* mapping, uint64_t address) {
    uint64_t last = mapping->node.base + mapping->node.size;
    uint64_t start = address + PAGE_SIZE;
    uint64_t end = start + (FAULT_AROUND - 1) * PAGE_SIZE;
    mapping_map_range(mapping, start, start < last ? (end < last ? end : last) - start : 0);
}

zx_status_t mapping_fault(struct mapping* mapping, uint64_t address, bool write, bool execute) {
    uint32_t needed =
        ZX_VM_PERM_READ | (write ? ZX_VM_PERM_WRITE : 0) | (execute ? ZX_VM_PERM_EXECUTE : 0);
    if ((mapping->permissions & needed) != needed || mapping->aspace == NULL) {
        return ZX_ERR_ACCESS_DENIED;
    }
    address = PAGE_ALIGN_DOWN(address);
    struct vmo* vmo = mapping->vmo;
    struct vmo_store* store = vmo->store;
    uint64_t offset = mapping->vmo_offset + (address - mapping->node.base);
    paddr_t page;
    zx_status_t status = ZX_OK;
    if (store->paged != NULL && offset < vmo_size(vmo)) {
        status = paged_bring_once(store, vmo->offset + offset, write);
    }
    if (status == ZX_OK) {
        status = vmo_get_page(vmo, offset, write, &page);
    }
    if (status != ZX_OK) {
        return status;
    }
    bool writable = true;
    if (!write && !store_peek(store, vmo->offset + offset, &page, &writable)) {
        writable = false;
        store->zero_page_mapped = true;
    }
    if (!show_pages(mapping, address, page, 1, page_flags(mapping, writable, write, execute))) {
        return ZX_ERR_NO_MEMORY;
    }
    if ((mapping->permissions & ZX_VM_PERM_WRITE) == 0) {
        fault_around(mapping, address);
    }
    return ZX_OK;
}

void mapping_set_permissions(struct mapping* mapping, uint32_t permissions) {
    if (permissions != mapping->permissions) {
        mapping->permissions = permissions;
        mapping_unmap_pages(mapping, mapping->node.base, mapping->node.size);
    }
}
