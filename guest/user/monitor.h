// Watches a child while it runs: answers its traps, notes how it ends, stops it in time.
#pragma once

#include "child.h"
#include "system.h"

// How a run ended.
struct ending {
    uint32_t kind; // ZXH_ENDING_*
    zx_status_t status;
    int64_t retcode;
    uint64_t address;
    uint32_t exception;
    uint32_t synth_code;
    uint32_t register_count;
    general_registers registers;
};

// Lets the child run until it has ended or, with `sleeping`, asks for the next step.  True: it
// sleeps, stopped in that exception; false: it has ended, as *ending says.
bool monitor_run(struct child* child, zx_time_t limit, struct stop* sleeping,
                 struct ending* ending);
// Wakes a session's process with this status as the trap's result.
void monitor_wake(struct stop* sleeping, zx_status_t status);
