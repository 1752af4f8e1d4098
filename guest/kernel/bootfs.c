// The boot file system.
//
//     header       magic, bytes of the directory, two words 0
//     directory    entries: bytes of the name with its NUL, bytes and offset of the data, the name,
//                  padded to four
//     data         each file at the start of a page

#include "bootfs.h"

#include "string.h"

#define MAGIC 0xa56d3ff9u
#define LONGEST_NAME 256 // with its NUL

struct header {
    uint32_t magic;
    uint32_t directory_size;
    uint32_t reserved[2];
};

struct entry {
    uint32_t name_size;
    uint32_t data_size;
    uint32_t data_offset;
};

static zx_status_t open_entry(struct vmo* file_system, const struct entry* entry, const char* name,
                              struct vmo** out) {
    if (!IS_PAGE_ALIGNED(entry->data_offset) ||
        !vmo_in_range(file_system, entry->data_offset, entry->data_size)) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    zx_status_t status = vmo_create_child(file_system, ZX_VMO_CHILD_SNAPSHOT, entry->data_offset,
                                          entry->data_size, out);
    if (status == ZX_OK) {
        vmo_set_name(*out, name);
    }
    return status;
}

zx_status_t bootfs_open(struct vmo* file_system, const char* name, struct vmo** out) {
    struct header header;
    zx_status_t status = vmo_read_kernel(file_system, &header, 0, sizeof(header));
    if (status != ZX_OK || header.magic != MAGIC) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    uint64_t end = sizeof(header) + header.directory_size;
    size_t wanted = strlen(name) + 1;
    for (uint64_t offset = sizeof(header); offset < end;) {
        struct entry entry;
        char found[LONGEST_NAME];
        if (vmo_read_kernel(file_system, &entry, offset, sizeof(entry)) != ZX_OK ||
            entry.name_size > sizeof(found) ||
            vmo_read_kernel(file_system, found, offset + sizeof(entry), entry.name_size) != ZX_OK) {
            return ZX_ERR_IO_DATA_INTEGRITY;
        }
        if (entry.name_size == wanted && memcmp(found, name, wanted) == 0) {
            return open_entry(file_system, &entry, name, out);
        }
        offset += sizeof(entry) + (entry.name_size + 3) / 4 * 4;
    }
    return ZX_ERR_NOT_FOUND;
}
