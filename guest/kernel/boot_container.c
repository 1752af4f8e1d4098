// The container of boot items.
//
// A header, then items: each a header and its payload, padded to 8 bytes.  All headers have the
// same form.  Of the items only the boot file system is of use here; it is stored as it is or as an
// LZ4 frame.
//
// On x86-64 the loader tells where the container lies (the first PVH module).  On arm64 QEMU loads
// it for kernels in Linux's own format only; for this one it is put there by other means, and
// "initrd=ADDRESS" tells where.

#include "boot_container.h"

#include "boot.h"
#include "heap.h"
#include "lz4.h"
#include "pmm.h"
#include "print.h"
#include "string.h"
#include "vmo.h"

struct item {
    uint32_t type;
    uint32_t length; // of the payload, without padding
    uint32_t extra;
    uint32_t flags;
    uint32_t reserved[2];
    uint32_t magic;
    uint32_t crc32;
    uint8_t payload[];
};

#define ITEM_MAGIC 0xb5781729u
#define CONTAINER_MAGIC 0x868cf7e6u  // the container's `extra`
#define TYPE_CONTAINER 0x544f4f42u   // "BOOT"
#define TYPE_BOOTFS 0x42534642u      // "BFSB"
#define TYPE_BOOTFS_USED 0x58534642u // "BFSX"
#define FLAG_COMPRESSED 1u
#define FLAG_VERSION 0x10000u
#define NO_CRC32 0x4a87e8d6u // stands for the checksum of what is not checked
#define PAYLOAD_ALIGNMENT 8ul

const uint32_t boot_container_empty[8] = {
    TYPE_CONTAINER, 0, CONTAINER_MAGIC, FLAG_VERSION, 0, 0, ITEM_MAGIC, NO_CRC32,
};

static struct item* kept; // set by boot_container_keep
static size_t kept_size;  // bytes

static bool wanted(void) {
    char name[2];
    return command_line_text("userboot=", name, sizeof(name));
}

paddr_t boot_container_keep(paddr_t end) {
    if (!wanted()) {
        return end;
    }
    paddr_t start = boot_info.initrd;
    if (start == 0) {
        start = command_line_number("initrd=", 0);
    }
    if (start < boot_info.image_end || start > boot_info.ram_end - sizeof(struct item)) {
        panic(NULL, "userboot=: no container of boot items in memory (initrd at %lx)", start);
    }
    const struct item* found = phys_to_virt(start);
    if (found->type != TYPE_CONTAINER || found->magic != ITEM_MAGIC ||
        found->extra != CONTAINER_MAGIC) {
        panic(NULL, "what lies at %lx is no container of boot items", start);
    }
    kept_size = sizeof(*found) + found->length;
    if (kept_size > boot_info.ram_end - start || kept_size > (end - boot_info.image_end) / 4) {
        panic(NULL, "the container of boot items at %lx has %zu bytes: too many", start, kept_size);
    }
    // What the host shares may overlap it, and page tables want whole pages.
    paddr_t to = PAGE_ALIGN_DOWN(end - kept_size);
    kept = phys_to_virt(to);
    memmove(kept, found, kept_size);
    return to;
}

// The first boot file system's item.
static struct item* find_file_system(void) {
    size_t offset = sizeof(struct item);
    while (offset <= kept_size - sizeof(struct item)) {
        struct item* item = (struct item*)((uint8_t*)kept + offset);
        size_t left = kept_size - offset - sizeof(*item);
        if (item->magic != ITEM_MAGIC || item->length > left) {
            panic(NULL, "broken boot item at offset %zx", offset);
        }
        if (item->type == TYPE_BOOTFS) {
            return item;
        }
        offset += sizeof(*item) +
                  (item->length + PAYLOAD_ALIGNMENT - 1) / PAYLOAD_ALIGNMENT * PAYLOAD_ALIGNMENT;
    }
    panic(NULL, "no boot file system in the container");
}

static struct vmo* copy_to_vmo(const void* from, size_t size, const char* name) {
    struct vmo* vmo;
    if (vmo_create(PAGE_ALIGN_UP(size), 0, &vmo) != ZX_OK ||
        vmo_write_kernel(vmo, from, 0, size) != ZX_OK) {
        panic(NULL, "no memory for the %s of %zu bytes", name, size);
    }
    vmo_set_name(vmo, name);
    return vmo;
}

static struct vmo* decompress(const struct item* item) {
    size_t size = item->extra;
    uint8_t* content = size <= boot_info.ram_end - boot_info.ram_start ? kalloc_large(size) : NULL;
    if (content == NULL) {
        panic(NULL, "no memory for the boot file system of %zu bytes", size);
    }
    if (!lz4_decompress(item->payload, item->length, content, size)) {
        panic(NULL, "the boot file system is not a sound LZ4 frame of %zu bytes", size);
    }
    struct vmo* vmo = copy_to_vmo(content, size, "bootfs");
    kfree_large(content, size);
    return vmo;
}

void boot_container_take(struct vmo** container, struct vmo** file_system) {
    struct item* item = find_file_system();
    *file_system = item->flags & FLAG_COMPRESSED
                       ? decompress(item)
                       : copy_to_vmo(item->payload, item->length, "bootfs");
    item->type = TYPE_BOOTFS_USED;
    *container = copy_to_vmo(kept, kept_size, "bootdata");
    paddr_t start = virt_to_phys(kept);
    pmm_add_range(start, PAGE_ALIGN_UP(start + kept_size));
}
