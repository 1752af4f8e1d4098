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

static void drop_space(struct vmar** root) {
    vmar_destroy(*root);
    dispatcher_unref(&(*root)->object);
    *root = NULL;
}

// The last one that has it closes the handles and frees the memory.
static void leave_commons(struct process* process) {
    struct commons* commons = process->commons;
    list_remove(&process->share_link);
    process->vdso_base = 0;
    process->root = NULL;
    if (--commons->processes == 0) {
        handle_table_destroy(&commons->handles);
        drop_space(&commons->root);
    }
}

// The end: closes its handles, frees its memory, leaves its job.
static void tear_down(struct process* process) {
    process->state = PROCESS_DEAD;
    exception_channel_drop(&process->exception_channel);
    exception_channel_drop(&process->debugger_channel);
    leave_commons(process);
    if (process->restricted != NULL) {
        drop_space(&process->restricted);
    }
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

// Whose it was at first; that object is kept by the processes that share it.
static struct process* owner_of(struct commons* commons) {
    return container_of(commons, struct process, own);
}

static void process_destroy(struct dispatcher* object) {
    struct process* process = process_from_dispatcher(object);
    if (process->state != PROCESS_DEAD) {
        tear_down(process); // it never had a handle
    }
    if (process->critical_to != NULL) {
        dispatcher_unref(&process->critical_to->object);
    }
    if (process->commons != &process->own) {
        dispatcher_unref(&owner_of(process->commons)->object);
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

// Takes an object that has its commons into a job.
static zx_status_t add_to_job(struct process* process, struct job* job, const char* name) {
    zx_status_t status = job_add_process(job, process);
    if (status != ZX_OK) {
        return status;
    }
    struct commons* commons = process->commons;
    commons->processes++;
    list_push_back(&commons->sharers, &process->share_link);
    process->handles = &commons->handles;
    process->root = commons->root;
    process->vdso_base = commons->vdso_base;
    dispatcher_init(&process->object, &process_ops, 0);
    dispatcher_ref(&job->object);
    process->job = job;
    list_init(&process->threads);
    copy_text(process->name, name, sizeof(process->name));
    share_header->processes++;
    return ZX_OK;
}

static zx_status_t commons_init(struct commons* commons, bool shareable) {
    zx_status_t status =
        vmar_create_root(shareable ? SHARED_BASE : USER_BASE, USER_END, &commons->root);
    if (status == ZX_OK) {
        status = handle_table_init(&commons->handles);
        if (status != ZX_OK) {
            dispatcher_unref(&commons->root->object);
        }
    }
    list_init(&commons->futexes);
    list_init(&commons->sharers);
    commons->shareable = shareable;
    return status;
}

zx_status_t process_create(struct job* job, const char* name, bool shareable,
                           struct process** out) {
    struct process* process = kalloc(sizeof(*process));
    if (process == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = commons_init(&process->own, shareable);
    if (status != ZX_OK) {
        kfree(process);
        return status;
    }
    process->commons = &process->own;
    status = add_to_job(process, job, name);
    if (status != ZX_OK) {
        handle_table_destroy(&process->own.handles);
        dispatcher_unref(&process->own.root->object);
        kfree(process);
        return status;
    }
    process->root->space->process = process;
    *out = process;
    return ZX_OK;
}

zx_status_t process_create_shared(struct process* origin, const char* name, struct process** out) {
    struct commons* commons = origin->commons;
    if (!commons->shareable) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (commons->processes == 0) {
        return ZX_ERR_BAD_STATE;
    }
    struct process* process = kalloc(sizeof(*process));
    if (process == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = vmar_create_root(USER_BASE, SHARED_BASE, &process->restricted);
    if (status != ZX_OK) {
        kfree(process);
        return status;
    }
    process->commons = commons;
    status = add_to_job(process, origin->job, name);
    if (status != ZX_OK) {
        dispatcher_unref(&process->restricted->object);
        kfree(process);
        return status;
    }
    dispatcher_ref(&owner_of(commons)->object);
    process->restricted->space->process = process;
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

void process_set_vdso_base(struct process* process, uint64_t base) {
    process->commons->vdso_base = base;
    list_for_each(share_node, &process->commons->sharers) {
        struct process* sharer = container_of(share_node, struct process, share_link);
        sharer->vdso_base = base;
        list_for_each(node, &sharer->threads) {
            thread_set_vdso_base(container_of(node, struct thread_dispatcher, process_link));
        }
    }
}

struct vmar* process_root_at(struct process* process, uint64_t address) {
    return process->restricted != NULL && address < SHARED_BASE ? process->restricted
                                                                : process->commons->root;
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
    uint64_t sharers = process->commons->processes;
    if (sharers > 1) { // nothing of what it shares is its own
        stats->mem_shared_bytes += stats->mem_private_bytes;
        stats->mem_scaled_shared_bytes =
            stats->mem_scaled_shared_bytes / sharers + stats->mem_private_bytes / sharers;
        stats->mem_private_bytes = 0;
    }
    if (process->restricted != NULL) {
        zx_info_task_stats_t own;
        vmar_stats(process->restricted, &own);
        stats->mem_mapped_bytes += own.mem_mapped_bytes;
        stats->mem_private_bytes += own.mem_private_bytes;
        stats->mem_shared_bytes += own.mem_shared_bytes;
        stats->mem_scaled_shared_bytes += own.mem_scaled_shared_bytes;
    }
    return ZX_OK;
}

// Whether it has, or had, addresses for itself.
static bool is_sharer(const struct process* process) {
    return process->commons != &process->own;
}

zx_status_t process_maps(struct process* process, record_fn record, void* context) {
    zx_status_t status = ZX_OK;
    if (is_sharer(process)) {
        status = process->restricted == NULL
                     ? ZX_ERR_BAD_STATE
                     : vmar_maps(process->restricted, process->name, record, context);
    }
    if (status == ZX_OK) {
        status = process->commons->root == NULL
                     ? ZX_ERR_BAD_STATE
                     : vmar_maps(process->commons->root, process->name, record, context);
    }
    return status;
}

zx_status_t process_vmos(struct process* process, record_fn record, void* context) {
    if (process->state != PROCESS_RUNNING) {
        return ZX_ERR_BAD_STATE;
    }
    list_for_each(node, &process->handles->handles) {
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
    zx_status_t status = vmar_vmos(process->root, record, context);
    if (status == ZX_OK && process->restricted != NULL) {
        status = vmar_vmos(process->restricted, record, context);
    }
    return status;
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
