// The registers of a stopped thread, as ZX_THREAD_STATE_GENERAL_REGS gives them.
#pragma once

#include "zx/abi.h"

typedef zx_x86_64_thread_state_general_regs_t general_registers;

#define REGISTER_COUNT (sizeof(general_registers) / 8)
#define REGISTER_COUNT_2018 18 // up to rflags
#define REGISTER_PC rip
#define REGISTER_SP rsp
#define REGISTER_ARGUMENT0 rdi
#define REGISTER_ARGUMENT1 rsi
#define REGISTER_RESULT rax

// The address in a fault's report.
#define FAULT_ADDRESS(context) ((context)->arch[2])
