// What a process may not do although its handles allow it.
#pragma once

#include "arch.h"

// The current thread broke a rule: the synthetic exception ZX_EXCP_POLICY_ERROR with one of
// ZX_EXCP_POLICY_CODE_*.  Unhandled, its process dies on its way back to user mode.
void policy_exception(uint32_t code, uint32_t data);
