// Policy exceptions.
#include "policy.h"

#include "process.h"

void policy_exception(uint32_t code, uint32_t data) {
    user_exception(arch_user_regs(thread_current()), ZX_EXCP_POLICY_ERROR, 0, 0, code, data);
}
