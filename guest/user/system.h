// What editions of the kernel do differently in what the agent does: how the exceptions of children
// are taken and answered, how a process is started, what is known of its end.  Calls that differ in
// their arguments alone are adapted in calls.c's table instead.
//
//     edition    exceptions of a job's processes           at the end
//     2022       an exception channel, exception objects   64-bit return code
//     2018       packets on a port, resumed by thread      32-bit return code
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "libc/elf_symbols.h"
#include "registers.h"

// One exception of a thread of a child, stopped in it.
struct stop {
    zx_handle_t exception; // ZX_HANDLE_INVALID where exceptions are no objects
    zx_handle_t thread;
    uint32_t type;
    general_registers registers;
};

// Why a wait for a child is over.
enum wake {
    WAKE_TIME,
    WAKE_ENDED,        // the process has
    WAKE_EXCEPTION,    // take it
    WAKE_HELPER_ENDED, // the helper thread has
    WAKE_NOTHING,      // wait again
};

struct system {
    size_t register_bytes;   // of a thread's general registers, the first of general_registers
    bool start_needs_handle; // process_start without a handle for the new process fails
    // From now on exceptions of the job's processes stop until they are answered.
    zx_status_t (*catch_exceptions)(zx_handle_t job);
    // Sets a job's policy: the action of condition i in four bits i, ZX_POL_ACTION_ALLOW not set.
    zx_status_t (*set_policy)(zx_handle_t job, uint64_t policy);
    // Waits for a child, and for one of its threads if there is a handle.
    enum wake (*wait)(zx_handle_t process, zx_handle_t helper, zx_time_t deadline);
    // The exception that ended a wait, without its registers; false if there is none after all.
    bool (*take_exception)(zx_handle_t process, struct stop* stop);
    // Lets the stopped thread go on; the handles stay.
    void (*resume)(const struct stop* stop);
    // Return code of a process that has ended, as ZX_TASK_RETCODE_* numbers it.
    int64_t (*return_code)(zx_handle_t process);
};

extern const struct system* kernel_system;

extern const struct system system_2022, system_2018;

// Fills the calls of this edition; the name of one that is missing, or NULL.
const char* system_2022_find(const elf_object_t* vdso);
const char* system_2018_find(const elf_object_t* vdso);
