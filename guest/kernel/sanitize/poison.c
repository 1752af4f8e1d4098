// Freed memory is filled, kept from use for a while, and looked at before it is used again; around
// a piece of the heap lie bytes that nobody may change.

#include "pmm.h"
#include "print.h"
#include "sanitize.h"
#include "string.h"

#define ZONE_BYTE 0xfd
#define MARK_USED 0x75736564u
#define MARK_FREED 0x66726565u
#define KEPT_BLOCKS 512

struct header {
    uint16_t heap; // of a free block: the heap's link
    uint16_t padding;
    uint32_t mark;
    uint64_t size; // of the piece, bytes
};
_Static_assert(sizeof(struct header) == 16, "GUARD_FRONT");

// Offset of the first byte that differs; `size` if none does.
static size_t find_other(const uint8_t* bytes, uint8_t wanted, size_t size) {
    uint64_t word = 0x0101010101010101ul * wanted;
    size_t i = 0;
    for (; i < size && ((uint64_t)(bytes + i) % sizeof(word) != 0); i++) {
        if (bytes[i] != wanted) {
            return i;
        }
    }
    while (i + sizeof(word) <= size && *(const uint64_t*)(bytes + i) == word) {
        i += sizeof(word);
    }
    while (i < size && bytes[i] == wanted) {
        i++;
    }
    return i;
}

// ---- the heap ---------------------------------------------------------------------------------

void guard_zone(void* piece, size_t size, size_t room) {
    memset((uint8_t*)piece + size, ZONE_BYTE, room - size);
}

void guard_check_zone(const void* piece, size_t size, size_t room) {
    const uint8_t* behind = (const uint8_t*)piece + size;
    size_t offset = find_other(behind, ZONE_BYTE, room - size);
    if (offset < room - size) {
        panic(NULL, "heap: written behind a piece of %lu bytes at %p: byte %lu is 0x%x", size,
              piece, size + offset, behind[offset]);
    }
}

void* guard_piece(void* block, size_t size, size_t room) {
    struct header* header = block;
    *header = (struct header){.mark = MARK_USED, .size = size};
    void* piece = header + 1;
    guard_zone(piece, size, room - sizeof(*header));
    return piece;
}

void* guard_freed(void* piece, size_t room) {
    struct header* header = (struct header*)piece - 1;
    if (header->mark == MARK_FREED) {
        panic(NULL, "heap: a piece of %lu bytes at %p is freed twice", header->size, piece);
    }
    if (header->mark != MARK_USED || header->size > room) {
        panic(NULL, "heap: written in front of a piece at %p, or it is none", piece);
    }
    room -= sizeof(*header);
    guard_check_zone(piece, header->size, room);
    memset(piece, POISON_BYTE, room);
    header->mark = MARK_FREED;
    return header;
}

void guard_check_freed(const void* block, size_t room) {
    const struct header* header = block;
    const uint8_t* bytes = (const uint8_t*)(header + 1);
    room -= sizeof(*header);
    size_t offset = find_other(bytes, POISON_BYTE, room);
    if (header->mark != MARK_FREED || offset < room) {
        panic(NULL, "heap: a piece of %lu bytes at %p was written to after it was freed: byte %lu",
              header->size, bytes, offset);
    }
}

void* guard_quarantine(void* block) {
    static void* kept[KEPT_BLOCKS];
    static size_t next;
    void* oldest = kept[next];
    kept[next] = block;
    next = (next + 1) % KEPT_BLOCKS;
    return oldest;
}

// ---- pages ------------------------------------------------------------------------------------

void page_poison(void* page) {
    memset(page, POISON_BYTE, PAGE_SIZE);
}

static void check_page(const void* page, uint8_t wanted, const char* what) {
    size_t offset = find_other(page, wanted, PAGE_SIZE);
    if (offset < PAGE_SIZE) {
        panic(NULL, "pages: the %s page at 0x%lx was written to: byte %lu is 0x%x", what,
              virt_to_phys(page), offset, ((const uint8_t*)page)[offset]);
    }
}

void page_check_poison(const void* page) {
    check_page(page, POISON_BYTE, "free");
}

void page_check_zero(const void* page) {
    check_page(page, 0, "free and cleared");
}
