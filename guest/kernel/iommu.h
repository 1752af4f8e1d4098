// IOMMUs.  The machine has none that the kernel knows: the only kind is the dummy
// (ZX_IOMMU_TYPE_DUMMY), behind which devices use physical addresses.
#pragma once

#include "object.h"

// With one reference, the caller's; NULL without memory.
struct dispatcher* iommu_create(void);
