// The first user process.
#pragma once

#include "arch.h"

// Makes the root job and the agent in it, ready to run; panics if that cannot be done.
void userboot(void);
// The one page among the image's constants that the kernel writes, with the vDSO's own constants.
paddr_t vdso_constants_page(void);
