// Virtual memory objects: arrays of pages made on demand.
//
// A VMO is a window on a store, the pages themselves.  Slices and references are further windows
// on their parent's store; a snapshot has a store of its own that shares the parent's pages by
// reference count, and whichever side writes first copies the page.  A page that is in no store
// reads as zero.
#pragma once

#include "object.h"
#include "pmm.h"

struct vmo_store;

struct vmo {
    struct dispatcher object; // first
    struct vmo_store* store;  // one reference
    uint64_t offset;          // of the window in the store, bytes; 0 but for slices
    uint64_t slice_size;      // size of a slice; others have the store's size
    uint64_t slice_content;   // content size of a slice; others share the store's
    struct vmo* parent;       // NULL: made by itself, or all above it are gone
    struct list_node child_link;
    struct list_node children; // vmo.child_link
    uint32_t child_count;
    uint32_t child_kind;    // ZX_VMO_CHILD_SNAPSHOT, _SLICE, _REFERENCE, or 0
    uint32_t flags;         // VMO_* below
    uint32_t mapping_count; // mappings made of this VMO
    uint32_t cache_policy;  // ZX_CACHE_POLICY_*
    char name[ZX_MAX_NAME_LEN];
};

#define VMO_SLICE 1u
#define VMO_IMMUTABLE 2u // made with ZX_VMO_CHILD_NO_WRITE

extern const struct dispatcher_ops vmo_ops;

zx_status_t vmo_create(uint64_t size, uint32_t options, struct vmo** out);
// Over physical pages that belong to no free list (shared memory, blobs); not resizable.
zx_status_t vmo_create_physical(paddr_t base, uint64_t size, struct vmo** out);
// Over pages of the kernel's image: like others, but that its content cannot be changed.
zx_status_t vmo_create_wired(paddr_t base, uint64_t size, struct vmo** out);
// Of neighbouring pages, there from the start.  OUT_OF_RANGE, NO_MEMORY.
zx_status_t vmo_create_contiguous(uint64_t size, uint32_t alignment_log2, struct vmo** out);
// Over registers of devices, which only mappings reach; not cached.  INVALID_ARGS.
zx_status_t vmo_create_device(paddr_t base, uint64_t size, struct vmo** out);
// Over a store whose pages may have to come first, which it takes the reference of, also on
// failure.
zx_status_t vmo_create_paged(struct vmo_store* store, uint64_t size, bool resizable,
                             struct vmo** out);
struct dispatcher* vmo_dispatcher(struct vmo* vmo);
struct vmo* vmo_from_dispatcher(struct dispatcher* object);
void vmo_set_name(struct vmo* vmo, const char* name);
uint64_t vmo_size(const struct vmo* vmo);         // bytes, whole pages
uint64_t vmo_content_size(const struct vmo* vmo); // bytes
zx_status_t vmo_set_content_size(struct vmo* vmo, uint64_t size);
// The same without touching a byte: a stream has written up to there.
void vmo_note_content(struct vmo* vmo, uint64_t size);
zx_status_t vmo_resize(struct vmo* vmo, uint64_t size);
bool vmo_is_resizable(const struct vmo* vmo);
bool vmo_is_memory(const struct vmo* vmo); // else registers of devices
// Kernel copies; OUT_OF_RANGE past the end, NO_MEMORY.
zx_status_t vmo_read_kernel(struct vmo* vmo, void* to, uint64_t offset, size_t size);
zx_status_t vmo_write_kernel(struct vmo* vmo, const void* from, uint64_t offset, size_t size);
// User copies of the caller, page by page; INVALID_ARGS for a bad buffer.
zx_status_t vmo_read_user(struct vmo* vmo, uint64_t to, uint64_t offset, size_t size);
zx_status_t vmo_write_user(struct vmo* vmo, uint64_t from, uint64_t offset, size_t size);
// Waits until the page at an offset can be written, if a pager has a say in it; so many bytes are
// about to be, from there on.
zx_status_t vmo_expect_write(struct vmo* vmo, uint64_t offset, uint64_t size);
zx_status_t vmo_zero(struct vmo* vmo, uint64_t offset, uint64_t size);
// The page at an offset, made if needed; for_write: private to this VMO.  OUT_OF_RANGE, NO_MEMORY.
zx_status_t vmo_get_page(struct vmo* vmo, uint64_t offset, bool for_write, paddr_t* out);
// Whether its pages follow one another in the machine's memory.
bool vmo_is_contiguous(const struct vmo* vmo);
// Whether [offset, offset + size) lies inside; an empty range may lie at the end.
bool vmo_in_range(const struct vmo* vmo, uint64_t offset, uint64_t size);
// Rounds a size up to pages; OUT_OF_RANGE if no VMO can be so large.
zx_status_t vmo_round_size(uint64_t size, uint64_t* rounded);
// A further window, not yet anyone's child; takes over the reference to the store.  NULL: no
// memory.
struct vmo* vmo_create_window(struct vmo_store* store, const struct dispatcher_ops* ops);
// Makes it a child of parent, which loses ZX_VMO_ZERO_CHILDREN.
void vmo_add_child(struct vmo* parent, struct vmo* child);

// The store whose pages in a range may be taken away (offset becomes that in the store):
// NOT_SUPPORTED: they stay; BAD_STATE: others see them, or a pager supplies them; OUT_OF_RANGE,
// NO_MEMORY.
zx_status_t vmo_give_pages(struct vmo* vmo, uint64_t* offset, uint64_t size,
                           struct vmo_store** out);

// zx_vmo_create_child by type flag (vmo_children.c); size and offset as given by the user.
zx_status_t vmo_create_child(struct vmo* parent, uint32_t options, uint64_t offset, uint64_t size,
                             struct vmo** out);
// zx_vmo_op_range but for the rights (vmo_range.c).
zx_status_t vmo_op_range(struct vmo* vmo, uint32_t op, uint64_t offset, uint64_t size,
                         uint64_t buffer, uint64_t buffer_size);
zx_status_t vmo_set_cache_policy(struct vmo* vmo, uint32_t cache_policy);

// Of ZX_INFO_VMO; rights are those of the handle it is asked with (0 for a mapping), how is
// ZX_INFO_VMO_VIA_HANDLE, ZX_INFO_VMO_VIA_MAPPING or 0.
void vmo_get_info(struct vmo* vmo, zx_rights_t rights, uint32_t how, zx_info_vmo_t* info);
char* vmo_name(struct vmo* vmo); // ZX_MAX_NAME_LEN bytes
// How the pages are cached: ZX_CACHE_POLICY_*.
uint32_t vmo_cache_policy(const struct vmo* vmo);
