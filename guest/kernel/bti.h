// Bus transaction initiators: devices, as far as they may use memory.
#pragma once

#include "object.h"

struct bti;
struct pmt;

// Takes its own reference to the IOMMU.  NULL without memory.
struct bti* bti_create(struct dispatcher* iommu);
struct dispatcher* bti_dispatcher(struct bti* bti);
struct bti* bti_from_dispatcher(struct dispatcher* object);
char* bti_name(struct bti* bti); // ZX_MAX_NAME_LEN bytes
void bti_get_info(struct bti* bti, zx_info_bti_t* info);
// Whether memory may be pinned: not while some is in quarantine.
bool bti_may_pin(const struct bti* bti);
// A token of it is made; it is gone.
void bti_add_token(struct bti* bti);
void bti_remove_token(struct bti* bti);
// Keeps a token that was closed without being unpinned, for a device may still use the memory.
void bti_quarantine(struct bti* bti, struct pmt* pmt);
void bti_release_quarantine(struct bti* bti);
