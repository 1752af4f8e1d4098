// Kernel heap: objects of some sizes in slabs of one page, whole pages above them.
//
// Memory is counted exactly: the pages used that the host sees hold the bytes of live objects,
// not the slabs that happen to be partly empty.  So a program that frees what it took leaves the
// count as it was, whatever order it did it in.

#include "heap.h"

#include "pmm.h"
#include "print.h"
#include "sanitize.h"
#include "string.h"

#define NO_OFFSET 0xffff
#define NO_PAGE 0 // page number 0 is never the heap's: the kernel's image or firmware is there

static const uint16_t class_sizes[] = {32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1360, 2048};
#define CLASS_COUNT (sizeof(class_sizes) / sizeof(class_sizes[0]))
#define LARGEST_CLASS 2048
#define CLASS_WHOLE_PAGES CLASS_COUNT // of the first page of a larger piece; next: how many pages

// Slabs with room, by class: the number of the first, linked through struct page.
static uint32_t partial[CLASS_COUNT];
static size_t live_bytes;   // of objects in slabs
static size_t slab_pages;   // slabs
static long reported_spare; // slab pages less those that live_bytes would fill

static uint8_t class_of(size_t size) {
    uint8_t class = 0;
    while (class_sizes[class] < size) {
        class ++;
    }
    return class;
}

static uint32_t number_of(const struct page* page) {
    return (uint32_t)(page_to_paddr(page) >> PAGE_SHIFT);
}

static struct page* page_of(uint32_t number) {
    return paddr_to_page((paddr_t)number << PAGE_SHIFT);
}

static void link_partial(struct page* page) {
    uint32_t first = partial[page->slab_class];
    page->next = first;
    page->prev = NO_PAGE;
    if (first != NO_PAGE) {
        page_of(first)->prev = number_of(page);
    }
    partial[page->slab_class] = number_of(page);
}

static void unlink_partial(struct page* page) {
    if (page->prev != NO_PAGE) {
        page_of(page->prev)->next = page->next;
    } else {
        partial[page->slab_class] = page->next;
    }
    if (page->next != NO_PAGE) {
        page_of(page->next)->prev = page->prev;
    }
}

// Bytes and slabs have changed.
static void account(void) {
    long spare = (long)slab_pages - (long)(PAGE_ALIGN_UP(live_bytes) >> PAGE_SHIFT);
    if (spare != reported_spare) {
        pmm_note_spare(spare - reported_spare);
        reported_spare = spare;
    }
}

static bool is_full(const struct page* page) {
    return page->slab_free == NO_OFFSET &&
           page->slab_fresh + class_sizes[page->slab_class] > PAGE_SIZE;
}

static void* alloc_small(size_t size) {
    uint8_t class = class_of(size);
    struct page* page;
    if (partial[class] != NO_PAGE) {
        page = page_of(partial[class]);
    } else {
        page = pmm_alloc();
        if (page == NULL) {
            return NULL;
        }
        page->slab_class = class;
        page->slab_free = NO_OFFSET;
        slab_pages++;
        link_partial(page);
    }
    uint8_t* base = page_to_virt(page);
    uint16_t offset = page->slab_free;
    if (offset != NO_OFFSET) {
        page->slab_free = *(uint16_t*)(base + offset); // a free object holds the next one's offset
        if (SANITIZED) {
            guard_check_freed(base + offset, class_sizes[class]);
        }
    } else {
        offset = page->slab_fresh;
        page->slab_fresh += class_sizes[class];
    }
    page->slab_used++;
    if (is_full(page)) {
        unlink_partial(page);
    }
    live_bytes += class_sizes[class];
    account();
    return base + offset;
}

// The object is there for the next one.
static void put_back(struct page* page, void* pointer) {
    uint16_t offset = (uint64_t)pointer & (PAGE_SIZE - 1);
    ASSERT(page->slab_used > 0 && offset % class_sizes[page->slab_class] == 0);
    if (is_full(page)) {
        link_partial(page);
    }
    *(uint16_t*)pointer = page->slab_free;
    page->slab_free = offset;
    // An empty slab goes, but not the last one with room: the next object is likely to come soon.
    bool only_one = partial[page->slab_class] == number_of(page) && page->next == NO_PAGE;
    if (--page->slab_used == 0 && !only_one) {
        unlink_partial(page);
        pmm_free(page);
        slab_pages--;
    }
}

// Checks and fills what is freed; what is put back instead of it was freed some time ago.
static void* guard_swap(struct page** page, void* pointer) {
    void* block = guard_quarantine(guard_freed(pointer, class_sizes[(*page)->slab_class]));
    if (block != NULL) {
        *page = paddr_to_page(virt_to_phys(block));
        guard_check_freed(block, class_sizes[(*page)->slab_class]);
    }
    return block;
}

static void free_small(struct page* page, void* pointer) {
    live_bytes -= class_sizes[page->slab_class];
    if (SANITIZED) {
        pointer = guard_swap(&page, pointer);
    }
    if (!SANITIZED || pointer != NULL) {
        put_back(page, pointer);
    }
    account();
}

static void* alloc_pages(size_t size) {
    size_t count = (size + GUARD_BEHIND + PAGE_SIZE - 1) >> PAGE_SHIFT;
    struct page* page = count <= pmm_free_pages() ? pmm_alloc_contiguous(count, PAGE_SHIFT) : NULL;
    if (page == NULL) {
        return NULL;
    }
    page->slab_class = CLASS_WHOLE_PAGES;
    page->next = (uint32_t)count;
    if (SANITIZED) {
        page->prev = (uint32_t)size;
        guard_zone(page_to_virt(page), size, count * PAGE_SIZE);
    }
    return page_to_virt(page);
}

void* kalloc_large(size_t size) {
    if (size > SIZE_MAX - PAGE_SIZE) {
        return NULL;
    }
    size_t whole = size + GUARD_FRONT + GUARD_BEHIND;
    void* block = whole <= LARGEST_CLASS ? alloc_small(whole) : alloc_pages(size);
    if (SANITIZED && whole <= LARGEST_CLASS && block != NULL) {
        return guard_piece(block, size, class_sizes[class_of(whole)]);
    }
    return block;
}

void* kalloc(size_t size) {
    void* pointer = kalloc_large(size);
    if (pointer != NULL) {
        memset(pointer, 0, size);
    }
    return pointer;
}

void kfree(void* pointer) {
    if (pointer == NULL) {
        return;
    }
    struct page* page = paddr_to_page(virt_to_phys(pointer));
    if (page->slab_class != CLASS_WHOLE_PAGES) {
        free_small(page, pointer);
        return;
    }
    if (SANITIZED) {
        guard_check_zone(pointer, page->prev, page->next * PAGE_SIZE);
    }
    for (uint32_t count = page->next; count > 0; count--, page++) {
        pmm_free(page);
    }
}

void kfree_large(void* pointer, size_t size) {
    (void)size; // the page knows
    kfree(pointer);
}
