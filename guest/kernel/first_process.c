// Making and starting the first user process.
//
// It gets a bootstrap channel's handle and the vDSO's base address in its first two argument
// registers.  One message waits on the channel: a processargs header, handles whose types the
// message tells, and texts.

#include "first_process.h"

#include "../vdso/vdso_constants.h"
#include "boot.h"
#include "channel.h"
#include "elf_image.h"
#include "print.h"
#include "process.h"
#include "resource.h"
#include "string.h"
#include "syscall.h"

#define STACK_SIZE (64 * 1024)
#define KERNEL_VERSION "zxh guest kernel"

// processargs: the header in front of the handle types.
#define PROCARGS_PROTOCOL 0x4150585d
#define PROCARGS_VERSION 0x1000
struct procargs_header {
    uint32_t protocol;
    uint32_t version;
    uint32_t handle_info_offset;
    uint32_t args_offset;
    uint32_t args_count;
    uint32_t environ_offset;
    uint32_t environ_count;
    uint32_t names_offset;
    uint32_t names_count;
};

extern const uint8_t blob_vdso_start[], blob_vdso_end[];

void userboot_check(zx_status_t status, const char* what) {
    if (status != ZX_OK) {
        panic(NULL, "userboot: %s: status %d", what, status);
    }
}

// ---- what the process starts with -----------------------------------------------------------

struct vmo* blob_vmo(const uint8_t* start, const uint8_t* end, const char* name) {
    struct vmo* vmo;
    userboot_check(
        vmo_create_wired(image_to_phys(start), PAGE_ALIGN_UP((uint64_t)(end - start)), &vmo), name);
    vmo_set_name(vmo, name);
    return vmo;
}

paddr_t vdso_constants_page(void) {
    return image_to_phys(blob_vdso_start) + vdso_layout.constants_offset;
}

static void set_vdso_constants(void) {
    struct vdso_constants* constants = phys_to_virt(vdso_constants_page());
    *constants = (struct vdso_constants){
        .ticks_per_second = arch_ticks_per_second(),
        .ticks_offset = arch_ticks_offset(),
        .ns_multiplier = ticks_to_ns.multiplier,
        .ns_shift = ticks_to_ns.shift,
        .num_cpus = 1,
        .page_size = PAGE_SIZE,
        .dcache_line_size = arch_dcache_line_size(),
        .physmem = boot_info.ram_end - boot_info.ram_start,
        .features = {[ZX_FEATURE_KIND_CPU] = arch_cpu_features()},
        .version_length = sizeof(KERNEL_VERSION) - 1,
        .version = KERNEL_VERSION,
    };
}

// The vDSO as it lies in the kernel's image, where its code stays translated over a reset.
static struct vmo* vdso_vmo(void) {
    struct vmo* vmo = blob_vmo(blob_vdso_start, blob_vdso_end, "vdso/full");
    vmar_register_vdso(vmo, vdso_layout.code_offset, vdso_layout.code_size);
    return vmo;
}

// Maps constants and symbols read-only, and the code behind them.
static uint64_t map_vdso(struct vmar* root, struct vmo* vmo) {
    struct vmar* region;
    zx_vm_option_t options = ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_EXECUTE;
    userboot_check(vmar_allocate(root, options, 0, vdso_layout.size, &region), "vDSO region");
    uint64_t code = vdso_layout.code_offset;
    uint64_t address;
    userboot_check(vmar_map(region, ZX_VM_SPECIFIC | ZX_VM_PERM_READ, 0, vmo, 0, code, &address),
                   "vDSO");
    userboot_check(vmar_map(region, ZX_VM_SPECIFIC | ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, code,
                            vmo, code, vdso_layout.code_size, &address),
                   "vDSO code");
    uint64_t base = region->node.base;
    dispatcher_unref(vmar_dispatcher(region));
    return base;
}

// Returns the top of the stack.
static uint64_t map_stack(struct vmar* root, struct vmo** out) {
    uint64_t address;
    userboot_check(vmo_create(STACK_SIZE, 0, out), "stack");
    vmo_set_name(*out, "stack");
    userboot_check(
        vmar_map(root, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, *out, 0, STACK_SIZE, &address),
        "stack");
    return address + STACK_SIZE;
}

// ---- the bootstrap message --------------------------------------------------------------------

struct handle_list {
    const struct boot_handle* handles;
    uint32_t count;
};

static uint32_t count_given(struct handle_list list) {
    uint32_t given = 0;
    for (uint32_t i = 0; i < list.count; i++) {
        given += list.handles[i].object != NULL;
    }
    return given;
}

// Puts the list's handles behind the `first` ones that are in the message already.
static void add_handles(struct message* message, uint32_t first, struct handle_list list) {
    uint8_t* info = message->bytes + sizeof(struct procargs_header);
    for (uint32_t i = 0, n = first; i < list.count; i++) {
        const struct boot_handle* given = &list.handles[i];
        if (given->object != NULL) {
            memcpy(info + n * sizeof(uint32_t), &given->info, sizeof(uint32_t));
            message->handles[n] = handle_create(given->object, given->rights);
            userboot_check(message->handles[n] != NULL ? ZX_OK : ZX_ERR_NO_MEMORY,
                           "bootstrap handle");
            n++;
        }
    }
}

static size_t texts_size(const char* texts, uint32_t count) {
    const char* end = texts;
    while (count-- > 0) {
        end += strlen(end) + 1;
    }
    return (size_t)(end - texts);
}

static struct message* bootstrap_message(struct handle_list own, struct handle_list given,
                                         const struct boot_texts* texts) {
    uint32_t own_count = count_given(own);
    uint32_t count = own_count + count_given(given);
    uint32_t texts_offset = (uint32_t)(sizeof(struct procargs_header) + count * sizeof(uint32_t));
    uint32_t size = texts_offset + texts->size;
    struct procargs_header header = {
        .protocol = PROCARGS_PROTOCOL,
        .version = PROCARGS_VERSION,
        .handle_info_offset = sizeof(header),
        .args_offset = texts_offset,
        .args_count = texts->arguments,
        .environ_offset = texts_offset + (uint32_t)texts_size(texts->bytes, texts->arguments),
        .environ_count = texts->environment,
        .names_offset = size, // there are none
    };
    struct message* message = message_create(size, count);
    userboot_check(message != NULL ? ZX_OK : ZX_ERR_NO_MEMORY, "bootstrap message");
    memcpy(message->bytes, &header, sizeof(header));
    memcpy(message->bytes + texts_offset, texts->bytes, texts->size);
    add_handles(message, 0, own);
    add_handles(message, own_count, given);
    return message;
}

// The process's end of a channel on which the message waits, as a handle in its table.
static zx_handle_t send_bootstrap(struct process* process, struct message* message) {
    struct channel *kernel_end, *process_end;
    userboot_check(channel_create(&kernel_end, &process_end), "bootstrap channel");
    struct handle* keep = handle_create(channel_dispatcher(kernel_end), ZX_DEFAULT_CHANNEL_RIGHTS);
    struct handle* given =
        handle_create(channel_dispatcher(process_end), ZX_DEFAULT_CHANNEL_RIGHTS);
    userboot_check(keep != NULL && given != NULL ? ZX_OK : ZX_ERR_NO_MEMORY, "bootstrap channel");
    zx_handle_t value = handle_table_add(process->handles, given);
    userboot_check(channel_write(kernel_end, message), "bootstrap message");
    dispatcher_unref(channel_dispatcher(kernel_end));
    dispatcher_unref(channel_dispatcher(process_end));
    handle_destroy(keep); // the kernel has said all it had to say
    return value;
}

// ---- the start ----------------------------------------------------------------------------------

static struct {
    struct process* process;
    struct thread_dispatcher* thread;
    uint64_t entry;
    uint64_t stack_top;
    zx_handle_t bootstrap;
    uint64_t vdso_base;
} first;

struct process* first_process_make(const char* name, struct vmo* image,
                                   const struct boot_handle* handles, uint32_t count,
                                   const struct boot_texts* texts) {
    struct process* process;
    struct thread_dispatcher* thread;
    userboot_check(process_create(job_root(), name, false, &process), "process");
    userboot_check(process_create_thread(process, "main", &thread), "thread");
    struct vmo *vdso = vdso_vmo(), *stack;
    struct elf_image program;
    userboot_check(elf_map(process->root, image, &program), name);
    uint64_t vdso_base = map_vdso(process->root, vdso);
    uint64_t stack_top = map_stack(process->root, &stack);

    const struct boot_handle own[] = {
        {&process->object, ZX_DEFAULT_PROCESS_RIGHTS, PA_INFO(PA_PROC_SELF, 0)},
        {thread_object_dispatcher(thread), ZX_DEFAULT_THREAD_RIGHTS, PA_INFO(PA_THREAD_SELF, 0)},
        {job_dispatcher(job_root()), ZX_DEFAULT_JOB_RIGHTS, PA_INFO(PA_JOB_DEFAULT, 0)},
        {vmar_dispatcher(process->root),
         ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE,
         PA_INFO(PA_VMAR_ROOT, 0)},
        {vmo_dispatcher(vdso), CONSTANT_VMO_RIGHTS, PA_INFO(PA_VMO_VDSO, 0)},
        {vmo_dispatcher(stack), ZX_DEFAULT_VMO_RIGHTS, PA_INFO(PA_VMO_STACK, 0)},
        {resource_root(), ZX_DEFAULT_RESOURCE_RIGHTS, PA_INFO(PA_RESOURCE, 0)},
    };
    struct handle_list own_list = {own, sizeof(own) / sizeof(own[0])};
    struct handle_list given_list = {handles, count};
    first.process = process;
    first.thread = thread;
    first.entry = program.entry;
    first.stack_top = stack_top;
    first.bootstrap = send_bootstrap(process, bootstrap_message(own_list, given_list, texts));
    first.vdso_base = vdso_base;

    // The process's handles and mappings keep these from here on.
    dispatcher_unref(vmo_dispatcher(vdso));
    dispatcher_unref(vmo_dispatcher(stack));
    return process;
}

void first_process_start(void) {
    set_vdso_constants();
    userboot_check(process_start_thread(first.thread, first.entry,
                                        arch_initial_stack(first.stack_top), first.bootstrap,
                                        first.vdso_base),
                   "start");
    // It keeps itself, as long as it runs.
    dispatcher_unref(thread_object_dispatcher(first.thread));
    dispatcher_unref(&first.process->object);
}
