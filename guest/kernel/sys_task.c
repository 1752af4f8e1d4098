// zx_task_* and zx_exception_*.
#include "handle.h"
#include "process.h"
#include "suspend_token.h"
#include "zx/kernel_calls.h"

// A handle to a job, process or thread with these rights.  The look-up is one for any object, so
// the rights count before it is known to be a task.
static zx_status_t get_task(zx_handle_t handle, zx_rights_t needed, struct dispatcher** out,
                            zx_rights_t* rights) {
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_NONE, needed, out, rights);
    if (status != ZX_OK) {
        return status;
    }
    zx_obj_type_t type = (*out)->ops->type;
    if (type != ZX_OBJ_TYPE_JOB && type != ZX_OBJ_TYPE_PROCESS && type != ZX_OBJ_TYPE_THREAD) {
        return ZX_ERR_WRONG_TYPE;
    }
    return ZX_OK;
}

zx_status_t sys_task_kill(zx_handle_t handle) {
    struct dispatcher* task;
    zx_rights_t rights;
    zx_status_t status = get_task(handle, ZX_RIGHT_DESTROY, &task, &rights);
    if (status != ZX_OK) {
        return status;
    }
    switch (task->ops->type) {
    case ZX_OBJ_TYPE_PROCESS:
        process_kill(process_from_dispatcher(task), ZX_TASK_RETCODE_SYSCALL_KILL);
        return ZX_OK;
    case ZX_OBJ_TYPE_JOB:
        job_kill(job_from_dispatcher(task), ZX_TASK_RETCODE_SYSCALL_KILL);
        return ZX_OK;
    default:
        return ZX_ERR_WRONG_TYPE; // threads only die with their process, or by themselves
    }
}

zx_status_t sys_task_suspend_token(zx_handle_t handle, uaddr_t token) {
    struct dispatcher* task;
    zx_rights_t rights;
    zx_status_t status = get_task(handle, ZX_RIGHT_WRITE, &task, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (task->ops->type == ZX_OBJ_TYPE_JOB) {
        return ZX_ERR_WRONG_TYPE;
    }
    if (task == &thread_object_current()->object || task == &process_current()->object) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    struct dispatcher* made;
    status = suspend_token_create(task, &made);
    if (status != ZX_OK) {
        return status;
    }
    return handle_give(made, ZX_DEFAULT_SUSPEND_TOKEN_RIGHTS, token);
}

zx_status_t sys_task_suspend(zx_handle_t handle, uaddr_t token) {
    return sys_task_suspend_token(handle, token);
}

// Of the end the kernel hands out: it is there to be read.
#define EXCEPTION_CHANNEL_RIGHTS (ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT | ZX_RIGHT_READ)

zx_status_t sys_task_create_exception_channel(zx_handle_t handle, uint32_t options, uaddr_t out) {
    if ((options & ~ZX_EXCEPTION_CHANNEL_DEBUGGER) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* task;
    zx_rights_t rights;
    zx_rights_t needed =
        ZX_RIGHT_INSPECT | ZX_RIGHT_DUPLICATE | ZX_RIGHT_TRANSFER | ZX_RIGHT_MANAGE_THREAD;
    zx_status_t status = policy_enforce(ZX_POL_NEW_CHANNEL);
    if (status == ZX_OK) {
        status = get_task(handle, needed, &task, &rights);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (task->ops->type != ZX_OBJ_TYPE_THREAD && !(rights & ZX_RIGHT_ENUMERATE)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    struct dispatcher* channel;
    status = exception_channel_create(task, options, rights, &channel);
    if (status != ZX_OK) {
        return status;
    }
    return handle_give(channel, EXCEPTION_CHANNEL_RIGHTS, out);
}

static zx_status_t get_exception(zx_handle_t handle, struct exception** out) {
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_EXCEPTION, ZX_RIGHT_NONE, &object, NULL);
    if (status == ZX_OK) {
        *out = exception_from_dispatcher(object);
    }
    return status;
}

zx_status_t sys_exception_get_thread(zx_handle_t handle, uaddr_t out) {
    struct exception* exception;
    zx_status_t status = get_exception(handle, &exception);
    if (status != ZX_OK) {
        return status;
    }
    return handle_make_and_store(&exception->thread->object, exception->thread_rights, out);
}

zx_status_t sys_exception_get_process(zx_handle_t handle, uaddr_t out) {
    struct exception* exception;
    zx_status_t status = get_exception(handle, &exception);
    if (status != ZX_OK) {
        return status;
    }
    if (exception->process_rights == ZX_RIGHT_NONE) {
        return ZX_ERR_ACCESS_DENIED;
    }
    return handle_make_and_store(&exception->thread->process->object, exception->process_rights,
                                 out);
}
