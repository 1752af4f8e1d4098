// Exceptions: what a thread did that it may not, and who is asked about it.
#pragma once

#include "object.h"

struct arch_regs;
struct thread_dispatcher;

// Where a task tells of its exceptions.
struct exception_channel {
    struct dispatcher* end; // the kernel's, or NULL
    zx_rights_t rights;     // to the task, of whoever listens: those of the handles it gets
};

// A user thread did what it may not: cause (vector or ESR), fault address.  Offers the exception
// to exception channels; unhandled, the process dies with ZX_TASK_RETCODE_EXCEPTION_KILL.
// zx_exception is ZX_EXCP_*; synth_code/synth_data as in zx_exception_context_t.
void user_exception(struct arch_regs* regs, uint32_t zx_exception, uint64_t cause, uint64_t address,
                    uint32_t synth_code, uint32_t synth_data);
// The calling thread is about to run its first user instruction, or has run its last: debuggers are
// told, and it goes on when they have answered.
void exception_announce_start(struct thread_dispatcher* thread);
void exception_announce_exit(struct thread_dispatcher* thread);

extern const struct dispatcher_ops exception_ops;

struct exception {
    struct dispatcher object;         // first
    struct thread_dispatcher* thread; // a reference
    uint32_t type;                    // ZX_EXCP_*
    zx_exception_context_t context;
    uint32_t channel;           // ZX_EXCEPTION_CHANNEL_TYPE_* that it is offered to
    uint32_t state;             // ZX_EXCEPTION_STATE_* that closing it means
    uint32_t strategy;          // ZX_EXCEPTION_STRATEGY_*
    bool returned;              // its last handle is closed
    zx_rights_t thread_rights;  // of the handles that it gives
    zx_rights_t process_rights; // none: ACCESS_DENIED
};

// ZX_INFO_THREAD_EXCEPTION_REPORT.
void exception_get_report(const struct exception* exception, zx_exception_report_t* report);

struct exception* exception_from_dispatcher(struct dispatcher* object);
// ZX_PROP_EXCEPTION_STATE and ZX_PROP_EXCEPTION_STRATEGY; INVALID_ARGS, BAD_STATE.
zx_status_t exception_get_state(struct dispatcher* exception, uint32_t* state);
zx_status_t exception_set_state(struct dispatcher* exception, uint32_t state);
zx_status_t exception_get_strategy(struct dispatcher* exception, uint32_t* strategy);
bool exception_is_debuggers(const struct dispatcher* exception);
zx_status_t exception_set_strategy(struct dispatcher* exception, uint32_t strategy);

// One of the up to JOB_DEBUGGER_CHANNELS_MAX debuggers of a job.
struct debugger_channel {
    struct list_node link;
    struct exception_channel channel;
};

// zx_task_create_exception_channel for an object of each type, by one who has these rights to it:
// *out is the user's end, with one reference, the caller's.  ALREADY_BOUND, BAD_STATE,
// INVALID_ARGS, NO_MEMORY.
zx_status_t exception_channel_create(struct dispatcher* task, uint32_t options, zx_rights_t rights,
                                     struct dispatcher** out);
// Whether anyone listens at the other end; drops the kernel's if not.
bool exception_channel_is_open(struct exception_channel* channel);
// Closes the kernel's end.
void exception_channel_drop(struct exception_channel* channel);
