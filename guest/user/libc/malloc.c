// Memory in blocks of any size: first fit in a list of free blocks kept in address order, with
// neighbours joined again when both are free.  The list grows by mapped chunks, which stay until
// the process ends.

#include "libc.h"

#include "vdso_calls.h"

#define ALIGNMENT 16
#define CHUNK ((size_t)64 * 1024)
#define LARGEST ((size_t)1 << 40) // as much as the allocator of Zircon's libc gives at once

// Before each block; `next` only counts while the block is free.
struct header {
    size_t size; // bytes, with the header
    struct header* next;
};

_Static_assert(sizeof(struct header) == ALIGNMENT, "blocks stay aligned");

static pthread_mutex_t lock;
static struct header* first_free;

static void* end_of(struct header* block) {
    return (char*)block + block->size;
}

// Puts a block into the list and joins it with free neighbours.
static void insert(struct header* block) {
    struct header* before = NULL;
    struct header* after = first_free;
    while (after != NULL && after < block) {
        before = after;
        after = after->next;
    }
    block->next = after;
    if (after != NULL && end_of(block) == after) {
        block->size += after->size;
        block->next = after->next;
    }
    if (before == NULL) {
        first_free = block;
    } else if (end_of(before) == block) {
        before->size += block->size;
        before->next = block->next;
    } else {
        before->next = block;
    }
}

// Maps at least `size` more bytes; false if there is no memory.
static bool grow(size_t size) {
    size = (size + CHUNK - 1) & ~(CHUNK - 1);
    zx_handle_t vmo;
    if (vdso_calls.vmo_create(size, 0, &vmo) != ZX_OK) {
        return false;
    }
    zx_vaddr_t address = 0;
    zx_status_t status = vdso_calls.vmar_map(
        zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, size, &address);
    vdso_calls.handle_close(vmo);
    if (status != ZX_OK) {
        return false;
    }
    struct header* block = (struct header*)address;
    block->size = size;
    insert(block);
    return true;
}

// Takes a block out of the list, cutting off what is not needed; NULL if none is large enough.
static struct header* take(size_t size) {
    struct header** link = &first_free;
    for (struct header* block = first_free; block != NULL; block = block->next) {
        if (block->size >= size) {
            if (block->size - size > sizeof(struct header)) {
                struct header* rest = (struct header*)((char*)block + size);
                rest->size = block->size - size;
                rest->next = block->next;
                block->size = size;
                *link = rest;
            } else {
                *link = block->next;
            }
            return block;
        }
        link = &block->next;
    }
    return NULL;
}

void* malloc(size_t size) {
    if (size > LARGEST) {
        return NULL;
    }
    size = (size + sizeof(struct header) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    pthread_mutex_lock(&lock);
    struct header* block = take(size);
    if (block == NULL && grow(size)) {
        block = take(size);
    }
    pthread_mutex_unlock(&lock);
    return block == NULL ? NULL : block + 1;
}

void free(void* block) {
    if (block == NULL) {
        return;
    }
    pthread_mutex_lock(&lock);
    insert((struct header*)block - 1);
    pthread_mutex_unlock(&lock);
}
