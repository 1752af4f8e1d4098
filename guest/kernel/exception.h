// Exceptions: what a thread did that it may not, and who is asked about it.
#pragma once

#include "object.h"

struct arch_regs;
struct thread_dispatcher;

// A user thread did what it may not: cause (vector or ESR), fault address.  Offers the exception
// to exception channels; unhandled, the process dies with ZX_TASK_RETCODE_EXCEPTION_KILL.
// zx_exception is ZX_EXCP_*; synth_code/synth_data as in zx_exception_context_t.
void user_exception(struct arch_regs* regs, uint32_t zx_exception, uint64_t cause, uint64_t address,
                    uint32_t synth_code, uint32_t synth_data);

extern const struct dispatcher_ops exception_ops;

struct exception {
    struct dispatcher object;         // first
    struct thread_dispatcher* thread; // a reference
    uint32_t type;                    // ZX_EXCP_*
    zx_exception_context_t context;
    uint32_t channel;  // ZX_EXCEPTION_CHANNEL_TYPE_* that it is offered to
    uint32_t state;    // ZX_EXCEPTION_STATE_* that closing it means
    uint32_t strategy; // ZX_EXCEPTION_STRATEGY_*
    bool returned;     // its last handle is closed
};

// ZX_INFO_THREAD_EXCEPTION_REPORT.
void exception_get_report(const struct exception* exception, zx_exception_report_t* report);

struct exception* exception_from_dispatcher(struct dispatcher* object);
// ZX_PROP_EXCEPTION_STATE and ZX_PROP_EXCEPTION_STRATEGY; INVALID_ARGS, BAD_STATE.
zx_status_t exception_get_state(struct dispatcher* exception, uint32_t* state);
zx_status_t exception_set_state(struct dispatcher* exception, uint32_t state);
zx_status_t exception_get_strategy(struct dispatcher* exception, uint32_t* strategy);
zx_status_t exception_set_strategy(struct dispatcher* exception, uint32_t strategy);

// One of the up to JOB_DEBUGGER_CHANNELS_MAX debuggers of a job.
struct debugger_channel {
    struct list_node link;
    struct dispatcher* channel; // the kernel's end
};

// zx_task_create_exception_channel for an object of each type: *out is the user's end, with one
// reference, the caller's.  ALREADY_BOUND, BAD_STATE, INVALID_ARGS, NO_MEMORY.
zx_status_t exception_channel_create(struct dispatcher* task, uint32_t options,
                                     struct dispatcher** out);
// Whether anyone listens at the kernel's end of a channel; frees *channel if not.
bool exception_channel_is_open(struct dispatcher** channel);
// Closes the kernel's end.
void exception_channel_drop(struct dispatcher** channel);
