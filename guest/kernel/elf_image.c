// Mapping an ELF image into an address space.

#include "elf_image.h"

#include "print.h"

#define ELF_MAGIC 0x464c457f
#define ELF_CLASS_64_LITTLE 0x0102
#define ET_DYN 3
#define PT_LOAD 1
#define PF_X 1u
#define PF_W 2u
#define PF_R 4u
#define MAX_SEGMENTS 12

#ifdef __x86_64__
#define ELF_MACHINE 62
#else
#define ELF_MACHINE 183
#endif

struct elf_header {
    uint32_t magic;
    uint16_t class_and_order;
    uint8_t ident[10];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t segment_offset;
    uint64_t section_offset;
    uint32_t flags;
    uint16_t header_size;
    uint16_t segment_size;
    uint16_t segment_count;
    uint16_t section[3];
};

struct elf_segment {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t alignment;
};

static zx_status_t read_headers(struct vmo* image, struct elf_header* header,
                                struct elf_segment* segments) {
    zx_status_t status = vmo_read_kernel(image, header, 0, sizeof(*header));
    if (status != ZX_OK) {
        return status;
    }
    if (header->magic != ELF_MAGIC || header->class_and_order != ELF_CLASS_64_LITTLE ||
        header->type != ET_DYN || header->machine != ELF_MACHINE ||
        header->segment_size != sizeof(struct elf_segment) ||
        header->segment_count > MAX_SEGMENTS) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return vmo_read_kernel(image, segments, header->segment_offset,
                           header->segment_count * sizeof(*segments));
}

// A VMO of its own for a writable segment: the file's bytes, then zeros.
static zx_status_t copy_segment(struct vmo* image, const struct elf_segment* segment,
                                uint64_t first, uint64_t size, struct vmo** out) {
    struct vmo* vmo;
    zx_status_t status = vmo_create(size, 0, &vmo);
    if (status != ZX_OK) {
        return status;
    }
    for (uint64_t done = 0; done < segment->file_size && status == ZX_OK;) {
        uint8_t piece[256];
        uint64_t left = segment->file_size - done;
        uint64_t count = left < sizeof(piece) ? left : sizeof(piece);
        status = vmo_read_kernel(image, piece, segment->offset + done, count);
        if (status == ZX_OK) {
            status = vmo_write_kernel(vmo, piece, segment->address - first + done, count);
        }
        done += count;
    }
    if (status != ZX_OK) {
        dispatcher_unref(vmo_dispatcher(vmo));
        return status;
    }
    *out = vmo;
    return ZX_OK;
}

static zx_status_t map_segment(struct vmar* region, struct vmo* image,
                               const struct elf_segment* segment) {
    uint64_t first = PAGE_ALIGN_DOWN(segment->address);
    uint64_t size = PAGE_ALIGN_UP(segment->address + segment->memory_size) - first;
    zx_vm_option_t options = ZX_VM_SPECIFIC;
    options |= segment->flags & PF_R ? ZX_VM_PERM_READ : 0;
    options |= segment->flags & PF_W ? ZX_VM_PERM_WRITE : 0;
    options |= segment->flags & PF_X ? ZX_VM_PERM_EXECUTE : 0;
    uint64_t address;
    if (!(segment->flags & PF_W)) {
        return vmar_map(region, options, first, image, PAGE_ALIGN_DOWN(segment->offset), size,
                        &address);
    }
    struct vmo* vmo;
    zx_status_t status = copy_segment(image, segment, first, size, &vmo);
    if (status == ZX_OK) {
        status = vmar_map(region, options, first, vmo, 0, size, &address);
        dispatcher_unref(vmo_dispatcher(vmo)); // the mapping holds its own reference
    }
    return status;
}

zx_status_t elf_map(struct vmar* root, struct vmo* image, struct elf_image* out) {
    struct elf_header header;
    struct elf_segment segments[MAX_SEGMENTS];
    zx_status_t status = read_headers(image, &header, segments);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t end = 0;
    for (int i = 0; i < header.segment_count; i++) {
        uint64_t segment_end = segments[i].address + segments[i].memory_size;
        if (segments[i].type == PT_LOAD && segment_end > end) {
            end = segment_end;
        }
    }
    // A region of its own, so that nothing else comes to lie between the segments.
    struct vmar* region;
    zx_vm_option_t options =
        ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE;
    status = vmar_allocate(root, options, 0, PAGE_ALIGN_UP(end), &region);
    if (status != ZX_OK) {
        return status;
    }
    for (int i = 0; i < header.segment_count && status == ZX_OK; i++) {
        if (segments[i].type == PT_LOAD) {
            status = map_segment(region, image, &segments[i]);
        }
    }
    out->base = region->node.base;
    out->entry = region->node.base + header.entry;
    dispatcher_unref(vmar_dispatcher(region)); // its parent keeps it
    return status;
}
