// The interpreter of programs.  It runs in the child and uses only its context and its stack; what
// a program breaks is the child's own.
#pragma once

#include "context.h"

#define MAX_ARGUMENTS 8

// An argument after it was made: what is passed, and the buffer behind it, if there is one.
struct argument {
    const zxh_argument* wire;
    const zxh_report* report; // NULL: the plain one
    uint64_t value;
    uint8_t* buffer;
    uint64_t size;
};

// Monotonic time.  In older editions one call tells all clocks, and their number is an argument.
static inline zx_time_t runner_now(const struct child_context* context) {
    const uint32_t monotonic = 0;
    uint64_t clock = context->functions[FUNCTION_NUMBER_zx_clock_get_monotonic];
    if (clock == 0) {
        clock = context->functions[FUNCTION_NUMBER_zx_clock_get];
    }
    return ((zx_time_t(*)(uint32_t))(uintptr_t)clock)(monotonic);
}

// ---- runner_arguments.c -------------------------------------------------------------------------

// Makes one argument: computes its value, fills and names its buffer.  Returns where the next one
// begins.
const uint8_t* argument_make(struct child_context* context, const uint8_t* wire,
                             struct argument* argument);

// ---- runner_results.c ---------------------------------------------------------------------------

// Describes the handle in a slot, as far as it is one.
void result_handle(struct child_context* context, uint16_t slot, zx_handle_t value,
                   zxh_handle* result);
// Writes what became of the step's handles and buffers and which slots are alive, behind `result`,
// and stores handles to their slots.  Returns the size of all, `result` included.
uint32_t result_write(struct child_context* context, const struct argument* arguments, size_t count,
                      bool with_live, zxh_step_result* result);
// The returned value, reduced to what the step reports of it.
uint64_t result_of_call(const zxh_step* step, uint64_t value);
