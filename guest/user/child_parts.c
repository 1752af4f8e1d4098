// Finds, once, what children are made of: the agent's own image, the vDSO, the handles.
#include "boot_files.h"
#include "calls.h"
#include "child.h"
#include "relocate.h"
#include "system.h"

__attribute__((visibility("hidden"))) extern const elf_header_t __ehdr_start;
__attribute__((visibility("hidden"))) extern const elf_dynamic_t _DYNAMIC[];

struct child_parts child_parts;

static const elf_segment_t* segments_of(const elf_header_t* header) {
    return (const elf_segment_t*)((const uint8_t*)header + header->program_headers);
}

// Where the image's variables lie, and room for a copy of them.
static zx_status_t find_data(void) {
    struct child_parts* parts = &child_parts;
    const elf_segment_t* segments = segments_of(&__ehdr_start);
    uint64_t start = ~0ull;
    uint64_t end = 0;
    for (uint16_t i = 0; i < __ehdr_start.program_header_count; i++) {
        const elf_segment_t* segment = &segments[i];
        if (segment->type != ELF_LOAD) {
            continue;
        }
        if (segment->flags & ELF_WRITE) {
            start = segment->address < start ? segment->address : start;
            end = segment->address + segment->memory_size;
        } else if (segment->offset != segment->address) {
            return ZX_ERR_NOT_SUPPORTED; // text must be mappable as one piece
        }
    }
    parts->image = (const uint8_t*)&__ehdr_start;
    parts->text_size = start & ~(PAGE - 1);
    parts->data_size = PAGE_UP(end) - parts->text_size;
    parts->data = malloc(parts->data_size);
    if (parts->data == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    memset(parts->data, 0, parts->data_size); // and its pages are there from now on
    return ZX_OK;
}

// What the image has for its variables, moved to where the child has them.
static zx_status_t fill_data(void) {
    struct child_parts* parts = &child_parts;
    const elf_segment_t* segments = segments_of(&__ehdr_start);
    for (uint16_t i = 0; i < __ehdr_start.program_header_count; i++) {
        const elf_segment_t* segment = &segments[i];
        if (segment->type == ELF_LOAD && segment->flags & ELF_WRITE) {
            zx_status_t status =
                calls.vmo_read(parts->image_vmo, parts->data + segment->address - parts->text_size,
                               parts->image_offset + segment->offset, segment->file_size);
            if (status != ZX_OK) {
                return status;
            }
        }
    }
    struct relocations found = relocations_of(_DYNAMIC);
    relocate((const elf_rela_t*)(parts->image + found.offset), found.count, parts->data,
             parts->text_size, CHILD_IMAGE);
    return ZX_OK;
}

zx_status_t child_copy_data(uint8_t* to) {
    static bool filled;
    if (!filled) {
        zx_status_t status = fill_data();
        if (status != ZX_OK) {
            return status;
        }
        filled = true;
    }
    memcpy(to, child_parts.data, child_parts.data_size);
    return ZX_OK;
}

// The child's address of a function of the vDSO; 0 if it has none of this name.
static uint64_t child_function(const elf_object_t* vdso, const char* name) {
    uint64_t address = (uint64_t)elf_object_symbol(vdso, name);
    return address == 0 ? 0 : address - vdso->base + CHILD_VDSO;
}

static void find_functions(const elf_object_t* vdso) {
    static const char names[] =
#define VDSO_FUNCTION(name) #name "\0"
#define ZXIO_FUNCTION(name)
#include "zxh/functions.inc"
#undef VDSO_FUNCTION
#undef ZXIO_FUNCTION
        ;
    const char* name = names;
    for (uint32_t number = 0; number < VDSO_FUNCTION_COUNT; number++) {
        child_parts.functions[number] = child_function(vdso, name);
        while (*name++ != '\0') {
        }
    }
}

static void find_vdso_layout(const elf_object_t* vdso) {
    const elf_header_t* header = (const elf_header_t*)vdso->base;
    const elf_segment_t* segments = segments_of(header);
    for (uint16_t i = 0; i < header->program_header_count; i++) {
        const elf_segment_t* segment = &segments[i];
        if (segment->type != ELF_LOAD) {
            continue;
        }
        uint64_t start = segment->address & ~(PAGE - 1);
        uint64_t end = PAGE_UP(segment->address + segment->memory_size);
        if (segment->flags & ELF_EXECUTE) {
            child_parts.vdso_code_offset = start;
            child_parts.vdso_code_size = end - start;
        }
        child_parts.vdso_size = end > child_parts.vdso_size ? end : child_parts.vdso_size;
    }
}

// Children that are given the vDSO's VMO can change its name.
static zx_status_t find_vdso_name(void) {
    struct child_parts* parts = &child_parts;
    return calls.object_get_property(parts->vdso_vmo, ZX_PROP_NAME, parts->vdso_name,
                                     sizeof(parts->vdso_name));
}

// Where root VMARs begin: asked of the agent's own, all are alike.
static zx_status_t find_root_base(void) {
    zx_info_vmar_t info;
    zx_status_t status =
        calls.object_get_info(zx_vmar_root_self(), ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL);
    child_parts.root_base = info.base;
    return status;
}

// The agent's own file: given as a VMO, or a boot file.
static zx_status_t find_image(const struct processargs* args) {
    child_parts.image_vmo = processargs_handle(args, PROCESSARGS_USER, USER_AGENT_IMAGE);
    if (child_parts.image_vmo != ZX_HANDLE_INVALID) {
        return ZX_OK;
    }
    struct boot_file file;
    if (!boot_files_find(BOOT_FILE_AGENT, &file)) {
        return ZX_ERR_NOT_FOUND;
    }
    child_parts.image_vmo = boot_files_vmo();
    child_parts.image_offset = file.offset;
    return ZX_OK;
}

zx_status_t child_start(const struct processargs* args, const void* vdso, const char** problem) {
    struct child_parts* parts = &child_parts;
    parts->root_job = processargs_handle(args, PROCESSARGS_JOB, 0);
    parts->resource = processargs_handle(args, PROCESSARGS_ROOT_RESOURCE, 0);
    parts->vdso_vmo = processargs_handle(args, PROCESSARGS_VDSO_VMO, 0);
    parts->library_vmo = processargs_handle(args, PROCESSARGS_USER, USER_ZXIO_LIBRARY);
    elf_object_t object;
    *problem = "the vDSO";
    if (!elf_object_open(&object, vdso)) {
        return ZX_ERR_NOT_FOUND;
    }
    find_functions(&object);
    find_vdso_layout(&object);
    zx_status_t status = find_vdso_name();
    if (status != ZX_OK) {
        return status;
    }
    *problem = "the agent's image";
    status = find_image(args);
    if (status == ZX_OK) {
        status = find_data();
    }
    if (status != ZX_OK) {
        return status;
    }
    *problem = "the root VMAR";
    status = find_root_base();
    if (status != ZX_OK) {
        return status;
    }
    *problem = "memory for the programs";
    status = child_keep_memory();
    if (status != ZX_OK) {
        return status;
    }
    *problem = "the job of the programs";
    status = calls.job_create(parts->root_job, 0, &parts->job);
    if (status != ZX_OK) {
        return status;
    }
    *problem = "the exceptions of the programs";
    return kernel_system->catch_exceptions(parts->job);
}
