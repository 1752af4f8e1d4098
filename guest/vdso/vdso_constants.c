// The constants page as it lies in the image: valid defaults, replaced by the kernel.
#include "vdso_constants.h"

#include "internal.h"

__attribute__((aligned(4096))) const union vdso_constants_page vdso_constants = {
    .values = {
        .ticks_per_second = 1000000000, .ns_multiplier = 1, .num_cpus = 1, .page_size = 4096}};
