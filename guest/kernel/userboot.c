// The first user process: the agent in the kernel's image, or one from a boot file system.
//
// The agent gets, besides what every first process starts with (first_process.c), handles of types
// that are this system's own:
//
//   PA_USER0  argument 0  VMO: the memory shared with the host
//             argument 1  the agent's end of the doorbell, an event pair
//             argument 2  VMO: the agent's own ELF image, to start further processes from
//             argument 3  VMO: libzxio_standalone.so

#include "userboot.h"

#include "boot.h"
#include "first_process.h"
#include "print.h"
#include "process.h"
#include "share.h"

extern const uint8_t blob_agent_start[], blob_agent_end[];
extern const uint8_t blob_zxio_start[], blob_zxio_end[];

static const char agent_name[] = "agent";

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

static void start_agent(void) {
    userboot_check(doorbell_init(), "doorbell");
    struct vmo* shared = NULL;
    struct vmo* agent = blob_vmo(blob_agent_start, blob_agent_end, "agent.elf");
    struct vmo* zxio = blob_vmo(blob_zxio_start, blob_zxio_end, "libzxio_standalone.so");
    zx_status_t status = share_create_vmo(&shared);
    userboot_check(status == ZX_ERR_NOT_FOUND ? ZX_OK : status, "shared memory");

    const struct boot_handle handles[] = {
        {doorbell_agent_end(), ZX_DEFAULT_EVENTPAIR_RIGHTS, PA_INFO(PA_USER0, 1)},
        {vmo_dispatcher(agent), CONSTANT_VMO_RIGHTS, PA_INFO(PA_USER0, 2)},
        {vmo_dispatcher(zxio), CONSTANT_VMO_RIGHTS, PA_INFO(PA_USER0, 3)},
        {shared != NULL ? vmo_dispatcher(shared) : NULL, ZX_DEFAULT_VMO_RIGHTS,
         PA_INFO(PA_USER0, 0)},
    };
    const struct boot_texts texts = {agent_name, sizeof(agent_name), 1, 0};
    watch_agent(first_process_make(agent_name, agent, handles, sizeof(handles) / sizeof(handles[0]),
                                   &texts));

    // The process's handles and mappings keep all this from here on.
    dispatcher_unref(vmo_dispatcher(agent));
    dispatcher_unref(vmo_dispatcher(zxio));
    if (shared != NULL) {
        dispatcher_unref(vmo_dispatcher(shared));
    }
}

void userboot(void) {
    char name[USERBOOT_NAME_SIZE];
    if (command_line_text("userboot=", name, sizeof(name))) {
        userboot_from_container(name);
    } else {
        start_agent();
    }
}
