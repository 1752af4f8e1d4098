// zx_job_*.
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

static zx_status_t get_job(zx_handle_t handle, zx_rights_t rights, struct job** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_JOB, rights, &object, NULL);
    if (status == ZX_OK) {
        *out = job_from_dispatcher(object);
    }
    return status;
}

zx_status_t sys_job_create(zx_handle_t parent_job, uint32_t options, uaddr_t out) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct job* parent;
    struct job* job;
    zx_status_t status = get_job(parent_job, ZX_RIGHT_MANAGE_JOB, &parent);
    if (status == ZX_ERR_ACCESS_DENIED) {
        status = get_job(parent_job, ZX_RIGHT_WRITE, &parent);
    }
    if (status == ZX_OK) {
        status = job_create(parent, &job);
    }
    if (status != ZX_OK) {
        return status;
    }
    return handle_give(&job->object, ZX_DEFAULT_JOB_RIGHTS, out);
}

// A list longer than this is not even read; how many may be set the job judges.
#define POLICY_ENTRIES_MAX 32

static zx_status_t set_basic(zx_handle_t handle, uint32_t mode, uint32_t topic, uaddr_t policy,
                             uint32_t count) {
    zx_policy_basic_v2_t entries[POLICY_ENTRIES_MAX];
    if (count > POLICY_ENTRIES_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    for (uint32_t i = 0; i < count; i++) {
        zx_status_t status;
        if (topic == ZX_JOB_POL_BASIC_V2) {
            status =
                copy_from_user(&entries[i], policy + i * sizeof(entries[i]), sizeof(entries[i]));
        } else {
            zx_policy_basic_v1_t old;
            status = copy_from_user(&old, policy + i * sizeof(old), sizeof(old));
            entries[i] = (zx_policy_basic_v2_t){
                .condition = old.condition, .action = old.policy, .flags = ZX_POL_OVERRIDE_DENY};
        }
        if (status != ZX_OK) {
            return status;
        }
    }
    struct job* job;
    zx_status_t status = get_job(handle, ZX_RIGHT_SET_POLICY, &job);
    return status == ZX_OK ? job_set_basic_policy(job, mode, entries, count) : status;
}

static zx_status_t set_timer_slack(zx_handle_t handle, uint32_t mode, uaddr_t policy,
                                   uint32_t count) {
    zx_policy_timer_slack_t slack;
    if (mode != ZX_JOB_POL_RELATIVE || count != 1) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct job* job;
    zx_status_t status = copy_from_user(&slack, policy, sizeof(slack));
    if (status == ZX_OK) {
        status = get_job(handle, ZX_RIGHT_SET_POLICY, &job);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (job_has_children(job)) {
        return ZX_ERR_BAD_STATE;
    }
    if (slack.min_slack < 0 || slack.default_mode > ZX_TIMER_SLACK_LATE) {
        return ZX_ERR_INVALID_ARGS;
    }
    // A child may only be less exact than its parent.
    if (slack.min_slack > job->timer_slack.min_slack) {
        job->timer_slack.min_slack = slack.min_slack;
    }
    job->timer_slack.default_mode = slack.default_mode;
    return ZX_OK;
}

zx_status_t sys_job_set_policy(zx_handle_t handle, uint32_t options, uint32_t topic, uaddr_t policy,
                               uint32_t policy_size) {
    if (options > ZX_JOB_POL_ABSOLUTE || policy == 0 || policy_size == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    switch (topic) {
    case ZX_JOB_POL_BASIC_V1:
    case ZX_JOB_POL_BASIC_V2:
        return set_basic(handle, options, topic, policy, policy_size);
    case ZX_JOB_POL_TIMER_SLACK:
        return set_timer_slack(handle, options, policy, policy_size);
    default:
        return ZX_ERR_INVALID_ARGS;
    }
}

zx_status_t sys_job_set_critical(zx_handle_t job, uint32_t options, zx_handle_t process) {
    if ((options & ~ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct job* ancestor;
    struct dispatcher* object;
    zx_status_t status = get_job(job, ZX_RIGHT_DESTROY, &ancestor);
    if (status == ZX_OK) {
        status = handle_get_object(process, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_WAIT, &object, NULL);
    }
    if (status != ZX_OK) {
        return status;
    }
    struct process* critical = process_from_dispatcher(object);
    if (critical->critical_to != NULL) {
        return ZX_ERR_ALREADY_BOUND;
    }
    struct job* above = critical->job;
    while (above != NULL && above != ancestor) {
        above = above->parent;
    }
    if (above == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    dispatcher_ref(&ancestor->object);
    critical->critical_to = ancestor;
    critical->critical_nonzero_only = options & ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO;
    return ZX_OK;
}
