// What the agent and the child that runs a program share: one block in the child's memory, and the
// child's address space around it.
//
//     CHILD_VDSO      vDSO, read-only data and code
//     CHILD_IMAGE     the agent's own image: text and constants, then (writable, from here on one
//                     mapping of one VMO) variables, stack, this context with its tables, the
//                     program's steps, their results, the arena of buffers, one free page; the
//                     page after it is not mapped
//     CHILD_EDGES     one mapping for each buffer that must end where a mapping ends
//     CHILD_NOTHING   never mapped
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zx/syscalls.h"
#include "zxh/wire.h"

#define CHILD_VDSO 0x200000000ull
#define CHILD_IMAGE 0x200040000ull
#define CHILD_EDGES 0x210000000ull
#define CHILD_NOTHING 0x600000000000ull

#define PAGE 4096ull
#define PAGE_UP(size) (((size) + PAGE - 1) & ~(PAGE - 1))

#define MAIN_STACK (8 * 1024ull)
#define LIBRARY_STACK (64 * 1024ull) // of the main thread if the zxio library is called
#define HELPER_STACK (16 * 1024ull)
// The given ones, and for the zxio library the root VMAR and the library itself.
#define BOOTSTRAP_HANDLES (ZXH_GIVEN_MOST + 2)
#define MAX_THREADS 5 // main and helpers

// What a trap asks of the agent; its result comes back as the return value.
enum {
    TRAP_SPAWN = 1, // start helper `argument`: status
    TRAP_JOIN = 2,  // wait for helper `argument` to end, at most JOIN_LIMIT_NS: status
    TRAP_NEXT = 3,  // session: the step is done, sleep until the next one is there
};

#define JOIN_LIMIT_NS 5000000000ll

// Function numbers: those of the vDSO, then those of the zxio library.
enum {
#define VDSO_FUNCTION(name) FUNCTION_NUMBER_##name,
#define ZXIO_FUNCTION(name)
#include "zxh/functions.inc"
#undef VDSO_FUNCTION
#undef ZXIO_FUNCTION
    VDSO_FUNCTION_COUNT
};

enum {
    LAST_VDSO_FUNCTION = VDSO_FUNCTION_COUNT - 1,
#define VDSO_FUNCTION(name)
#define ZXIO_FUNCTION(name) FUNCTION_NUMBER_##name,
#include "zxh/functions.inc"
#undef VDSO_FUNCTION
#undef ZXIO_FUNCTION
    FUNCTION_COUNT
};

// A named buffer, once it has been made.
struct binding {
    uint64_t address;
    uint64_t size;
};

// Steps and results of one thread of the program.
struct thread_work {
    const uint8_t* steps;
    uint64_t step_count;
    uint8_t* results;  // where the next step's result goes
    uint64_t progress; // steps done in the upper half, bytes of their results in the lower
};

struct child_context {
    // Addresses of the functions; 0: not there.
    uint64_t functions[FUNCTION_COUNT];
    uint64_t vdso;
    uint64_t vdso_numbers[3]; // by ZXH_VDSO_NUMBER_*
    uint64_t pointers[6];     // by ZXH_POINTER_*

    uint32_t flags; // ZXH_PROGRAM_*
    bool session;
    uint32_t given_count;
    uint64_t given;
    zxh_handle given_results[ZXH_GIVEN_MOST];

    uint32_t slot_count; // of the program, or of the session so far
    uint32_t koid_capacity;
    uint32_t koid_count;
    uint32_t helpers_running; // spawned and not yet joined
    zx_handle_t* slots;       // handle values
    uint8_t* slot_set;
    zx_koid_t* slot_koids; // of the object last stored
    struct binding* buffers;
    uint64_t* edges;  // where each edge buffer ends
    zx_koid_t* koids; // met so far: the index, from 1, is what results say
    uint8_t* arena;

    struct thread_work threads[MAX_THREADS];
    bool finished; // the main thread has done all its steps
    bool broken;   // the child could not be made ready for the program
};

#define CALL(context, name)                                                                        \
    ((__typeof__(&zx_##name))(uintptr_t)(context)->functions[FUNCTION_NUMBER_zx_##name])

// ---- machine code (start.S) ---------------------------------------------------------------------

// Where a new child's main thread and helpers begin: a handle or the helper's number, and the
// context, in the first two argument registers.
__attribute__((visibility("hidden"))) extern const char child_main_entry[], child_helper_entry[];
// Where a helper that has to end goes on: the context in the second argument register.
__attribute__((visibility("hidden"))) extern const char child_exit_entry[];

// Stops in an exception that the agent takes for a request.
uint64_t agent_trap(uint64_t request, uint64_t argument);
__attribute__((visibility("hidden"))) extern const char agent_trap_at[], agent_trap_return[];

// Memory accesses that may fault: *fault says whether they did.
uint64_t guarded_load(uint64_t address, uint64_t size, uint64_t* fault);
void guarded_store(uint64_t address, uint64_t size, uint64_t* fault, uint64_t value);
__attribute__((visibility("hidden"))) extern const char guarded_begin[], guarded_end[],
    guarded_fault[];
