// The registers of a stopped thread, as ZX_THREAD_STATE_GENERAL_REGS gives them.
#pragma once

#include "zx/abi.h"

typedef struct {
    uint64_t x0, x1, x2_to_x29[28];
    uint64_t lr;
    uint64_t sp;
    uint64_t pc;
    uint64_t cpsr;
    uint64_t tpidr;
} general_registers;

#define REGISTER_COUNT (sizeof(general_registers) / 8)
#define REGISTER_COUNT_2018 34 // up to cpsr
#define REGISTER_PC pc
#define REGISTER_SP sp
#define REGISTER_ARGUMENT0 x0
#define REGISTER_ARGUMENT1 x1
#define REGISTER_RESULT x0

// The address in a fault's report.
#define FAULT_ADDRESS(context) ((context)->arch[1])
