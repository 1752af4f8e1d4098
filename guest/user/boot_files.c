// The boot file system, read where it lies.
//
//     header       magic, bytes of the directory, two words 0
//     directory    entries: bytes of the name with its NUL, bytes and offset of the data, the name,
//                  padded to four
//     data         each file at the start of a page
#include "boot_files.h"

#include "calls.h"

#define MAGIC 0xa56d3ff9u

struct directory {
    uint32_t magic;
    uint32_t size;
    uint32_t reserved[2];
};

struct entry {
    uint32_t name_size;
    uint32_t data_size;
    uint32_t data_offset;
    char name[];
};

static zx_handle_t vmo;
static const uint8_t* mapped;
static uint64_t mapped_size;

void boot_files_start(const struct processargs* args) {
    vmo = processargs_handle(args, PROCESSARGS_BOOTFS_VMO, 0);
    zx_vaddr_t address;
    if (vmo != ZX_HANDLE_INVALID && calls.vmo_get_size(vmo, &mapped_size) == ZX_OK &&
        calls.vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, mapped_size, &address) ==
            ZX_OK) {
        mapped = (const uint8_t*)address;
    }
}

zx_handle_t boot_files_vmo(void) {
    return vmo;
}

static bool same_name(const struct entry* entry, const char* name) {
    uint32_t i = 0;
    while (i < entry->name_size && entry->name[i] == name[i]) {
        if (name[i++] == '\0') {
            return i == entry->name_size;
        }
    }
    return false;
}

bool boot_files_find(const char* name, struct boot_file* file) {
    const struct directory* directory = (const struct directory*)mapped;
    if (mapped == NULL || mapped_size < sizeof(*directory) || directory->magic != MAGIC ||
        directory->size > mapped_size - sizeof(*directory)) {
        return false;
    }
    const uint8_t* next = (const uint8_t*)(directory + 1);
    uint64_t left = directory->size;
    while (left >= sizeof(struct entry)) {
        const struct entry* entry = (const struct entry*)next;
        uint64_t size = (sizeof(*entry) + (uint64_t)entry->name_size + 3) & ~3ull;
        if (size > left || entry->data_offset > mapped_size ||
            entry->data_size > mapped_size - entry->data_offset) {
            return false;
        }
        if (same_name(entry, name)) {
            *file = (struct boot_file){mapped + entry->data_offset, entry->data_size,
                                       entry->data_offset};
            return true;
        }
        next += size;
        left -= size;
    }
    return false;
}
