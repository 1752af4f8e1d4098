// Processes.
//
//   INITIAL -- zx_process_start --> RUNNING -- exit, kill --> DYING -- last thread gone --> DEAD
//      \________ kill, or the last handle is closed _______________________________________/^
#include "process.h"

#include "heap.h"
#include "ktimer.h"
#include "share.h"
#include "string.h"

static bool is_end_critical(const struct process* process) {
    return process->critical_to != NULL &&
           (process->return_code != 0 || !process->critical_nonzero_only);
}

// The end: closes its handles, frees its memory, leaves its job.
static void tear_down(struct process* process) {
    process->state = PROCESS_DEAD;
    exception_channel_drop(&process->exception_channel);
    exception_channel_drop(&process->debugger_channel);
    handle_table_destroy(&process->handles);
    vmar_destroy(process->root);
    process->vdso_base = 0;
    dispatcher_unref(&process->root->object);
    process->root = NULL;
    share_header->processes--;
    update_signals(&process->object, 0, ZX_PROCESS_TERMINATED);
    job_remove_process(process->job, process);
    if (is_end_critical(process)) {
        job_kill(process->critical_to, ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL);
    }
}

static void on_zero_handles(struct dispatcher* object) {
    struct process* process = process_from_dispatcher(object);
    if (process->state == PROCESS_INITIAL) {
        tear_down(process);
    }
}

static void process_destroy(struct dispatcher* object) {
    struct process* process = process_from_dispatcher(object);
    if (process->state != PROCESS_DEAD) {
        tear_down(process); // it never had a handle
    }
    if (process->critical_to != NULL) {
        dispatcher_unref(&process->critical_to->object);
    }
    dispatcher_unref(&process->job->object);
    kfree(process->io_ports);
    kfree(process);
}

static zx_koid_t related_koid(struct dispatcher* object) {
    return process_from_dispatcher(object)->job->object.koid;
}

const struct dispatcher_ops process_ops = {
    .type = ZX_OBJ_TYPE_PROCESS,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .has_name = true,
    .on_zero_handles = on_zero_handles,
    .destroy = process_destroy,
    .related_koid = related_koid,
};

struct process* process_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct process, object);
}

zx_status_t process_create(struct job* job, const char* name, struct process** out) {
    struct process* process = kalloc(sizeof(*process));
    if (process == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = vmar_create_root(&process->root);
    if (status != ZX_OK) {
        kfree(process);
        return status;
    }
    status = handle_table_init(&process->handles);
    if (status == ZX_OK) {
        status = job_add_process(job, process);
        if (status != ZX_OK) {
            handle_table_destroy(&process->handles);
        }
    }
    if (status != ZX_OK) {
        dispatcher_unref(&process->root->object);
        kfree(process);
        return status;
    }
    dispatcher_init(&process->object, &process_ops, 0);
    dispatcher_ref(&job->object);
    process->job = job;
    process->root->space->process = process;
    list_init(&process->threads);
    list_init(&process->futexes);
    copy_text(process->name, name, sizeof(process->name));
    share_header->processes++;
    *out = process;
    return ZX_OK;
}

void process_kill(struct process* process, int64_t return_code) {
    if (process->state == PROCESS_DYING || process->state == PROCESS_DEAD) {
        return;
    }
    process->return_code = return_code;
    if (list_is_empty(&process->threads)) {
        tear_down(process);
        return;
    }
    process->state = PROCESS_DYING;
    list_for_each_safe(node, &process->threads) {
        thread_kill(container_of(node, struct thread_dispatcher, process_link)->thread);
    }
}

void process_exit_current(int64_t return_code) {
    process_kill(process_current(), return_code);
    thread_exit_current();
}

zx_status_t process_suspend(struct process* process) {
    if (process->state == PROCESS_DYING || process->state == PROCESS_DEAD) {
        return ZX_ERR_BAD_STATE;
    }
    process->suspend_count++;
    list_for_each_safe(node, &process->threads) {
        thread_object_hold(container_of(node, struct thread_dispatcher, process_link));
    }
    return ZX_OK;
}

void process_resume(struct process* process) {
    process->suspend_count--;
    list_for_each_safe(node, &process->threads) {
        thread_object_resume(container_of(node, struct thread_dispatcher, process_link));
    }
}

void process_thread_gone(struct process* process, uint64_t runtime_ticks) {
    process->runtime_ticks += runtime_ticks;
    if (list_is_empty(&process->threads)) {
        tear_down(process);
    }
}

// ---- information ---------------------------------------------------------------------------

void process_get_info(struct process* process, zx_info_process_t* info) {
    memset(info, 0, sizeof(*info));
    info->return_code = process->return_code;
    info->start_time = process->started_at;
    if (process->state != PROCESS_INITIAL) {
        info->flags |= ZX_INFO_PROCESS_FLAG_STARTED;
    }
    if (process->state == PROCESS_DYING || process->state == PROCESS_DEAD) {
        info->flags |= ZX_INFO_PROCESS_FLAG_EXITED;
    }
    if (exception_channel_is_open(&process->debugger_channel)) {
        info->flags |= ZX_INFO_PROCESS_FLAG_DEBUGGER_ATTACHED;
    }
}

zx_status_t process_get_task_stats(struct process* process, zx_info_task_stats_t* stats) {
    if (process->root == NULL) {
        return ZX_ERR_BAD_STATE;
    }
    vmar_stats(process->root, stats);
    return ZX_OK;
}

zx_status_t process_maps(struct process* process, record_fn record, void* context) {
    if (process->root == NULL) {
        return ZX_ERR_BAD_STATE;
    }
    return vmar_maps(process->root, record, context);
}

zx_status_t process_vmos(struct process* process, record_fn record, void* context) {
    if (process->state != PROCESS_RUNNING) {
        return ZX_ERR_BAD_STATE;
    }
    list_for_each(node, &process->handles.handles) {
        struct handle* handle = container_of(node, struct handle, link);
        if (handle->object->ops->type != ZX_OBJ_TYPE_VMO) {
            continue;
        }
        zx_info_vmo_t entry;
        vmo_get_info(vmo_from_dispatcher(handle->object), handle->rights, ZX_INFO_VMO_VIA_HANDLE,
                     &entry);
        zx_status_t status = record(context, &entry);
        if (status != ZX_OK) {
            return status;
        }
    }
    return vmar_vmos(process->root, record, context);
}

zx_status_t process_threads(struct process* process, record_fn record, void* context) {
    zx_status_t status = ZX_OK;
    list_for_each(node, &process->threads) {
        status = record(context,
                        &container_of(node, struct thread_dispatcher, process_link)->object.koid);
        if (status != ZX_OK) {
            break;
        }
    }
    return status;
}

struct dispatcher* process_find_thread(struct process* process, zx_koid_t koid) {
    list_for_each(node, &process->threads) {
        struct thread_dispatcher* thread =
            container_of(node, struct thread_dispatcher, process_link);
        if (thread->object.koid == koid) {
            return &thread->object;
        }
    }
    return NULL;
}

uint64_t process_runtime_ticks(const struct process* process) {
    uint64_t ticks = process->runtime_ticks;
    list_for_each(node, &process->threads) {
        ticks += thread_runtime_ticks(container_of(node, struct thread_dispatcher, process_link));
    }
    return ticks;
}

void process_get_runtime(struct process* process, zx_info_task_runtime_t* runtime) {
    memset(runtime, 0, sizeof(*runtime));
    runtime->cpu_time = runtime_ns(process_runtime_ticks(process));
}
