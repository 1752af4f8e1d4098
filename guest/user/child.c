#include "child.h"

#include "calls.h"
#include "payload.h"
#include "system.h"

#define UNTOUCHED 0xa5

// Memory that serves one child after the other: small programs need no new one.
#define KEPT_MEMORY (256 * 1024ull)
// Room for the steps, and pages for the edge buffers, of a session.
#define SESSION_STEPS (1024 * 1024ull)
#define SESSION_EDGES 1024u
#define SESSION_EDGE_BYTES (8 * 1024 * 1024ull)
// Pages behind pointer kinds: "edge" and "readonly".
#define POINTER_PAGES 2
#define GIVEN_VMAR_SIZE (64 * 1024 * 1024ull)

#define ALIGN_UP(size) (((size) + 15) & ~15ull)

// ---- memory -------------------------------------------------------------------------------------

static zx_status_t memory_create(struct child_memory* memory, uint64_t capacity) {
    *memory = (struct child_memory){.capacity = capacity};
    zx_status_t status = calls.vmo_create(capacity, 0, &memory->vmo);
    if (status != ZX_OK) {
        return status;
    }
    zx_vaddr_t address;
    status = calls.vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, memory->vmo,
                            0, capacity, &address);
    if (status != ZX_OK) {
        calls.handle_close(memory->vmo);
        memory->vmo = ZX_HANDLE_INVALID;
    }
    memory->bytes = (uint8_t*)address;
    return status;
}

static void memory_destroy(struct child_memory* memory) {
    if (memory->vmo != ZX_HANDLE_INVALID && !memory->kept) {
        calls.vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)memory->bytes, memory->capacity);
        calls.handle_close(memory->vmo);
    }
}

static struct child_memory kept;

zx_status_t child_keep_memory(void) {
    zx_status_t status = memory_create(&kept, KEPT_MEMORY);
    if (status == ZX_OK) {
        kept.kept = true;
        memset(kept.bytes, 0, KEPT_MEMORY); // its pages exist from now on
    }
    return status;
}

// Memory of at least this size: the kept one if it is large enough and no session needs its own.
static zx_status_t memory_take(struct child_memory* memory, uint64_t size, bool session) {
    if (session || size > KEPT_MEMORY) {
        return memory_create(memory, PAGE_UP(size));
    }
    *memory = kept;
    return ZX_OK;
}

// ---- layout -------------------------------------------------------------------------------------

static uint64_t pages_of_edge(uint32_t size) {
    return size == 0 ? 1 : PAGE_UP(size) / PAGE;
}

static uint64_t context_size(const zxh_program* program, uint32_t edges) {
    return ALIGN_UP(sizeof(struct child_context)) +
           program->slot_count * (sizeof(zx_handle_t) + sizeof(zx_koid_t) + sizeof(uint8_t)) +
           program->buffer_count * sizeof(struct binding) + edges * sizeof(uint64_t) +
           program->koid_count * sizeof(zx_koid_t) + 64;
}

static struct child_layout layout_make(const struct payload* payload, bool session) {
    const zxh_program* program = payload->program;
    struct child_layout layout = {0};
    uint64_t edge_bytes = POINTER_PAGES * PAGE;
    for (uint32_t i = 0; i < program->edge_count; i++) {
        edge_bytes += pages_of_edge(payload->edges[i]) * PAGE;
    }
    uint64_t results = 0;
    for (uint32_t i = 0; i <= program->helper_count; i++) {
        results += ALIGN_UP(payload->threads[i].result_size);
    }
    bool library = program->flags & ZXH_PROGRAM_ZXIO;
    layout.stack_end = child_parts.data_size + (library ? LIBRARY_STACK : MAIN_STACK);
    layout.context = layout.stack_end;
    uint32_t edges = session ? SESSION_EDGES : program->edge_count;
    layout.helper_stacks = PAGE_UP(layout.context + context_size(program, edges));
    layout.steps = layout.helper_stacks + program->helper_count * HELPER_STACK;
    layout.results = ALIGN_UP(layout.steps + (session ? SESSION_STEPS : payload->step_bytes));
    layout.arena = PAGE_UP(layout.results + results);
    layout.size = layout.arena + PAGE_UP(program->arena_size);
    layout.edges = layout.size;
    layout.total = layout.edges + (session ? SESSION_EDGE_BYTES : edge_bytes);
    return layout;
}

// The child's address of an offset in its memory.
static uint64_t child_address(uint64_t offset) {
    return CHILD_IMAGE + child_parts.text_size + offset;
}

// Where a place in the image is in the child.
static uint64_t image_address(const void* place) {
    return CHILD_IMAGE + (uint64_t)((const uint8_t*)place - child_parts.image);
}

// ---- contents -----------------------------------------------------------------------------------

// Cuts a table off the space behind the context; it starts with zeros.
static void* take_table(struct child* child, uint64_t* offset, size_t size) {
    void* address = (void*)child_address(*offset);
    memset(child->memory.bytes + *offset, 0, size);
    *offset += (size + 7) & ~(size_t)7;
    return address;
}

static void fill_arena(struct child* child, uint32_t start, uint32_t end) {
    memset(child->memory.bytes + child->layout.arena + start, UNTOUCHED, end - start);
}

static void fill_context(struct child* child, const struct payload* payload, bool session) {
    const zxh_program* program = payload->program;
    const struct child_layout* layout = &child->layout;
    struct child_context* context = (struct child_context*)(child->memory.bytes + layout->context);
    child->context = context;
    memcpy(context->functions, child_parts.functions, sizeof(context->functions));
    memset(&context->vdso, 0, sizeof(*context) - offsetof(struct child_context, vdso));
    context->vdso = CHILD_VDSO;
    context->vdso_numbers[ZXH_VDSO_NUMBER_CODE_OFF] = child_parts.vdso_code_offset;
    context->vdso_numbers[ZXH_VDSO_NUMBER_CODE_SIZE] = child_parts.vdso_code_size;
    context->vdso_numbers[ZXH_VDSO_NUMBER_SIZE] = child_parts.vdso_size;
    context->pointers[ZXH_POINTER_UNMAPPED] = CHILD_NOTHING;
    context->pointers[ZXH_POINTER_KERNEL] = 0xffffffff80000000ull;
    context->pointers[ZXH_POINTER_NONCANON] = 0x800000000000ull;
    context->flags = program->flags;
    context->session = session;
    context->given_count = program->given_count;
    context->given = program->given;
    context->slot_count = session ? program->given_count : program->slot_count;
    context->koid_capacity = program->koid_count;
    uint64_t next = layout->context + ALIGN_UP(sizeof(*context));
    size_t slots = program->slot_count;
    uint32_t edges = session ? SESSION_EDGES : program->edge_count;
    context->slot_koids = take_table(child, &next, slots * sizeof(zx_koid_t));
    context->koids = take_table(child, &next, program->koid_count * sizeof(zx_koid_t));
    context->buffers = take_table(child, &next, program->buffer_count * sizeof(struct binding));
    context->edges = take_table(child, &next, edges * sizeof(uint64_t));
    context->slots = take_table(child, &next, slots * sizeof(zx_handle_t));
    context->slot_set = take_table(child, &next, slots);
    context->arena = (uint8_t*)child_address(layout->arena);
    if (!session) { // a session's grows with its steps
        fill_arena(child, 0, program->arena_size);
        memset(child->memory.bytes + layout->arena + program->arena_size, 0,
               layout->size - layout->arena - program->arena_size);
    }
}

static void place_threads(struct child* child, const struct payload* payload) {
    uint64_t steps = child->layout.steps;
    uint64_t results = child->layout.results;
    memcpy(child->memory.bytes + steps, payload->steps, payload->step_bytes);
    for (uint32_t i = 0; i <= payload->program->helper_count; i++) {
        const zxh_thread* thread = &payload->threads[i];
        child->context->threads[i] = (struct thread_work){
            .steps = (const uint8_t*)child_address(steps),
            .step_count = thread->step_count,
            .results = (uint8_t*)child_address(results),
        };
        steps += thread->step_bytes;
        results += ALIGN_UP(thread->result_size);
    }
    for (uint32_t i = 0; i < payload->program->storage_count; i++) {
        memset(child->memory.bytes + child->layout.arena + payload->storages[i], 0,
               ZXH_STORAGE_SIZE);
    }
}

// ---- mappings -----------------------------------------------------------------------------------

static zx_status_t map(struct child* child, uint64_t address, zx_vm_option_t permissions,
                       zx_handle_t vmo, uint64_t offset, uint64_t size) {
    zx_vaddr_t mapped;
    return calls.vmar_map(child->root_vmar, ZX_VM_SPECIFIC | ZX_VM_PERM_READ | permissions,
                          address - child_parts.root_base, vmo, offset, size, &mapped);
}

// What every child has.  Pages that it will use are entered at once: faults are dearer.
static zx_status_t map_image(struct child* child) {
    const struct child_parts* parts = &child_parts;
    zx_vm_option_t now = child->memory.kept ? ZX_VM_MAP_RANGE : 0;
    zx_status_t status = map(child, CHILD_VDSO, 0, parts->vdso_vmo, 0, parts->vdso_code_offset);
    if (status == ZX_OK) {
        status =
            map(child, CHILD_VDSO + parts->vdso_code_offset, ZX_VM_PERM_EXECUTE | ZX_VM_MAP_RANGE,
                parts->vdso_vmo, parts->vdso_code_offset, parts->vdso_code_size);
    }
    if (status == ZX_OK) {
        status = map(child, CHILD_IMAGE, ZX_VM_PERM_EXECUTE | ZX_VM_MAP_RANGE, parts->image_vmo,
                     parts->image_offset, parts->text_size);
    }
    if (status == ZX_OK) {
        status = map(child, child_address(0), ZX_VM_PERM_WRITE | now, child->memory.vmo, 0,
                     child->layout.size);
    }
    return status;
}

// Maps pages that end where a mapping ends, filled with one byte; returns their end by *end.
static zx_status_t map_edge(struct child* child, uint64_t pages, uint8_t byte,
                            zx_vm_option_t permissions, uint64_t* end) {
    uint64_t offset = child->layout.edges + child->edge_pages * PAGE;
    if (offset + pages * PAGE > child->memory.capacity) {
        return ZX_ERR_NO_MEMORY;
    }
    memset(child->memory.bytes + offset, byte, pages * PAGE);
    zx_status_t status =
        map(child, child->edge_address, permissions, child->memory.vmo, offset, pages * PAGE);
    *end = child->edge_address + pages * PAGE;
    child->edge_pages += pages;
    child->edge_address = *end + 2 * PAGE;
    return status;
}

static zx_status_t map_edges(struct child* child, const struct payload* payload) {
    uint32_t before = payload->program->edges_before;
    uint64_t* edges =
        (uint64_t*)(child->memory.bytes + ((uint64_t)child->context->edges - child_address(0)));
    for (uint32_t i = 0; i < payload->program->edge_count; i++) {
        uint64_t end;
        zx_status_t status =
            map_edge(child, pages_of_edge(payload->edges[i]), UNTOUCHED, ZX_VM_PERM_WRITE, &end);
        if (status != ZX_OK) {
            return status;
        }
        edges[before + i] = end;
    }
    return ZX_OK;
}

// The pages behind the pointer kinds "edge" and "readonly".
static zx_status_t map_pointer_pages(struct child* child) {
    uint64_t* pointers = child->context->pointers;
    uint64_t end;
    zx_status_t status = map_edge(child, 1, 0, ZX_VM_PERM_WRITE, &pointers[ZXH_POINTER_EDGE]);
    if (status == ZX_OK) {
        status = map_edge(child, 1, 0, 0, &end);
        pointers[ZXH_POINTER_READONLY] = end - PAGE;
    }
    return status;
}

// ---- handles ------------------------------------------------------------------------------------

static zx_status_t duplicate(zx_handle_t handle, zx_handle_t* out) {
    return calls.handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, out);
}

static zx_status_t make_job(struct child* child, zx_handle_t* out) {
    zx_status_t status = calls.job_create(child_parts.root_job, 0, &child->given_job);
    return status == ZX_OK ? duplicate(child->given_job, out) : status;
}

static zx_status_t make_vmar(struct child* child, zx_handle_t* out) {
    zx_vaddr_t address;
    return calls.vmar_allocate(child->root_vmar,
                               ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE |
                                   ZX_VM_CAN_MAP_SPECIFIC,
                               0, GIVEN_VMAR_SIZE, out, &address);
}

static zx_status_t make_given(struct child* child, uint32_t kind, zx_handle_t* out) {
    switch (kind) {
    case ZXH_GIVEN_JOB:
        return make_job(child, out);
    case ZXH_GIVEN_PROC:
        return duplicate(child->process, out);
    case ZXH_GIVEN_VMAR:
        return make_vmar(child, out);
    case ZXH_GIVEN_THREAD:
        return duplicate(child->thread, out);
    case ZXH_GIVEN_ROOTVMAR:
        return duplicate(child->root_vmar, out);
    case ZXH_GIVEN_RESOURCE:
        return duplicate(child_parts.resource, out);
    case ZXH_GIVEN_ROOTJOB:
        return duplicate(child_parts.root_job, out);
    case ZXH_GIVEN_VDSO:
        child->given_vdso = true;
        return duplicate(child_parts.vdso_vmo, out);
    default:
        return ZX_ERR_INVALID_ARGS;
    }
}

// Makes the handles the program is given and puts them on a channel, whose other end the child
// gets; no channel if there are none and the kernel does without.
static zx_status_t give_handles(struct child* child, const zxh_program* program,
                                zx_handle_t* bootstrap) {
    zx_handle_t handles[BOOTSTRAP_HANDLES];
    uint32_t count = 0;
    zx_status_t status = ZX_OK;
    for (uint32_t i = 0; i < program->given_count && status == ZX_OK; i++) {
        uint32_t kind = program->given >> 4 * i & 0xf;
        if (kind != ZXH_GIVEN_ZERO) {
            status = make_given(child, kind, &handles[count]);
            count += status == ZX_OK;
        }
    }
    if (status == ZX_OK && program->flags & ZXH_PROGRAM_ZXIO) {
        status = duplicate(child->root_vmar, &handles[count]);
        count += status == ZX_OK;
        if (status == ZX_OK) {
            status = duplicate(child_parts.library_vmo, &handles[count]);
            count += status == ZX_OK;
        }
    }
    *bootstrap = ZX_HANDLE_INVALID;
    zx_handle_t here;
    if (status == ZX_OK && (count > 0 || kernel_system->start_needs_handle)) {
        status = calls.channel_create(0, &here, bootstrap);
        if (status == ZX_OK) {
            status = calls.channel_write(here, 0, NULL, 0, handles, count);
            calls.handle_close(here);
            return status;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        calls.handle_close(handles[i]);
    }
    return status;
}

// ---- the process --------------------------------------------------------------------------------

// The job for the process: the children's, or one in it with the program's policy.
static zx_status_t find_job(struct child* child, uint64_t policy, zx_handle_t* job) {
    *job = child_parts.job;
    if (policy == 0) {
        return ZX_OK;
    }
    zx_status_t status = calls.job_create(child_parts.job, 0, &child->policy_job);
    *job = child->policy_job;
    return status == ZX_OK ? kernel_system->set_policy(*job, policy) : status;
}

static zx_status_t create_thread(struct child* child, const char* name, zx_handle_t* out) {
    size_t length = 0;
    while (name[length] != '\0') {
        length++;
    }
    return calls.thread_create(child->process, name, length, 0, out);
}

uint64_t child_context_address(const struct child* child) {
    return child_address(child->layout.context);
}

static uint64_t helper_stack(const struct child* child, uint64_t number) {
    return child_address(child->layout.helper_stacks + number * HELPER_STACK);
}

uint64_t child_stack(const struct child* child, zx_handle_t helper) {
    uint64_t number = 1;
    while (number < MAX_THREADS && child->helpers[number] != helper) {
        number++;
    }
    return helper_stack(child, number);
}

static zx_status_t start(struct child* child, const zxh_program* program) {
    zx_handle_t bootstrap;
    zx_status_t status = give_handles(child, program, &bootstrap);
    if (status != ZX_OK) {
        return status;
    }
    return calls.process_start(child->process, child->thread, image_address(child_main_entry),
                               child_address(child->layout.stack_end), bootstrap,
                               child_context_address(child));
}

static zx_status_t make(struct child* child, const struct payload* payload, bool session) {
    zx_status_t status = memory_take(&child->memory, child->layout.total, session);
    zx_handle_t job;
    if (status == ZX_OK) {
        status = find_job(child, payload->program->policy, &job);
    }
    if (status == ZX_OK) {
        status = calls.process_create(job, "program", 7, 0, &child->process, &child->root_vmar);
    }
    if (status == ZX_OK) {
        status = create_thread(child, "main", &child->thread);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (payload->program->flags & ZXH_PROGRAM_ZXIO) {
        // The library and libc have variables; the runner itself has none.
        status = child_copy_data(child->memory.bytes);
        if (status != ZX_OK) {
            return status;
        }
    }
    fill_context(child, payload, session);
    place_threads(child, payload);
    status = map_image(child);
    if (status == ZX_OK) {
        status = map_edges(child, payload);
    }
    if (status == ZX_OK && payload->program->flags & ZXH_PROGRAM_POINTER_PAGES) {
        status = map_pointer_pages(child);
    }
    return status;
}

zx_status_t child_create(struct child* child, const struct payload* payload, bool session) {
    *child = (struct child){.edge_address = CHILD_EDGES};
    child->layout = layout_make(payload, session);
    zx_status_t status = make(child, payload, session);
    if (status == ZX_OK) {
        status = start(child, payload->program);
    }
    if (status != ZX_OK) {
        child_destroy(child);
    }
    return status;
}

zx_status_t child_take_step(struct child* child, const struct payload* payload) {
    const zxh_program* program = payload->program;
    if (payload->step_bytes > SESSION_STEPS || program->helper_count != 0 ||
        program->edges_before + program->edge_count > SESSION_EDGES ||
        program->result_size > ZXH_SESSION_RESULT_SIZE ||
        child->layout.arena + program->arena_size > child->layout.size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    fill_arena(child, program->arena_before, program->arena_size);
    child->context->slot_count = program->slot_count;
    place_threads(child, payload);
    return map_edges(child, payload);
}

zx_status_t child_spawn(struct child* child, uint64_t number) {
    if (number == 0 || number >= MAX_THREADS || child->helpers[number] != ZX_HANDLE_INVALID) {
        return ZX_ERR_BAD_STATE;
    }
    zx_status_t status = create_thread(child, "helper", &child->helpers[number]);
    if (status != ZX_OK) {
        return status;
    }
    return calls.thread_start(child->helpers[number], image_address(child_helper_entry),
                              helper_stack(child, number), number, child_context_address(child));
}

static void close(zx_handle_t handle) {
    if (handle != ZX_HANDLE_INVALID) {
        calls.handle_close(handle);
    }
}

// The vDSO's VMO serves one child after the other: what one has made of it must not reach the next.
static void restore_vdso(void) {
    const struct child_parts* parts = &child_parts;
    calls.object_signal(parts->vdso_vmo, ZX_USER_SIGNAL_ALL, 0);
    calls.object_set_property(parts->vdso_vmo, ZX_PROP_NAME, parts->vdso_name,
                              sizeof(parts->vdso_name));
}

void child_destroy(struct child* child) {
    if (child->given_job != ZX_HANDLE_INVALID) {
        calls.task_kill(child->given_job);
    }
    if (child->given_vdso) {
        restore_vdso();
    }
    for (uint32_t i = 1; i < MAX_THREADS; i++) {
        close(child->helpers[i]);
    }
    close(child->given_job);
    close(child->policy_job);
    close(child->thread);
    close(child->root_vmar);
    close(child->process);
    memory_destroy(&child->memory);
    *child = (struct child){0};
}
