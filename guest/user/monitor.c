#include "monitor.h"

#include "calls.h"

// What a child's main thread waits for in a join.
struct join {
    zx_handle_t helper; // not owned; invalid: no join under way
    zx_time_t deadline;
    zx_handle_t exception;
    zx_handle_t thread;
    general_registers registers;
};

// One exception of a thread of a child, stopped in it.
struct stop {
    zx_handle_t exception;
    zx_handle_t thread;
    zx_exception_info_t info;
    general_registers registers;
};

static uint64_t in_child(const char* place) {
    return CHILD_IMAGE + (uint64_t)((const uint8_t*)place - child_parts.image);
}

static zx_status_t read_registers(zx_handle_t thread, general_registers* registers) {
    return calls.thread_read_state(thread, ZX_THREAD_STATE_GENERAL_REGS, registers,
                                   sizeof(*registers));
}

// Lets a stopped thread go on with these registers.
static void resume(zx_handle_t exception, zx_handle_t thread, const general_registers* registers) {
    calls.thread_write_state(thread, ZX_THREAD_STATE_GENERAL_REGS, registers, sizeof(*registers));
    const uint32_t handled = ZX_EXCEPTION_STATE_HANDLED;
    calls.object_set_property(exception, ZX_PROP_EXCEPTION_STATE, &handled, sizeof(handled));
    calls.handle_close(thread);
    calls.handle_close(exception);
}

// The same, with the result of a trap.
static void answer(zx_handle_t exception, zx_handle_t thread, general_registers* registers,
                   uint64_t result) {
    registers->REGISTER_PC = in_child(agent_trap_return);
    registers->REGISTER_RESULT = result;
    resume(exception, thread, registers);
}

static void begin_join(struct child* child, struct stop* stop, struct join* join) {
    uint64_t number = stop->registers.REGISTER_ARGUMENT1;
    if (number == 0 || number >= MAX_THREADS || child->helpers[number] == ZX_HANDLE_INVALID ||
        join->helper != ZX_HANDLE_INVALID) {
        answer(stop->exception, stop->thread, &stop->registers, (uint64_t)ZX_ERR_BAD_STATE);
        return;
    }
    *join = (struct join){
        .helper = child->helpers[number],
        .deadline = calls.clock_get_monotonic() + JOIN_LIMIT_NS,
        .exception = stop->exception,
        .thread = stop->thread,
        .registers = stop->registers,
    };
}

static void end_join(struct join* join, zx_status_t status) {
    answer(join->exception, join->thread, &join->registers, (uint64_t)status);
    join->helper = ZX_HANDLE_INVALID;
}

// Drops a join whose main thread will not go on.
static void forget_join(struct join* join) {
    if (join->helper != ZX_HANDLE_INVALID) {
        calls.handle_close(join->thread);
        calls.handle_close(join->exception);
        join->helper = ZX_HANDLE_INVALID;
    }
}

static void note_fault(const struct stop* stop, struct ending* ending) {
    ending->kind = ZXH_ENDING_FAULT;
    ending->exception = stop->info.type;
    ending->register_count = REGISTER_COUNT;
    ending->registers = stop->registers;
    zx_exception_report_t report;
    if (calls.object_get_info(stop->thread, ZX_INFO_THREAD_EXCEPTION_REPORT, &report,
                              sizeof(report), NULL, NULL) == ZX_OK) {
        const zx_exception_context_t* context = (const zx_exception_context_t*)report.context;
        ending->address = FAULT_ADDRESS(context);
        ending->synth_code = context->synth_code;
    }
}

// Takes the next exception off the channel; false if there was none after all.
static bool take_exception(struct stop* stop) {
    uint32_t handles;
    if (calls.channel_read(child_parts.exceptions, 0, &stop->info, &stop->exception,
                           sizeof(stop->info), 1, NULL, &handles) != ZX_OK) {
        return false;
    }
    if (calls.exception_get_thread(stop->exception, &stop->thread) != ZX_OK) {
        calls.handle_close(stop->exception);
        return false;
    }
    if (read_registers(stop->thread, &stop->registers) != ZX_OK) {
        calls.handle_close(stop->thread);
        calls.handle_close(stop->exception);
        return false;
    }
    return true;
}

// Answers one exception.  True: the child asked for the next step and sleeps in *sleeping.
static bool handle_exception(struct child* child, struct join* join, struct sleeping* sleeping,
                             struct ending* ending) {
    struct stop stop;
    if (!take_exception(&stop)) {
        return false;
    }
    uint64_t pc = stop.registers.REGISTER_PC;
    if (pc >= in_child(guarded_begin) && pc < in_child(guarded_end)) {
        stop.registers.REGISTER_PC = in_child(guarded_fault);
        resume(stop.exception, stop.thread, &stop.registers);
        return false;
    }
    if (pc == in_child(agent_trap_at)) {
        switch (stop.registers.REGISTER_ARGUMENT0) {
        case TRAP_SPAWN: {
            zx_status_t status = child_spawn(child, stop.registers.REGISTER_ARGUMENT1);
            answer(stop.exception, stop.thread, &stop.registers, (uint64_t)status);
            return false;
        }
        case TRAP_JOIN:
            begin_join(child, &stop, join);
            return false;
        case TRAP_NEXT:
            if (sleeping != NULL) {
                *sleeping = (struct sleeping){stop.exception, stop.thread};
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
    calls.handle_close(stop.thread);
    calls.handle_close(stop.exception);
    return false;
}

// The process has ended: by itself, or by what was noted before.
static void note_end(const struct child* child, struct ending* ending) {
    zx_info_process_t info = {0};
    calls.object_get_info(child->process, ZX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
    ending->retcode = info.return_code;
    if (ending->kind != ZXH_ENDING_FINISHED) {
        return;
    }
    if (child->context->broken) {
        ending->kind = ZXH_ENDING_LOST;
        ending->status = ZX_ERR_INTERNAL;
    } else if (info.return_code == ZX_TASK_RETCODE_EXCEPTION_KILL) {
        ending->kind = ZXH_ENDING_FAULT;
    } else if (info.return_code <= ZX_TASK_RETCODE_SYSCALL_KILL &&
               info.return_code >= ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL) {
        ending->kind = ZXH_ENDING_KILLED;
    } else if (!child->context->finished || info.return_code != 0) {
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
        calls.thread_write_state(helper, ZX_THREAD_STATE_GENERAL_REGS, &registers,
                                 sizeof(registers));
    }
    calls.handle_close(token);
}

bool monitor_run(struct child* child, zx_time_t limit, struct sleeping* sleeping,
                 struct ending* ending) {
    struct join join = {0};
    *ending = (struct ending){.kind = ZXH_ENDING_FINISHED};
    for (;;) {
        zx_wait_item_t items[3] = {
            {child->process, ZX_PROCESS_TERMINATED, 0},
            {child_parts.exceptions, ZX_CHANNEL_READABLE, 0},
            {join.helper, ZX_THREAD_TERMINATED, 0},
        };
        bool joining = join.helper != ZX_HANDLE_INVALID;
        zx_time_t deadline = joining && join.deadline < limit ? join.deadline : limit;
        zx_status_t status = calls.object_wait_many(items, joining ? 3 : 2, deadline);
        if (items[0].pending & ZX_PROCESS_TERMINATED) {
            break;
        }
        if (items[1].pending & ZX_CHANNEL_READABLE) {
            if (handle_exception(child, &join, sleeping, ending)) {
                return true;
            }
        } else if (joining && items[2].pending & ZX_THREAD_TERMINATED) {
            end_join(&join, ZX_OK);
        } else if (status == ZX_ERR_TIMED_OUT && deadline < limit) {
            end_helper(child, join.helper);
            end_join(&join, ZX_ERR_TIMED_OUT);
        } else if (status == ZX_ERR_TIMED_OUT) {
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

void monitor_wake(struct child* child, struct sleeping* sleeping, zx_status_t status) {
    (void)child;
    general_registers registers;
    if (read_registers(sleeping->thread, &registers) == ZX_OK) {
        answer(sleeping->exception, sleeping->thread, &registers, (uint64_t)status);
    }
    *sleeping = (struct sleeping){0};
}
