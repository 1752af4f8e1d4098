// The stress program: a first process that keeps the kernel busy with random calls.
//
// The controller (the first process) works in rounds.  In each it starts some worker processes in a
// job of their own and hands every one of them handles to all kinds of objects, some shared with
// the others.  A worker's threads make calls that they draw from the table of all calls
// (zxh/stress_calls.inc, from the definition of the interface) with arguments drawn by what the
// parameters are.  At the end of a round the job is killed and everything closed: then the kernel
// must hold what it held before.
//
// Image and workers have no variables and no relocations: all state is in `struct worker`, which
// the controller sees as well, and on stacks.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "zx/syscalls.h"

// ---- the table of calls -------------------------------------------------------------------------

// What a parameter is, which decides how its arguments are drawn.
enum parameter_kind {
    KIND_NONE,
    KIND_HANDLE,
    KIND_NUMBER,
    KIND_OFFSET,
    KIND_LENGTH,
    KIND_KOID,
    KIND_COUNT, // of bytes that another parameter points to
    KIND_FEW,   // likewise of handles or records
    KIND_ADDRESS,
    KIND_ENTRY,
    KIND_STACK,
    KIND_TIME,
    KIND_DURATION,
    KIND_RIGHTS,
    KIND_SIGNALS,
    KIND_VM_OPTIONS,
    KIND_BYTES,   // pointer to bytes, or to a number
    KIND_FUTEX,   // pointer to a futex
    KIND_HANDLES, // pointer to handles
    KIND_RECORD,  // pointer to records
};

enum {
    FLAG_RELEASE = 1, // handles are gone afterwards
    FLAG_ACQUIRE = 2, // handles come back
    FLAG_PLACE = 4,   // an address where something was mapped comes back
    FLAG_ROOM = 8,    // counts what has to be large enough
};

#define NO_PARAMETER 0xff
#define TYPE_TASK 0xff // a job, a process or a thread

struct parameter {
    uint8_t kind;
    uint8_t flags;
    uint8_t detail; // type of the object; record; of numbers and bytes: their constants
    uint8_t count;  // the parameter that says how many, NO_PARAMETER: one
};

#define CALL_NAME 44
#define MOST_PARAMETERS 8

struct call {
    char name[CALL_NAME];
    bool status;    // it returns a status
    bool local;     // the vDSO itself follows its pointers
    uint8_t one_in; // made once for so many times it is drawn
    struct parameter parameters[MOST_PARAMETERS];
};

struct member {
    uint16_t offset;
    uint8_t size;
    uint8_t kind;
    uint8_t detail;
};

#define MOST_MEMBERS 8

struct record {
    uint16_t size;
    uint8_t members_count;
    struct member members[MOST_MEMBERS];
};

struct constant_set {
    uint16_t first;
    uint16_t count;
    bool narrow; // the parameter is always one of them
};

#include "zxh/stress_calls.inc"

// A call of the vDSO by its number in the table.
#define CALL(functions, name) ((__typeof__(&name))(uintptr_t)(functions)[CALL_##name])

// ---- a worker -----------------------------------------------------------------------------------

#define PAGE 4096ull
#define PAGE_UP(size) (((size) + PAGE - 1) & ~(PAGE - 1))

#define FIRST_THREADS 4
#define MOST_THREADS 12 // in the life of a worker
#define POOL_SIZE 64
#define PLACES 16
#define KOIDS 16
#define FUTEXES 4
#define STACK_SIZE (16 * 1024ull)
#define ROOM_SIZE 1024ull // for what one argument points to
#define LARGE_SIZE (128 * 1024ull)

// Where a worker has its parts.
#define WORKER_VDSO 0x200000000ull
#define WORKER_IMAGE 0x200080000ull
#define WORKER_DATA 0x201000000ull
#define WORKER_NOTHING 0x600000000000ull // never mapped

struct tally {
    uint32_t made;
    uint32_t succeeded;
    uint32_t no_memory; // calls that failed for want of it
};

struct thread_state {
    uint64_t random;
    uint64_t calls; // made so far
};

struct worker {
    uint64_t functions[CALL_COUNT];
    uint64_t seed;
    uint64_t region; // address of the region it may map to
    uint64_t image_size;
    uint32_t threads; // started so far, or under way
    uint32_t kept;    // handles it was given: most calls leave them alone
    zx_handle_t handles[POOL_SIZE];
    uint8_t types[POOL_SIZE]; // of the objects when the handles came
    uint64_t places[PLACES];  // addresses of mappings and regions
    zx_koid_t koids[KOIDS];
    zx_futex_t futexes[FUTEXES];
    zx_handle_t new_process, new_thread; // a thread made last and its process
    struct thread_state states[MOST_THREADS];
    struct tally tallies[CALL_COUNT];
};

// Behind the structure: rooms for arguments and a stack for each thread, then one large room.
#define ROOMS_OFFSET PAGE_UP(sizeof(struct worker))
#define STACKS_OFFSET (ROOMS_OFFSET + MOST_THREADS * MOST_PARAMETERS * ROOM_SIZE)
#define LARGE_OFFSET (STACKS_OFFSET + MOST_THREADS * STACK_SIZE)
#define DATA_SIZE (LARGE_OFFSET + LARGE_SIZE)

// A random number; each thread has its own sequence.
static inline uint64_t draw(uint64_t* state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1dull;
}

static inline uint64_t below(uint64_t* state, uint64_t limit) {
    return (draw(state) >> 32) % limit;
}

// A sequence of its own for each part of a run.
static inline uint64_t mix(uint64_t seed, uint64_t part) {
    uint64_t state = (seed + part * 0x9e3779b97f4a7c15ull) | 1;
    draw(&state);
    return draw(&state) | 1;
}

// The calls that the workers' threads make, for ever.
__attribute__((noreturn)) void worker_main(zx_handle_t bootstrap, struct worker* worker);
__attribute__((noreturn)) void worker_thread(uint64_t number, struct worker* worker);
// Draws the arguments of a call.  `taken` marks the places of the pool whose handles are given up.
void draw_arguments(struct worker* worker, uint64_t number, const struct call* call,
                    uint64_t* arguments, uint64_t* taken);

// start.S: where a worker and its further threads begin.
__attribute__((visibility("hidden"))) extern const char worker_entry[], thread_entry[];
