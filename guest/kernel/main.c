// The order in which the kernel comes up.

#include "boot.h"
#include "boot_container.h"
#include "console.h"
#include "first_process.h"
#include "ktimer.h"
#include "pmm.h"
#include "print.h"
#include "sanitize.h"
#include "share.h"
#include "system_event.h"
#include "thread.h"
#include "userboot.h"

struct boot_info boot_info;

#define DEFAULT_SHARE_SIZE 0

// "share=<bytes>": the end of RAM that belongs to the host and the agent.
static size_t share_size(void) {
    uint64_t size = command_line_number("share=", DEFAULT_SHARE_SIZE);
    uint64_t available = boot_info.ram_end - boot_info.image_end;
    if (!IS_PAGE_ALIGNED(size) || size > available / 2) {
        panic(NULL, "share=%lu: want whole pages, at most half of RAM", size);
    }
    return size;
}

void kernel_main(void) {
    if (SANITIZED) {
        stack_guard_init();
    }
    size_t shared = share_size();
    paddr_t share_base = boot_info.ram_end - shared;
    paddr_t free_end = boot_container_keep(share_base);
    paddr_t free_start = pmm_init(boot_info.ram_start, boot_info.ram_end, boot_info.image_end);
    pmm_add_range(free_start, free_end);
    arch_init();
    // What the loader left is read, and its page tables are out of use.
    pmm_add_range(boot_info.ram_start, boot_info.image_start);
    share_init(share_base, shared);
    thread_init();
    if (SANITIZED) {
        sanitizer_start();
    }
    console_init();
    system_events_init();
    userboot();
    // The longer after arch_init, the less is left to wait for where time must be measured first.
    arch_init_time();
    ktimer_init();
    first_process_start();
    scheduler_start();
}
