// Jobs.
//
// A job that is killed kills what is below it and is dead when the last of that is; it leaves its
// parent then.  One that merely loses its last reference leaves its parent too.
#include "job.h"

#include "heap.h"
#include "process.h"
#include "string.h"

// The root job may have this many levels below it.
#define MAX_HEIGHT 32

#define ALL_CHILDREN (ZX_JOB_NO_JOBS | ZX_JOB_NO_PROCESSES | ZX_JOB_NO_CHILDREN)

struct job* job_from_dispatcher(struct dispatcher* object) {
    return container_of(object, struct job, object);
}

struct dispatcher* job_dispatcher(struct job* job) {
    return &job->object;
}

char* job_name(struct job* job) {
    return job->name;
}

bool* job_kill_on_oom(struct job* job) {
    return &job->kill_on_oom;
}

bool job_has_children(const struct job* job) {
    return !list_is_empty(&job->children) || !list_is_empty(&job->processes);
}

// Signals follow the lists; a dying job that has become empty is dead.
static void children_changed(struct job* job) {
    zx_signals_t set = (list_is_empty(&job->children) ? ZX_JOB_NO_JOBS : 0) |
                       (list_is_empty(&job->processes) ? ZX_JOB_NO_PROCESSES : 0) |
                       (job_has_children(job) ? 0 : ZX_JOB_NO_CHILDREN);
    update_signals(&job->object, ALL_CHILDREN & ~set, set);
}

static void leave_parent(struct job* job) {
    if (list_is_linked(&job->link)) {
        list_remove(&job->link);
        children_changed(job->parent);
    }
}

static void drop_exception_channels(struct job* job) {
    exception_channel_drop(&job->exception_channel);
    list_for_each(node, &job->debugger_channels) {
        exception_channel_drop(&container_of(node, struct debugger_channel, link)->channel);
    }
}

// If it is dying and all below it is gone, it is dead, and perhaps its parent now, and so on.
static void finish(struct job* job) {
    while (job != NULL && job->dying && !job->dead && !job_has_children(job)) {
        job->dead = true;
        drop_exception_channels(job);
        update_signals(&job->object, 0, ZX_JOB_TERMINATED);
        leave_parent(job);
        job = job->parent;
    }
}

static void job_destroy(struct dispatcher* object) {
    struct job* job = job_from_dispatcher(object);
    leave_parent(job);
    drop_exception_channels(job);
    struct list_node* node;
    while ((node = list_pop_front(&job->debugger_channels)) != NULL) {
        kfree(container_of(node, struct debugger_channel, link));
    }
    finish(job->parent);
    dispatcher_unref(&job->parent->object);
    kfree(job);
}

static zx_koid_t related_koid(struct dispatcher* object) {
    struct job* job = job_from_dispatcher(object);
    return job->parent == NULL ? 0 : job->parent->object.koid;
}

const struct dispatcher_ops job_ops = {
    .type = ZX_OBJ_TYPE_JOB,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .has_name = true,
    .destroy = job_destroy,
    .related_koid = related_koid,
};

static void job_init(struct job* job, struct job* parent) {
    dispatcher_init(&job->object, &job_ops, ALL_CHILDREN);
    list_init(&job->children);
    list_init(&job->processes);
    list_init(&job->debugger_channels);
    if (parent == NULL) {
        job->height = MAX_HEIGHT;
        return;
    }
    job->parent = parent;
    job->height = parent->height - 1;
    job->timer_slack = parent->timer_slack;
    memcpy(job->policy, parent->policy, sizeof(job->policy));
    dispatcher_ref(&parent->object);
    list_push_back(&parent->children, &job->link);
    children_changed(parent);
}

// Its one reference is never dropped.
struct job* job_root(void) {
    static struct job root;
    if (root.object.ops == NULL) {
        job_init(&root, NULL);
        copy_text(root.name, "root", sizeof(root.name));
    }
    return &root;
}

zx_status_t job_create(struct job* parent, struct job** out) {
    if (parent->height == 0) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (parent->dying) {
        return ZX_ERR_BAD_STATE;
    }
    *out = kalloc(sizeof(**out));
    if (*out == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    job_init(*out, parent);
    return ZX_OK;
}

zx_status_t job_add_process(struct job* job, struct process* process) {
    if (job->dying) {
        return ZX_ERR_BAD_STATE;
    }
    list_push_back(&job->processes, &process->job_link);
    children_changed(job);
    return ZX_OK;
}

void job_remove_process(struct job* job, struct process* process) {
    list_remove(&process->job_link);
    job->runtime_ticks += process->runtime_ticks;
    children_changed(job);
    finish(job);
}

// Jobs before processes, the youngest first; no deeper than MAX_HEIGHT.  What is to be killed is
// held: any of it may otherwise be gone with the handles of what is killed before.  A job that has
// lost its last reference already only waits for its end, which must not come twice.
void job_kill(struct job* job, int64_t return_code) {
    if (job->dying) {
        return;
    }
    job->dying = true;
    job->return_code = return_code;
    dispatcher_ref(&job->object);
    struct list_node jobs = LIST_INIT(jobs), processes = LIST_INIT(processes);
    list_for_each(node, &job->children) {
        struct job* child = container_of(node, struct job, link);
        if (child->object.references > 0) {
            dispatcher_ref(&child->object);
            list_push_front(&jobs, &child->doomed_link);
        }
    }
    list_for_each(node, &job->processes) {
        struct process* process = container_of(node, struct process, job_link);
        dispatcher_ref(&process->object);
        list_push_front(&processes, &process->doomed_link);
    }
    finish(job);
    struct list_node* node;
    while ((node = list_pop_front(&jobs)) != NULL) {
        struct job* child = container_of(node, struct job, doomed_link);
        job_kill(child, return_code);
        dispatcher_unref(&child->object);
    }
    while ((node = list_pop_front(&processes)) != NULL) {
        struct process* process = container_of(node, struct process, doomed_link);
        process_kill(process, return_code);
        dispatcher_unref(&process->object);
    }
    dispatcher_unref(&job->object);
}

// ---- policy --------------------------------------------------------------------------------

static bool is_new_object(uint32_t condition) {
    return condition >= ZX_POL_NEW_VMO && condition <= ZX_POL_NEW_PAGER;
}

// One setting; what an ancestor has fixed stays, which ABSOLUTE does not accept.
static zx_status_t set_policy(struct policy_setting* setting, uint32_t mode, uint32_t action,
                              uint32_t override) {
    if (setting->override == ZX_POL_OVERRIDE_DENY) {
        bool same = setting->action == action && override == ZX_POL_OVERRIDE_DENY;
        return same || mode == ZX_JOB_POL_RELATIVE ? ZX_OK : ZX_ERR_ALREADY_EXISTS;
    }
    setting->action = action;
    setting->override = override;
    return ZX_OK;
}

zx_status_t job_set_basic_policy(struct job* job, uint32_t mode, const zx_policy_basic_v2_t* policy,
                                 uint32_t count) {
    if (job_has_children(job)) {
        return ZX_ERR_BAD_STATE;
    }
    if (count > POLICY_CONDITIONS) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    struct policy_setting changed[POLICY_CONDITIONS];
    memcpy(changed, job->policy, sizeof(changed));
    const zx_policy_basic_v2_t* last_any = NULL;
    for (uint32_t i = 0; i < count; i++) {
        const zx_policy_basic_v2_t* entry = &policy[i];
        bool any = entry->condition == ZX_POL_NEW_ANY;
        if (entry->action > ZX_POL_ACTION_KILL) {
            return ZX_ERR_NOT_SUPPORTED;
        }
        if ((entry->flags > ZX_POL_OVERRIDE_DENY && !any) ||
            entry->condition >= POLICY_CONDITIONS) {
            return ZX_ERR_INVALID_ARGS;
        }
        if (any) {
            last_any = entry;
        }
        for (uint32_t condition = 0; condition < POLICY_CONDITIONS; condition++) {
            if (condition != entry->condition && !(any && is_new_object(condition))) {
                continue;
            }
            // What is said of all new objects can still be said otherwise of one in this call.
            zx_status_t status = set_policy(&changed[condition], mode, entry->action,
                                            any ? ZX_POL_OVERRIDE_ALLOW : entry->flags);
            if (status != ZX_OK) {
                return status;
            }
        }
    }
    if (last_any != NULL && last_any->flags > ZX_POL_OVERRIDE_DENY) {
        return ZX_ERR_INVALID_ARGS;
    }
    for (uint32_t condition = 0; condition < POLICY_CONDITIONS && last_any != NULL; condition++) {
        if (is_new_object(condition)) {
            changed[condition].override = last_any->flags;
        }
    }
    memcpy(job->policy, changed, sizeof(changed));
    return ZX_OK;
}

zx_status_t policy_enforce(uint32_t condition) {
    struct process* process = process_current();
    switch (process->job->policy[condition].action) {
    case ZX_POL_ACTION_ALLOW:
        return ZX_OK;
    case ZX_POL_ACTION_ALLOW_EXCEPTION:
        policy_exception(condition, 0);
        return ZX_OK;
    case ZX_POL_ACTION_DENY_EXCEPTION:
        policy_exception(condition, 0);
        return ZX_ERR_ACCESS_DENIED;
    case ZX_POL_ACTION_KILL:
        process_kill(process, ZX_TASK_RETCODE_POLICY_KILL);
        return ZX_ERR_ACCESS_DENIED;
    default:
        return ZX_ERR_ACCESS_DENIED;
    }
}

zx_status_t policy_bad_handle(void) {
    policy_enforce(ZX_POL_BAD_HANDLE);
    return ZX_ERR_BAD_HANDLE;
}

// ---- information ---------------------------------------------------------------------------

void job_get_info(struct job* job, zx_info_job_t* info) {
    memset(info, 0, sizeof(*info));
    info->return_code = job->return_code;
    info->exited = job->dying;
    info->kill_on_oom = job->kill_on_oom;
    list_for_each(node, &job->debugger_channels) {
        struct debugger_channel* debugger = container_of(node, struct debugger_channel, link);
        info->debugger_attached |= exception_channel_is_open(&debugger->channel);
    }
}

void job_get_runtime(struct job* job, zx_info_task_runtime_t* runtime) {
    memset(runtime, 0, sizeof(*runtime));
    uint64_t ticks = job->runtime_ticks;
    list_for_each(node, &job->processes) {
        ticks += process_runtime_ticks(container_of(node, struct process, job_link));
    }
    runtime->cpu_time = runtime_ns(ticks);
}

zx_status_t job_children(struct job* job, record_fn record, void* context) {
    zx_status_t status = ZX_OK;
    list_for_each(node, &job->children) {
        status = record(context, &container_of(node, struct job, link)->object.koid);
        if (status != ZX_OK) {
            break;
        }
    }
    return status;
}

zx_status_t job_processes(struct job* job, record_fn record, void* context) {
    zx_status_t status = ZX_OK;
    list_for_each(node, &job->processes) {
        status = record(context, &container_of(node, struct process, job_link)->object.koid);
        if (status != ZX_OK) {
            break;
        }
    }
    return status;
}

struct dispatcher* job_find_child(struct job* job, zx_koid_t koid) {
    list_for_each(node, &job->children) {
        struct job* child = container_of(node, struct job, link);
        if (child->object.koid == koid) {
            return &child->object;
        }
    }
    list_for_each(node, &job->processes) {
        struct process* process = container_of(node, struct process, job_link);
        if (process->object.koid == koid) {
            return &process->object;
        }
    }
    return NULL;
}
