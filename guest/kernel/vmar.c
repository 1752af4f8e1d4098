// Address regions.
//
// Zircon's rules for what may lie where; the order of the checks is what callers see.
#include "vmar.h"

#include "heap.h"
#include "process.h"

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

static struct vmar_node* node_of(struct list_node* link) {
    return container_of(link, struct vmar_node, link);
}

static struct vmar* as_region(struct vmar_node* node) {
    return container_of(node, struct vmar, node);
}

static struct mapping* as_mapping(struct vmar_node* node) {
    return container_of(node, struct mapping, node);
}

static uint64_t end_of(const struct vmar_node* node) { return node->base + node->size; }

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

struct dispatcher* vmar_dispatcher(struct vmar* vmar) { return &vmar->object; }

struct vmar* vmar_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct vmar, object);
}

struct arch_aspace* vmar_arch_aspace(struct vmar* vmar) { return &vmar->space->arch; }

void vmar_register_vdso(struct vmo* vmo, uint64_t code_offset, uint64_t code_size) {
    vdso.vmo = vmo;
    vdso.code_offset = code_offset;
    vdso.code_size = code_size;
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

zx_status_t vmar_create_root(struct vmar** out) {
    struct address_space* space = kalloc(sizeof(*space));
    if (space == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = arch_aspace_init(&space->arch);
    if (status != ZX_OK) {
        kfree(space);
        return status;
    }
    *out = region_create(space, USER_BASE, USER_END - USER_BASE,
                         CAN_MAP_RWX | ZX_VM_CAN_MAP_SPECIFIC);
    if (*out == NULL) {
        arch_aspace_destroy(&space->arch);
        kfree(space);
        return ZX_ERR_NO_MEMORY;
    }
    return ZX_OK;
}

// ---- the tree ------------------------------------------------------------------------------

static void insert_node(struct vmar* parent, struct vmar_node* node) {
    struct list_node* before = &parent->children;
    while (before->prev != &parent->children && node_of(before->prev)->base > node->base) {
        before = before->prev;
    }
    list_insert_after(before->prev, &node->link);
    node->parent = parent;
}

// The first child that ends above an address, or NULL.
static struct vmar_node* first_above(struct vmar* vmar, uint64_t address) {
    list_for_each(link, &vmar->children) {
        if (end_of(node_of(link)) > address) {
            return node_of(link);
        }
    }
    return NULL;
}

static struct vmar_node* next_node(struct vmar* vmar, struct vmar_node* node) {
    return node->link.next == &vmar->children ? NULL : node_of(node->link.next);
}

static bool range_is_free(struct vmar* vmar, uint64_t base, uint64_t size) {
    struct vmar_node* node = first_above(vmar, base);
    return node == NULL || node->base >= base + size;
}

static void mapping_remove(struct mapping* mapping) {
    struct address_space* space = mapping->node.parent->space;
    if (space->vdso_code == mapping) {
        space->vdso_code = NULL;
    }
    list_remove(&mapping->node.link);
    mapping->node.parent = NULL;
    mapping_free(mapping);
}

// Takes a region and all below it out of the tree, leaves first.
static void region_destroy(struct vmar* top, bool whole_space) {
    struct vmar* region = top;
    for (;;) {
        while (!list_is_empty(&region->children)) {
            struct vmar_node* node = node_of(region->children.next);
            if (!node->is_mapping) {
                region = as_region(node);
                continue;
            }
            if (whole_space) {
                as_mapping(node)->aspace = NULL; // the page tables go at once
            }
            mapping_remove(as_mapping(node));
        }
        struct vmar* parent = region->node.parent;
        region->alive = false;
        if (parent != NULL) {
            list_remove(&region->node.link);
            region->node.parent = NULL;
            dispatcher_unref(&region->object); // the tree's
        }
        if (region == top) {
            return;
        }
        region = parent;
    }
}

void vmar_destroy(struct vmar* vmar) {
    struct address_space* space = vmar->space;
    bool whole_space = vmar->node.parent == NULL;
    region_destroy(vmar, whole_space);
    if (whole_space) {
        arch_aspace_destroy(&space->arch);
        kfree(space);
    }
}

struct mapping* vmar_find_mapping(struct vmar* vmar, uint64_t address) {
    for (;;) {
        struct vmar_node* node = first_above(vmar, address);
        if (node == NULL || node->base > address) {
            return NULL;
        }
        if (node->is_mapping) {
            return as_mapping(node);
        }
        vmar = as_region(node);
    }
}

bool vmar_fault(struct vmar* root, uint64_t address, bool write, bool execute) {
    struct mapping* mapping = vmar_find_mapping(root, address);
    return mapping != NULL && mapping_fault(mapping, address, write, execute);
}

// Called by the trap code of the architectures.
bool vm_page_fault(uint64_t address, bool write, bool execute, bool present) {
    struct process* process = process_current();
    (void)present; // a page may be there and yet want copying, or its other permission
    return process != NULL && process->root != NULL &&
           vmar_fault(process->root, address, write, execute);
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
        candidate = end_of(next) + gap;
        next = next_node(vmar, next);
    }
}

// Checks where a child of this size is to go, which may map what can_map says; on success *base
// says where.  ALREADY_EXISTS: the place asked for is taken (*base is set, so that the caller can
// overwrite it).
static zx_status_t choose_place(struct vmar* vmar, uint32_t options, uint64_t offset,
                                uint64_t size, uint32_t can_map, uint64_t* base) {
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
        return range_is_free(vmar, *base, size) ? ZX_OK : ZX_ERR_ALREADY_EXISTS;
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
    zx_status_t status =
        choose_place(vmar, options, offset, size, options & CAN_MAP_RWX, &base);
    if (status != ZX_OK) {
        return status;
    }
    struct vmar* region =
        region_create(vmar->space, base, size, options & (CAN_MAP_RWX | ZX_VM_CAN_MAP_SPECIFIC));
    if (region == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    dispatcher_ref(&region->object); // the tree's
    insert_node(vmar, &region->node);
    *out = region;
    return ZX_OK;
}

// ---- taking mappings away ------------------------------------------------------------------

// Cuts a mapping in two at an address inside it; the upper part is a mapping of its own.
static zx_status_t mapping_split(struct mapping* mapping, uint64_t at) {
    uint64_t lower_size = at - mapping->node.base;
    struct mapping* upper =
        mapping_create(mapping->aspace, mapping->vmo, mapping->vmo_offset + lower_size, at,
                       mapping->node.size - lower_size, mapping->permissions, mapping->allowed);
    if (upper == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    mapping->node.size = lower_size;
    insert_node(mapping->node.parent, &upper->node);
    return ZX_OK;
}

// Makes addresses start and end of mappings where they lie inside one; touches no sub-region.
static zx_status_t split_at(struct vmar* vmar, uint64_t address) {
    struct mapping* mapping = vmar_find_mapping(vmar, address);
    return mapping == NULL || mapping->node.base == address ? ZX_OK
                                                            : mapping_split(mapping, address);
}

// Every way to lose the vDSO's code is closed: no system call could come from elsewhere.
static bool touches_vdso(struct vmar* vmar, uint64_t base, uint64_t size) {
    struct mapping* code = vmar->space->vdso_code;
    return code != NULL && code->node.base < base + size && end_of(&code->node) > base;
}

// Removes what lies in a range of whole pages, which may cut mappings but not regions.
static zx_status_t clear_range(struct vmar* vmar, uint64_t base, uint64_t size) {
    zx_status_t status = split_at(vmar, base);
    if (status == ZX_OK) {
        status = split_at(vmar, base + size);
    }
    if (status != ZX_OK) {
        return status;
    }
    struct vmar_node* node = first_above(vmar, base);
    while (node != NULL && node->base < base + size) {
        struct vmar_node* next = next_node(vmar, node);
        if (node->is_mapping) {
            mapping_remove(as_mapping(node));
        } else {
            region_destroy(as_region(node), false);
        }
        node = next;
    }
    return ZX_OK;
}

static bool contains(struct vmar* vmar, uint64_t base, uint64_t size) {
    return base >= vmar->node.base && base - vmar->node.base <= vmar->node.size &&
           size <= vmar->node.size - (base - vmar->node.base);
}

zx_status_t vmar_unmap_range(struct vmar* vmar, uint64_t address, uint64_t size, bool op_children) {
    size = PAGE_ALIGN_UP(size);
    if (size == 0 || !IS_PAGE_ALIGNED(address)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (!contains(vmar, address, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (touches_vdso(vmar, address, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    for (struct vmar_node* node = first_above(vmar, address);
         node != NULL && node->base < address + size; node = next_node(vmar, node)) {
        bool whole = node->base >= address && end_of(node) <= address + size;
        if (!node->is_mapping && (!op_children || !whole)) {
            return ZX_ERR_INVALID_ARGS;
        }
    }
    return clear_range(vmar, address, size);
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
        if (vmar->space->process != NULL) {
            vmar->space->process->vdso_base = mapping->node.base - vdso.code_offset;
        }
    }
}

// Only mappings may be overwritten, no regions.
static zx_status_t overwrite(struct vmar* vmar, uint64_t base, uint64_t size) {
    if (touches_vdso(vmar, base, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    for (struct vmar_node* node = first_above(vmar, base); node != NULL && node->base < base + size;
         node = next_node(vmar, node)) {
        if (!node->is_mapping) {
            return ZX_ERR_INVALID_ARGS;
        }
    }
    return clear_range(vmar, base, size);
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
    zx_status_t vdso_status = check_vdso(vmar, options, vmo, vmo_offset, size);
    if (vdso_status != ZX_OK && (status == ZX_OK || status == ZX_ERR_ALREADY_EXISTS)) {
        status = vdso_status;
    }
    if (status == ZX_ERR_ALREADY_EXISTS && (options & ZX_VM_SPECIFIC_OVERWRITE)) {
        status = overwrite(vmar, base, size);
    }
    if (status != ZX_OK) {
        return status;
    }
    uint32_t allowed = (options & vmar->flags & CAN_MAP_RWX) >> CAN_MAP_SHIFT;
    struct mapping* mapping = mapping_create(&vmar->space->arch, vmo, vmo_offset, base, size,
                                             permissions, allowed);
    if (mapping == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    insert_node(vmar, &mapping->node);
    note_vdso(vmar, mapping);
    *address = base;
    return ZX_OK;
}

// ---- changing what is mapped ---------------------------------------------------------------

// What to do with each mapping of a range, in order of address; direct: it is in the region itself.
typedef zx_status_t (*visit_fn)(struct mapping* mapping, bool direct, uint64_t from, uint64_t to,
                                uint32_t argument);

// Visits the mappings of a range, which must leave no gap (else gap_status).  Starts from the top
// for each: regions may be nested deeper than the kernel's stack.
static zx_status_t visit_range(struct vmar* vmar, bool op_children, uint64_t base, uint64_t size,
                               visit_fn function, uint32_t argument, zx_status_t gap_status) {
    uint64_t end = base + size;
    while (base < end) {
        struct vmar* region = vmar;
        struct vmar_node* node = first_above(region, base);
        while (node != NULL && node->base <= base && !node->is_mapping) {
            if (!op_children) {
                return ZX_ERR_INVALID_ARGS;
            }
            region = as_region(node);
            node = first_above(region, base);
        }
        if (node == NULL || node->base > base) {
            return gap_status;
        }
        uint64_t to = end_of(node) < end ? end_of(node) : end;
        zx_status_t status = function(as_mapping(node), region == vmar, base, to, argument);
        if (status != ZX_OK) {
            return status;
        }
        base = to;
    }
    return ZX_OK;
}

// Below a sub-region permissions can only be taken away.
static zx_status_t may_protect(struct mapping* mapping, bool direct, uint64_t from, uint64_t to,
                               uint32_t permissions) {
    uint32_t limit = direct ? mapping->allowed : mapping->permissions;
    (void)from;
    (void)to;
    return (permissions & ~limit) != 0 ? ZX_ERR_ACCESS_DENIED : ZX_OK;
}

static zx_status_t do_protect(struct mapping* mapping, bool direct, uint64_t from, uint64_t to,
                              uint32_t permissions) {
    (void)direct;
    (void)from;
    (void)to;
    mapping_set_permissions(mapping, permissions);
    return ZX_OK;
}

zx_status_t vmar_protect(struct vmar* vmar, zx_vm_option_t options, uint64_t address,
                         uint64_t size, bool op_children) {
    if (!IS_PAGE_ALIGNED(address) || (options & ~PERMISSIONS) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    size = PAGE_ALIGN_UP(size);
    if (size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (!contains(vmar, address, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (touches_vdso(vmar, address, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    zx_status_t status = visit_range(vmar, op_children, address, size, may_protect, options,
                                     ZX_ERR_NOT_FOUND);
    if (status == ZX_OK) {
        status = split_at(vmar, address);
    }
    if (status == ZX_OK) {
        status = split_at(vmar, address + size);
    }
    if (status != ZX_OK) {
        return status;
    }
    return visit_range(vmar, op_children, address, size, do_protect, options, ZX_ERR_NOT_FOUND);
}

// Added to an operation that comes through a handle without ZX_RIGHT_WRITE.
#define WITHOUT_WRITE 0x100u

static zx_status_t do_op(struct mapping* mapping, bool direct, uint64_t from, uint64_t to,
                         uint32_t argument) {
    uint64_t offset = mapping->vmo_offset + (from - mapping->node.base);
    uint32_t op = argument & ~WITHOUT_WRITE;
    (void)direct;
    switch (op) {
    case ZX_VMAR_OP_COMMIT:
    case ZX_VMAR_OP_DECOMMIT: {
        if ((argument & WITHOUT_WRITE) || !(mapping->permissions & ZX_VM_PERM_WRITE)) {
            return ZX_ERR_ACCESS_DENIED;
        }
        uint32_t vmo_op = op == ZX_VMAR_OP_COMMIT ? ZX_VMO_OP_COMMIT : ZX_VMO_OP_DECOMMIT;
        zx_status_t status = vmo_op_range(mapping->vmo, vmo_op, offset, to - from, 0, 0);
        if (status == ZX_OK && op == ZX_VMAR_OP_COMMIT) {
            mapping_map_range(mapping, from, to - from);
        }
        return status;
    }
    case ZX_VMAR_OP_MAP_RANGE:
        mapping_map_range(mapping, from, to - from);
        return ZX_OK;
    default: // hints
        return ZX_OK;
    }
}

zx_status_t vmar_op_range(struct vmar* vmar, uint32_t op, uint64_t address, uint64_t size,
                          zx_rights_t rights) {
    if (size == 0 || !IS_PAGE_ALIGNED(address) || !IS_PAGE_ALIGNED(size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!vmar->alive) {
        return ZX_ERR_BAD_STATE;
    }
    if (!contains(vmar, address, size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    switch (op) {
    case ZX_VMAR_OP_COMMIT:
    case ZX_VMAR_OP_DECOMMIT:
    case ZX_VMAR_OP_MAP_RANGE:
    case ZX_VMAR_OP_DONT_NEED:
    case ZX_VMAR_OP_ALWAYS_NEED:
        return visit_range(vmar, rights & ZX_RIGHT_OP_CHILDREN, address, size, do_op,
                           rights & ZX_RIGHT_WRITE ? op : op | WITHOUT_WRITE, ZX_ERR_BAD_STATE);
    default:
        return ZX_ERR_NOT_SUPPORTED;
    }
}
