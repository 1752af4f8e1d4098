// Loading a shared library by hand.
//
//     segment of the file      in memory
//     read-only                the library's VMO, mapped read-only
//     text                     the library's VMO, mapped read and execute
//     data (.data, GOT)        a new VMO filled from the file, mapped read-write; what RELRO
//                              covers becomes read-only once it is bound

#include "loader.h"

#include "libc/elf_symbols.h"
#include "libc/libc.h"
#include "libc/vdso_calls.h"

#define PAGE 4096u
#define PAGE_DOWN(x) ((x) & ~(uint64_t)(PAGE - 1))
#define PAGE_UP(x) PAGE_DOWN((x) + PAGE - 1)
#define MAX_SEGMENTS 16

#if defined(__x86_64__)
enum { MACHINE = 62, RELOC_ABSOLUTE = 1, RELOC_GLOB_DAT = 6, RELOC_JUMP_SLOT = 7 };
enum { RELOC_RELATIVE = 8 };
#elif defined(__aarch64__)
enum { MACHINE = 183, RELOC_ABSOLUTE = 257, RELOC_GLOB_DAT = 1025, RELOC_JUMP_SLOT = 1026 };
enum { RELOC_RELATIVE = 1027 };
#endif

// What libc offers to the library.
static const struct {
    const char* name;
    void* address;
} libc_exports[] = {
    {"__zx_panic", __zx_panic},
    {"free", free},
    {"malloc", malloc},
    {"memcmp", memcmp},
    {"memcpy", memcpy},
    {"memmove", memmove},
    {"memset", memset},
    {"pthread_mutex_destroy", pthread_mutex_destroy},
    {"pthread_mutex_init", pthread_mutex_init},
    {"pthread_mutex_lock", pthread_mutex_lock},
    {"pthread_mutex_unlock", pthread_mutex_unlock},
    {"zx_vmar_root_self", zx_vmar_root_self},
};

static elf_object_t vdso_object;
static elf_object_t library;
static bool loaded;

static bool same(const char* left, const char* right) {
    while (*left == *right && *left != 0) {
        left++;
        right++;
    }
    return *left == *right;
}

static void* find_import(const char* name) {
    for (size_t i = 0; i < sizeof(libc_exports) / sizeof(libc_exports[0]); i++) {
        if (same(name, libc_exports[i].name)) {
            return libc_exports[i].address;
        }
    }
    return elf_object_symbol(&vdso_object, name);
}

// ---- mapping ------------------------------------------------------------------------------------

// The program headers of the file, copied out of the VMO.
struct headers {
    elf_header_t file;
    elf_segment_t segments[MAX_SEGMENTS];
};

static zx_status_t read_headers(zx_handle_t vmo, struct headers* headers) {
    zx_status_t status = vdso_calls.vmo_read(vmo, &headers->file, 0, sizeof(headers->file));
    if (status != ZX_OK) {
        return status;
    }
    const elf_header_t* file = &headers->file;
    const uint8_t magic[5] = {0x7f, 'E', 'L', 'F', 2};
    if (memcmp(file->ident, magic, sizeof(magic)) != 0 || file->machine != MACHINE ||
        file->program_header_size != sizeof(elf_segment_t) ||
        file->program_header_count > MAX_SEGMENTS) {
        return ZX_ERR_INVALID_ARGS;
    }
    return vdso_calls.vmo_read(vmo, headers->segments, file->program_headers,
                               file->program_header_count * sizeof(elf_segment_t));
}

// End of the last segment, in bytes from the start of the library.
static uint64_t extent(const struct headers* headers) {
    uint64_t end = 0;
    for (uint16_t i = 0; i < headers->file.program_header_count; i++) {
        const elf_segment_t* segment = &headers->segments[i];
        if (segment->type == ELF_LOAD && segment->address + segment->memory_size > end) {
            end = segment->address + segment->memory_size;
        }
    }
    return PAGE_UP(end);
}

static zx_status_t map_shared(zx_handle_t vmar, zx_handle_t vmo, const elf_segment_t* segment) {
    zx_vm_option_t options = ZX_VM_SPECIFIC | ZX_VM_PERM_READ;
    options |= segment->flags & ELF_EXECUTE ? ZX_VM_PERM_EXECUTE : 0;
    uint64_t start = PAGE_DOWN(segment->address);
    uint64_t size = PAGE_UP(segment->address + segment->memory_size) - start;
    zx_vaddr_t address;
    return vdso_calls.vmar_map(vmar, options, start, vmo, PAGE_DOWN(segment->offset), size,
                               &address);
}

// A private copy of the segment, zero behind what the file holds.
static zx_status_t map_copy(zx_handle_t vmar, zx_handle_t vmo, const elf_segment_t* segment) {
    uint64_t start = PAGE_DOWN(segment->address);
    uint64_t size = PAGE_UP(segment->address + segment->memory_size) - start;
    zx_handle_t copy;
    zx_status_t status = vdso_calls.vmo_create(size, 0, &copy);
    if (status != ZX_OK) {
        return status;
    }
    zx_vaddr_t address;
    status = vdso_calls.vmar_map(vmar, ZX_VM_SPECIFIC | ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, start,
                                 copy, 0, size, &address);
    vdso_calls.handle_close(copy);
    if (status != ZX_OK || segment->file_size == 0) {
        return status;
    }
    char* target = (char*)address + (segment->address - start);
    return vdso_calls.vmo_read(vmo, target, segment->offset, segment->file_size);
}

static zx_status_t map_segments(zx_handle_t vmar, zx_handle_t vmo, const struct headers* headers) {
    for (uint16_t i = 0; i < headers->file.program_header_count; i++) {
        const elf_segment_t* segment = &headers->segments[i];
        if (segment->type != ELF_LOAD) {
            continue;
        }
        bool writable = (segment->flags & ELF_WRITE) != 0;
        zx_status_t status =
            writable ? map_copy(vmar, vmo, segment) : map_shared(vmar, vmo, segment);
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

// ---- binding ------------------------------------------------------------------------------------

// Address that a symbol of the library means: its own definition, or an import.
static zx_status_t bind(uint32_t index, uint64_t* out_address) {
    const elf_symbol_t* symbol = &library.symbols[index];
    const uint8_t weak = 2;
    if (symbol->section != 0) {
        *out_address = library.base + symbol->value;
        return ZX_OK;
    }
    *out_address = (uint64_t)(uintptr_t)find_import(library.names + symbol->name);
    if (*out_address == 0 && symbol->info >> 4 != weak) {
        return ZX_ERR_NOT_FOUND;
    }
    return ZX_OK;
}

static zx_status_t relocate(const elf_rela_t* rela, uint64_t size) {
    for (size_t i = 0; i < size / sizeof(*rela); i++) {
        uint64_t* place = (uint64_t*)(library.base + rela[i].offset);
        uint32_t type = (uint32_t)rela[i].info;
        uint64_t address = library.base;
        if (type == RELOC_ABSOLUTE || type == RELOC_GLOB_DAT || type == RELOC_JUMP_SLOT) {
            zx_status_t status = bind((uint32_t)(rela[i].info >> 32), &address);
            if (status != ZX_OK) {
                return status;
            }
        } else if (type != RELOC_RELATIVE) {
            return ZX_ERR_NOT_SUPPORTED;
        }
        *place = address + (uint64_t)rela[i].addend;
    }
    return ZX_OK;
}

static zx_status_t relocate_all(void) {
    if (elf_object_tag(&library, ELF_TAG_TEXTREL, 0) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t rela = elf_object_tag(&library, ELF_TAG_RELA, 0);
    uint64_t plt = elf_object_tag(&library, ELF_TAG_JMPREL, 0);
    zx_status_t status = relocate((const elf_rela_t*)(library.base + rela),
                                  elf_object_tag(&library, ELF_TAG_RELA_SIZE, 0));
    if (status != ZX_OK) {
        return status;
    }
    return relocate((const elf_rela_t*)(library.base + plt),
                    elf_object_tag(&library, ELF_TAG_PLT_SIZE, 0));
}

// Takes the write permission from the tables that are bound now.
static zx_status_t protect(zx_handle_t vmar, const struct headers* headers) {
    for (uint16_t i = 0; i < headers->file.program_header_count; i++) {
        const elf_segment_t* segment = &headers->segments[i];
        if (segment->type != ELF_RELRO) {
            continue;
        }
        uint64_t start = library.base + PAGE_DOWN(segment->address);
        uint64_t end = library.base + PAGE_DOWN(segment->address + segment->memory_size);
        if (start == end) {
            continue;
        }
        zx_status_t status = vdso_calls.vmar_protect(vmar, ZX_VM_PERM_READ, start, end - start);
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

// ---- the door -----------------------------------------------------------------------------------

static zx_status_t load_into(zx_handle_t vmar, zx_vaddr_t base, zx_handle_t vmo,
                             const struct headers* headers) {
    zx_status_t status = map_segments(vmar, vmo, headers);
    if (status != ZX_OK) {
        return status;
    }
    if (!elf_object_open(&library, (const void*)base)) {
        return ZX_ERR_INVALID_ARGS;
    }
    status = relocate_all();
    return status == ZX_OK ? protect(vmar, headers) : status;
}

zx_status_t zxio_library_load(zx_handle_t root_vmar, zx_handle_t library_vmo, const void* vdso) {
    if (!elf_object_open(&vdso_object, vdso) || !libc_start(root_vmar, &vdso_object)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct headers headers;
    zx_status_t status = read_headers(library_vmo, &headers);
    if (status != ZX_OK) {
        return status;
    }
    zx_handle_t vmar;
    zx_vaddr_t base;
    status = vdso_calls.vmar_allocate(root_vmar,
                                      ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE |
                                          ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC,
                                      0, extent(&headers), &vmar, &base);
    if (status != ZX_OK) {
        return status;
    }
    status = load_into(vmar, base, library_vmo, &headers);
    loaded = status == ZX_OK;
    if (!loaded) {
        vdso_calls.vmar_destroy(vmar);
    }
    vdso_calls.handle_close(vmar);
    return status;
}

void* zxio_library_symbol(const char* name) {
    return loaded ? elf_object_symbol(&library, name) : NULL;
}
