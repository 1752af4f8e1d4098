// Restricted mode: a thread runs user code, in the part of the addresses that its process does not
// share if there is one, until a system call brings it back to where it said.
#pragma once

#include "arch.h"

struct restricted {
    bool active;
    uint64_t vector; // where it goes on in normal mode, and with which argument
    uint64_t context;
    uint64_t normal_bases[2];           // of segments
    uint8_t registers[RESTRICTED_SIZE]; // zx_*_restricted_state_t: to come, or left with
};

// Whether the calling thread is there; then it goes on in normal mode after a system call.
bool restricted_is_active(void);
__attribute__((noreturn)) void restricted_leave(void);
