// The first user process from a boot file system, as Zircon starts it: the whole system but the
// kernel comes from outside.
//
// Besides what every first process starts with, it gets the container and the boot file system in
// it as VMOs, and the words of the kernel command line as its environment.  If "userboot.share" is
// one of them, it also gets the memory shared with the host, as the agent does.

#include "boot.h"
#include "boot_container.h"
#include "bootfs.h"
#include "first_process.h"
#include "print.h"
#include "process.h"
#include "share.h"
#include "userboot.h"

// The command line with a NUL behind each word.
struct words {
    char bytes[COMMAND_LINE_SIZE];
    struct boot_texts texts;
};

static void split_command_line(struct words* words) {
    char* to = words->bytes;
    words->texts = (struct boot_texts){.bytes = words->bytes};
    for (const char* from = boot_info.command_line; *from != '\0';) {
        if (*from == ' ') {
            from++;
            continue;
        }
        while (*from != ' ' && *from != '\0') {
            *to++ = *from++;
        }
        *to++ = '\0';
        words->texts.environment++;
    }
    words->texts.size = (uint32_t)(to - words->bytes);
}

// Says so: nothing else happens any more.
static void process_ended(struct observer* observer, zx_signals_t signals) {
    (void)signals;
    const struct process* process = (const struct process*)observer->object;
    printk("userboot: %s has ended, return code %ld\n", process->name, process->return_code);
}

void userboot_from_container(const char* name) {
    static struct words words; // too large for the stack
    struct vmo *container, *file_system, *image;
    boot_container_take(&container, &file_system);
    userboot_check(bootfs_open(file_system, name, &image), name);

    struct vmo* shared = NULL;
    if (command_line_has("userboot.share")) {
        userboot_check(share_create_vmo(&shared), "shared memory");
    }
    split_command_line(&words);
    const zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE;
    const struct boot_handle handles[] = {
        {vmo_dispatcher(container), rights, PA_INFO(PA_VMO_BOOTDATA, 0)},
        {vmo_dispatcher(file_system), rights, PA_INFO(PA_VMO_BOOTFS, 0)},
        {shared != NULL ? vmo_dispatcher(shared) : NULL, ZX_DEFAULT_VMO_RIGHTS,
         PA_INFO(PA_USER0, 0)},
    };
    struct process* process = first_process_make(
        name, image, handles, sizeof(handles) / sizeof(handles[0]), &words.texts);
    static struct observer end = {.on_match = process_ended};
    observer_add(&end, &process->object, NULL, ZX_PROCESS_TERMINATED);

    // The process's handles and mappings keep all this from here on.
    dispatcher_unref(vmo_dispatcher(container));
    dispatcher_unref(vmo_dispatcher(file_system));
    dispatcher_unref(vmo_dispatcher(image));
    if (shared != NULL) {
        dispatcher_unref(vmo_dispatcher(shared));
    }
}
