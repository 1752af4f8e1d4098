// The end of the kernel: tell everything to whoever listens, then stop.

#include "boot.h"
#include "ktimer.h"
#include "print.h"
#include "process.h"
#include "share.h"
#include "string.h"

#define NO_TRAP UINT64_MAX // cause in the record when a check failed rather than an instruction
#define REGISTERS_PER_LINE 3

// A frame record lies where the kernel has its stacks: in RAM or in its image.
static bool is_frame(uint64_t address) {
    bool in_ram = address >= PHYS_MAP_BASE + boot_info.ram_start &&
                  address < PHYS_MAP_BASE + boot_info.ram_end - 2 * sizeof(uint64_t);
    bool in_image = address >= KERNEL_BASE && address < KERNEL_BASE + (64ul << 20);
    return address % sizeof(uint64_t) == 0 && (in_ram || in_image);
}

// Return addresses from a frame pointer on.  Each frame starts with the caller's frame pointer and
// the return address; stacks grow down, so the chain must climb.
static size_t backtrace(uint64_t frame_pointer, uint64_t* frames, size_t capacity) {
    size_t count = 0;
    while (count < capacity && is_frame(frame_pointer)) {
        const uint64_t* frame = (const uint64_t*)frame_pointer;
        if (frame[1] == 0) {
            break;
        }
        frames[count++] = frame[1];
        if (frame[0] <= frame_pointer) {
            break;
        }
        frame_pointer = frame[0];
    }
    return count;
}

// The record the host shows and resolves to functions and lines.
static void fill_record(zxh_panic* record, const struct arch_regs* regs, uint64_t frame_pointer) {
    uint64_t registers[ZXH_PANIC_REGISTERS];
    uint64_t frames[ZXH_PANIC_FRAMES];
    size_t frame_count = 0;
    record->cause = NO_TRAP;
    record->clock_ns = (uint64_t)current_time();
    if (regs != NULL) {
        record->cause = arch_regs_cause(regs);
        record->address = arch_regs_fault_address(regs);
        record->in_user = (uint32_t)arch_regs_in_user(regs);
        size_t count = arch_registers_to_array(regs, registers, ZXH_PANIC_REGISTERS);
        record->register_count = (uint32_t)count;
        memcpy(record->registers, registers, count * sizeof(uint64_t));
        frames[frame_count++] = arch_regs_pc(regs);
        frame_pointer = arch_regs_in_user(regs) ? 0 : arch_regs_frame_pointer(regs);
    }
    frame_count += backtrace(frame_pointer, frames + frame_count, ZXH_PANIC_FRAMES - frame_count);
    record->frame_count = (uint32_t)frame_count;
    memcpy(record->frames, frames, frame_count * sizeof(uint64_t));
}

static void print_record(const zxh_panic* record) {
    const struct thread* thread = thread_current();
    printk("\nKERNEL PANIC: %s\n", (const char*)record->message);
    if (thread != NULL) {
        printk("  thread \"%s\"%s%s\n", thread->name, thread->process != NULL ? " of process " : "",
               thread->process != NULL ? thread->process->name : "");
    }
    if (record->cause != NO_TRAP) {
        printk("  cause %lx, address %lx, in %s mode\n", record->cause, record->address,
               record->in_user ? "user" : "kernel");
    }
    for (uint32_t i = 0; i < record->register_count; i++) {
        bool last = i + 1 == record->register_count || (i + 1) % REGISTERS_PER_LINE == 0;
        printk("  %-10s %016lx%s", arch_register_names[i], record->registers[i], last ? "\n" : "");
    }
    for (uint32_t i = 0; i < record->frame_count; i++) {
        printk("  #%u %016lx\n", i, record->frames[i]);
    }
}

void panic(const struct arch_regs* regs, const char* format, ...) {
    static bool panicking;
    if (panicking) { // the report itself fails
        arch_report_panic();
        arch_halt();
    }
    panicking = true;

    va_list args;
    va_start(args, format);
    format_arguments((char*)share_panic->message, sizeof(share_panic->message), format, args);
    va_end(args);
    fill_record(share_panic, regs, (uint64_t)__builtin_frame_address(0));
    share_header->kernel_state = ZXH_KERNEL_PANICKED;
    print_record(share_panic);
    arch_report_panic();
    arch_halt();
}
