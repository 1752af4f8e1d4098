// Physical pages.
//
// A bit per page says whether it is free.  The lowest free page is taken first: pages that were
// in use before are used again, and the host has to provide few (each costs it some 8 us).

#include "pmm.h"

#include "sanitize.h"
#include "share.h"
#include "string.h"

#define BITS 64
#define NONE SIZE_MAX

static paddr_t ram_base;
static size_t page_count;
static uint64_t* free_bits; // bit n % 64 of word n / 64: page n is free
static struct page* pages;
static size_t lowest_word; // no bit is set in the words below
static size_t total;       // pages ever added
static size_t available;   // of these, free
static long spare;         // in use, but only kept in store

// In the sanitized build, likewise: the page is free and was filled when it was freed.
static uint64_t* poisoned_bits;

// Free pages known to hold zeros: clearing one costs as much as a small system call.
static struct page* zeroed[16];
static size_t zeroed_count;

// The host reads the number of used pages from shared memory.
static void publish(void) {
    share_header->pages_used = total - available - spare;
    share_header->pages_total = total;
}

paddr_t pmm_init(paddr_t base, paddr_t end, paddr_t metadata) {
    ram_base = base;
    page_count = (end - base) / PAGE_SIZE;
    size_t words = (page_count + BITS - 1) / BITS;
    free_bits = phys_to_virt(metadata);
    memset(free_bits, 0, words * sizeof(uint64_t));
    uint64_t* behind = free_bits + words;
    if (SANITIZED) {
        poisoned_bits = behind;
        memset(poisoned_bits, 0, words * sizeof(uint64_t));
        behind += words;
    }
    pages = (struct page*)behind; // initialised page by page, when allocated
    return PAGE_ALIGN_UP(virt_to_phys(pages + page_count));
}

static void mark_free(size_t first, size_t count) {
    for (size_t n = first; n < first + count;) {
        if (n % BITS == 0 && first + count - n >= BITS) {
            free_bits[n / BITS] = UINT64_MAX;
            n += BITS;
        } else {
            free_bits[n / BITS] |= 1ull << n % BITS;
            n++;
        }
    }
    if (first / BITS < lowest_word) {
        lowest_word = first / BITS;
    }
    available += count;
}

void pmm_add_range(paddr_t start, paddr_t end) {
    size_t first = (PAGE_ALIGN_UP(start) - ram_base) / PAGE_SIZE;
    size_t count = (PAGE_ALIGN_DOWN(end) - PAGE_ALIGN_UP(start)) / PAGE_SIZE;
    total += count;
    mark_free(first, count);
    publish();
}

static bool is_set(const uint64_t* bits, size_t n) {
    return (bits[n / BITS] >> n % BITS & 1) != 0;
}

// A page that is freed has no user any more: it is filled, and stays that way until it is taken.
static void poison(size_t n) {
    ASSERT(n < page_count && !is_set(free_bits, n));
    page_poison(page_to_virt(&pages[n]));
    pages[n] = (struct page){0};
    poisoned_bits[n / BITS] |= 1ull << n % BITS;
}

static void check_poison(size_t n) {
    if (is_set(poisoned_bits, n)) {
        page_check_poison(page_to_virt(&pages[n]));
        poisoned_bits[n / BITS] &= ~(1ull << n % BITS);
    }
}

static struct page* take(size_t first, size_t count) {
    for (size_t n = first; n < first + count; n++) {
        if (SANITIZED) {
            check_poison(n);
        }
        free_bits[n / BITS] &= ~(1ull << n % BITS);
        pages[n] = (struct page){0};
    }
    available -= count;
    publish();
    return &pages[first];
}

static struct page* take_zeroed(void) {
    if (zeroed_count == 0) {
        return NULL;
    }
    struct page* page = zeroed[--zeroed_count];
    if (SANITIZED) {
        page_check_zero(page_to_virt(page));
    }
    *page = (struct page){0};
    pmm_note_spare(-1);
    return page;
}

// The first page from `first` on, whole words of used pages skipped, that is free.
static size_t next_free(size_t first) {
    for (size_t n = first; n < page_count;) {
        uint64_t word = free_bits[n / BITS] >> n % BITS;
        if (word != 0) {
            return n + __builtin_ctzll(word);
        }
        n = (n / BITS + 1) * BITS;
    }
    return NONE;
}

// The search goes round, so that a page rests for long before it is used again.
static struct page* alloc_rested(void) {
    static size_t cursor;
    size_t n = next_free(cursor);
    if (n == NONE) {
        n = next_free(0);
    }
    if (n == NONE) {
        return take_zeroed();
    }
    cursor = n + 1;
    return take(n, 1);
}

struct page* pmm_alloc(void) {
    if (SANITIZED) {
        return alloc_rested();
    }
    size_t words = (page_count + BITS - 1) / BITS;
    for (; lowest_word < words; lowest_word++) {
        if (free_bits[lowest_word] != 0) {
            return take(lowest_word * BITS + __builtin_ctzll(free_bits[lowest_word]), 1);
        }
    }
    return take_zeroed();
}

struct page* pmm_alloc_zeroed(void) {
    struct page* page = take_zeroed();
    if (page != NULL) {
        return page;
    }
    page = pmm_alloc();
    if (page != NULL) {
        memset(page_to_virt(page), 0, PAGE_SIZE);
    }
    return page;
}

// How many of the pages from `first` on are free, up to a limit.
static size_t free_run(size_t first, size_t limit) {
    size_t n = first;
    while (n < page_count && n - first < limit) {
        uint64_t used = ~free_bits[n / BITS] >> n % BITS;
        if (used != 0) {
            n += __builtin_ctzll(used);
            break;
        }
        n = (n / BITS + 1) * BITS;
    }
    size_t end = n < page_count ? n : page_count;
    return end - first < limit ? end - first : limit;
}

struct page* pmm_alloc_contiguous(size_t count, size_t alignment_log2) {
    size_t align = alignment_log2 > PAGE_SHIFT ? 1ul << (alignment_log2 - PAGE_SHIFT) : 1;
    size_t base = ram_base / PAGE_SIZE;
    size_t n = lowest_word * BITS;
    while (count > 0 && (n = next_free(n)) != NONE) {
        size_t start = ((n + base + align - 1) & ~(align - 1)) - base;
        if (start >= page_count) {
            break;
        }
        size_t run = free_run(start, count);
        if (run == count) {
            return take(start, count);
        }
        n = start + run + 1;
    }
    return NULL;
}

void pmm_free(struct page* page) {
    if (SANITIZED) {
        poison((size_t)(page - pages));
    }
    mark_free(page - pages, 1);
    publish();
}

void pmm_free_zeroed(struct page* page) {
    if (SANITIZED) {
        page_check_zero(page_to_virt(page));
    }
    if (zeroed_count < sizeof(zeroed) / sizeof(zeroed[0])) {
        zeroed[zeroed_count++] = page;
        pmm_note_spare(1);
    } else {
        pmm_free(page);
    }
}

paddr_t page_to_paddr(const struct page* page) {
    return ram_base + (paddr_t)(page - pages) * PAGE_SIZE;
}

struct page* paddr_to_page(paddr_t address) {
    return &pages[(address - ram_base) / PAGE_SIZE];
}

void* page_to_virt(const struct page* page) {
    return phys_to_virt(page_to_paddr(page));
}

size_t pmm_total_pages(void) {
    return total;
}

size_t pmm_free_pages(void) {
    return available;
}

void pmm_note_spare(long count) {
    spare += count;
    publish();
}
