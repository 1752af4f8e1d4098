// zx_object_get_property, zx_object_set_property.
#include "bti.h"
#include "process.h"
#include "socket.h"
#include "stream.h"
#include "string.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

// The name of an object, ZX_MAX_NAME_LEN bytes; NULL if its type has none.
static char* name_of(struct dispatcher* object) {
    switch (object->ops->type) {
    case ZX_OBJ_TYPE_PROCESS:
        return ((struct process*)object)->name;
    case ZX_OBJ_TYPE_THREAD:
        return thread_object_name(thread_from_dispatcher(object));
    case ZX_OBJ_TYPE_JOB:
        return job_name(job_from_dispatcher(object));
    case ZX_OBJ_TYPE_VMO:
        return vmo_name(vmo_from_dispatcher(object));
    case ZX_OBJ_TYPE_BTI:
        return bti_name(bti_from_dispatcher(object));
    default:
        return NULL;
    }
}

// A value on its way between caller and object.
union value {
    uint8_t u8;
    uint32_t u32;
    uint64_t u64;
    char name[ZX_MAX_NAME_LEN];
};

// ---- the properties -----------------------------------------------------------------------------

static zx_status_t get_name(struct dispatcher* object, union value* value) {
    const char* name = name_of(object);
    if (name == NULL) {
        return ZX_ERR_WRONG_TYPE;
    }
    memcpy(value->name, name, sizeof(value->name));
    return ZX_OK;
}

static zx_status_t set_name(struct dispatcher* object, const union value* value) {
    char* name = name_of(object);
    if (name == NULL) {
        return ZX_ERR_WRONG_TYPE;
    }
    bool ended = false;
    for (size_t i = 0; i < ZX_MAX_NAME_LEN; i++) { // nothing of the old name stays behind the NUL
        ended = ended || value->name[i] == '\0';
        name[i] = ended ? '\0' : value->name[i];
    }
    return ZX_OK;
}

static zx_status_t get_debug_addr(struct dispatcher* object, union value* value) {
    value->u64 = ((struct process*)object)->debug_addr;
    return ZX_OK;
}

// Once set it is the loader's; a debugger must not find another one.
static zx_status_t set_debug_addr(struct dispatcher* object, const union value* value) {
    struct process* process = (struct process*)object;
    if (value->u64 == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (process->debug_addr != 0 && process->debug_addr != ZX_PROCESS_DEBUG_ADDR_BREAK_ON_SET) {
        return ZX_ERR_ACCESS_DENIED;
    }
    process->debug_addr = value->u64;
    return ZX_OK;
}

static zx_status_t get_vdso_base(struct dispatcher* object, union value* value) {
    value->u64 = ((struct process*)object)->vdso_base;
    return ZX_OK;
}

static zx_status_t get_break_on_load(struct dispatcher* object, union value* value) {
    value->u64 = ((struct process*)object)->break_on_load;
    return ZX_OK;
}

static zx_status_t set_break_on_load(struct dispatcher* object, const union value* value) {
    ((struct process*)object)->break_on_load = value->u64;
    return ZX_OK;
}

static zx_status_t get_rx_threshold(struct dispatcher* object, union value* value) {
    value->u64 = socket_read_threshold(socket_from_dispatcher(object));
    return ZX_OK;
}

static zx_status_t set_rx_threshold(struct dispatcher* object, const union value* value) {
    return socket_set_read_threshold(socket_from_dispatcher(object), value->u64);
}

static zx_status_t get_tx_threshold(struct dispatcher* object, union value* value) {
    value->u64 = socket_write_threshold(socket_from_dispatcher(object));
    return ZX_OK;
}

static zx_status_t set_tx_threshold(struct dispatcher* object, const union value* value) {
    return socket_set_write_threshold(socket_from_dispatcher(object), value->u64);
}

#ifdef __x86_64__
// Only user addresses.
static zx_status_t set_segment_base(uint32_t property, uint64_t value) {
    struct thread* thread = thread_current();
    if (value >= USER_END) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t fs_base, gs_base;
    arch_get_segment_bases(thread, &fs_base, &gs_base);
    arch_set_segment_bases(thread, property == ZX_PROP_REGISTER_FS ? value : fs_base,
                           property == ZX_PROP_REGISTER_GS ? value : gs_base);
    return ZX_OK;
}

static zx_status_t set_register_fs(struct dispatcher* object, const union value* value) {
    (void)object;
    return set_segment_base(ZX_PROP_REGISTER_FS, value->u64);
}

static zx_status_t set_register_gs(struct dispatcher* object, const union value* value) {
    (void)object;
    return set_segment_base(ZX_PROP_REGISTER_GS, value->u64);
}
#endif

static zx_status_t set_kill_on_oom(struct dispatcher* object, const union value* value) {
    if (value->u64 > 1) {
        return ZX_ERR_INVALID_ARGS;
    }
    *job_kill_on_oom(job_from_dispatcher(object)) = value->u64 == 1;
    return ZX_OK;
}

static zx_status_t get_exception_state(struct dispatcher* object, union value* value) {
    return exception_get_state(object, &value->u32);
}

static zx_status_t set_exception_state(struct dispatcher* object, const union value* value) {
    return exception_set_state(object, value->u32);
}

static zx_status_t get_exception_strategy(struct dispatcher* object, union value* value) {
    return exception_get_strategy(object, &value->u32);
}

static zx_status_t set_exception_strategy(struct dispatcher* object, const union value* value) {
    return exception_set_strategy(object, value->u32);
}

static zx_status_t get_content_size(struct dispatcher* object, union value* value) {
    value->u64 = vmo_content_size(vmo_from_dispatcher(object));
    return ZX_OK;
}

static zx_status_t set_content_size(struct dispatcher* object, const union value* value) {
    return vmo_set_content_size(vmo_from_dispatcher(object), value->u64);
}

static zx_status_t get_mode_append(struct dispatcher* object, union value* value) {
    value->u8 = stream_is_append(stream_from_dispatcher(object));
    return ZX_OK;
}

static zx_status_t set_mode_append(struct dispatcher* object, const union value* value) {
    stream_set_append(stream_from_dispatcher(object), value->u8 != 0);
    return ZX_OK;
}

static const struct property {
    uint32_t property;
    zx_obj_type_t type; // 0: the functions judge
    uint8_t size;
    zx_status_t (*get)(struct dispatcher* object, union value* value);       // NULL: cannot
    zx_status_t (*set)(struct dispatcher* object, const union value* value); // NULL: cannot
} properties[] = {
    {ZX_PROP_NAME, 0, ZX_MAX_NAME_LEN, get_name, set_name},
#ifdef __x86_64__
    {ZX_PROP_REGISTER_FS, ZX_OBJ_TYPE_THREAD, 8, NULL, set_register_fs},
    {ZX_PROP_REGISTER_GS, ZX_OBJ_TYPE_THREAD, 8, NULL, set_register_gs},
#endif
    {ZX_PROP_PROCESS_DEBUG_ADDR, ZX_OBJ_TYPE_PROCESS, 8, get_debug_addr, set_debug_addr},
    {ZX_PROP_PROCESS_VDSO_BASE_ADDRESS, ZX_OBJ_TYPE_PROCESS, 8, get_vdso_base, NULL},
    {ZX_PROP_PROCESS_BREAK_ON_LOAD, ZX_OBJ_TYPE_PROCESS, 8, get_break_on_load, set_break_on_load},
    {ZX_PROP_SOCKET_RX_THRESHOLD, ZX_OBJ_TYPE_SOCKET, 8, get_rx_threshold, set_rx_threshold},
    {ZX_PROP_SOCKET_TX_THRESHOLD, ZX_OBJ_TYPE_SOCKET, 8, get_tx_threshold, set_tx_threshold},
    {ZX_PROP_JOB_KILL_ON_OOM, ZX_OBJ_TYPE_JOB, 8, NULL, set_kill_on_oom},
    {ZX_PROP_EXCEPTION_STATE, ZX_OBJ_TYPE_EXCEPTION, 4, get_exception_state, set_exception_state},
    {ZX_PROP_EXCEPTION_STRATEGY, ZX_OBJ_TYPE_EXCEPTION, 4, get_exception_strategy,
     set_exception_strategy},
    {ZX_PROP_VMO_CONTENT_SIZE, ZX_OBJ_TYPE_VMO, 8, get_content_size, set_content_size},
    {ZX_PROP_STREAM_MODE_APPEND, ZX_OBJ_TYPE_STREAM, 1, get_mode_append, set_mode_append},
};

static const struct property* find_property(uint32_t number) {
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        if (properties[i].property == number) {
            return &properties[i];
        }
    }
    return NULL;
}

static bool is_of_type(const struct property* property, const struct dispatcher* object) {
    return property->type == ZX_OBJ_TYPE_NONE || property->type == object->ops->type;
}

// Registers are the calling thread's only; the value is not looked at before that is clear.
static bool is_within_reach(uint32_t number, const struct dispatcher* object) {
    return (number != ZX_PROP_REGISTER_FS && number != ZX_PROP_REGISTER_GS) ||
           object == thread_object_dispatcher(thread_current()->object);
}

// An exception's strategy is its debugger's, which is judged before the value is looked at.
static bool is_in_state(uint32_t number, const struct dispatcher* object) {
    return number != ZX_PROP_EXCEPTION_STRATEGY || exception_is_debuggers(object);
}

// ---- the calls ----------------------------------------------------------------------------------

zx_status_t sys_object_get_property(zx_handle_t handle, uint32_t number, uaddr_t user_value,
                                    size_t value_size) {
    if (user_value == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_GET_PROPERTY, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    const struct property* property = find_property(number);
    if (property == NULL || property->get == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (value_size < property->size) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    if (!is_of_type(property, object)) {
        return ZX_ERR_WRONG_TYPE;
    }
    union value value;
    status = property->get(object, &value);
    return status == ZX_OK ? copy_to_user(user_value, &value, property->size) : status;
}

// A name may be shorter than its room and is cut if longer; the other values are of one size.
// Of ZX_PROP_JOB_KILL_ON_OOM the size is not looked at.
zx_status_t sys_object_set_property(zx_handle_t handle, uint32_t number, uaddr_t user_value,
                                    size_t value_size) {
    if (user_value == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SET_PROPERTY, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    const struct property* property = find_property(number);
    if (property == NULL || property->set == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    size_t size = property->size;
    if (number == ZX_PROP_NAME) {
        size = value_size < size - 1 ? value_size : size - 1;
    } else if (value_size < size && number != ZX_PROP_JOB_KILL_ON_OOM) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    if (!is_of_type(property, object)) {
        return ZX_ERR_WRONG_TYPE;
    }
    if (!is_within_reach(number, object)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (!is_in_state(number, object)) {
        return ZX_ERR_BAD_STATE;
    }
    union value value;
    memset(&value, 0, sizeof(value));
    if (size > 0) {
        status = copy_from_user(&value, user_value, size);
    } else if (!is_user_address(user_value)) {
        status = ZX_ERR_INVALID_ARGS; // even an empty name lies in user space
    }
    if (status == ZX_OK && number == ZX_PROP_NAME && name_of(object) == NULL) {
        status = ZX_ERR_WRONG_TYPE; // a name is read before it is known who could bear it
    }
    return status == ZX_OK ? property->set(object, &value) : status;
}
