// Address regions: a tree per address space whose leaves are mappings of VMOs.
#pragma once

#include "object.h"
#include "vmo.h"

struct vmar;
struct arch_aspace;

// The root region of a new address space.
zx_status_t vmar_create_root(struct vmar** out);
struct dispatcher* vmar_dispatcher(struct vmar* vmar);
struct arch_aspace* vmar_arch_aspace(struct vmar* vmar);
// Unmaps and destroys everything below it and itself.
void vmar_destroy(struct vmar* vmar);
// options as zx_vmar_map (ZX_VM_*); offset is relative to the region.
zx_status_t vmar_map(struct vmar* vmar, zx_vm_option_t options, uint64_t offset, struct vmo* vmo,
                     uint64_t vmo_offset, uint64_t size, uint64_t* address);
zx_status_t vmar_unmap(struct vmar* vmar, uint64_t address, uint64_t size);
// Makes the page at address present with at least this access; false if no mapping allows it.
bool vmar_fault(struct vmar* root, uint64_t address, bool write, bool execute);
extern const struct dispatcher_ops vmar_ops;

// Receives the records of an array topic one after the other; a status but ZX_OK ends the walk
// and is what the walk returns.
typedef zx_status_t (*record_fn)(void* context, const void* record);

void vmar_get_info(struct vmar* vmar, zx_info_vmar_t* info);
// zx_info_maps_t records of everything below and including a root region.
zx_status_t vmar_maps(struct vmar* root, record_fn record, void* context);
// zx_info_vmo_t records (VIA_MAPPING) of the mapped VMOs.
zx_status_t vmar_vmos(struct vmar* root, record_fn record, void* context);
// ZX_INFO_TASK_STATS of an address space.
void vmar_stats(struct vmar* root, zx_info_task_stats_t* stats);
