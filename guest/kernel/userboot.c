// The first user process: the agent, started by Zircon's convention.
//
// It gets a bootstrap channel's handle and the vDSO's base address in its first two argument
// registers.  One message waits on the channel: a processargs header, and handles whose types the
// message tells.  The types from PA_USER0 on are this system's own:
//
//   PA_USER0  argument 0  VMO: the memory shared with the host
//             argument 1  the agent's end of the doorbell, an event pair
//             argument 2  VMO: the agent's own ELF image, to start further processes from
//             argument 3  VMO: libzxio_standalone.so

#include "userboot.h"

#include "../vdso/vdso_constants.h"
#include "boot.h"
#include "channel.h"
#include "elf_image.h"
#include "print.h"
#include "process.h"
#include "resource.h"
#include "share.h"
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

// Handle types; the argument goes into the upper half.
#define PA_PROC_SELF 0x01
#define PA_THREAD_SELF 0x02
#define PA_JOB_DEFAULT 0x03
#define PA_VMAR_ROOT 0x04
#define PA_VMO_VDSO 0x11
#define PA_VMO_STACK 0x13
#define PA_RESOURCE 0x3f
#define PA_USER0 0xf0
#define PA_INFO(type, argument) ((uint32_t)(type) | (uint32_t)(argument) << 16)

extern const uint8_t blob_vdso_start[], blob_vdso_end[];
extern const uint8_t blob_agent_start[], blob_agent_end[];
extern const uint8_t blob_zxio_start[], blob_zxio_end[];

static const char program_name[] = "agent";

static void check(zx_status_t status, const char* what) {
    if (status != ZX_OK) {
        panic(NULL, "userboot: %s: status %d", what, status);
    }
}

// ---- what the process starts with -----------------------------------------------------------

// A file in the kernel's image, as it lies there.
static struct vmo* blob_vmo(const uint8_t* start, const uint8_t* end, const char* name) {
    struct vmo* vmo;
    check(vmo_create_physical(image_to_phys(start), PAGE_ALIGN_UP((uint64_t)(end - start)), &vmo),
          name);
    vmo_set_name(vmo, name);
    return vmo;
}

static void fill_constants(struct vdso_constants* constants) {
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

paddr_t vdso_constants_page(void) {
    return image_to_phys(blob_vdso_start) + vdso_layout.constants_offset;
}

// The vDSO as it lies in the kernel's image, where its code stays translated over a reset, with
// this machine's constants.
static struct vmo* vdso_vmo(void) {
    struct vmo* vmo = blob_vmo(blob_vdso_start, blob_vdso_end, "vdso/full");
    struct vdso_constants constants;
    fill_constants(&constants);
    check(vmo_write_kernel(vmo, &constants, vdso_layout.constants_offset, sizeof(constants)),
          "vDSO");
    vmar_register_vdso(vmo, vdso_layout.code_offset, vdso_layout.code_size);
    return vmo;
}

// Maps constants and symbols read-only, and the code behind them.
static uint64_t map_vdso(struct vmar* root, struct vmo* vmo) {
    struct vmar* region;
    zx_vm_option_t options = ZX_VM_CAN_MAP_SPECIFIC | ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_EXECUTE;
    check(vmar_allocate(root, options, 0, vdso_layout.size, &region), "vDSO region");
    uint64_t code = vdso_layout.code_offset;
    uint64_t address;
    check(vmar_map(region, ZX_VM_SPECIFIC | ZX_VM_PERM_READ, 0, vmo, 0, code, &address), "vDSO");
    check(vmar_map(region, ZX_VM_SPECIFIC | ZX_VM_PERM_READ | ZX_VM_PERM_EXECUTE, code, vmo, code,
                   vdso_layout.code_size, &address),
          "vDSO code");
    uint64_t base = region->node.base;
    dispatcher_unref(vmar_dispatcher(region));
    return base;
}

// Returns the top of the stack.
static uint64_t map_stack(struct vmar* root, struct vmo** out) {
    uint64_t address;
    check(vmo_create(STACK_SIZE, 0, out), "stack");
    vmo_set_name(*out, "stack");
    check(vmar_map(root, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, *out, 0, STACK_SIZE, &address),
          "stack");
    return address + STACK_SIZE;
}

// ---- the bootstrap message --------------------------------------------------------------------

struct boot_handle {
    struct dispatcher* object; // NULL: left out
    zx_rights_t rights;
    uint32_t info;
};

static struct message* bootstrap_message(const struct boot_handle* handles, uint32_t count) {
    struct procargs_header header = {
        .protocol = PROCARGS_PROTOCOL,
        .version = PROCARGS_VERSION,
        .handle_info_offset = sizeof(header),
        .args_offset = (uint32_t)(sizeof(header) + count * sizeof(uint32_t)),
        .args_count = 1,
    };
    uint32_t size = header.args_offset + sizeof(program_name);
    header.environ_offset = header.names_offset = size; // there are none
    struct message* message = message_create(size, count);
    check(message != NULL ? ZX_OK : ZX_ERR_NO_MEMORY, "bootstrap message");
    memcpy(message->bytes, &header, sizeof(header));
    memcpy(message->bytes + header.args_offset, program_name, sizeof(program_name));
    for (uint32_t i = 0; i < count; i++) {
        memcpy(message->bytes + sizeof(header) + i * sizeof(uint32_t), &handles[i].info,
               sizeof(uint32_t));
        message->handles[i] = handle_create(handles[i].object, handles[i].rights);
        check(message->handles[i] != NULL ? ZX_OK : ZX_ERR_NO_MEMORY, "bootstrap handle");
    }
    return message;
}

// The process's end of a channel on which the message waits, as a handle in its table.
static zx_handle_t send_bootstrap(struct process* process, struct message* message) {
    struct channel *kernel_end, *process_end;
    check(channel_create(&kernel_end, &process_end), "bootstrap channel");
    struct handle* keep = handle_create(channel_dispatcher(kernel_end), ZX_DEFAULT_CHANNEL_RIGHTS);
    struct handle* given =
        handle_create(channel_dispatcher(process_end), ZX_DEFAULT_CHANNEL_RIGHTS);
    check(keep != NULL && given != NULL ? ZX_OK : ZX_ERR_NO_MEMORY, "bootstrap channel");
    zx_handle_t value = handle_table_add(&process->handles, given);
    check(channel_write(kernel_end, message), "bootstrap message");
    dispatcher_unref(channel_dispatcher(kernel_end));
    dispatcher_unref(channel_dispatcher(process_end));
    handle_destroy(keep); // the kernel has said all it had to say
    return value;
}

// Nothing works without the agent, and a host waiting for it should hear why.
static void agent_ended(struct observer* observer, zx_signals_t signals) {
    (void)signals;
    const struct process* process = (const struct process*)observer->object;
    panic(NULL, "the agent has ended, return code %ld", process->return_code);
}

static void watch_agent(struct process* process) {
    static struct observer end = {.on_match = agent_ended};
    observer_add(&end, &process->object, NULL, ZX_PROCESS_TERMINATED);
}

void userboot(void) {
    struct process* process;
    struct thread_dispatcher* thread;
    check(process_create(job_root(), program_name, &process), "process");
    check(process_create_thread(process, "main", &thread), "thread");
    check(doorbell_init(), "doorbell");

    struct vmo *vdso = vdso_vmo(), *stack, *shared = NULL;
    struct vmo* agent = blob_vmo(blob_agent_start, blob_agent_end, "agent.elf");
    struct vmo* zxio = blob_vmo(blob_zxio_start, blob_zxio_end, "libzxio_standalone.so");
    struct elf_image image;
    check(elf_map(process->root, agent, &image), "agent's image");
    uint64_t vdso_base = map_vdso(process->root, vdso);
    uint64_t stack_top = map_stack(process->root, &stack);
    zx_status_t status = share_create_vmo(&shared);
    check(status == ZX_ERR_NOT_FOUND ? ZX_OK : status, "shared memory");

    const zx_rights_t execute = ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE;
    const zx_rights_t constant = execute & ~(zx_rights_t)ZX_RIGHT_WRITE;
    const struct boot_handle handles[] = {
        {&process->object, ZX_DEFAULT_PROCESS_RIGHTS, PA_INFO(PA_PROC_SELF, 0)},
        {thread_object_dispatcher(thread), ZX_DEFAULT_THREAD_RIGHTS, PA_INFO(PA_THREAD_SELF, 0)},
        {job_dispatcher(job_root()), ZX_DEFAULT_JOB_RIGHTS, PA_INFO(PA_JOB_DEFAULT, 0)},
        {vmar_dispatcher(process->root),
         ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE,
         PA_INFO(PA_VMAR_ROOT, 0)},
        {vmo_dispatcher(vdso), constant, PA_INFO(PA_VMO_VDSO, 0)},
        {vmo_dispatcher(stack), ZX_DEFAULT_VMO_RIGHTS, PA_INFO(PA_VMO_STACK, 0)},
        {resource_root(), ZX_DEFAULT_RESOURCE_RIGHTS, PA_INFO(PA_RESOURCE, 0)},
        {doorbell_agent_end(), ZX_DEFAULT_EVENTPAIR_RIGHTS, PA_INFO(PA_USER0, 1)},
        {vmo_dispatcher(agent), constant, PA_INFO(PA_USER0, 2)},
        {vmo_dispatcher(zxio), constant, PA_INFO(PA_USER0, 3)},
        {shared != NULL ? vmo_dispatcher(shared) : NULL, ZX_DEFAULT_VMO_RIGHTS,
         PA_INFO(PA_USER0, 0)},
    };
    uint32_t count = sizeof(handles) / sizeof(handles[0]) - (shared == NULL ? 1 : 0);
    zx_handle_t bootstrap = send_bootstrap(process, bootstrap_message(handles, count));
    watch_agent(process);
    check(process_start_thread(thread, image.entry, arch_initial_stack(stack_top), bootstrap,
                               vdso_base),
          "start");

    // The process's handles and mappings keep all this from here on.
    dispatcher_unref(vmo_dispatcher(vdso));
    dispatcher_unref(vmo_dispatcher(stack));
    dispatcher_unref(vmo_dispatcher(agent));
    dispatcher_unref(vmo_dispatcher(zxio));
    if (shared != NULL) {
        dispatcher_unref(vmo_dispatcher(shared));
    }
    dispatcher_unref(thread_object_dispatcher(thread));
    dispatcher_unref(&process->object);
}
