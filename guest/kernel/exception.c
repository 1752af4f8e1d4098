// Exceptions.
//
// An exception is offered in turn to whoever listens, each time as a message with an exception
// object; closing its last handle is the answer (ZX_PROP_EXCEPTION_STATE).
//
//     the process' debugger, the thread's channel, the process' channel, the debugger again (if
//     it asked for a second chance), then job by job upwards its channel
//
// If nobody takes it, the process dies.
#include "exception.h"

#include "channel.h"
#include "heap.h"
#include "process.h"
#include "string.h"

struct exception* exception_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct exception, object);
}

// The answer: the thread goes on with what the last state set means.
static void on_zero_handles(struct dispatcher* object) {
    struct exception* exception = exception_from_dispatcher(object);
    exception->returned = true;
    if (exception->thread->exception == exception) {
        thread_wake(exception->thread->thread, ZX_OK);
    }
}

static void exception_destroy(struct dispatcher* object) {
    struct exception* exception = exception_from_dispatcher(object);
    dispatcher_unref(&exception->thread->object);
    kfree(exception);
}

const struct dispatcher_ops exception_ops = {
    .type = ZX_OBJ_TYPE_EXCEPTION,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = on_zero_handles,
    .destroy = exception_destroy,
};

zx_status_t exception_get_state(struct dispatcher* exception, uint32_t* state) {
    *state = exception_from_dispatcher(exception)->state;
    return ZX_OK;
}

zx_status_t exception_set_state(struct dispatcher* exception, uint32_t state) {
    if (state > ZX_EXCEPTION_STATE_THREAD_EXIT) {
        return ZX_ERR_INVALID_ARGS;
    }
    exception_from_dispatcher(exception)->state = state;
    return ZX_OK;
}

bool exception_is_debuggers(const struct dispatcher* exception) {
    return container_of(exception, const struct exception, object)->channel ==
           ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER;
}

zx_status_t exception_get_strategy(struct dispatcher* exception, uint32_t* strategy) {
    if (!exception_is_debuggers(exception)) {
        return ZX_ERR_BAD_STATE;
    }
    *strategy = exception_from_dispatcher(exception)->strategy;
    return ZX_OK;
}

zx_status_t exception_set_strategy(struct dispatcher* exception, uint32_t strategy) {
    if (strategy > ZX_EXCEPTION_STRATEGY_SECOND_CHANCE) {
        return ZX_ERR_INVALID_ARGS;
    }
    exception_from_dispatcher(exception)->strategy = strategy;
    return ZX_OK;
}

// ---- channels ------------------------------------------------------------------------------

void exception_channel_drop(struct exception_channel* channel) {
    if (channel->end != NULL) {
        dispatcher_drop_handle(channel->end);
        channel->end = NULL;
    }
}

bool exception_channel_is_open(struct exception_channel* channel) {
    if (channel->end != NULL && (channel->end->signals & ZX_OBJECT_PEER_CLOSED)) {
        exception_channel_drop(channel);
    }
    return channel->end != NULL;
}

static zx_status_t make_channel(struct exception_channel* channel, zx_rights_t rights,
                                struct dispatcher** out) {
    struct channel* kernel_end;
    struct channel* user_end;
    zx_status_t status = channel_create(&kernel_end, &user_end);
    if (status == ZX_OK) {
        channel->end = channel_dispatcher(kernel_end);
        channel->rights = rights;
        dispatcher_add_handle(channel->end); // as if the kernel had a handle: it stays open
        dispatcher_unref(channel->end);
        *out = channel_dispatcher(user_end);
    }
    return status;
}

static zx_status_t bind(struct exception_channel* channel, zx_rights_t rights,
                        struct dispatcher** out) {
    return exception_channel_is_open(channel) ? ZX_ERR_ALREADY_BOUND
                                              : make_channel(channel, rights, out);
}

static zx_status_t bind_job_debugger(struct job* job, zx_rights_t rights, struct dispatcher** out) {
    list_for_each_safe(node, &job->debugger_channels) {
        struct debugger_channel* debugger = container_of(node, struct debugger_channel, link);
        if (!exception_channel_is_open(&debugger->channel)) {
            list_remove(node);
            kfree(debugger);
            job->debugger_count--;
        }
    }
    if (job->debugger_count == JOB_DEBUGGER_CHANNELS_MAX) {
        return ZX_ERR_ALREADY_BOUND;
    }
    struct debugger_channel* debugger = kalloc(sizeof(*debugger));
    if (debugger == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = make_channel(&debugger->channel, rights, out);
    if (status != ZX_OK) {
        kfree(debugger);
        return status;
    }
    list_push_back(&job->debugger_channels, &debugger->link);
    job->debugger_count++;
    return ZX_OK;
}

zx_status_t exception_channel_create(struct dispatcher* task, uint32_t options, zx_rights_t rights,
                                     struct dispatcher** out) {
    bool debugger = options & ZX_EXCEPTION_CHANNEL_DEBUGGER;
    switch (task->ops->type) {
    case ZX_OBJ_TYPE_JOB: {
        struct job* job = job_from_dispatcher(task);
        if (job->dying) {
            return ZX_ERR_BAD_STATE;
        }
        return debugger ? bind_job_debugger(job, rights, out)
                        : bind(&job->exception_channel, rights, out);
    }
    case ZX_OBJ_TYPE_PROCESS: {
        struct process* process = process_from_dispatcher(task);
        if (process->state == PROCESS_DYING || process->state == PROCESS_DEAD) {
            return ZX_ERR_BAD_STATE;
        }
        return bind(debugger ? &process->debugger_channel : &process->exception_channel, rights,
                    out);
    }
    default: {
        struct thread_dispatcher* thread = thread_from_dispatcher(task);
        if (debugger) {
            return ZX_ERR_INVALID_ARGS;
        }
        if (thread->state == THREAD_OBJECT_DEAD || thread->thread->kill_pending) {
            return ZX_ERR_BAD_STATE;
        }
        return bind(&thread->exception_channel, rights, out);
    }
    }
}

// ---- raising -------------------------------------------------------------------------------

// Sends the exception's message through a channel; false if nobody is there.
static bool send(struct exception* exception, struct exception_channel* channel) {
    if (!exception_channel_is_open(channel)) {
        return false;
    }
    zx_exception_info_t info = {.pid = exception->thread->process->object.koid,
                                .tid = exception->thread->object.koid,
                                .type = exception->type};
    struct message* message = message_create(sizeof(info), 1);
    if (message == NULL) {
        return false;
    }
    message->handles[0] = handle_create(&exception->object, ZX_DEFAULT_EXCEPTION_RIGHTS);
    if (message->handles[0] == NULL) {
        message_destroy(message);
        return false;
    }
    memcpy(message->bytes, &info, sizeof(info));
    return channel_write(channel_from_dispatcher(channel->end), message) == ZX_OK;
}

// Offers it to one channel and waits for the answer.
static uint32_t offer(struct exception* exception, struct exception_channel* channel,
                      uint32_t type) {
    exception->channel = type;
    exception->state = ZX_EXCEPTION_STATE_TRY_NEXT;
    exception->returned = false;
    exception->thread_rights = channel->rights;
    // Whoever listens to a thread only gets no further up.
    exception->process_rights =
        type == ZX_EXCEPTION_CHANNEL_TYPE_THREAD ? ZX_RIGHT_NONE : channel->rights;
    if (!send(exception, channel)) {
        return ZX_EXCEPTION_STATE_TRY_NEXT;
    }
    while (!exception->returned) {
        zx_status_t status =
            thread_block(NULL, ZX_TIME_INFINITE, ZX_THREAD_STATE_BLOCKED_EXCEPTION);
        if (status == ZX_ERR_INTERNAL_INTR_KILLED) {
            return ZX_EXCEPTION_STATE_THREAD_EXIT;
        }
    }
    return exception->state;
}

static uint32_t offer_to_all(struct exception* exception) {
    struct thread_dispatcher* thread = exception->thread;
    struct process* process = thread->process;
    uint32_t answer =
        offer(exception, &process->debugger_channel, ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER);
    bool second_chance = exception->strategy == ZX_EXCEPTION_STRATEGY_SECOND_CHANCE;
    if (answer == ZX_EXCEPTION_STATE_TRY_NEXT) {
        answer = offer(exception, &thread->exception_channel, ZX_EXCEPTION_CHANNEL_TYPE_THREAD);
    }
    if (answer == ZX_EXCEPTION_STATE_TRY_NEXT) {
        answer = offer(exception, &process->exception_channel, ZX_EXCEPTION_CHANNEL_TYPE_PROCESS);
    }
    if (answer == ZX_EXCEPTION_STATE_TRY_NEXT && second_chance) {
        answer = offer(exception, &process->debugger_channel, ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER);
    }
    for (struct job* job = process->job; job != NULL && answer == ZX_EXCEPTION_STATE_TRY_NEXT;
         job = job->parent) {
        answer = offer(exception, &job->exception_channel, ZX_EXCEPTION_CHANNEL_TYPE_JOB);
    }
    return answer;
}

// An exception that the thread is in from now on; NULL without memory.
static struct exception* begin(struct thread_dispatcher* thread, uint32_t type) {
    struct exception* exception = kalloc(sizeof(*exception));
    if (exception != NULL) {
        dispatcher_init(&exception->object, &exception_ops, 0);
        dispatcher_ref(&thread->object);
        exception->thread = thread;
        exception->type = type;
        thread->exception = exception;
    }
    return exception;
}

static void end(struct exception* exception) {
    exception->thread->exception = NULL;
    dispatcher_unref(&exception->object);
}

// zx_exception_context_t.arch:  x86-64 vector, error code, address; arm64 ESR, address.
static void fill_arch_context(uint64_t* arch, const struct arch_regs* regs, uint64_t cause,
                              uint64_t address) {
    arch[0] = cause;
#ifdef __x86_64__
    arch[1] = regs->error_code;
    arch[2] = address;
#else
    (void)regs;
    arch[1] = address;
#endif
}

void exception_get_report(const struct exception* exception, zx_exception_report_t* report) {
    zx_exception_header_t header = {.size = sizeof(*report), .type = exception->type};
    memcpy(&report->header, &header, sizeof(header));
    memcpy(&report->context, &exception->context, sizeof(exception->context));
}

void user_exception(struct arch_regs* regs, uint32_t zx_exception, uint64_t cause, uint64_t address,
                    uint32_t synth_code, uint32_t synth_data) {
    struct thread_dispatcher* thread = thread_object_current();
    struct exception* exception = begin(thread, zx_exception);
    uint32_t answer = ZX_EXCEPTION_STATE_TRY_NEXT;
    if (exception != NULL) {
        exception->context.synth_code = synth_code;
        exception->context.synth_data = synth_data;
        fill_arch_context(exception->context.arch, regs, cause, address);
        answer = offer_to_all(exception);
        end(exception);
    }
    if (answer == ZX_EXCEPTION_STATE_THREAD_EXIT) {
        thread_kill(thread->thread);
    } else if (answer == ZX_EXCEPTION_STATE_TRY_NEXT) {
        process_kill(thread->process, ZX_TASK_RETCODE_EXCEPTION_KILL);
    }
}

// ---- announcing ----------------------------------------------------------------------------

// Tells one listener and waits; what it answers does not matter.
static void tell(struct thread_dispatcher* thread, uint32_t type, struct exception_channel* channel,
                 uint32_t channel_type) {
    if (!exception_channel_is_open(channel)) {
        return;
    }
    struct exception* exception = begin(thread, type);
    if (exception != NULL) {
        offer(exception, channel, channel_type);
        end(exception);
    }
}

// The debuggers of a job may come and go while one of them is waited for.
static void tell_debuggers(struct thread_dispatcher* thread, struct job* job) {
    for (uint32_t i = 0; i < job->debugger_count && !thread_object_is_ending(thread); i++) {
        struct list_node* node = job->debugger_channels.next;
        for (uint32_t skipped = 0; skipped < i; skipped++) {
            node = node->next;
        }
        tell(thread, ZX_EXCP_PROCESS_STARTING,
             &container_of(node, struct debugger_channel, link)->channel,
             ZX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER);
    }
}

void exception_announce_start(struct thread_dispatcher* thread) {
    struct process* process = thread->process;
    for (struct job* job = process->job; thread->is_first && job != NULL; job = job->parent) {
        tell_debuggers(thread, job);
    }
    if (!thread_object_is_ending(thread)) {
        tell(thread, ZX_EXCP_THREAD_STARTING, &process->debugger_channel,
             ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER);
    }
}

void exception_announce_exit(struct thread_dispatcher* thread) {
    thread->is_exiting = true;
    tell(thread, ZX_EXCP_THREAD_EXITING, &thread->process->debugger_channel,
         ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER);
}
