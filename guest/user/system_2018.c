// The edition of 2018: calls with other arguments behind the faces of today's, exceptions as
// packets on a port.
#include "calls.h"
#include "system.h"

#define CLOCK_MONOTONIC 0u
#define RESUME_EXCEPTION 1u

#define TOPIC_MASK 0x0fffffffu

// Packets carry an exception in the upper byte of their type.
#define PACKET_EXCEPTION 0x08u
#define PACKET_TYPE_MASK 0xffu

// What the process was killed with, whoever killed it.
#define RETCODE_KILLED (-1)

// Policy: its topic, and how many conditions there are.
#define TOPIC_BASIC 0u
#define CONDITIONS 12u

struct policy_record {
    uint32_t condition;
    uint32_t action;
};

// Keys of the packets waited for.
enum {
    KEY_EXCEPTION,
    KEY_PROCESS,
    KEY_HELPER,
};

struct packet {
    uint64_t key;
    uint32_t type;
    int32_t status;
    uint64_t process; // koids, in packets of exceptions
    uint64_t thread;
    uint64_t rest[2];
};

struct process_info {
    int32_t return_code;
    bool started;
    bool exited;
    bool debugged;
};

// Calls in the form that they still have.
#define SAME_CALLS(X)                                                                              \
    X(object_get_child)                                                                            \
    X(object_get_info)                                                                             \
    X(object_wait_async)                                                                           \
    X(job_set_policy)                                                                              \
    X(port_cancel)                                                                                 \
    X(port_create)

// The calls that are this edition's own: name, type and arguments.
#define OWN_CALLS(X)                                                                               \
    X(clock_get, zx_time_t, (uint32_t clock))                                                      \
    X(port_wait, zx_status_t,                                                                      \
      (zx_handle_t port, zx_time_t deadline, struct packet * packet, size_t count))                \
    X(task_bind_exception_port, zx_status_t,                                                       \
      (zx_handle_t task, zx_handle_t port, uint64_t key, uint32_t options))                        \
    X(task_resume, zx_status_t, (zx_handle_t task, uint32_t options))                              \
    X(vmar_allocate, zx_status_t,                                                                  \
      (zx_handle_t parent, size_t offset, size_t size, uint32_t flags, zx_handle_t * child,        \
       zx_vaddr_t * address))                                                                      \
    X(vmar_map, zx_status_t,                                                                       \
      (zx_handle_t vmar, size_t vmar_offset, zx_handle_t vmo, uint64_t vmo_offset, size_t size,    \
       uint32_t flags, zx_vaddr_t * address))

static struct {
#define X(name) __typeof__(&zx_##name) name;
    SAME_CALLS(X)
#undef X
#define X(name, type, arguments) type(*name) arguments;
    OWN_CALLS(X)
#undef X
} own;

static zx_handle_t port;          // exceptions of all children, and what is waited for
static struct packet last_packet; // of the exception that ended a wait

// ---- adapted calls ------------------------------------------------------------------------------

static zx_time_t clock_get_monotonic(void) {
    return own.clock_get(CLOCK_MONOTONIC);
}

// Topics have no versions yet; the records of those that the agent asks for begin alike.
static zx_status_t object_get_info(zx_handle_t object, uint32_t topic, void* buffer, size_t size,
                                   size_t* actual, size_t* avail) {
    return own.object_get_info(object, topic & TOPIC_MASK, buffer, size, actual, avail);
}

static zx_status_t thread_legacy_yield(uint32_t options) {
    (void)options;
    return calls.nanosleep(0);
}

static zx_status_t vmar_allocate(zx_handle_t parent, zx_vm_option_t options, size_t offset,
                                 size_t size, zx_handle_t* child, zx_vaddr_t* address) {
    return own.vmar_allocate(parent, offset, size, options, child, address);
}

// Entering pages at once only works from the start of a VMO: elsewhere they are looked for at the
// wrong place.
static zx_status_t vmar_map(zx_handle_t vmar, zx_vm_option_t options, size_t vmar_offset,
                            zx_handle_t vmo, uint64_t vmo_offset, size_t size,
                            zx_vaddr_t* address) {
    if (vmo_offset != 0) {
        options &= ~(zx_vm_option_t)ZX_VM_MAP_RANGE;
    }
    return own.vmar_map(vmar, vmar_offset, vmo, vmo_offset, size, options, address);
}

const char* system_2018_find(const elf_object_t* vdso) {
#define X(name, type, arguments) VDSO_NAME(name)
    const char* missing = elf_object_symbols(vdso, SAME_CALLS(VDSO_NAME) OWN_CALLS(X), &own);
#undef X
    if (missing != NULL) {
        return missing;
    }
    calls.clock_get_monotonic = clock_get_monotonic;
    calls.object_get_info = object_get_info;
    calls.thread_legacy_yield = thread_legacy_yield;
    calls.vmar_allocate = vmar_allocate;
    calls.vmar_map = vmar_map;
    return NULL;
}

// ---- exceptions ---------------------------------------------------------------------------------

static zx_status_t catch_exceptions(zx_handle_t job) {
    zx_status_t status = own.port_create(0, &port);
    return status == ZX_OK ? own.task_bind_exception_port(job, port, KEY_EXCEPTION, 0) : status;
}

// harness/edition leaves out programs with a policy that the edition does not have.
static zx_status_t set_policy(zx_handle_t job, uint64_t policy) {
    struct policy_record records[CONDITIONS];
    uint32_t count = 0;
    for (uint32_t condition = 0; condition < CONDITIONS; condition++) {
        uint32_t action = policy >> 4 * condition & 0xf;
        if (action != ZX_POL_ACTION_ALLOW) {
            records[count++] = (struct policy_record){condition, action};
        }
    }
    return own.job_set_policy(job, ZX_JOB_POL_ABSOLUTE, TOPIC_BASIC, records, count);
}

// Waits armed here do not outlive it, so a packet can only be of this wait, or of an exception.
static enum wake wait(zx_handle_t process, zx_handle_t helper, zx_time_t deadline) {
    own.object_wait_async(process, port, KEY_PROCESS, ZX_PROCESS_TERMINATED, 0);
    if (helper != ZX_HANDLE_INVALID) {
        own.object_wait_async(helper, port, KEY_HELPER, ZX_THREAD_TERMINATED, 0);
    }
    struct packet packet = {0};
    zx_status_t status = own.port_wait(port, deadline, &packet, 1);
    bool ended = status == ZX_OK && packet.key == KEY_PROCESS;
    bool helper_ended = status == ZX_OK && packet.key == KEY_HELPER;
    if (!ended) {
        own.port_cancel(port, process, KEY_PROCESS);
    }
    if (helper != ZX_HANDLE_INVALID && !helper_ended) {
        own.port_cancel(port, helper, KEY_HELPER);
    }
    if (ended) {
        return WAKE_ENDED;
    }
    if (helper_ended) {
        return WAKE_HELPER_ENDED;
    }
    if (status == ZX_OK && (packet.type & PACKET_TYPE_MASK) == PACKET_EXCEPTION) {
        last_packet = packet;
        return WAKE_EXCEPTION;
    }
    return status == ZX_ERR_TIMED_OUT ? WAKE_TIME : WAKE_NOTHING;
}

// An exception of a process that has ended since finds no thread of this one.
static bool take_exception(zx_handle_t process, struct stop* stop) {
    stop->exception = ZX_HANDLE_INVALID;
    stop->type = last_packet.type;
    return own.object_get_child(process, last_packet.thread, ZX_RIGHT_SAME_RIGHTS, &stop->thread) ==
           ZX_OK;
}

static void resume(const struct stop* stop) {
    own.task_resume(stop->thread, RESUME_EXCEPTION);
}

static int64_t return_code(zx_handle_t process) {
    struct process_info info = {0};
    calls.object_get_info(process, ZX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
    return info.return_code == RETCODE_KILLED ? ZX_TASK_RETCODE_SYSCALL_KILL : info.return_code;
}

const struct system system_2018 = {
    .register_bytes = REGISTER_COUNT_2018 * sizeof(uint64_t),
    .start_needs_handle = true,
    .catch_exceptions = catch_exceptions,
    .set_policy = set_policy,
    .wait = wait,
    .take_exception = take_exception,
    .resume = resume,
    .return_code = return_code,
};
