// The controller: starts workers, watches what they do, ends them, and says so on the console.

#include "libc/elf_symbols.h"
#include "stress.h"
#include "zxh/share.h"

#define WORKERS 3
#define REGION_SIZE (64ull << 20)
#define WATCH_NS 2000000ll   // between looks at the workers' progress
#define STANDSTILL 10        // looks without progress that end a round
#define LOOKS 250            // in a round
#define CALLS_OF_ROUND 20000 // so many end it as well
#define PAGES_LEFT 2500      // of the memory: to take all of it takes time
#define SHORTAGE_ONE_IN 3    // rounds in which memory is short
#define SHORTAGE_PAGES 120   // of which so many, at most, are left
#define SETTLE_ROUNDS 64     // how often dying threads are given way
#define BOOTSTRAP_HANDLES 64
#define SHARED_KINDS 4

// Types of the handles in the bootstrap message.
enum {
    INFO_JOB = 3,
    INFO_ROOT_VMAR = 4,
    INFO_VDSO = 0x11,
    INFO_RESOURCE = 0x3f,
    INFO_SHARED_MEMORY = 0xf0,
};

struct message {
    uint32_t protocol;
    uint32_t version;
    uint32_t handle_info;
    uint32_t arguments;
    uint32_t argument_count;
    uint32_t environment;
    uint32_t environment_count;
    uint8_t rest[4096];
};

struct worker_process {
    zx_handle_t process;
    zx_handle_t thread;
    zx_handle_t root;
    zx_handle_t memory;
    struct worker* worker;
};

struct controller {
    uint64_t functions[CALL_COUNT]; // of its own vDSO
    uint64_t vdso;
    zx_handle_t job;
    zx_handle_t root_vmar;
    zx_handle_t vdso_vmo;
    zx_handle_t resource;
    zx_handle_t image;
    zx_handle_t iommu;
    zx_handle_t vmex;
    zx_handle_t profile;
    const volatile zxh_share_header* counts; // the kernel's
    uint64_t image_size;
    uint64_t root_base; // of a worker's root region: all are alike
    uint64_t calls;     // to make
    uint64_t seed;
    uint64_t first_round;
    uint64_t made;
    uint64_t tallies[CALL_COUNT][3]; // made, succeeded, failed for want of memory
};

__attribute__((visibility("hidden"))) extern const uint8_t __ehdr_start[], _end[];

#define C(name) CALL(c->functions, name)

// ---- saying -------------------------------------------------------------------------------------

struct text {
    uint32_t length;
    char bytes[160];
};

static void put(struct text* text, const char* what) {
    while (*what != '\0' && text->length < sizeof(text->bytes)) {
        text->bytes[text->length++] = *what++;
    }
}

static void put_number(struct text* text, uint64_t number) {
    char digits[21];
    int at = 20;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(text, " ");
    put(text, digits + at);
}

// One line of its own: what workers have written may stand before it.
static void say(struct controller* c, const char* what, const uint64_t* numbers, uint32_t count) {
    struct text text = {0};
    put(&text, "\nstress: ");
    put(&text, what);
    for (uint32_t i = 0; i < count; i++) {
        put_number(&text, numbers[i]);
    }
    put(&text, "\n");
    C(zx_debug_write)(text.bytes, text.length);
}

__attribute__((noreturn)) static void fail(struct controller* c, const char* what,
                                           zx_status_t status) {
    const uint64_t number[] = {(uint64_t) - (int64_t)status};
    say(c, what, number, 1);
    C(zx_process_exit)(1);
    __builtin_trap();
}

static void check(struct controller* c, zx_status_t status, const char* what) {
    if (status != ZX_OK) {
        fail(c, what, status);
    }
}

// ---- the start ----------------------------------------------------------------------------------

static uint64_t number_of(const char* text) {
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return value;
}

// The number behind NAME= among the words of the kernel's command line.
static uint64_t word_of(const struct message* message, const char* name) {
    const char* word = (const char*)message + message->environment;
    for (uint32_t i = 0; i < message->environment_count; i++) {
        uint32_t at = 0;
        while (name[at] != '\0' && word[at] == name[at]) {
            at++;
        }
        if (name[at] == '\0') {
            return number_of(word + at);
        }
        while (*word++ != '\0') {
        }
    }
    return 0;
}

static zx_handle_t handle_of(const struct message* message, const zx_handle_t* handles,
                             uint32_t count, uint32_t info) {
    const uint32_t* infos = (const uint32_t*)((const uint8_t*)message + message->handle_info);
    for (uint32_t i = 0; i < count; i++) {
        if (infos[i] == info) {
            return handles[i];
        }
    }
    return ZX_HANDLE_INVALID;
}

static void find_calls(struct controller* c) {
    elf_object_t vdso;
    if (!elf_object_open(&vdso, (const void*)c->vdso)) {
        __builtin_trap();
    }
    for (uint32_t i = 0; i < CALL_COUNT; i++) {
        c->functions[i] = (uint64_t)elf_object_symbol(&vdso, stress_calls[i].name);
    }
}

static void read_bootstrap(struct controller* c, zx_handle_t bootstrap) {
    struct message message;
    zx_handle_t handles[BOOTSTRAP_HANDLES];
    uint32_t size, count;
    check(c,
          C(zx_channel_read)(bootstrap, 0, &message, handles, sizeof(message), BOOTSTRAP_HANDLES,
                             &size, &count),
          "no bootstrap message");
    c->job = handle_of(&message, handles, count, INFO_JOB);
    c->root_vmar = handle_of(&message, handles, count, INFO_ROOT_VMAR);
    c->vdso_vmo = handle_of(&message, handles, count, INFO_VDSO);
    c->resource = handle_of(&message, handles, count, INFO_RESOURCE);
    zx_handle_t shared = handle_of(&message, handles, count, INFO_SHARED_MEMORY);
    zx_vaddr_t address;
    check(c,
          C(zx_vmar_map)(c->root_vmar, ZX_VM_PERM_READ | ZX_VM_MAP_RANGE, 0, shared, 0, PAGE,
                         &address),
          "no shared memory");
    c->counts = (const volatile zxh_share_header*)address;
    c->calls = word_of(&message, "stress.calls=");
    c->seed = word_of(&message, "stress.seed=");
    c->first_round = word_of(&message, "stress.round=");
}

// A copy of this image that may be executed: what workers run.
static void make_image(struct controller* c) {
    zx_handle_t vmo;
    c->image_size = PAGE_UP((uint64_t)(_end - __ehdr_start));
    check(c, C(zx_vmo_create)(c->image_size, 0, &vmo), "no image");
    check(c, C(zx_vmo_write)(vmo, __ehdr_start, 0, (uint64_t)(_end - __ehdr_start)), "no image");
    check(c, C(zx_vmo_replace_as_executable)(vmo, c->resource, &c->image), "no image");
}

static void make_hardware(struct controller* c) {
    zx_iommu_desc_dummy_t dummy = {0};
    check(c, C(zx_iommu_create)(c->resource, ZX_IOMMU_TYPE_DUMMY, &dummy, sizeof(dummy), &c->iommu),
          "no IOMMU");
    check(c,
          C(zx_resource_create)(c->resource, ZX_RSRC_KIND_SYSTEM, ZX_RSRC_SYSTEM_VMEX_BASE, 1,
                                "stress", 6, &c->vmex),
          "no resource");
    zx_profile_info_t profile = {.flags = ZX_PROFILE_INFO_FLAG_PRIORITY};
    check(c, C(zx_profile_create)(c->job, 0, &profile, &c->profile), "no profile");
}

// ---- workers ------------------------------------------------------------------------------------

static void map_at(struct controller* c, zx_handle_t root, zx_vm_option_t options, uint64_t address,
                   zx_handle_t vmo, uint64_t offset, uint64_t size) {
    zx_vaddr_t mapped;
    check(c,
          C(zx_vmar_map)(root, options | ZX_VM_PERM_READ | ZX_VM_SPECIFIC, address - c->root_base,
                         vmo, offset, size, &mapped),
          "a worker's memory");
}

static void map_vdso(struct controller* c, zx_handle_t root) {
    const elf_header_t* header = (const elf_header_t*)c->vdso;
    const elf_segment_t* segments = (const elf_segment_t*)(c->vdso + header->program_headers);
    for (uint16_t i = 0; i < header->program_header_count; i++) {
        if (segments[i].type == ELF_LOAD) {
            uint64_t start = segments[i].address & ~(PAGE - 1);
            uint64_t end = PAGE_UP(segments[i].address + segments[i].memory_size);
            map_at(c, root, segments[i].flags & ELF_EXECUTE ? ZX_VM_PERM_EXECUTE : 0,
                   WORKER_VDSO + start, c->vdso_vmo, start, end - start);
        }
    }
}

static void map_parts(struct controller* c, struct worker_process* w) {
    zx_info_vmar_t info;
    check(c, C(zx_object_get_info)(w->root, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL),
          "a worker's region");
    c->root_base = info.base;
    map_vdso(c, w->root);
    map_at(c, w->root, ZX_VM_PERM_EXECUTE, WORKER_IMAGE, c->image, 0, c->image_size);
    map_at(c, w->root, ZX_VM_PERM_WRITE, WORKER_DATA, w->memory, 0, PAGE_UP(DATA_SIZE));
}

static void make_worker(struct controller* c, zx_handle_t job, uint64_t seed,
                        struct worker_process* w) {
    check(c, C(zx_process_create)(job, "worker", 6, 0, &w->process, &w->root), "a worker");
    check(c, C(zx_thread_create)(w->process, "stress", 6, 0, &w->thread), "a worker's thread");
    check(c, C(zx_vmo_create)(PAGE_UP(DATA_SIZE), 0, &w->memory), "a worker's memory");
    zx_vaddr_t address;
    // What we look at is there from the beginning: memory may be short later.
    uint64_t size = PAGE_UP(sizeof(struct worker));
    check(c, C(zx_vmo_op_range)(w->memory, ZX_VMO_OP_COMMIT, 0, size, NULL, 0),
          "a worker's memory");
    check(c,
          C(zx_vmar_map)(c->root_vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_MAP_RANGE, 0,
                         w->memory, 0, size, &address),
          "a worker's memory");
    map_parts(c, w);
    w->worker = (struct worker*)address;
    w->worker->seed = seed;
    w->worker->image_size = c->image_size;
    for (uint32_t i = 0; i < CALL_COUNT; i++) {
        w->worker->functions[i] = c->functions[i] - c->vdso + WORKER_VDSO;
    }
}

// What a worker starts with; handles that are made here go to it.
struct gifts {
    zx_handle_t handles[POOL_SIZE];
    uint32_t count;
};

static void give(struct gifts* gifts, zx_handle_t handle) {
    gifts->handles[gifts->count++] = handle;
}

static void give_copy(struct controller* c, struct gifts* gifts, zx_handle_t handle) {
    zx_handle_t copy;
    check(c, C(zx_handle_duplicate)(handle, ZX_RIGHT_SAME_RIGHTS, &copy), "a copy of a handle");
    give(gifts, copy);
}

static void give_region(struct controller* c, struct gifts* gifts, struct worker_process* w) {
    zx_handle_t region;
    const zx_vm_option_t options =
        ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC;
    check(c, C(zx_vmar_allocate)(w->root, options, 0, REGION_SIZE, &region, &w->worker->region),
          "a worker's region");
    give(gifts, region);
    for (uint32_t i = 0; i < PLACES; i++) {
        w->worker->places[i] = w->worker->region;
    }
}

// Its own things: the process comes first (worker_main).
static void give_own(struct controller* c, struct gifts* gifts, struct worker_process* w,
                     zx_handle_t job, uint64_t* random) {
    zx_handle_t handle;
    give_copy(c, gifts, w->process);
    give_copy(c, gifts, w->thread);
    give_region(c, gifts, w);
    if (below(random, 4) == 0) {
        give_copy(c, gifts, w->root);
    }
    check(c, C(zx_job_create)(job, 0, &handle), "a job");
    give(gifts, handle);
    check(c, C(zx_bti_create)(c->iommu, 0, below(random, 4), &handle), "a BTI");
    give(gifts, handle);
    give_copy(c, gifts, c->iommu);
    give_copy(c, gifts, c->vmex);
    give_copy(c, gifts, c->profile);
    check(c, C(zx_debuglog_create)(c->resource, ZX_LOG_FLAG_READABLE, &handle), "a log");
    give(gifts, handle);
}

// Things that all workers have, or of which two neighbours have an end each.
static void give_shared(struct controller* c, struct gifts* gifts) {
    zx_handle_t shared[SHARED_KINDS];
    check(c, C(zx_port_create)(0, &shared[0]), "a port");
    check(c, C(zx_event_create)(0, &shared[1]), "an event");
    check(c, C(zx_vmo_create)(16 * PAGE, ZX_VMO_RESIZABLE, &shared[2]), "a VMO");
    check(c, C(zx_timer_create)(0, ZX_CLOCK_MONOTONIC, &shared[3]), "a timer");
    for (uint32_t i = 0; i < SHARED_KINDS; i++) {
        for (uint32_t w = 1; w < WORKERS; w++) {
            give_copy(c, &gifts[w], shared[i]);
        }
        give(&gifts[0], shared[i]);
    }
    for (uint32_t w = 0; w < WORKERS; w++) {
        struct gifts* next = &gifts[(w + 1) % WORKERS];
        zx_handle_t ends[2];
        check(c, C(zx_channel_create)(0, &ends[0], &ends[1]), "a channel");
        give(&gifts[w], ends[0]);
        give(next, ends[1]);
        check(c, C(zx_socket_create)(0, &ends[0], &ends[1]), "a socket");
        give(&gifts[w], ends[0]);
        give(next, ends[1]);
        check(c, C(zx_eventpair_create)(0, &ends[0], &ends[1]), "an event pair");
        give(&gifts[w], ends[0]);
        give(next, ends[1]);
        check(c, C(zx_fifo_create)(16, 16, 0, &ends[0], &ends[1]), "a FIFO");
        give(&gifts[w], ends[0]);
        give(next, ends[1]);
    }
}

static void start_worker(struct controller* c, struct worker_process* w, struct gifts* gifts) {
    zx_handle_t ours, theirs;
    check(c, C(zx_channel_create)(0, &ours, &theirs), "a worker's channel");
    check(c, C(zx_channel_write)(ours, 0, NULL, 0, gifts->handles, gifts->count),
          "a worker's handles");
    check(c, C(zx_handle_close)(ours), "a worker's channel");
    uint64_t entry = WORKER_IMAGE + (uint64_t)((const uint8_t*)worker_entry - __ehdr_start);
    check(c,
          C(zx_process_start)(w->process, w->thread, entry,
                              WORKER_DATA + STACKS_OFFSET + STACK_SIZE, theirs, WORKER_DATA),
          "a worker's start");
}

static void make_workers(struct controller* c, zx_handle_t job, uint64_t seed,
                         struct worker_process* workers) {
    uint64_t random = mix(seed, WORKERS);
    struct gifts gifts[WORKERS] = {0};
    for (uint32_t w = 0; w < WORKERS; w++) {
        make_worker(c, job, mix(seed, w), &workers[w]);
        give_own(c, &gifts[w], &workers[w], job, &random);
    }
    for (uint32_t w = 0; w < WORKERS; w++) {
        give_copy(c, &gifts[w], workers[(w + 1) % WORKERS].process);
    }
    give_shared(c, gifts);
    for (uint32_t w = 0; w < WORKERS; w++) {
        start_worker(c, &workers[w], &gifts[w]);
    }
}

// ---- rounds -------------------------------------------------------------------------------------

static uint64_t calls_made(const struct worker_process* workers) {
    uint64_t sum = 0;
    for (uint32_t w = 0; w < WORKERS; w++) {
        for (uint32_t i = 0; i < MOST_THREADS; i++) {
            sum += ((const volatile struct worker*)workers[w].worker)->states[i].calls;
        }
    }
    return sum;
}

// Until enough calls are made, or none is any more, or one that takes for ever holds up the rest.
static void watch(struct controller* c, const struct worker_process* workers) {
    uint64_t before = 0;
    uint32_t still = 0;
    for (uint32_t i = 0; i < LOOKS && before < CALLS_OF_ROUND && still < STANDSTILL; i++) {
        C(zx_nanosleep)(C(zx_clock_get_monotonic)() + WATCH_NS);
        uint64_t now = calls_made(workers);
        still = now == before ? still + 1 : 0;
        before = now;
    }
}

static void end_worker(struct controller* c, struct worker_process* w) {
    check(c, C(zx_object_wait_one)(w->process, ZX_TASK_TERMINATED, ZX_TIME_INFINITE, NULL),
          "a worker does not end");
    for (uint32_t i = 0; i < CALL_COUNT; i++) {
        c->tallies[i][0] += w->worker->tallies[i].made;
        c->tallies[i][1] += w->worker->tallies[i].succeeded;
        c->tallies[i][2] += w->worker->tallies[i].no_memory;
    }
    check(c, C(zx_vmar_unmap)(c->root_vmar, (uint64_t)w->worker, PAGE_UP(sizeof(struct worker))),
          "a worker's memory");
    const zx_handle_t handles[] = {w->process, w->thread, w->root, w->memory};
    check(c, C(zx_handle_close_many)(handles, sizeof(handles) / sizeof(handles[0])),
          "a worker's handles");
}

// Takes all memory but for some pages; the handle gives it back.
static zx_handle_t take_memory(struct controller* c, uint64_t left) {
    zx_handle_t vmo;
    uint64_t there = c->counts->pages_total - c->counts->pages_used;
    uint64_t size = there > left ? (there - left) * PAGE : PAGE;
    check(c, C(zx_vmo_create)(size, 0, &vmo), "memory to keep");
    C(zx_vmo_op_range)(vmo, ZX_VMO_OP_COMMIT, 0, size, NULL, 0); // as much as there is
    return vmo;
}

static void run_round(struct controller* c, uint64_t round) {
    struct worker_process workers[WORKERS];
    zx_handle_t job;
    zx_handle_t memory = ZX_HANDLE_INVALID;
    uint64_t seed = mix(c->seed, round);
    check(c, C(zx_job_create)(c->job, 0, &job), "the round's job");
    make_workers(c, job, seed, workers);
    if (below(&seed, SHORTAGE_ONE_IN) == 0) {
        memory = take_memory(c, below(&seed, SHORTAGE_PAGES));
    }
    watch(c, workers);
    check(c, C(zx_task_kill)(job), "the round's end");
    check(c, C(zx_handle_close)(memory), "memory that was kept");
    c->made += calls_made(workers);
    for (uint32_t w = 0; w < WORKERS; w++) {
        end_worker(c, &workers[w]);
    }
    check(c, C(zx_handle_close)(job), "the round's job");
    for (uint32_t i = 0; i < SETTLE_ROUNDS; i++) {
        C(zx_thread_legacy_yield)(0);
    }
}

// What the kernel holds now that nobody but us is there.
static void say_round(struct controller* c, uint64_t round) {
    const uint64_t numbers[] = {round, c->made, c->counts->objects, c->counts->handles,
                                c->counts->pages_used};
    say(c, "round", numbers, sizeof(numbers) / sizeof(numbers[0]));
}

static void say_tallies(struct controller* c) {
    for (uint32_t i = 0; i < CALL_COUNT; i++) {
        struct text line = {0};
        put(&line, "call ");
        put(&line, stress_calls[i].name);
        line.bytes[line.length] = '\0';
        say(c, line.bytes, c->tallies[i], 3);
    }
}

__attribute__((noreturn)) void controller_main(zx_handle_t bootstrap, uint64_t vdso);
void controller_main(zx_handle_t bootstrap, uint64_t vdso) {
    struct controller controller = {.vdso = vdso};
    struct controller* c = &controller;
    find_calls(c);
    read_bootstrap(c, bootstrap);
    make_image(c);
    make_hardware(c);
    take_memory(c, PAGES_LEFT); // for good
    uint64_t round = c->first_round;
    while (c->made < c->calls) {
        run_round(c, round);
        say_round(c, round++);
    }
    say_tallies(c);
    const uint64_t numbers[] = {round, c->made};
    say(c, "end", numbers, 2);
    C(zx_nanosleep)(ZX_TIME_INFINITE);
    __builtin_trap();
}
