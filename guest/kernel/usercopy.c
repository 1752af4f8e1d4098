// Copies between kernel and user memory.
#include "usercopy.h"

#include "process.h"
#include "string.h"

#define REMEMBERED 8

static uint32_t waiting_forbidden;

void user_copies_do_not_wait(void) {
    waiting_forbidden++;
}

void user_copies_may_wait(void) {
    waiting_forbidden--;
}

// As vmar_fault; what the call that copies knows of stays there meanwhile.
static bool fault(struct vmar* root, uint64_t address, bool write) {
    if (paged_mappings > 0 && vmar_fault_waits(root, address, write)) {
        if (waiting_forbidden > 0) {
            return false;
        }
        thread_keep_objects();
    }
    return vmar_fault(root, address, write, false);
}

// The page at a user address with the access wanted, as the kernel sees it; NULL: not accessible,
// as registers of devices are not, which may lie outside the physical map.
static char* user_page(struct vmar* root, uint64_t address, bool write) {
    uint32_t wanted = MMU_USER | MMU_READ | (write ? MMU_WRITE : 0);
    uint32_t judged = wanted | MMU_DEVICE;
    paddr_t page;
    uint32_t flags;
    struct arch_aspace* aspace = vmar_arch_aspace(root);
    if (!arch_mmu_query(aspace, address, &page, &flags) || (flags & judged) != wanted) {
        if (!fault(root, address, write) || !arch_mmu_query(aspace, address, &page, &flags) ||
            (flags & judged) != wanted) {
            return NULL;
        }
    }
    return phys_to_virt(PAGE_ALIGN_DOWN(page));
}

// Where the last few user pages used lie; a walk of the page tables costs more than a small copy.
static struct remembered {
    const struct vmar* root;
    uint64_t number;  // of the page; 0: nothing remembered, page 0 is never the user's
    uint64_t changes; // mmu_changes when it was looked up
    bool writable;
    char* page;
} remembered[REMEMBERED];

uint64_t mmu_changes;

static struct remembered* place_of(uint64_t user) {
    return &remembered[(user >> PAGE_SHIFT) % REMEMBERED];
}

// The bytes behind a user address if they lie in one remembered page; NULL: look it up.
static inline char* recall(const struct vmar* root, uint64_t user, size_t size, bool write) {
    const struct remembered* place = place_of(user);
    uint64_t within = user & (PAGE_SIZE - 1);
    if (place->number != user >> PAGE_SHIFT || place->root != root ||
        place->changes != mmu_changes || (write && !place->writable) || size > PAGE_SIZE - within) {
        return NULL;
    }
    return place->page + within;
}

static void remember(const struct vmar* root, uint64_t user, char* page, bool write) {
    struct remembered* place = place_of(user);
    *place = (struct remembered){root, user >> PAGE_SHIFT, mmu_changes, write, page};
}

bool user_memory_expect(uint64_t address, size_t size, bool write) {
    struct vmar* root = process_current()->root;
    uint64_t end = address + size;
    if (root == NULL || !is_user_address(address) || size > USER_END - address) {
        return false;
    }
    for (uint64_t page = PAGE_ALIGN_DOWN(address); page < end; page += PAGE_SIZE) {
        if (user_page(root, page > address ? page : address, write) == NULL) {
            return false;
        }
    }
    return true;
}

void user_memory_await(uint64_t address, size_t size, bool write) {
    struct vmar* root = process_current()->root;
    if (root == NULL || !is_user_address(address) || size > USER_END - address) {
        return;
    }
    bool here = true;
    for (uint64_t page = PAGE_ALIGN_DOWN(address); here && page < address + size;
         page += PAGE_SIZE) {
        here = !vmar_fault_waits(root, page, write) || fault(root, page, write);
    }
}

// Moves size bytes page by page; to_user tells the direction.
static zx_status_t copy(struct vmar* root, uint64_t user, char* kernel, size_t size, bool to_user) {
    if (size == 0) {
        return ZX_OK;
    }
    if (root == NULL || !is_user_address(user) || size > USER_END - user) {
        return ZX_ERR_INVALID_ARGS;
    }
    do {
        uint64_t within = user & (PAGE_SIZE - 1);
        size_t chunk = PAGE_SIZE - within < size ? PAGE_SIZE - within : size;
        char* page = user_page(root, user, to_user);
        if (page == NULL) {
            return ZX_ERR_INVALID_ARGS;
        }
        remember(root, user, page, to_user);
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
    struct vmar* root = process_current()->root;
    const char* bytes = recall(root, from, size, false);
    if (bytes == NULL) {
        return copy(root, from, to, size, false);
    }
    memcpy(to, bytes, size);
    return ZX_OK;
}

zx_status_t copy_to_user(uint64_t to, const void* from, size_t size) {
    struct vmar* root = process_current()->root;
    char* bytes = recall(root, to, size, true);
    if (bytes == NULL) {
        return copy(root, to, (char*)from, size, true);
    }
    memcpy(bytes, from, size);
    return ZX_OK;
}

zx_status_t store_u32(uint64_t to, uint32_t value) {
    char* bytes = recall(process_current()->root, to, sizeof(value), true);
    if (bytes == NULL) {
        return copy_to_user(to, &value, sizeof(value));
    }
    __builtin_memcpy(bytes, &value, sizeof(value)); // one instruction, at any alignment
    return ZX_OK;
}

zx_status_t copy_from_aspace(struct vmar* root, void* to, uint64_t from, size_t size) {
    return copy(root, from, to, size, false);
}

zx_status_t copy_to_aspace(struct vmar* root, uint64_t to, const void* from, size_t size) {
    return copy(root, to, (char*)from, size, true);
}
