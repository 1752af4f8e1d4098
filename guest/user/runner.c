// Runs the steps of a program, one after the other, in each of its threads.
#include "runner.h"

#include "libc/libc.h"
#include "loader.h"

#define MAIN 0

typedef uint64_t (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                             uint64_t);

// Calls a function of whatever type `repeat` times; missing arguments are 0.
__attribute__((no_sanitize("function"))) static uint64_t
call(uint64_t address, const struct argument* arguments, uint32_t repeat) {
    function target = (function)address;
    uint64_t value;
    do {
        value =
            target(arguments[0].value, arguments[1].value, arguments[2].value, arguments[3].value,
                   arguments[4].value, arguments[5].value, arguments[6].value, arguments[7].value);
    } while (--repeat > 0);
    return value;
}

// Pseudo calls.  Returns what the step reports.
static uint64_t run_pseudo(struct child_context* context, const zxh_step* step,
                           const struct argument* arguments, zxh_step_result* result) {
    uint64_t fault = 0;
    uint64_t value = 0;
    switch (step->function - ZXH_FUNCTION_PSEUDO) {
    case ZXH_PSEUDO_SPAWN:
        value = agent_trap(TRAP_SPAWN, step->helper + 1);
        context->helpers_running += (zx_status_t)value == ZX_OK;
        return value;
    case ZXH_PSEUDO_JOIN:
        value = agent_trap(TRAP_JOIN, step->helper + 1);
        context->helpers_running -= context->helpers_running > 0;
        return value;
    case ZXH_PSEUDO_LOAD:
        value = guarded_load(arguments[0].value, arguments[1].value, &fault);
        result->fault = fault ? ZXH_FAULT_READ : ZXH_FAULT_NONE;
        return value;
    case ZXH_PSEUDO_STORE:
        guarded_store(arguments[0].value, arguments[1].value, &fault, arguments[2].value);
        result->fault = fault ? ZXH_FAULT_WRITE : ZXH_FAULT_NONE;
        return 0;
    default: // ZXH_PSEUDO_BUF, ZXH_PSEUDO_SHOW
        return 0;
    }
}

static void run_call(struct child_context* context, const zxh_step* step,
                     const struct argument* arguments, zxh_step_result* result) {
    uint64_t address = step->function < FUNCTION_COUNT ? context->functions[step->function] : 0;
    if (address == 0) {
        result->flags |= ZXH_STEP_MISSING;
        return;
    }
    result->ret = result_of_call(step, call(address, arguments, step->repeat));
}

static void run_step(struct child_context* context, uint32_t thread, const zxh_step* step) {
    bool timed = step->flags & ZXH_STEP_HAS_MIN_NS;
    // Before deadlines are made from the time of now.
    zx_time_t start = timed ? runner_now(context) : 0;
    // A call gets eight arguments, the missing ones 0; only $buf and $show may have more.
    size_t count = step->argument_count < MAX_ARGUMENTS ? MAX_ARGUMENTS : step->argument_count;
    struct argument arguments[count];
    const uint8_t* wire = (const uint8_t*)(step + 1);
    for (uint32_t i = 0; i < step->argument_count; i++) {
        wire = argument_make(context, wire, &arguments[i]);
    }
    for (size_t i = step->argument_count; i < count; i++) {
        arguments[i].value = 0;
    }
    struct thread_work* work = &context->threads[thread];
    zxh_step_result* result = (zxh_step_result*)work->results;
    *result = (zxh_step_result){0};
    if (step->function >= ZXH_FUNCTION_PSEUDO && step->function != ZXH_FUNCTION_MISSING) {
        result->ret = result_of_call(step, run_pseudo(context, step, arguments, result));
    } else {
        run_call(context, step, arguments, result);
    }
    if (timed) {
        uint64_t elapsed = (uint64_t)(runner_now(context) - start);
        result->flags |= ZXH_STEP_HAS_ELAPSED;
        result->flags |= elapsed >= step->min_ns ? ZXH_STEP_ELAPSED : 0;
    }
    bool with_live = thread == MAIN && context->helpers_running == 0;
    size_t reported = result->flags & ZXH_STEP_MISSING ? 0 : step->argument_count;
    uint32_t size = result_write(context, arguments, reported, with_live, result);
    work->results += size;
    __atomic_store_n(&work->progress, work->progress + (1ull << 32 | size), __ATOMIC_RELEASE);
}

static void run_steps(struct child_context* context, uint32_t thread) {
    struct thread_work* work = &context->threads[thread];
    const uint8_t* next = work->steps;
    for (uint64_t i = 0; i < work->step_count; i++) {
        const zxh_step* step = (const zxh_step*)next;
        next += step->size;
        run_step(context, thread, step);
    }
}

// ---- starting -----------------------------------------------------------------------------------

// Brings the zxio library in and notes where its functions are.
static bool load_library(struct child_context* context, zx_handle_t root_vmar,
                         zx_handle_t library) {
    if (zxio_library_load(root_vmar, library, (const void*)context->vdso) != ZX_OK) {
        return false;
    }
    static const char names[] =
#define VDSO_FUNCTION(name)
#define ZXIO_FUNCTION(name) #name "\0"
#include "zxh/functions.inc"
#undef VDSO_FUNCTION
#undef ZXIO_FUNCTION
        ;
    const char* name = names;
    for (uint32_t number = VDSO_FUNCTION_COUNT; number < FUNCTION_COUNT; number++) {
        context->functions[number] = (uint64_t)zxio_library_symbol(name);
        while (*name++ != '\0') {
        }
    }
    return true;
}

// Takes the handles that the program is given from the bootstrap channel, which goes.
static bool take_handles(struct child_context* context, zx_handle_t bootstrap) {
    zx_handle_t handles[BOOTSTRAP_HANDLES];
    uint32_t count = 0;
    if (bootstrap != ZX_HANDLE_INVALID &&
        (CALL(context, channel_read)(bootstrap, 0, NULL, handles, 0, BOOTSTRAP_HANDLES, NULL,
                                     &count) != ZX_OK ||
         CALL(context, handle_close)(bootstrap) != ZX_OK)) {
        return false;
    }
    const zx_handle_t* next = handles;
    for (uint32_t slot = 0; slot < context->given_count; slot++) {
        bool zero = (context->given >> 4 * slot & 0xf) == ZXH_GIVEN_ZERO;
        result_handle(context, (uint16_t)slot, zero ? ZX_HANDLE_INVALID : *next++,
                      &context->given_results[slot]);
    }
    if (context->flags & ZXH_PROGRAM_ZXIO) {
        return load_library(context, next[0], next[1]) &&
               CALL(context, handle_close)(next[1]) == ZX_OK;
    }
    return true;
}

__attribute__((noreturn)) void runner_main(zx_handle_t bootstrap, struct child_context* context) {
    if (take_handles(context, bootstrap)) {
        do {
            run_steps(context, MAIN);
        } while (context->session && agent_trap(TRAP_NEXT, 0) == ZX_OK);
        context->finished = true;
    } else {
        context->broken = true;
    }
    CALL(context, process_exit)(0);
    __builtin_trap();
}

__attribute__((noreturn)) void runner_helper(uint64_t thread, struct child_context* context) {
    run_steps(context, (uint32_t)thread);
    CALL(context, thread_exit)();
    __builtin_trap();
}

__attribute__((noreturn)) void runner_exit(uint64_t unused, struct child_context* context) {
    (void)unused;
    CALL(context, thread_exit)();
    __builtin_trap();
}
