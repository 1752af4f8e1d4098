// Address regions: a tree per address space whose leaves are mappings of VMOs.
#pragma once

#include "mapping.h"
#include "object.h"
#include "vmo.h"

struct process;

struct vmar {
    struct dispatcher object; // first
    struct vmar_node node;    // in its parent, which holds a reference while it lives
    struct address_space* space;
    struct list_node children; // vmar_node.link, by address
    uint32_t flags;            // ZX_VM_CAN_MAP_*
    bool alive;
};

struct address_space {
    struct arch_aspace arch;
    struct process* process;   // who made it; NULL until process_create says so
    struct mapping* vdso_code; // the one executable mapping of the vDSO, or NULL
};

extern const struct dispatcher_ops vmar_ops;

// The root region of a new address space from base to end.
zx_status_t vmar_create_root(uint64_t base, uint64_t end, struct vmar** out);
struct dispatcher* vmar_dispatcher(struct vmar* vmar);
struct vmar* vmar_from_dispatcher(struct dispatcher* object);
struct arch_aspace* vmar_arch_aspace(struct vmar* vmar);
// Unmaps and destroys everything below it and itself; calls on it are BAD_STATE from then on.
// ACCESS_DENIED: the vDSO's code is in it and stays.
zx_status_t vmar_destroy(struct vmar* vmar);

// Which VMO is the vDSO and where its code lies.  A process may map the code executable once, as
// a whole; that is the place its system calls must come from (process.vdso_base).
void vmar_register_vdso(struct vmo* vmo, uint64_t code_offset, uint64_t code_size);
// Whether it is the vDSO's VMO itself.
bool vmar_is_vdso(const struct vmo* vmo);

// The calls' own rules, after those on handles; options are ZX_VM_*.
// A sub-region with the flags CAN_MAP_* in options.
zx_status_t vmar_allocate(struct vmar* vmar, zx_vm_option_t options, uint64_t offset, uint64_t size,
                          struct vmar** out);
// offset is relative to the region; CAN_MAP_* flags say what zx_vmar_protect may add later.
zx_status_t vmar_map(struct vmar* vmar, zx_vm_option_t options, uint64_t offset, struct vmo* vmo,
                     uint64_t vmo_offset, uint64_t size, uint64_t* address);
// op_children: may reach into and destroy sub-regions.
zx_status_t vmar_unmap_range(struct vmar* vmar, uint64_t address, uint64_t size, bool op_children);
zx_status_t vmar_unmap(struct vmar* vmar, uint64_t address, uint64_t size);
zx_status_t vmar_protect(struct vmar* vmar, zx_vm_option_t options, uint64_t address, uint64_t size,
                         bool op_children);
// ZX_VMAR_OP_COMMIT, _DECOMMIT, _MAP_RANGE, _DONT_NEED, _ALWAYS_NEED; rights are the handle's.
zx_status_t vmar_op_range(struct vmar* vmar, uint32_t op, uint64_t address, uint64_t size,
                          zx_rights_t rights);

// The mapping at an address below a region, or NULL.
struct mapping* vmar_find_mapping(struct vmar* vmar, uint64_t address);
// Makes the page at address present with at least this access; false if no mapping allows it.
bool vmar_fault(struct vmar* root, uint64_t address, bool write, bool execute);
// Whether it would wait for a page that has to come.
bool vmar_fault_waits(struct vmar* root, uint64_t address, bool write);

// ---- what is told about address spaces (vmar_info.c) ---------------------------------------
// Receives the records of an array topic one after the other; a status but ZX_OK ends the walk
// and is what the walk returns.
typedef zx_status_t (*record_fn)(void* context, const void* record);

// Where it lies, or lay while it was alive.
void vmar_get_info(struct vmar* vmar, zx_info_vmar_t* info);
// zx_info_maps_t records of the address space, by a name of ZX_MAX_NAME_LEN bytes, and of
// everything in it, depth first.
zx_status_t vmar_maps(struct vmar* root, const char* name, record_fn record, void* context);
// zx_info_vmo_t records (VIA_MAPPING) of the mapped VMOs.
zx_status_t vmar_vmos(struct vmar* root, record_fn record, void* context);
// ZX_INFO_TASK_STATS of an address space.
void vmar_stats(struct vmar* root, zx_info_task_stats_t* stats);
