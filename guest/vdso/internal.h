// Shared by the vDSO's own functions: how they are exported, and what they may call.
#pragma once

#include "vdso_constants.h"
#include "zx/abi.h"
#include "zx/vdso_entries.h"

__attribute__((visibility("hidden"))) extern const union vdso_constants_page vdso_constants;

#define CONSTANTS (&vdso_constants.values)

// Exports a function defined as _zx_<name> under its weak name zx_<name> as well.
#define VDSO_EXPORT(name)                                                                          \
    extern __typeof(_##name) name __attribute__((weak, alias("_" #name), visibility("default")))

// Marks the strong name.
#define VDSO_FUNCTION __attribute__((visibility("default")))
