// Address regions.
//
// Zircon's rules for what may lie where; the order of the checks is what callers see.
#include "vmar.h"

#include "heap.h"
#include "paged_store.h"
#include "process.h"
#include "vmar_tree.h"

#define PERMISSIONS (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define CAN_MAP_RWX (ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE)
#define PLACE (ZX_VM_SPECIFIC | ZX_VM_OFFSET_IS_UPPER_LIMIT)
#define ALLOCATE_OPTIONS (PLACE | ZX_VM_CAN_MAP_SPECIFIC | CAN_MAP_RWX | ZX_VM_COMPACT)
#define MAP_OPTIONS                                                                                \
    (PLACE | ZX_VM_SPECIFIC_OVERWRITE | CAN_MAP_RWX | PERMISSIONS | ZX_VM_REQUIRE_NON_RESIZABLE |  \
     ZX_VM_ALLOW_FAULTS)
#define OPTION_MASK ((1u << ZX_VM_ALIGN_BASE) - 1)

// CAN_MAP_x is PERM_x shifted by this.
#define CAN_MAP_SHIFT 7
_Static_assert(ZX_VM_PERM_READ << CAN_MAP_SHIFT == ZX_VM_CAN_MAP_READ, "flag layout");
_Static_assert(ZX_VM_PERM_EXECUTE << CAN_MAP_SHIFT == ZX_VM_CAN_MAP_EXECUTE, "flag layout");

static struct {
    struct vmo* vmo;
    uint64_t code_offset;
    uint64_t code_size;
} vdso;

static void region_free(struct dispatcher* object) {
    struct vmar* vmar = vmar_from_dispatcher(object);
    if (vmar->alive) {
        vmar_destroy(vmar); // a root that never got a process
    }
    kfree(vmar);
}

const struct dispatcher_ops vmar_ops = {
    .type = ZX_OBJ_TYPE_VMAR,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .destroy = region_free,
};

struct dispatcher* vmar_dispatcher(struct vmar* vmar) {
    return &vmar->object;
}

struct vmar* vmar_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct vmar, object);
}

struct arch_aspace* vmar_arch_aspace(struct vmar* vmar) {
    return &vmar->space->arch;
}

void vmar_register_vdso(struct vmo* vmo, uint64_t code_offset, uint64_t code_size) {
    vdso.vmo = vmo;
    vdso.code_offset = code_offset;
    vdso.code_size = code_size;
}

bool vmar_is_vdso(const struct vmo* vmo) {
    return vmo == vdso.vmo;
}

static struct vmar* region_create(struct address_space* space, uint64_t base, uint64_t size,
                                  uint32_t flags) {
    struct vmar* vmar = kalloc(sizeof(*vmar));
    if (vmar != NULL) {
        dispatcher_init(&vmar->object, &vmar_ops, 0);
        vmar->node.base = base;
        vmar->node.size = size;
        vmar->space = space;
        vmar->flags = flags;
        vmar->alive = true;
        list_init(&vmar->children);
    }
    return vmar;
}

zx_status_t vmar_create_root(uint64_t base, uint64_t end, struct vmar** out) {
    struct address_space* space = kalloc(sizeof(*space));
    if (space == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = arch_aspace_init(&space->arch);
    if (status != ZX_OK) {
        kfree(space);
        return status;
    }
    *out = region_create(space, base, end - base, CAN_MAP_RWX | ZX_VM_CAN_MAP_SPECIFIC);
    if (*out == NULL) {
        arch_aspace_destroy(&space->arch);
        kfree(space);
        return ZX_ERR_NO_MEMORY;
    }
    return ZX_OK;
}

zx_status_t vmar_destroy(struct vmar* vmar) {
    struct address_space* space = vmar->space;
    bool whole_space = vmar->node.parent == NULL;
    zx_status_t status = vmar_destroy_tree(vmar, whole_space);
    if (whole_space) {
        arch_aspace_destroy(&space->arch);
        kfree(space);
    }
    return status;
}

bool vmar_fault(struct vmar* root, uint64_t address, bool write, bool execute) {
    zx_status_t status;
    do {
        struct mapping* mapping = vmar_find_mapping(root, address);
        if (mapping == NULL) {
            return false;
        }
        status = mapping_fault(mapping, address, write, execute);
    } while (status == ZX_ERR_SHOULD_WAIT);
    // A thread that is to die does not fault again.
    return status == ZX_OK || status == ZX_ERR_INTERNAL_INTR_KILLED;
}

bool vmar_fault_waits(struct vmar* root, uint64_t address, bool write) {
    const struct mapping* mapping = vmar_find_mapping(root, address);
    if (mapping == NULL || mapping->vmo->store->paged == NULL) {
        return false;
    }
    uint64_t offset = mapping->vmo_offset + (address - mapping->node.base);
    struct page_want want;
    return offset < vmo_size(mapping->vmo) &&
           paged_missing(mapping->vmo->store, (mapping->vmo->offset + offset) >> PAGE_SHIFT, write,
                         1, &want) == ZX_ERR_SHOULD_WAIT;
}

// Called by the trap code of the architectures.
bool vm_page_fault(uint64_t address, bool write, bool execute, bool present) {
    struct vmar* root = thread_current()->root;
    (void)present; // a page may be there and yet want copying, or its other permission
    return root != NULL && vmar_fault(root, address, write, execute);
}

// ---- finding a place -----------------------------------------------------------------------

// The lowest free place that ends at or below limit; with gap bytes free to its neighbours.
static bool find_place(struct vmar* vmar, uint64_t size, uint64_t alignment, uint64_t limit,
                       uint64_t gap, uint64_t* base) {
    uint64_t candidate = vmar->node.base;
    struct vmar_node* next = list_is_empty(&vmar->children) ? NULL : node_of(vmar->children.next);
    for (;;) {
        uint64_t aligned = (candidate + alignment - 1) & ~(alignment - 1);
        uint64_t room_end = next == NULL || next->base > limit ? limit : next->base;
        uint64_t needed = room_end == limit ? size : size + gap;
        if (aligned >= candidate && aligned <= room_end && needed <= room_end - aligned) {
            *base = aligned;
            return true;
        }
        if (room_end == limit) {
            return false;
        }
        candidate = node_end(next) + gap;
        next = vmar_next(vmar, next);
    }
}

// Checks where a child of this size is to go, which may map what can_map says; on success *base
// says where.  ALREADY_EXISTS: the place asked for is taken (*base is set, so that the caller can
// overwrite it).
static zx_status_t choose_place(struct vmar* vmar, uint32_t options, uint64_t offset, uint64_t size,
                                uint32_t can_map, uint64_t* base) {
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if ((can_map & ~vmar->flags) != 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    uint32_t alignment_log2 = options >> ZX_VM_ALIGN_BASE;
    bool specific = options & (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE);
    bool upper_limit = options & ZX_VM_OFFSET_IS_UPPER_LIMIT;
    if (specific && upper_limit) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!specific && !upper_limit && offset != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!IS_PAGE_ALIGNED(offset)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if ((specific || upper_limit) && !(vmar->flags & ZX_VM_CAN_MAP_SPECIFIC)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    uint64_t room = vmar->node.size;
    if (upper_limit ? offset > room || size > offset : offset >= room || size > room - offset) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t alignment = 1ull << (alignment_log2 < PAGE_SHIFT ? PAGE_SHIFT : alignment_log2);
    if (specific) {
        *base = vmar->node.base + offset;
        if ((*base & (alignment - 1)) != 0) {
            return ZX_ERR_INVALID_ARGS;
        }
        return vmar_range_is_free(vmar, *base, size) ? ZX_OK : ZX_ERR_ALREADY_EXISTS;
    }
    uint64_t limit = vmar->node.base + (upper_limit ? offset : room);
    if (find_place(vmar, size, alignment, limit, PAGE_SIZE, base) ||
        find_place(vmar, size, alignment, limit, 0, base)) {
        return ZX_OK;
    }
    return ZX_ERR_NO_RESOURCES;
}

static bool alignment_is_valid(uint32_t options) {
    uint32_t log2 = options >> ZX_VM_ALIGN_BASE;
    return log2 == 0 || (log2 >= 10 && log2 <= 32);
}

zx_status_t vmar_allocate(struct vmar* vmar, zx_vm_option_t options, uint64_t offset, uint64_t size,
                          struct vmar** out) {
    if ((options & OPTION_MASK & ~ALLOCATE_OPTIONS) != 0 || !alignment_is_valid(options) ||
        !IS_PAGE_ALIGNED(size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t base;
    zx_status_t status = choose_place(vmar, options, offset, size, options & CAN_MAP_RWX, &base);
    if (status != ZX_OK) {
        return status;
    }
    struct vmar* region =
        region_create(vmar->space, base, size, options & (CAN_MAP_RWX | ZX_VM_CAN_MAP_SPECIFIC));
    if (region == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    dispatcher_ref(&region->object); // the tree's
    vmar_insert(vmar, &region->node);
    *out = region;
    return ZX_OK;
}

// ---- taking mappings away ------------------------------------------------------------------

zx_status_t vmar_unmap_range(struct vmar* vmar, uint64_t address, uint64_t size, bool op_children) {
    size = PAGE_ALIGN_UP(size);
    if (size == 0 || !IS_PAGE_ALIGNED(address)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (!vmar_contains(vmar, address, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (vmar_has_vdso_code(vmar, address, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    for (struct vmar_node* node = vmar_first_above(vmar, address);
         node != NULL && node->base < address + size; node = vmar_next(vmar, node)) {
        bool whole = node->base >= address && node_end(node) <= address + size;
        if (!node->is_mapping && (!op_children || !whole)) {
            return ZX_ERR_INVALID_ARGS;
        }
    }
    return vmar_clear_range(vmar, address, size);
}

zx_status_t vmar_unmap(struct vmar* vmar, uint64_t address, uint64_t size) {
    return vmar_unmap_range(vmar, address, size, true);
}

// ---- mapping -------------------------------------------------------------------------------

// The vDSO's code may be mapped executable once, as a whole.
static zx_status_t check_vdso(struct vmar* vmar, uint32_t options, struct vmo* vmo,
                              uint64_t vmo_offset, uint64_t size) {
    if (vmo != vdso.vmo || !(options & ZX_VM_PERM_EXECUTE)) {
        return ZX_OK;
    }
    bool exact = vmo_offset == vdso.code_offset && size == vdso.code_size;
    return exact && vmar->space->vdso_code == NULL ? ZX_OK : ZX_ERR_ACCESS_DENIED;
}

static void note_vdso(struct vmar* vmar, struct mapping* mapping) {
    if (mapping->vmo == vdso.vmo && (mapping->permissions & ZX_VM_PERM_EXECUTE)) {
        vmar->space->vdso_code = mapping;
        struct process* process = vmar->space->process;
        // What a process has for itself is no place to make calls from.
        if (process != NULL && process->commons->root->space == vmar->space) {
            process_set_vdso_base(process, mapping->node.base - vdso.code_offset);
        }
    }
}

// Only mappings may be overwritten, no regions.
static zx_status_t overwrite(struct vmar* vmar, uint64_t base, uint64_t size) {
    if (vmar_has_vdso_code(vmar, base, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    for (struct vmar_node* node = vmar_first_above(vmar, base);
         node != NULL && node->base < base + size; node = vmar_next(vmar, node)) {
        if (!node->is_mapping) {
            return ZX_ERR_INVALID_ARGS;
        }
    }
    return vmar_clear_range(vmar, base, size);
}

zx_status_t vmar_map(struct vmar* vmar, zx_vm_option_t options, uint64_t offset, struct vmo* vmo,
                     uint64_t vmo_offset, uint64_t size, uint64_t* address) {
    uint32_t permissions = options & PERMISSIONS;
    if ((options & OPTION_MASK & ~MAP_OPTIONS) != 0 || !alignment_is_valid(options)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if ((options & ZX_VM_REQUIRE_NON_RESIZABLE) && vmo_is_resizable(vmo)) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!(options & ZX_VM_ALLOW_FAULTS) && vmo->store->discardable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (((permissions << CAN_MAP_SHIFT) & ~vmar->flags) != 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    uint64_t rounded = PAGE_ALIGN_UP(size);
    if (rounded < size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    size = rounded;
    if (!IS_PAGE_ALIGNED(vmo_offset)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (vmo_offset + size < vmo_offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    uint64_t base;
    zx_status_t status = choose_place(vmar, options, offset, size, 0, &base);
    bool occupied = status == ZX_ERR_ALREADY_EXISTS && (options & ZX_VM_SPECIFIC_OVERWRITE);
    if (status == ZX_OK || occupied) {
        status = check_vdso(vmar, options, vmo, vmo_offset, size);
    }
    if (status == ZX_OK && occupied) {
        status = overwrite(vmar, base, size);
    }
    if (status != ZX_OK) {
        return status;
    }
    uint32_t allowed = (options & vmar->flags & CAN_MAP_RWX) >> CAN_MAP_SHIFT;
    struct mapping* mapping =
        mapping_create(&vmar->space->arch, vmo, vmo_offset, base, size, permissions, allowed);
    if (mapping == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    vmar_insert(vmar, &mapping->node);
    note_vdso(vmar, mapping);
    *address = base;
    return ZX_OK;
}
