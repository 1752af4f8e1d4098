// Resources.
#include "resource.h"

#include "boot.h"
#include "handle.h"
#include "heap.h"
#include "string.h"

#define KIND_MASK 0xffffu

struct resource {
    struct dispatcher object; // first
    struct list_node link;    // of all
    uint32_t kind;
    uint32_t flags;
    uint64_t base, size;
    char name[ZX_MAX_NAME_LEN];
};

static struct list_node all = LIST_INIT(all);

static void resource_destroy(struct dispatcher* object) {
    list_remove(&resource_from_dispatcher(object)->link);
    kfree(object);
}

static const struct dispatcher_ops resource_ops = {
    .type = ZX_OBJ_TYPE_RESOURCE,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .destroy = resource_destroy,
};

static struct resource* resource_make(uint32_t kind, uint32_t flags, uint64_t base, uint64_t size) {
    struct resource* resource = kalloc(sizeof(*resource));
    if (resource != NULL) {
        dispatcher_init(&resource->object, &resource_ops, 0);
        resource->kind = kind;
        resource->flags = flags;
        resource->base = base;
        resource->size = size;
        list_push_back(&all, &resource->link);
    }
    return resource;
}

struct dispatcher* resource_root(void) {
    static struct resource* root;
    if (root == NULL) {
        root = resource_make(ZX_RSRC_KIND_ROOT, 0, 0, 0);
        copy_text(root->name, "root", sizeof(root->name));
    }
    return &root->object;
}

struct resource* resource_from_dispatcher(struct dispatcher* object) {
    return (struct resource*)object;
}

struct dispatcher* resource_dispatcher(struct resource* resource) {
    return &resource->object;
}

// Whether [base, base + size), not empty, lies in the resource; of device memory pages count.
static bool covers(const struct resource* resource, uint64_t base, uint64_t size) {
    uint64_t first = resource->base, last = resource->base + resource->size - 1;
    if (resource->kind == ZX_RSRC_KIND_MMIO) {
        first = PAGE_ALIGN_DOWN(first);
        last |= PAGE_SIZE - 1;
    }
    return size > 0 && base >= first && base <= last && size - 1 <= last - base;
}

// What the root resource does not give away either: memory, which comes with VMOs alone, and the
// interrupt controller.
static bool is_kept(uint32_t kind, uint64_t base, uint64_t size) {
    if (kind != ZX_RSRC_KIND_MMIO || size == 0) {
        return false;
    }
    uint64_t last = base + (size - 1) < base ? UINT64_MAX : base + (size - 1);
    return (base < boot_info.ram_end && last >= boot_info.ram_start) ||
           arch_keeps_device(base, last);
}

// Whether a range collides: an exclusive one with any other, a shared one with exclusive ones.
static bool collides(uint32_t kind, uint32_t flags, uint64_t base, uint64_t size) {
    list_for_each(node, &all) {
        const struct resource* other = container_of(node, struct resource, link);
        bool exclusive = (flags | other->flags) & ZX_RSRC_FLAG_EXCLUSIVE;
        bool apart = base + size <= other->base || other->base + other->size <= base;
        if (other->kind == kind && exclusive && !apart) {
            return true;
        }
    }
    return false;
}

zx_status_t resource_check_child(struct resource* parent, uint32_t options, uint64_t base,
                                 uint64_t size) {
    uint32_t kind = options & KIND_MASK, flags = options & ~KIND_MASK;
    if (kind >= ZX_RSRC_KIND_COUNT || (flags & ~ZX_RSRC_FLAG_EXCLUSIVE)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (parent->kind == ZX_RSRC_KIND_ROOT) {
        return is_kept(kind, base, size) ? ZX_ERR_ACCESS_DENIED : ZX_OK;
    }
    if (parent->kind != kind || !covers(parent, base, size)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    return (parent->flags | flags) & ZX_RSRC_FLAG_EXCLUSIVE ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

// The root kind is everything and has no range; the others have one that is not empty.
static bool is_range_valid(uint32_t kind, uint64_t base, uint64_t size) {
    if (kind == ZX_RSRC_KIND_ROOT) {
        return base == 0 && size == 0;
    }
    return size > 0 && base + size >= base;
}

zx_status_t resource_create(uint32_t options, uint64_t base, uint64_t size, const char* name,
                            struct resource** out) {
    uint32_t kind = options & KIND_MASK, flags = options & ~KIND_MASK;
    if (!is_range_valid(kind, base, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (collides(kind, flags, base, size)) {
        return ZX_ERR_NOT_FOUND;
    }
    struct resource* resource = resource_make(kind, flags, base, size);
    if (resource == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    copy_text(resource->name, name, sizeof(resource->name));
    *out = resource;
    return ZX_OK;
}

zx_status_t resource_check(zx_handle_t handle, uint32_t kind, uint64_t base, uint64_t size) {
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_RESOURCE, ZX_RIGHT_NONE, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    const struct resource* resource = resource_from_dispatcher(object);
    if (resource->kind == ZX_RSRC_KIND_ROOT) {
        return is_kept(kind, base, size) ? ZX_ERR_ACCESS_DENIED : ZX_OK;
    }
    if (resource->kind != kind) {
        return ZX_ERR_WRONG_TYPE;
    }
    return covers(resource, base, size) ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

void resource_get_info(struct resource* resource, zx_info_resource_t* info) {
    *info = (zx_info_resource_t){.kind = resource->kind,
                                 .flags = resource->flags,
                                 .base = resource->base,
                                 .size = resource->size};
    __builtin_memcpy(info->name, resource->name, sizeof(info->name));
}
