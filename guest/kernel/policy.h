// What a process may not do although its handles allow it.
#pragma once

#include "arch.h"

// Asks the policy of the caller's job about a ZX_POL_* condition: ZX_OK, or
// ZX_ERR_ACCESS_DENIED; raises the exception or kills the caller where the policy says so.
// Every zx_*_create calls it with its ZX_POL_NEW_*.  (Where jobs are.)
zx_status_t policy_enforce(uint32_t condition);
// The caller named no handle: ZX_ERR_BAD_HANDLE whatever the policy says, which may raise the
// exception or kill the caller all the same.
zx_status_t policy_bad_handle(void);
// The caller did what no policy allows: the synthetic exception ZX_EXCP_POLICY_ERROR with one of
// ZX_EXCP_POLICY_CODE_*; data is the number in question.  Returns if an exception handler resumes
// it, else the caller dies on its way to user mode.
void policy_exception(uint32_t code, uint32_t data);
