// zx_profile_create, zx_object_set_profile.
#include "job.h"
#include "process.h"
#include "profile.h"
#include "thread_object.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_profile_create(zx_handle_t root_job, uint32_t options, uaddr_t user_info,
                               uaddr_t out) {
    zx_status_t status = policy_enforce(ZX_POL_NEW_PROFILE);
    if (status != ZX_OK) {
        return status;
    }
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* job;
    status = handle_get_object(root_job, ZX_OBJ_TYPE_JOB, ZX_RIGHT_MANAGE_PROCESS, &job, NULL);
    if (status != ZX_OK) {
        return status;
    }
    if (job != job_dispatcher(job_root())) {
        return ZX_ERR_ACCESS_DENIED;
    }
    zx_profile_info_t info;
    status = copy_from_user(&info, user_info, sizeof(info));
    if (status != ZX_OK) {
        return status;
    }
    struct profile* profile;
    status = profile_create(&info, &profile);
    if (status != ZX_OK) {
        return status;
    }
    return handle_give(profile_dispatcher(profile), ZX_DEFAULT_PROFILE_RIGHTS, out);
}

// The options are for later times: nobody looks at them.
zx_status_t sys_object_set_profile(zx_handle_t handle, zx_handle_t profile, uint32_t options) {
    (void)options;
    struct dispatcher* thread;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_MANAGE_THREAD, &thread, NULL);
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* applied;
    status =
        handle_get_object(profile, ZX_OBJ_TYPE_PROFILE, ZX_RIGHT_APPLY_PROFILE, &applied, NULL);
    if (status != ZX_OK) {
        return status;
    }
    return profile_apply(profile_from_dispatcher(applied), thread_from_dispatcher(thread));
}
