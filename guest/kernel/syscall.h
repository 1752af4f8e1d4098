// System calls: the dispatch table and who may use it.
#pragma once

#include "arch.h"
#include "zx/numbers.h"

struct syscall_entry {
    uint64_t (*handler)(const uint64_t* args); // NULL: not implemented
    uint32_t vdso_return;                      // offset in the vDSO behind its trap instruction
    uint32_t vdso_exit_return;                 // behind its second one; 0: has none
    const char* name;
};

extern const struct syscall_entry syscall_table[ZX_SYS_COUNT];

// The vDSO's image in memory, bytes: constants and symbols first, code from code_offset on.
struct vdso_layout {
    uint64_t code_offset;
    uint64_t code_size;
    uint64_t size;
    uint64_t constants_offset; // of struct vdso_constants
};
extern const struct vdso_layout vdso_layout;

// Called by the architecture's entry code with the number, up to 8 arguments and the address
// behind the trap instruction.  A call from anywhere but its place in the vDSO, or with a number
// that does not exist, is the policy exception BAD_SYSCALL.
uint64_t syscall_dispatch(uint64_t number, const uint64_t* args, uint64_t return_address);
