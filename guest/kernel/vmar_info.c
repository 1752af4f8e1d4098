// What zx_object_get_info tells about address spaces.
#include "string.h"
#include "vmar.h"

void vmar_get_info(struct vmar* vmar, zx_info_vmar_t* info) {
    info->base = vmar->node.base;
    info->len = vmar->node.size;
}

// The node behind one in a walk over the whole tree, parents first; NULL at its end.
static struct vmar_node* walk(struct vmar* root, struct vmar_node* node) {
    if (!node->is_mapping) {
        struct vmar* region = container_of(node, struct vmar, node);
        if (!list_is_empty(&region->children)) {
            return container_of(region->children.next, struct vmar_node, link);
        }
    }
    while (node != &root->node) {
        if (node->link.next != &node->parent->children) {
            return container_of(node->link.next, struct vmar_node, link);
        }
        node = &node->parent->node;
    }
    return NULL;
}

static uint64_t committed_pages(struct mapping* mapping) {
    struct vmo* vmo = mapping->vmo;
    uint64_t size = vmo_size(vmo);
    if (mapping->vmo_offset >= size) {
        return 0;
    }
    uint64_t rest = size - mapping->vmo_offset;
    return store_committed_pages(vmo->store, vmo->offset + mapping->vmo_offset,
                                 rest < mapping->node.size ? rest : mapping->node.size);
}

zx_status_t vmar_maps(struct vmar* root, const char* name, record_fn record, void* context) {
    zx_info_maps_t entry = {
        .base = root->node.base, .size = root->node.size, .type = ZX_INFO_MAPS_TYPE_ASPACE};
    memcpy(entry.name, name, sizeof(entry.name));
    zx_status_t status = record(context, &entry);
    for (struct vmar_node* node = &root->node; node != NULL && status == ZX_OK;
         node = walk(root, node)) {
        memset(&entry, 0, sizeof(entry));
        entry.base = node->base;
        entry.size = node->size;
        entry.depth = 1;
        for (struct vmar* parent = node->parent; parent != NULL; parent = parent->node.parent) {
            entry.depth++;
        }
        if (node->is_mapping) {
            struct mapping* mapping = container_of(node, struct mapping, node);
            zx_info_maps_mapping_t detail = {.mmu_flags = mapping->permissions,
                                             .vmo_koid = mapping->vmo->object.koid,
                                             .vmo_offset = mapping->vmo_offset,
                                             .committed_pages = committed_pages(mapping)};
            entry.type = ZX_INFO_MAPS_TYPE_MAPPING;
            memcpy(entry.name, mapping->vmo->name, sizeof(entry.name));
            memcpy(&entry.u_mapping, &detail, sizeof(detail));
        } else {
            entry.type = ZX_INFO_MAPS_TYPE_VMAR;
            copy_text(entry.name, node == &root->node ? "root" : "useralloc", sizeof(entry.name));
        }
        status = record(context, &entry);
    }
    return status;
}

zx_status_t vmar_vmos(struct vmar* root, record_fn record, void* context) {
    zx_status_t status = ZX_OK;
    for (struct vmar_node* node = &root->node; node != NULL && status == ZX_OK;
         node = walk(root, node)) {
        if (node->is_mapping) {
            zx_info_vmo_t entry;
            vmo_get_info(container_of(node, struct mapping, node)->vmo, 0, ZX_INFO_VMO_VIA_MAPPING,
                         &entry);
            status = record(context, &entry);
        }
    }
    return status;
}

void vmar_stats(struct vmar* root, zx_info_task_stats_t* stats) {
    memset(stats, 0, sizeof(*stats));
    for (struct vmar_node* node = &root->node; node != NULL; node = walk(root, node)) {
        if (!node->is_mapping) {
            continue;
        }
        struct mapping* mapping = container_of(node, struct mapping, node);
        zx_info_vmo_t vmo;
        vmo_get_info(mapping->vmo, 0, ZX_INFO_VMO_VIA_MAPPING, &vmo);
        uint64_t committed = committed_pages(mapping) * PAGE_SIZE;
        stats->mem_mapped_bytes += node->size;
        if (vmo.share_count > 1) {
            stats->mem_shared_bytes += committed;
            stats->mem_scaled_shared_bytes += committed / vmo.share_count;
        } else {
            stats->mem_private_bytes += committed;
        }
    }
}
