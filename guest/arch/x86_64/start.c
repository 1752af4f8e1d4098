// The first C code: what the loader says about memory and the command line, then the kernel.

#include "boot.h"
#include "cpu.h"
#include "print.h"
#include "string.h"

#define START_INFO_MAGIC 0x336ec578
#define MEMORY_RAM 1
#define MEMORY_RESERVED 2
#define RAM_START 0x100000 // what lies below is the firmware's

// The PVH boot protocol's structures.  The loader puts them behind texts of any length.
struct start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t rsdp;
    uint64_t memory_map; // version 1 and later
    uint32_t memory_map_count;
    uint32_t reserved;
} __attribute__((packed));

struct module {
    uint64_t start;
    uint64_t size;
    uint64_t command_line;
    uint64_t reserved;
} __attribute__((packed));

struct memory_map_entry {
    uint64_t start;
    uint64_t size;
    uint32_t type;
    uint32_t reserved;
} __attribute__((packed));

extern uint8_t text_start[], image_end[];

// RAM from 1 MiB up to the first hole.  SeaBIOS reserves some at the end for tables this kernel
// does not read; the shared memory lies there, at the real end.
static paddr_t find_ram_end(const struct start_info* info) {
    const struct memory_map_entry* map = phys_to_virt(info->memory_map);
    paddr_t end = RAM_START;
    for (uint32_t i = 0; i < info->memory_map_count; i++) {
        bool memory = map[i].type == MEMORY_RAM || map[i].type == MEMORY_RESERVED;
        if (memory && map[i].start <= end && map[i].start + map[i].size > end) {
            end = map[i].start + map[i].size;
            i = UINT32_MAX; // the map need not be in order: look again from its start
        }
    }
    return end;
}

__attribute__((noreturn)) void arch_main(paddr_t start_info);
void arch_main(paddr_t start_info) {
    uart_init();
    cpu_init();
    const struct start_info* info = phys_to_virt(start_info);
    if (info->magic != START_INFO_MAGIC || info->version < 1) {
        panic(NULL, "not started by the PVH protocol, version 1 or later");
    }
    boot_info.ram_start = RAM_START;
    boot_info.ram_end = find_ram_end(info);
    boot_info.image_start = image_to_phys(text_start);
    boot_info.image_end = image_to_phys(image_end);
    if (info->command_line != 0) {
        copy_text(boot_info.command_line, phys_to_virt(info->command_line), COMMAND_LINE_SIZE);
    }
    if (info->module_count > 0) {
        boot_info.initrd = ((const struct module*)phys_to_virt(info->modules))->start;
    }
    kernel_main();
}

void arch_init(void) {
    mmu_init();
    apic_init();
}

void arch_init_time(void) {
    apic_calibrate();
}
