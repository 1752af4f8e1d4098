// Copies between kernel and user memory.
#include "usercopy.h"

#include "process.h"
#include "string.h"

// The page at a user address with the access wanted, as the kernel sees it; NULL: not accessible.
static char* user_page(struct vmar* root, uint64_t address, bool write) {
    uint32_t wanted = MMU_USER | MMU_READ | (write ? MMU_WRITE : 0);
    paddr_t page;
    uint32_t flags;
    struct arch_aspace* aspace = vmar_arch_aspace(root);
    if (!arch_mmu_query(aspace, address, &page, &flags) || (flags & wanted) != wanted) {
        if (!vmar_fault(root, address, write, false) ||
            !arch_mmu_query(aspace, address, &page, &flags) || (flags & wanted) != wanted) {
            return NULL;
        }
    }
    return phys_to_virt(PAGE_ALIGN_DOWN(page));
}

// Moves size bytes page by page; to_user tells the direction.
static zx_status_t copy(struct vmar* root, uint64_t user, char* kernel, size_t size, bool to_user) {
    if (size == 0) {
        return ZX_OK;
    }
    if (root == NULL || user < USER_BASE || user >= USER_END || size > USER_END - user) {
        return ZX_ERR_INVALID_ARGS;
    }
    do {
        uint64_t within = user & (PAGE_SIZE - 1);
        size_t chunk = PAGE_SIZE - within < size ? PAGE_SIZE - within : size;
        char* page = user_page(root, user, to_user);
        if (page == NULL) {
            return ZX_ERR_INVALID_ARGS;
        }
        if (to_user) {
            memcpy(page + within, kernel, chunk);
        } else {
            memcpy(kernel, page + within, chunk);
        }
        user += chunk;
        kernel += chunk;
        size -= chunk;
    } while (size > 0);
    return ZX_OK;
}

zx_status_t copy_from_user(void* to, uint64_t from, size_t size) {
    return copy(process_current()->root, from, to, size, false);
}

zx_status_t copy_to_user(uint64_t to, const void* from, size_t size) {
    return copy(process_current()->root, to, (char*)from, size, true);
}

zx_status_t copy_from_aspace(struct vmar* root, void* to, uint64_t from, size_t size) {
    return copy(root, from, to, size, false);
}

zx_status_t copy_to_aspace(struct vmar* root, uint64_t to, const void* from, size_t size) {
    return copy(root, to, (char*)from, size, true);
}
