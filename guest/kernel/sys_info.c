// zx_object_get_info, zx_object_get_child.
#include "bti.h"
#include "process.h"
#include "resource.h"
#include "socket.h"
#include "stream.h"
#include "timer.h"
#include "usercopy.h"
#include "vmo.h"
#include "zx/kernel_calls.h"

// Where records go: to the caller's buffer as long as there is room, all are counted.
struct records {
    uaddr_t buffer;
    size_t size; // of one
    size_t room; // records that fit
    size_t actual, avail;
};

// The record_fn of the array topics; it may be given longer records than are asked for, of which
// old versions are the beginning.
static zx_status_t add_record(void* context, const void* record) {
    struct records* records = context;
    if (records->actual < records->room) {
        zx_status_t status =
            copy_to_user(records->buffer + records->actual * records->size, record, records->size);
        if (status != ZX_OK) {
            return status;
        }
        records->actual++;
    }
    records->avail++;
    return ZX_OK;
}

// ---- topics of every object -----------------------------------------------------------------

static zx_status_t handle_basic(struct handle* handle, struct records* out) {
    zx_info_handle_basic_t info = {.koid = handle->object->koid,
                                   .rights = handle->rights,
                                   .type = handle->object->ops->type,
                                   .related_koid = dispatcher_related_koid(handle->object)};
    return add_record(out, &info);
}

static zx_status_t handle_count(struct handle* handle, struct records* out) {
    zx_info_handle_count_t info = {.handle_count = handle->object->handles};
    return add_record(out, &info);
}

// ---- tasks ----------------------------------------------------------------------------------

static struct process* process_of(struct handle* handle) {
    return (struct process*)handle->object;
}

static zx_status_t process_info(struct handle* handle, struct records* out) {
    zx_info_process_t info;
    process_get_info(process_of(handle), &info);
    return add_record(out, &info);
}

static zx_status_t process_thread_koids(struct handle* handle, struct records* out) {
    return process_threads(process_of(handle), add_record, out);
}

static zx_status_t task_stats(struct handle* handle, struct records* out) {
    zx_info_task_stats_t stats;
    zx_status_t status = process_get_task_stats(process_of(handle), &stats);
    return status == ZX_OK ? add_record(out, &stats) : status;
}

// These two tell counts also if they fail: none, ...
static zx_status_t process_map_records(struct handle* handle, struct records* out) {
    zx_status_t status = process_maps(process_of(handle), add_record, out);
    if (status != ZX_OK) {
        out->actual = out->avail = 0;
    }
    return status;
}

// ... or as filled in the count that the caller came with.
static zx_status_t process_vmo_records(struct handle* handle, struct records* out) {
    zx_status_t status = process_vmos(process_of(handle), add_record, out);
    if (status != ZX_OK) {
        out->actual = out->room;
        out->avail = 0;
    }
    return status;
}

static zx_status_t process_handle_stats(struct handle* handle, struct records* out) {
    zx_info_process_handle_stats_t stats = {0};
    list_for_each(node, &process_of(handle)->handles->handles) {
        stats.handle_count[container_of(node, struct handle, link)->object->ops->type]++;
    }
    return add_record(out, &stats);
}

static zx_status_t handle_table_records(struct handle* handle, struct records* out) {
    const struct handle_table* table = process_of(handle)->handles;
    list_for_each(node, &table->handles) {
        const struct handle* entry = container_of(node, struct handle, link);
        zx_info_handle_extended_t info = {.type = entry->object->ops->type,
                                          .handle_value = handle_value(table, entry),
                                          .rights = entry->rights,
                                          .koid = entry->object->koid,
                                          .related_koid = dispatcher_related_koid(entry->object)};
        zx_status_t status = add_record(out, &info);
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

static zx_status_t thread_info(struct handle* handle, struct records* out) {
    zx_info_thread_t info;
    thread_get_info(thread_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

static zx_status_t thread_stats(struct handle* handle, struct records* out) {
    zx_info_thread_stats_t stats;
    zx_status_t status = thread_get_stats(thread_from_dispatcher(handle->object), &stats);
    return status == ZX_OK ? add_record(out, &stats) : status;
}

static zx_status_t exception_report(struct handle* handle, struct records* out) {
    zx_exception_report_t report;
    zx_status_t status =
        thread_get_exception_report(thread_from_dispatcher(handle->object), &report);
    return status == ZX_OK ? add_record(out, &report) : status;
}

static zx_status_t task_runtime(struct handle* handle, struct records* out) {
    zx_info_task_runtime_t runtime;
    switch (handle->object->ops->type) {
    case ZX_OBJ_TYPE_PROCESS:
        process_get_runtime(process_of(handle), &runtime);
        break;
    case ZX_OBJ_TYPE_THREAD:
        thread_get_runtime(thread_from_dispatcher(handle->object), &runtime);
        break;
    case ZX_OBJ_TYPE_JOB:
        job_get_runtime(job_from_dispatcher(handle->object), &runtime);
        break;
    default:
        return ZX_ERR_WRONG_TYPE;
    }
    return add_record(out, &runtime);
}

static zx_status_t job_info(struct handle* handle, struct records* out) {
    zx_info_job_t info;
    job_get_info(job_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

static zx_status_t job_child_koids(struct handle* handle, struct records* out) {
    return job_children(job_from_dispatcher(handle->object), add_record, out);
}

static zx_status_t job_process_koids(struct handle* handle, struct records* out) {
    return job_processes(job_from_dispatcher(handle->object), add_record, out);
}

// ---- other types ----------------------------------------------------------------------------

static zx_status_t vmar_info(struct handle* handle, struct records* out) {
    zx_info_vmar_t info;
    vmar_get_info((struct vmar*)handle->object, &info);
    return add_record(out, &info);
}

static zx_status_t vmo_info(struct handle* handle, struct records* out) {
    zx_info_vmo_t info;
    vmo_get_info(vmo_from_dispatcher(handle->object), handle->rights, ZX_INFO_VMO_VIA_HANDLE,
                 &info);
    return add_record(out, &info);
}

static zx_status_t socket_info(struct handle* handle, struct records* out) {
    zx_info_socket_t info;
    socket_get_info(socket_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

static zx_status_t stream_info(struct handle* handle, struct records* out) {
    zx_info_stream_t info;
    stream_get_info(stream_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

static zx_status_t timer_info(struct handle* handle, struct records* out) {
    zx_info_timer_t info;
    timer_get_info(timer_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

static zx_status_t bti_info(struct handle* handle, struct records* out) {
    zx_info_bti_t info;
    bti_get_info(bti_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

static zx_status_t resource_info(struct handle* handle, struct records* out) {
    zx_info_resource_t info;
    resource_get_info(resource_from_dispatcher(handle->object), &info);
    return add_record(out, &info);
}

// ---- the call -------------------------------------------------------------------------------

static const struct topic {
    uint32_t topic;
    zx_obj_type_t type; // 0: any
    zx_rights_t rights;
    uint16_t size; // of a record
    bool array;
    zx_status_t (*fill)(struct handle* handle, struct records* out);
} topics[] = {
    {ZX_INFO_HANDLE_BASIC, 0, 0, sizeof(zx_info_handle_basic_t), false, handle_basic},
    {ZX_INFO_HANDLE_COUNT, 0, ZX_RIGHT_INSPECT, sizeof(zx_info_handle_count_t), false,
     handle_count},
    {ZX_INFO_PROCESS, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_INSPECT, sizeof(zx_info_process_t), false,
     process_info},
    {ZX_INFO_PROCESS_THREADS, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_ENUMERATE, sizeof(zx_koid_t), true,
     process_thread_koids},
    {ZX_INFO_TASK_STATS, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_INSPECT, sizeof(zx_info_task_stats_t), false,
     task_stats},
    {ZX_INFO_PROCESS_MAPS, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_INSPECT, sizeof(zx_info_maps_t), true,
     process_map_records},
    {ZX_INFO_PROCESS_VMOS, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_INSPECT, sizeof(zx_info_vmo_t), true,
     process_vmo_records},
    {ZX_INFO_PROCESS_VMOS_V1, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_INSPECT, sizeof(zx_info_vmo_v1_t), true,
     process_vmo_records},
    {ZX_INFO_PROCESS_HANDLE_STATS, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_INSPECT,
     sizeof(zx_info_process_handle_stats_t), false, process_handle_stats},
    {ZX_INFO_HANDLE_TABLE, ZX_OBJ_TYPE_PROCESS,
     ZX_RIGHT_INSPECT | ZX_RIGHT_MANAGE_PROCESS | ZX_RIGHT_MANAGE_THREAD,
     sizeof(zx_info_handle_extended_t), true, handle_table_records},
    {ZX_INFO_THREAD, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_INSPECT, sizeof(zx_info_thread_t), false,
     thread_info},
    {ZX_INFO_THREAD_STATS, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_INSPECT, sizeof(zx_info_thread_stats_t),
     false, thread_stats},
    {ZX_INFO_THREAD_EXCEPTION_REPORT, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_INSPECT,
     sizeof(zx_exception_report_t), false, exception_report},
    {ZX_INFO_THREAD_EXCEPTION_REPORT_V1, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_INSPECT,
     sizeof(zx_exception_report_v1_t), false, exception_report},
    {ZX_INFO_TASK_RUNTIME, 0, ZX_RIGHT_INSPECT, sizeof(zx_info_task_runtime_t), false,
     task_runtime},
    {ZX_INFO_TASK_RUNTIME_V1, 0, ZX_RIGHT_INSPECT, sizeof(zx_info_task_runtime_v1_t), false,
     task_runtime},
    {ZX_INFO_JOB, ZX_OBJ_TYPE_JOB, ZX_RIGHT_INSPECT, sizeof(zx_info_job_t), false, job_info},
    {ZX_INFO_JOB_CHILDREN, ZX_OBJ_TYPE_JOB, ZX_RIGHT_ENUMERATE, sizeof(zx_koid_t), true,
     job_child_koids},
    {ZX_INFO_JOB_PROCESSES, ZX_OBJ_TYPE_JOB, ZX_RIGHT_ENUMERATE, sizeof(zx_koid_t), true,
     job_process_koids},
    {ZX_INFO_VMAR, ZX_OBJ_TYPE_VMAR, ZX_RIGHT_INSPECT, sizeof(zx_info_vmar_t), false, vmar_info},
    {ZX_INFO_VMO, ZX_OBJ_TYPE_VMO, 0, sizeof(zx_info_vmo_t), false, vmo_info},
    {ZX_INFO_VMO_V1, ZX_OBJ_TYPE_VMO, 0, sizeof(zx_info_vmo_v1_t), false, vmo_info},
    {ZX_INFO_SOCKET, ZX_OBJ_TYPE_SOCKET, ZX_RIGHT_INSPECT, sizeof(zx_info_socket_t), false,
     socket_info},
    {ZX_INFO_STREAM, ZX_OBJ_TYPE_STREAM, ZX_RIGHT_INSPECT, sizeof(zx_info_stream_t), false,
     stream_info},
    {ZX_INFO_TIMER, ZX_OBJ_TYPE_TIMER, ZX_RIGHT_INSPECT, sizeof(zx_info_timer_t), false,
     timer_info},
    {ZX_INFO_BTI, ZX_OBJ_TYPE_BTI, ZX_RIGHT_INSPECT, sizeof(zx_info_bti_t), false, bti_info},
    {ZX_INFO_RESOURCE, ZX_OBJ_TYPE_RESOURCE, ZX_RIGHT_INSPECT, sizeof(zx_info_resource_t), false,
     resource_info},
};

static const struct topic* find_topic(uint32_t number) {
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        if (topics[i].topic == number) {
            return &topics[i];
        }
    }
    return NULL;
}

// Why nothing is told of a topic that is not in the table: of those that exist, the handle is
// judged first.
static zx_status_t refuse_topic(zx_handle_t value, uint32_t number) {
    zx_status_t status = ZX_OK;
    switch (number) {
    case ZX_INFO_CPU_STATS: // statistics of the machine, which this kernel does not keep
    case ZX_INFO_KMEM_STATS:
    case ZX_INFO_KMEM_STATS_EXTENDED:
    case ZX_INFO_GUEST_STATS:
        status = resource_check(value, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_INFO_BASE, 1);
        break;
    case ZX_INFO_MSI: // about types of which there are no objects here
    case ZX_INFO_VCPU:
        return handle_refuse(value);
    default:
        break;
    }
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}

// Whether a topic tells its counts also when it cannot tell anything else.
static bool tells_always(uint32_t topic) {
    return topic == ZX_INFO_PROCESS_MAPS || topic == ZX_INFO_PROCESS_VMOS ||
           topic == ZX_INFO_PROCESS_VMOS_V1;
}

// Memory that a pager supplies is waited for before anything is told, this much of it.
#define AWAITED_MAX (256u * 1024)

// The handle that is asked about; what is told then is stored without waiting.
static zx_status_t get_handle(zx_handle_t value, const struct topic* topic, uaddr_t buffer,
                              size_t size, struct handle** out) {
    zx_status_t status = handle_get(value, topic->type, topic->rights, out);
    if (status == ZX_OK && paged_mappings > 0) {
        user_memory_await(buffer, size < AWAITED_MAX ? size : AWAITED_MAX, true);
        status = handle_get(value, topic->type, topic->rights, out);
    }
    return status;
}

// A record that does not fit makes the call fail, but the counts are told; of an array only as
// many are stored as fit.
zx_status_t sys_object_get_info(zx_handle_t value, uint32_t number, uaddr_t buffer,
                                size_t buffer_size, uaddr_t actual, uaddr_t avail) {
    if (number == ZX_INFO_HANDLE_VALID) { // asking is no offence: no policy here
        bool valid = handle_table_find(process_current()->handles, value) != NULL;
        return valid ? ZX_OK : ZX_ERR_BAD_HANDLE;
    }
    const struct topic* topic = find_topic(number);
    if (topic == NULL) {
        return refuse_topic(value, number);
    }
    struct handle* handle;
    zx_status_t status = get_handle(value, topic, buffer, buffer_size, &handle);
    if (status != ZX_OK) {
        return status;
    }
    struct records records = {
        .buffer = buffer, .size = topic->size, .room = buffer_size / topic->size};
    user_copies_do_not_wait();
    zx_status_t filled = topic->fill(handle, &records);
    user_copies_may_wait();
    if (filled != ZX_OK && !tells_always(number)) {
        return filled;
    }
    status = store_optional_u64(actual, records.actual);
    if (status == ZX_OK) {
        status = store_optional_u64(avail, records.avail);
    }
    if (status == ZX_OK && !topic->array && records.actual == 0) {
        status = ZX_ERR_BUFFER_TOO_SMALL;
    }
    return status == ZX_OK ? filled : status;
}

zx_status_t sys_object_get_child(zx_handle_t value, uint64_t koid, zx_rights_t rights,
                                 uaddr_t out) {
    struct handle* parent;
    zx_status_t status = handle_get(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_ENUMERATE, &parent);
    if (status != ZX_OK) {
        return status;
    }
    if (rights == ZX_RIGHT_SAME_RIGHTS) {
        rights = parent->rights;
    } else if (rights & ~parent->rights) {
        return ZX_ERR_ACCESS_DENIED;
    }
    struct dispatcher* child;
    switch (parent->object->ops->type) {
    case ZX_OBJ_TYPE_PROCESS:
        child = process_find_thread(process_of(parent), koid);
        break;
    case ZX_OBJ_TYPE_JOB:
        child = job_find_child(job_from_dispatcher(parent->object), koid);
        break;
    default:
        return ZX_ERR_WRONG_TYPE;
    }
    return child != NULL ? handle_make_and_store(child, rights, out) : ZX_ERR_NOT_FOUND;
}
