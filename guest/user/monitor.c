#include "monitor.h"

#include "calls.h"

// What a child's main thread waits for in a join.
struct join {
    zx_handle_t helper; // not owned; invalid: no join under way
    zx_time_t deadline;
    struct stop stop;
};

static uint64_t in_child(const char* place) {
    return CHILD_IMAGE + (uint64_t)((const uint8_t*)place - child_parts.image);
}

static zx_status_t read_registers(zx_handle_t thread, general_registers* registers) {
    *registers = (general_registers){0};
    return calls.thread_read_state(thread, ZX_THREAD_STATE_GENERAL_REGS, registers,
                                   kernel_system->register_bytes);
}

static void write_registers(zx_handle_t thread, const general_registers* registers) {
    calls.thread_write_state(thread, ZX_THREAD_STATE_GENERAL_REGS, registers,
                             kernel_system->register_bytes);
}

// Leaves a stopped thread to its fate.
static void drop(const struct stop* stop) {
    calls.handle_close(stop->thread);
    if (stop->exception != ZX_HANDLE_INVALID) {
        calls.handle_close(stop->exception);
    }
}

// Lets a stopped thread go on with its registers as they are in `stop`.
static void resume(const struct stop* stop) {
    write_registers(stop->thread, &stop->registers);
    kernel_system->resume(stop);
    drop(stop);
}

// The same, with the result of a trap.
static void answer(struct stop* stop, uint64_t result) {
    stop->registers.REGISTER_PC = in_child(agent_trap_return);
    stop->registers.REGISTER_RESULT = result;
    resume(stop);
}

static void begin_join(struct child* child, struct stop* stop, struct join* join) {
    uint64_t number = stop->registers.REGISTER_ARGUMENT1;
    if (number == 0 || number >= MAX_THREADS || child->helpers[number] == ZX_HANDLE_INVALID ||
        join->helper != ZX_HANDLE_INVALID) {
        answer(stop, (uint64_t)ZX_ERR_BAD_STATE);
        return;
    }
    *join = (struct join){
        .helper = child->helpers[number],
        .deadline = calls.clock_get_monotonic() + JOIN_LIMIT_NS,
        .stop = *stop,
    };
}

static void end_join(struct join* join, zx_status_t status) {
    answer(&join->stop, (uint64_t)status);
    join->helper = ZX_HANDLE_INVALID;
}

// Drops a join whose main thread will not go on.
static void forget_join(struct join* join) {
    if (join->helper != ZX_HANDLE_INVALID) {
        drop(&join->stop);
        join->helper = ZX_HANDLE_INVALID;
    }
}

static void note_fault(const struct stop* stop, struct ending* ending) {
    ending->kind = ZXH_ENDING_FAULT;
    ending->exception = stop->type;
    ending->register_count = REGISTER_COUNT;
    ending->registers = stop->registers;
    zx_exception_report_t report = {0};
    if (calls.object_get_info(stop->thread, ZX_INFO_THREAD_EXCEPTION_REPORT, &report,
                              sizeof(report), NULL, NULL) == ZX_OK) {
        const zx_exception_context_t* context = (const zx_exception_context_t*)report.context;
        ending->address = FAULT_ADDRESS(context);
        ending->synth_code = context->synth_code;
    }
}

// Takes the exception that is there; false if there was none after all.
static bool take_exception(const struct child* child, struct stop* stop) {
    if (!kernel_system->take_exception(child->process, stop)) {
        return false;
    }
    if (read_registers(stop->thread, &stop->registers) != ZX_OK) {
        drop(stop);
        return false;
    }
    return true;
}

// Answers one exception.  True: the child asked for the next step and sleeps in *sleeping.
static bool handle_exception(struct child* child, struct join* join, struct stop* sleeping,
                             struct ending* ending) {
    struct stop stop;
    if (!take_exception(child, &stop)) {
        return false;
    }
    uint64_t pc = stop.registers.REGISTER_PC;
    if (pc >= in_child(guarded_begin) && pc < in_child(guarded_end)) {
        stop.registers.REGISTER_PC = in_child(guarded_fault);
        resume(&stop);
        return false;
    }
    if (pc == in_child(agent_trap_at)) {
        switch (stop.registers.REGISTER_ARGUMENT0) {
        case TRAP_SPAWN: {
            zx_status_t status = child_spawn(child, stop.registers.REGISTER_ARGUMENT1);
            answer(&stop, (uint64_t)status);
            return false;
        }
        case TRAP_JOIN:
            begin_join(child, &stop, join);
            return false;
        case TRAP_NEXT:
            if (sleeping != NULL) {
                *sleeping = stop;
                return true;
            }
            break;
        default:
            break;
        }
    }
    if (ending->kind == ZXH_ENDING_FINISHED) {
        note_fault(&stop, ending);
    }
    calls.task_kill(child->process);
    drop(&stop);
    return false;
}

// The process has ended: by itself, or by what was noted before.
static void note_end(const struct child* child, struct ending* ending) {
    ending->retcode = kernel_system->return_code(child->process);
    if (ending->kind != ZXH_ENDING_FINISHED) {
        return;
    }
    if (child->context->broken) {
        ending->kind = ZXH_ENDING_LOST;
        ending->status = ZX_ERR_INTERNAL;
    } else if (ending->retcode == ZX_TASK_RETCODE_EXCEPTION_KILL) {
        ending->kind = ZXH_ENDING_FAULT;
    } else if (ending->retcode <= ZX_TASK_RETCODE_SYSCALL_KILL &&
               ending->retcode >= ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL) {
        ending->kind = ZXH_ENDING_KILLED;
    } else if (!child->context->finished || ending->retcode != 0) {
        ending->kind = ZXH_ENDING_EXITED;
    }
}

// Ends a helper: threads cannot be killed, but one that is suspended goes on where it is told to.
// If it is in a call that waits, that is when the call returns; so nobody waits for its end.
static void end_helper(const struct child* child, zx_handle_t helper) {
    zx_handle_t token;
    if (calls.task_suspend_token(helper, &token) != ZX_OK) {
        return; // it is ending by itself
    }
    const zx_signals_t stopped = ZX_THREAD_SUSPENDED | ZX_THREAD_TERMINATED;
    calls.object_wait_one(helper, stopped, ZX_TIME_INFINITE, NULL);
    general_registers registers;
    if (read_registers(helper, &registers) == ZX_OK) {
        registers.REGISTER_PC = in_child(child_exit_entry);
        registers.REGISTER_SP = child_stack(child, helper);
        registers.REGISTER_ARGUMENT1 = child_context_address(child);
        write_registers(helper, &registers);
    }
    calls.handle_close(token);
}

bool monitor_run(struct child* child, zx_time_t limit, struct stop* sleeping,
                 struct ending* ending) {
    struct join join = {0};
    *ending = (struct ending){.kind = ZXH_ENDING_FINISHED};
    for (;;) {
        bool joining = join.helper != ZX_HANDLE_INVALID;
        zx_time_t deadline = joining && join.deadline < limit ? join.deadline : limit;
        enum wake wake = kernel_system->wait(child->process, join.helper, deadline);
        if (wake == WAKE_ENDED) {
            break;
        }
        if (wake == WAKE_EXCEPTION) {
            if (handle_exception(child, &join, sleeping, ending)) {
                return true;
            }
        } else if (wake == WAKE_HELPER_ENDED) {
            end_join(&join, ZX_OK);
        } else if (wake == WAKE_TIME && deadline < limit) {
            end_helper(child, join.helper);
            end_join(&join, ZX_ERR_TIMED_OUT);
        } else if (wake == WAKE_TIME) {
            if (ending->kind == ZXH_ENDING_FINISHED) {
                ending->kind = ZXH_ENDING_TIME_LIMIT;
            }
            calls.task_kill(child->process);
            limit = ZX_TIME_INFINITE;
        }
    }
    forget_join(&join);
    note_end(child, ending);
    return false;
}

void monitor_wake(struct stop* sleeping, zx_status_t status) {
    answer(sleeping, (uint64_t)status);
    *sleeping = (struct stop){0};
}
