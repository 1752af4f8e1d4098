// The pages behind VMOs.
//
// Pages hang in a radix tree of 64-way nodes that is as high as its largest index needs.  A slot's
// lowest bit says that the page was inherited by a snapshot and is counted as the parent's while
// both have it.
#include "vmo_store.h"

#include "heap.h"
#include "mapping.h"
#include "paged_store.h"
#include "print.h"
#include "sanitize.h"
#include "string.h"

#define NODE_SHIFT 6
#define NODE_SLOTS (1u << NODE_SHIFT)
#define MAX_HEIGHT 9 // 54 bits of page index are more than 2^64 bytes have
#define INHERITED 1ul

struct page_node {
    uintptr_t slots[NODE_SLOTS]; // child nodes, or at the lowest level pages
};

static struct page* shared_zero_page;

struct page* store_slot_page(uintptr_t slot) {
    return (struct page*)(slot & ~INHERITED);
}

struct vmo_store* store_create(uint64_t size) {
    if (shared_zero_page == NULL) {
        shared_zero_page = pmm_alloc_zeroed();
        if (shared_zero_page == NULL) {
            return NULL;
        }
        shared_zero_page->references = 1;
    }
    struct vmo_store* store = kalloc(sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->references = 1;
    store->size = size;
    list_init(&store->mappings);
    list_init(&store->pins);
    return store;
}

static void page_unref(struct page* page) {
    CHECK_REFERENCES(page->references);
    if (--page->references == 0) {
        pmm_free(page);
    }
}

// Frees a node and what hangs below it.  Looks for pages only while there are any (*pages), which
// spares small VMOs the walk; nodes without pages are looked for in any case.
static void free_node(struct page_node* node, uint32_t level, uint64_t* pages) {
    for (uint32_t i = 0; i < NODE_SLOTS && (level > 1 || *pages > 0); i++) {
        if (node->slots[i] == 0) {
            continue;
        }
        if (level > 1) {
            free_node((struct page_node*)node->slots[i], level - 1, pages);
        } else {
            page_unref(store_slot_page(node->slots[i]));
            --*pages;
        }
    }
    kfree(node);
}

// Frees a store; returns the one that it showed the pages of, NULL: none.
static struct vmo_store* destroy(struct vmo_store* store) {
    ASSERT(list_is_empty(&store->mappings));
    list_for_each_safe(pin, &store->pins) {
        store_unpin(container_of(pin, struct pin, link));
    }
    if (store->root != NULL) {
        free_node(store->root, store->height, &store->page_count);
    }
    struct vmo_store* shown = store->paged == NULL ? NULL : paged_destroy(store);
    kfree(store);
    return shown;
}

void store_unref(struct vmo_store* store) {
    while (store != NULL) {
        CHECK_REFERENCES(store->references);
        store = --store->references == 0 ? destroy(store) : NULL;
    }
}

static bool index_fits(uint64_t index, uint32_t height) {
    return height >= MAX_HEIGHT || index >> (NODE_SHIFT * height) == 0;
}

// The slot of a page index, NULL if no node is there.
uintptr_t* store_find_slot(struct vmo_store* store, uint64_t index) {
    if (store->height == 0 || !index_fits(index, store->height)) {
        return NULL;
    }
    struct page_node* node = store->root;
    for (uint32_t level = store->height - 1; level > 0; level--) {
        node = (struct page_node*)node->slots[index >> (NODE_SHIFT * level) & (NODE_SLOTS - 1)];
        if (node == NULL) {
            return NULL;
        }
    }
    return &node->slots[index & (NODE_SLOTS - 1)];
}

// The slot of a page index, with the nodes above it made; NULL without memory.
uintptr_t* store_make_slot(struct vmo_store* store, uint64_t index) {
    while (store->height == 0 || !index_fits(index, store->height)) {
        struct page_node* node = kalloc(sizeof(*node));
        if (node == NULL) {
            return NULL;
        }
        node->slots[0] = (uintptr_t)store->root;
        store->root = node;
        store->height++;
    }
    struct page_node* node = store->root;
    for (uint32_t level = store->height - 1; level > 0; level--) {
        uintptr_t* slot = &node->slots[index >> (NODE_SHIFT * level) & (NODE_SLOTS - 1)];
        if (*slot == 0) {
            *slot = (uintptr_t)kalloc(sizeof(struct page_node));
            if (*slot == 0) {
                return NULL;
            }
        }
        node = (struct page_node*)*slot;
    }
    return &node->slots[index & (NODE_SLOTS - 1)];
}

// The slot of the first page with index *index or above, below end; NULL if there is none.
uintptr_t* store_next_slot(struct vmo_store* store, uint64_t* index, uint64_t end) {
    while (*index < end && store->height != 0 && index_fits(*index, store->height)) {
        struct page_node* node = store->root;
        uint32_t level = store->height - 1;
        while (level > 0 && node != NULL) {
            node =
                (struct page_node*)node->slots[*index >> (NODE_SHIFT * level) & (NODE_SLOTS - 1)];
            if (node == NULL) {
                break;
            }
            level--;
        }
        if (node == NULL) {
            // Skip all that the missing node of this level would have held.
            uint64_t step = 1ull << (NODE_SHIFT * level);
            uint64_t next = (*index | (step - 1)) + 1;
            if (next == 0) {
                return NULL;
            }
            *index = next;
            continue;
        }
        for (uint32_t i = *index & (NODE_SLOTS - 1); i < NODE_SLOTS && *index < end; i++) {
            if (node->slots[i] != 0) {
                return &node->slots[i];
            }
            ++*index;
        }
    }
    return NULL;
}

bool store_is_zero_page(paddr_t page) {
    return page == page_to_paddr(shared_zero_page);
}

struct page* store_zero_page(void) {
    return shared_zero_page;
}

void store_set_slot(struct vmo_store* store, uintptr_t* slot, struct page* page) {
    if (*slot != 0) {
        page_unref(store_slot_page(*slot));
        store->page_count--;
    }
    *slot = (uintptr_t)page | (page == shared_zero_page ? INHERITED : 0);
    store->page_count += page != NULL;
}

zx_status_t store_get_page(struct vmo_store* store, uint64_t offset, bool for_write, paddr_t* out) {
    if (__builtin_expect(store->physical || store->paged != NULL, 0)) {
        if (store->paged != NULL) {
            return paged_get_page(store, offset, for_write, out);
        }
        *out = store->base + PAGE_ALIGN_DOWN(offset);
        return ZX_OK;
    }
    uint64_t index = offset >> PAGE_SHIFT;
    uintptr_t* slot = store_find_slot(store, index);
    struct page* page = slot == NULL ? NULL : store_slot_page(*slot);
    if (page != NULL && (!for_write || page->references == 1)) {
        *out = page_to_paddr(page);
        return ZX_OK;
    }
    if (!for_write) {
        *out = page_to_paddr(shared_zero_page);
        return ZX_OK;
    }
    slot = slot == NULL ? store_make_slot(store, index) : slot;
    if (slot == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct page* made = page == NULL ? pmm_alloc_zeroed() : pmm_alloc();
    if (made == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    made->references = 1;
    if (page != NULL) {
        memcpy(page_to_virt(made), page_to_virt(page), PAGE_SIZE);
        page_unref(page);
    } else {
        store->page_count++;
    }
    *slot = (uintptr_t)made;
    if (page != NULL || store->zero_page_mapped) {
        store_revoke(store, PAGE_ALIGN_DOWN(offset), PAGE_SIZE);
    }
    *out = page_to_paddr(made);
    return ZX_OK;
}

zx_status_t store_fill(struct vmo_store* store, uint32_t alignment_log2) {
    size_t count = store->size >> PAGE_SHIFT;
    struct page* pages = pmm_alloc_contiguous(count, alignment_log2);
    if (pages == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    memset(page_to_virt(pages), 0, store->size);
    for (size_t i = 0; i < count; i++) {
        uintptr_t* slot = store_make_slot(store, i);
        if (slot == NULL) {
            while (i < count) {
                pmm_free(&pages[i++]);
            }
            return ZX_ERR_NO_MEMORY;
        }
        pages[i].references = 1;
        *slot = (uintptr_t)&pages[i];
        store->page_count++;
    }
    return ZX_OK;
}

bool store_peek(struct vmo_store* store, uint64_t offset, paddr_t* out, bool* writable) {
    if (store->physical) {
        *out = store->base + PAGE_ALIGN_DOWN(offset);
        *writable = true;
        return true;
    }
    uintptr_t* slot = store_find_slot(store, offset >> PAGE_SHIFT);
    if (slot == NULL || *slot == 0) {
        return false;
    }
    *out = page_to_paddr(store_slot_page(*slot));
    // Changes of what a pager has supplied are to be noticed.
    *writable = store_slot_page(*slot)->references == 1 && store->paged == NULL;
    return true;
}

size_t store_peek_run(struct vmo_store* store, uint64_t offset, size_t most, paddr_t* out,
                      bool* writable) {
    if (!store_peek(store, offset, out, writable)) {
        return 0;
    }
    if (store->physical) {
        return most;
    }
    uint64_t index = offset >> PAGE_SHIFT;
    const uintptr_t* slot = store_find_slot(store, index);
    const struct page* first = store_slot_page(*slot);
    size_t in_node = NODE_SLOTS - (index & (NODE_SLOTS - 1));
    most = most < in_node ? most : in_node;
    size_t count = 1;
    while (count < most && store_slot_page(slot[count]) == first + count &&
           (store->paged != NULL || (first[count].references == 1) == *writable)) {
        count++;
    }
    return count;
}

void store_revoke(struct vmo_store* store, uint64_t offset, uint64_t size) {
    list_for_each(node, &store->mappings) {
        mapping_revoke(container_of(node, struct mapping, store_link), offset, size);
    }
    if (store->paged != NULL) {
        paged_revoke_clones(store, offset, size);
    }
}

void store_drop_range(struct vmo_store* store, uint64_t offset, uint64_t size) {
    if (store->physical || size == 0) {
        return;
    }
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t end = (offset + size) >> PAGE_SHIFT;
    bool found = false;
    for (uintptr_t* slot; (slot = store_next_slot(store, &index, end)) != NULL; index++) {
        if (!found) {
            // Before the pages go to someone else.
            store_revoke(store, offset, size);
            found = true;
        }
        page_unref(store_slot_page(*slot));
        *slot = 0;
        store->page_count--;
    }
}

zx_status_t store_share(struct vmo_store* parent, uint64_t offset, struct vmo_store* child) {
    child->snapshot = true;
    child->origin = parent->origin + offset;
    if (offset >= parent->size || child->size == 0) {
        return ZX_OK;
    }
    uint64_t shared = child->size < parent->size - offset ? child->size : parent->size - offset;
    uint64_t first = offset >> PAGE_SHIFT;
    uint64_t index = first;
    uint64_t end = first + (shared >> PAGE_SHIFT);
    for (uintptr_t* slot; (slot = store_next_slot(parent, &index, end)) != NULL; index++) {
        uintptr_t* copy = store_make_slot(child, index - first);
        if (copy == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        store_slot_page(*slot)->references++;
        *copy = *slot | INHERITED;
        child->page_count++;
    }
    store_revoke(parent, offset, shared);
    return ZX_OK;
}

zx_status_t store_wire(struct vmo_store* store, paddr_t base) {
    store->wired = true;
    for (uint64_t index = 0; index < store->size >> PAGE_SHIFT; index++) {
        uintptr_t* slot = store_make_slot(store, index);
        if (slot == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        struct page* page = paddr_to_page(base + (index << PAGE_SHIFT));
        *page = (struct page){.references = 2}; // one is the image's: never free, never written
        *slot = (uintptr_t)page;
        store->page_count++;
    }
    return ZX_OK;
}

uint64_t store_committed_pages(struct vmo_store* store, uint64_t offset, uint64_t size) {
    if (store->physical) {
        return store->device ? 0 : size >> PAGE_SHIFT;
    }
    uint64_t index = offset >> PAGE_SHIFT;
    uint64_t end = (offset + size) >> PAGE_SHIFT;
    uint64_t count = 0;
    for (uintptr_t* slot; (slot = store_next_slot(store, &index, end)) != NULL; index++) {
        count += !(*slot & INHERITED) || store_slot_page(*slot)->references == 1;
    }
    return count;
}

struct pin* store_pin(struct vmo_store* store, uint64_t offset, uint64_t size) {
    for (uint64_t page = offset; store->paged == NULL && page < offset + size; page += PAGE_SIZE) {
        paddr_t ignored;
        // What is wired is in its place already, and nobody may write to it.
        if (store_get_page(store, page, !store->wired, &ignored) != ZX_OK) {
            return NULL;
        }
    }
    struct pin* pin = kalloc(sizeof(*pin));
    if (pin != NULL) {
        pin->offset = offset;
        pin->size = size;
        list_push_back(&store->pins, &pin->link);
    }
    return pin;
}

void store_unpin(struct pin* pin) {
    list_remove(&pin->link);
    kfree(pin);
}

bool store_is_pinned(const struct vmo_store* store, uint64_t offset, uint64_t size) {
    list_for_each(node, &store->pins) {
        const struct pin* pin = container_of(node, struct pin, link);
        if (offset < pin->offset + pin->size && pin->offset < offset + size) {
            return true;
        }
    }
    return false;
}
