// Threads as kernel objects.
#include "thread_object.h"

#include "heap.h"
#include "process.h"
#include "restricted.h"
#include "string.h"

#define ONLY_CPU_MASK 1ull

struct thread_dispatcher* thread_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct thread_dispatcher, object);
}

struct dispatcher* thread_object_dispatcher(struct thread_dispatcher* thread) {
    return &thread->object;
}

struct thread_dispatcher* thread_object_current(void) {
    return thread_current()->object;
}

char* thread_object_name(struct thread_dispatcher* thread) {
    return thread->name;
}

static void thread_destroy(struct dispatcher* object) {
    struct thread_dispatcher* thread = thread_from_dispatcher(object);
    if (thread->thread != NULL) {
        thread_free(thread->thread); // it never started
    }
    exception_channel_drop(&thread->exception_channel);
    kfree(thread->restricted);
    dispatcher_unref(&thread->process->object);
    kfree(thread);
}

static zx_koid_t related_koid(struct dispatcher* object) {
    return thread_from_dispatcher(object)->process->object.koid;
}

const struct dispatcher_ops thread_ops = {
    .type = ZX_OBJ_TYPE_THREAD,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .has_name = true,
    .destroy = thread_destroy,
    .related_koid = related_koid,
};

// The first thing a user thread does, in the kernel: it may be killed or suspended already.
static void enter_user(void* argument) {
    exception_announce_start(argument);
    thread_before_user_mode();
    arch_enter_user();
}

zx_status_t process_create_thread(struct process* process, const char* name,
                                  struct thread_dispatcher** out) {
    if (process->state == PROCESS_DYING || process->state == PROCESS_DEAD) {
        return ZX_ERR_BAD_STATE;
    }
    struct thread_dispatcher* thread = kalloc(sizeof(*thread));
    if (thread == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    thread->thread = thread_create(name, enter_user, thread);
    if (thread->thread == NULL) {
        kfree(thread);
        return ZX_ERR_NO_MEMORY;
    }
    dispatcher_init(&thread->object, &thread_ops, 0);
    thread->thread->process = process;
    thread->thread->object = thread;
    thread->process = process;
    dispatcher_ref(&process->object);
    copy_text(thread->name, name, sizeof(thread->name));
    *out = thread;
    return ZX_OK;
}

// What the signals say about a started thread.
static void show_state(struct thread_dispatcher* thread) {
    zx_signals_t set = thread->thread->suspend_count > 0 ? ZX_THREAD_SUSPENDED : ZX_THREAD_RUNNING;
    update_signals(&thread->object, ZX_THREAD_SUSPENDED | ZX_THREAD_RUNNING, set);
}

// Where user code may begin; 0 is as good as any other address it will fault at.
static bool is_user_entry(uint64_t address) {
    return address < USER_END;
}

zx_status_t process_start_thread(struct thread_dispatcher* thread, uint64_t entry, uint64_t stack,
                                 uint64_t argument0, uint64_t argument1) {
    struct process* process = thread->process;
    if (process->state == PROCESS_DYING || process->state == PROCESS_DEAD) {
        return ZX_ERR_BAD_STATE;
    }
    if (!is_user_entry(entry)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (thread->state != THREAD_OBJECT_INITIAL) {
        return ZX_ERR_BAD_STATE;
    }
    if (process->state == PROCESS_INITIAL) {
        process->state = PROCESS_RUNNING;
        process->started_at = current_time();
        thread->is_first = true;
    }
    arch_set_user_entry(thread->thread, entry, stack, argument0, argument1);
    thread->thread->root = process->root;
    thread->thread->vdso_base = process->vdso_base;
    thread->state = THREAD_OBJECT_STARTED;
    list_push_back(&process->threads, &thread->process_link);
    dispatcher_ref(&thread->object); // its own, while it runs
    for (uint32_t i = 0; i < process->suspend_count; i++) {
        thread_suspend(thread->thread);
    }
    thread_start(thread->thread);
    show_state(thread);
    return ZX_OK;
}

void thread_object_exited(struct thread_dispatcher* thread) {
    struct process* process = thread->process;
    uint64_t ticks = thread->thread->runtime_ticks;
    thread->state = THREAD_OBJECT_DEAD;
    thread->runtime_ticks = ticks;
    thread_free(thread->thread);
    thread->thread = NULL;
    list_remove(&thread->process_link);
    exception_channel_drop(&thread->exception_channel);
    update_signals(&thread->object, ZX_THREAD_SUSPENDED | ZX_THREAD_RUNNING, ZX_THREAD_TERMINATED);
    process_thread_gone(process, ticks);
    dispatcher_unref(&thread->object);
}

zx_status_t thread_object_suspend(struct thread_dispatcher* thread) {
    if (thread_object_is_ending(thread)) {
        return ZX_ERR_BAD_STATE;
    }
    thread_object_hold(thread);
    return ZX_OK;
}

void thread_object_hold(struct thread_dispatcher* thread) {
    thread_suspend(thread->thread);
    if (thread->state == THREAD_OBJECT_STARTED) {
        // It does not run now, or this call would not: it will run no more user code.
        show_state(thread);
    }
}

void thread_object_resume(struct thread_dispatcher* thread) {
    if (thread->state == THREAD_OBJECT_DEAD) {
        return;
    }
    thread_resume(thread->thread);
    if (thread->state == THREAD_OBJECT_STARTED) {
        show_state(thread);
    }
}

bool thread_object_is_ending(const struct thread_dispatcher* thread) {
    return thread->state == THREAD_OBJECT_DEAD || thread->thread->kill_pending ||
           thread->is_exiting;
}

void thread_set_vdso_base(struct thread_dispatcher* thread) {
    if (thread->restricted == NULL || !thread->restricted->active) {
        thread->thread->vdso_base = thread->process->vdso_base;
    }
}

void thread_object_set_cpu_mask(struct thread_dispatcher* thread, uint64_t mask) {
    thread->cpu_mask_change = mask ^ ONLY_CPU_MASK;
}

bool thread_object_is_stopped(const struct thread_dispatcher* thread) {
    return thread->state == THREAD_OBJECT_STARTED &&
           (thread->thread->suspend_count > 0 || thread->exception != NULL);
}

// ---- information ---------------------------------------------------------------------------

static uint32_t info_state(const struct thread_dispatcher* thread) {
    switch (thread->state) {
    case THREAD_OBJECT_INITIAL:
        return ZX_THREAD_STATE_NEW;
    case THREAD_OBJECT_DEAD:
        return ZX_THREAD_STATE_DEAD;
    default:
        break;
    }
    const struct thread* running = thread->thread;
    if (thread_object_is_ending(thread)) {
        return ZX_THREAD_STATE_DYING;
    }
    if (running->suspend_count > 0) {
        return ZX_THREAD_STATE_SUSPENDED;
    }
    if (running->state == THREAD_BLOCKED) {
        return running->blocked_reason != 0 ? running->blocked_reason : ZX_THREAD_STATE_BLOCKED;
    }
    return ZX_THREAD_STATE_RUNNING;
}

void thread_get_info(struct thread_dispatcher* thread, zx_info_thread_t* info) {
    memset(info, 0, sizeof(*info));
    info->state = info_state(thread);
    if (thread->exception != NULL) {
        info->wait_exception_channel_type = thread->exception->channel;
    }
    info->cpu_affinity_mask[0] = thread->cpu_mask_change ^ ONLY_CPU_MASK;
}

zx_status_t thread_get_stats(struct thread_dispatcher* thread, zx_info_thread_stats_t* stats) {
    if (thread->state == THREAD_OBJECT_DEAD) {
        return ZX_ERR_BAD_STATE;
    }
    memset(stats, 0, sizeof(*stats));
    stats->total_runtime = runtime_ns(thread_runtime_ticks(thread));
    stats->last_scheduled_cpu = thread->state == THREAD_OBJECT_INITIAL ? ZX_INFO_INVALID_CPU : 0;
    return ZX_OK;
}

zx_status_t thread_get_exception_report(struct thread_dispatcher* thread,
                                        zx_exception_report_t* report) {
    if (thread->exception == NULL) {
        return ZX_ERR_BAD_STATE;
    }
    exception_get_report(thread->exception, report);
    return ZX_OK;
}

zx_duration_t runtime_ns(uint64_t ticks) {
    return (zx_duration_t)((unsigned __int128)ticks * ticks_to_ns.multiplier >> ticks_to_ns.shift);
}

uint64_t thread_runtime_ticks(const struct thread_dispatcher* thread) {
    if (thread->thread == NULL) {
        return thread->runtime_ticks;
    }
    uint64_t ticks = thread->thread->runtime_ticks;
    if (thread->thread->state == THREAD_RUNNING) {
        ticks += arch_ticks() - thread->thread->switched_in_at;
    }
    return ticks;
}

void thread_get_runtime(struct thread_dispatcher* thread, zx_info_task_runtime_t* runtime) {
    memset(runtime, 0, sizeof(*runtime));
    runtime->cpu_time = runtime_ns(thread_runtime_ticks(thread));
}
