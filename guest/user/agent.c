// The first user process: takes programs, runs each in a child of its own, sends back what was
// seen.
#include "boot_files.h"
#include "calls.h"
#include "libc/vdso_calls.h"
#include "monitor.h"
#include "payload.h"
#include "relocate.h"
#include "transport.h"

// Answers to requests that cannot be carried out, in the order of REFUSALS in wire.py.
enum refusal {
    REFUSED_BROKEN = 1,
    REFUSED_INTERFACE,
    REFUSED_MALFORMED,
    REFUSED_NOT_OPEN,
    REFUSED_OPEN,
};

// How often dying threads are given way before what they hold counts as left behind.
#define SETTLE_ROUNDS 64

struct session {
    bool open;
    struct child child;
    struct stop sleeping;
};

static struct session* sessions;

// ---- results ------------------------------------------------------------------------------------

static bool refuse(enum refusal refusal) {
    uint8_t* room = transport->reserve(sizeof(uint64_t));
    if (room == NULL) {
        return false;
    }
    *(uint64_t*)room = refusal;
    transport->commit(ZXH_KIND_REFUSED, sizeof(uint64_t));
    return true;
}

static size_t result_most(const struct payload* payload) {
    size_t size =
        sizeof(zxh_result) + sizeof(general_registers) + ZXH_GIVEN_MOST * sizeof(zxh_handle);
    for (uint32_t i = 0; i <= payload->program->helper_count; i++) {
        size += payload->threads[i].result_size;
    }
    return size;
}

// Writes the result of a child: what its threads noted, and how it ended.  Returns its size.
static size_t write_result(uint8_t* room, const struct child* child, const struct payload* payload,
                           const struct ending* ending, bool with_given) {
    zxh_result* result = (zxh_result*)room;
    *result = (zxh_result){
        .ending = ending->kind,
        .retcode = ending->kind == ZXH_ENDING_FAULT || ending->kind == ZXH_ENDING_TIME_LIMIT
                       ? 0
                       : (uint64_t)ending->retcode,
        .address = ending->address,
        .exception = ending->exception,
        .synth_code = ending->synth_code,
        .register_count = ending->register_count,
        .helper_count = payload->program->helper_count,
        .status = ending->status,
    };
    uint8_t* next = (uint8_t*)(result + 1);
    memcpy(next, &ending->registers, ending->register_count * sizeof(uint64_t));
    next += ending->register_count * sizeof(uint64_t);
    const struct child_context* context = child->context;
    if (context == NULL) {
        return (size_t)(next - room);
    }
    if (with_given && !context->broken) {
        result->given_count = payload->program->given_count;
        size_t size = result->given_count * sizeof(zxh_handle);
        memcpy(next, context->given_results, size);
        next += size;
    }
    uint64_t offset = child->layout.results;
    for (uint32_t i = 0; i <= payload->program->helper_count; i++) {
        const struct thread_work* work = &context->threads[i];
        uint32_t size = payload->threads[i].result_size;
        uint32_t bytes = (uint32_t)work->progress;
        // The child may have written anything here; what cannot be is left out.
        if (bytes <= size) {
            size = bytes;
            result->step_count[i] = (uint32_t)(work->progress >> 32);
            memcpy(next, child->memory.bytes + offset, size);
            next += size;
        }
        offset += (payload->threads[i].result_size + 15) & ~15ull;
    }
    return (size_t)(next - room);
}

// ---- what is left behind ------------------------------------------------------------------------

static bool is_back(const struct kernel_counts* before, const struct kernel_counts* now) {
    return now->objects <= before->objects && now->handles <= before->handles &&
           now->pages <= before->pages;
}

// Compares the kernel's counts with those before, giving way to threads that are still dying.
static void check_leaks(const struct kernel_counts* before, zxh_result* result) {
    struct kernel_counts now;
    for (int round = 0; round < SETTLE_ROUNDS; round++) {
        if (!transport->counts(&now) || is_back(before, &now)) {
            return;
        }
        calls.thread_legacy_yield(0);
    }
    result->leaked_objects = (uint32_t)(now.objects - before->objects);
    result->leaked_handles = (uint32_t)(now.handles - before->handles);
    result->leaked_pages = (uint32_t)(now.pages - before->pages);
    result->ending = ZXH_ENDING_LEAK;
}

// ---- programs -----------------------------------------------------------------------------------

static void run_program(const struct payload* payload) {
    uint8_t* room = transport->reserve(result_most(payload));
    if (room == NULL) {
        return;
    }
    struct kernel_counts before;
    transport->counts(&before);
    zx_time_t start = calls.clock_get_monotonic();
    transport->started(start);
    struct child child;
    struct ending ending = {.kind = ZXH_ENDING_LOST};
    ending.status = child_create(&child, payload, false);
    if (ending.status == ZX_OK) {
        monitor_run(&child, start + (zx_time_t)payload->program->limit_ns, NULL, &ending);
    }
    size_t size = write_result(room, &child, payload, &ending, true);
    child_destroy(&child);
    zxh_result* result = (zxh_result*)room;
    result->elapsed_ns = (uint64_t)(calls.clock_get_monotonic() - start);
    check_leaks(&before, result);
    transport->commit(ZXH_KIND_RESULT, size);
}

// ---- sessions -----------------------------------------------------------------------------------

// Lets a session's child run until it wants its next step, and reports.
static void run_session(struct session* session, const struct payload* payload, uint8_t* room,
                        bool with_given) {
    zx_time_t start = calls.clock_get_monotonic();
    transport->started(start);
    struct ending ending;
    session->open = monitor_run(&session->child, start + (zx_time_t)payload->program->limit_ns,
                                &session->sleeping, &ending);
    size_t size = write_result(room, &session->child, payload, &ending, with_given);
    ((zxh_result*)room)->elapsed_ns = (uint64_t)(calls.clock_get_monotonic() - start);
    if (!session->open) {
        child_destroy(&session->child);
    }
    transport->commit(ZXH_KIND_RESULT, size);
}

static void open_session(struct session* session, const struct payload* payload) {
    if (session->open) {
        refuse(REFUSED_OPEN);
        return;
    }
    uint8_t* room = transport->reserve(sizeof(zxh_result) + sizeof(general_registers) +
                                       ZXH_GIVEN_MOST * sizeof(zxh_handle));
    if (room == NULL) {
        return;
    }
    struct ending ending = {.kind = ZXH_ENDING_LOST};
    ending.status = child_create(&session->child, payload, true);
    if (ending.status == ZX_OK) {
        run_session(session, payload, room, true);
    } else {
        transport->commit(ZXH_KIND_RESULT,
                          write_result(room, &session->child, payload, &ending, false));
    }
}

static void step_session(struct session* session, const struct payload* payload) {
    if (!session->open) {
        refuse(REFUSED_NOT_OPEN);
        return;
    }
    uint8_t* room = transport->reserve(result_most(payload));
    if (room == NULL) {
        return;
    }
    if (child_take_step(&session->child, payload) != ZX_OK) {
        refuse(REFUSED_MALFORMED);
        return;
    }
    monitor_wake(&session->sleeping, ZX_OK);
    run_session(session, payload, room, false);
}

// A session whose process has ended may be closed as well.
static void close_session(struct session* session, const struct payload* payload) {
    uint8_t* room = transport->reserve(result_most(payload));
    if (room == NULL) {
        return;
    }
    struct ending ending = {.kind = ZXH_ENDING_FINISHED};
    struct child nothing = {0};
    if (session->open) {
        session->child.context->session = false;
        monitor_wake(&session->sleeping, ZX_OK);
        monitor_run(&session->child, ZX_TIME_INFINITE, NULL, &ending);
        child_destroy(&session->child);
        session->open = false;
        ending = (struct ending){.kind = ZXH_ENDING_FINISHED};
    }
    transport->commit(ZXH_KIND_RESULT, write_result(room, &nothing, payload, &ending, false));
}

// ---- the loop -----------------------------------------------------------------------------------

static void handle_request(const struct request* request) {
    struct payload payload;
    if (request->broken) {
        refuse(REFUSED_BROKEN);
        return;
    }
    if (request->size >= sizeof(uint32_t) && *(const uint32_t*)request->payload != ZXH_INTERFACE) {
        refuse(REFUSED_INTERFACE);
        return;
    }
    if (!payload_read(request->payload, request->size, &payload)) {
        refuse(REFUSED_MALFORMED);
        return;
    }
    struct session* session = &sessions[payload.program->session];
    switch (request->kind) {
    case ZXH_KIND_PROGRAM:
        run_program(&payload);
        break;
    case ZXH_KIND_OPEN:
        open_session(session, &payload);
        break;
    case ZXH_KIND_STEP:
        step_session(session, &payload);
        break;
    case ZXH_KIND_CLOSE:
        close_session(session, &payload);
        break;
    default:
        refuse(REFUSED_MALFORMED);
        break;
    }
}

static size_t length_of(const char* text) {
    size_t length = 0;
    while (text[length] != '\0') {
        length++;
    }
    return length;
}

// Says on the console what keeps the agent from starting, and ends it.
__attribute__((noreturn)) static void give_up(const char* what) {
    if (calls.debug_write != NULL) {
        static const char prefix[] = "agent: cannot start without ";
        calls.debug_write(prefix, sizeof(prefix) - 1);
        calls.debug_write(what, length_of(what));
        calls.debug_write("\n", 1);
    }
    if (calls.process_exit != NULL) {
        calls.process_exit(1);
    }
    __builtin_trap();
}

// Stack pages exist from their first use on: later that would look like something left behind.
__attribute__((noinline)) static void use_stack(void) {
    volatile uint8_t bytes[32 * 1024];
    for (size_t i = 0; i < sizeof(bytes); i += PAGE) {
        bytes[i] = 0;
    }
}

__attribute__((visibility("hidden"))) extern const uint8_t __ehdr_start[];
__attribute__((visibility("hidden"))) extern const elf_dynamic_t _DYNAMIC[];

__attribute__((noreturn)) void agent_main(zx_handle_t bootstrap, const void* vdso) {
    struct relocations found = relocations_of(_DYNAMIC);
    relocate((const elf_rela_t*)(__ehdr_start + found.offset), found.count,
             (uint8_t*)(uintptr_t)__ehdr_start, 0, (uint64_t)__ehdr_start);
    elf_object_t object;
    if (!elf_object_open(&object, vdso)) {
        __builtin_trap();
    }
    const char* problem = calls_find(&object);
    if (problem != NULL) {
        give_up(problem);
    }
    struct processargs args;
    if (processargs_read(bootstrap, &args) != ZX_OK) {
        give_up("its processargs message");
    }
    if (!libc_start(processargs_handle(&args, PROCESSARGS_ROOT_VMAR, 0), &object)) {
        give_up("the system calls of libc");
    }
    // libc's memory comes from the address space by the edition's calls as well.
    vdso_calls.vmar_map = calls.vmar_map;
    sessions = malloc(ZXH_SESSIONS * sizeof(*sessions));
    if (sessions == NULL) {
        give_up("memory");
    }
    memset(sessions, 0, ZXH_SESSIONS * sizeof(*sessions));
    boot_files_start(&args);
    if (child_start(&args, vdso, &problem) != ZX_OK) {
        give_up(problem);
    }
    if (transport_start(&args) != ZX_OK) {
        give_up("memory shared with the host, or a boot file of programs");
    }
    use_stack();
    for (;;) {
        struct request request = transport->next();
        handle_request(&request);
    }
}
