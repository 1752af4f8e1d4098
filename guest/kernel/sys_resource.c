// zx_resource_create, zx_system_get_event.
#include "process.h"
#include "resource.h"
#include "system_event.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

zx_status_t sys_resource_create(zx_handle_t parent, uint32_t options, uint64_t base, size_t size,
                                uaddr_t user_name, size_t name_size, uaddr_t out) {
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(parent, ZX_OBJ_TYPE_RESOURCE, ZX_RIGHT_WRITE, &object, NULL);
    if (status == ZX_OK) {
        status = resource_check_child(resource_from_dispatcher(object), options, base, size);
    }
    char name[ZX_MAX_NAME_LEN] = {0};
    name_size = name_size < sizeof(name) - 1 ? name_size : sizeof(name) - 1;
    if (status == ZX_OK && name_size > 0) {
        status = copy_from_user(name, user_name, name_size);
    }
    struct resource* resource;
    if (status == ZX_OK) {
        status = resource_create(options, base, size, name, &resource);
    }
    if (status != ZX_OK) {
        return status;
    }
    return handle_give(resource_dispatcher(resource), ZX_DEFAULT_RESOURCE_RIGHTS, out);
}

zx_status_t sys_system_get_event(zx_handle_t root_job, uint32_t kind, uaddr_t out) {
    struct dispatcher* job;
    zx_status_t status =
        handle_get_object(root_job, ZX_OBJ_TYPE_JOB, ZX_RIGHT_MANAGE_PROCESS, &job, NULL);
    if (status != ZX_OK) {
        return status;
    }
    if (job != job_dispatcher(job_root())) {
        return ZX_ERR_ACCESS_DENIED;
    }
    struct dispatcher* event = system_event(kind);
    if (event == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    return handle_make_and_store(event, ZX_DEFAULT_SYSTEM_EVENT_LOW_MEMORY_RIGHTS, out);
}
