// The kernel's own command line on the serial line.

#include "console.h"

#include "boot.h"
#include "ktimer.h"
#include "pmm.h"
#include "print.h"
#include "process.h"
#include "share.h"
#include "string.h"
#include "thread.h"

#define LINE_SIZE 128
#define INPUT_SIZE 256 // bytes that may wait; more are dropped
#define PROMPT "zxh> "

static uint8_t input[INPUT_SIZE];
static size_t input_start, input_length;
static struct wait_queue readers;
static bool enabled;

void console_received(uint8_t byte) {
    if (enabled && input_length < INPUT_SIZE) {
        input[(input_start + input_length++) % INPUT_SIZE] = byte;
        wait_queue_wake(&readers, 1, ZX_OK);
    }
}

static char read_char(void) {
    while (input_length == 0) {
        thread_block(&readers, ZX_TIME_INFINITE, 0);
    }
    uint8_t byte = input[input_start];
    input_start = (input_start + 1) % INPUT_SIZE;
    input_length--;
    return (char)byte;
}

// Reads a line with echo and backspace.
static void read_line(char* line) {
    size_t length = 0;
    for (;;) {
        char character = read_char();
        if (character == '\r' || character == '\n') {
            print_char('\n');
            line[length] = '\0';
            return;
        }
        if (character == 0x7f || character == '\b') {
            if (length > 0) {
                length--;
                printk("\b \b");
            }
        } else if (character >= ' ' && length + 1 < LINE_SIZE) {
            line[length++] = character;
            print_char(character);
        }
    }
}

static void print_thread(const struct thread* thread) {
    static const char* const states[] = {"initial", "ready",     "running",
                                         "blocked", "suspended", "dead"};
    uint64_t ns = (uint64_t)((unsigned __int128)thread->runtime_ticks * ticks_to_ns.multiplier >>
                             ticks_to_ns.shift);
    printk("%-16s %-16s %-10s %8lu.%03lu ms\n", thread->name,
           thread->process != NULL ? thread->process->name : "(kernel)", states[thread->state],
           ns / 1000000, ns / 1000 % 1000);
}

static void command_threads(void) {
    printk("%-16s %-16s %-10s %12s\n", "thread", "process", "state", "run time");
    thread_for_each(print_thread);
}

static void command_counters(void) {
    printk("objects %lu, handles %lu, processes %lu, threads %lu\n", share_header->objects,
           share_header->handles, share_header->processes, share_header->threads);
    printk("up %ld ms\n", current_time() / 1000000);
}

static void command_memory(void) {
    printk("pages: %lu in use, %zu free, %zu managed; of %lu KiB of RAM\n",
           share_header->pages_used, pmm_free_pages(), pmm_total_pages(),
           (boot_info.ram_end - boot_info.ram_start) / 1024);
}

static void command_panic(void) {
    panic(NULL, "asked for at the console");
}

static void command_reboot(void) {
    arch_reboot();
}

static void command_help(void);

static const struct {
    const char* name;
    void (*run)(void);
    const char* help;
} commands[] = {
    {"help", command_help, "this list"},
    {"threads", command_threads, "threads and how long they have run"},
    {"counters", command_counters, "live objects, handles, processes, threads"},
    {"memory", command_memory, "pages in use and free"},
    {"panic", command_panic, "end the kernel with a report"},
    {"reboot", command_reboot, "start the machine again"},
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void command_help(void) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printk("%-10s %s\n", commands[i].name, commands[i].help);
    }
}

static void run_command(const char* line) {
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].run();
            return;
        }
    }
    if (*line != '\0') {
        printk("%s: no such command; try help\n", line);
    }
}

static void console_thread(void* argument) {
    (void)argument;
    char line[LINE_SIZE];
    printk("\nKernel console; help lists the commands.\n");
    for (;;) {
        printk(PROMPT);
        read_line(line);
        run_command(line);
    }
}

void console_init(void) {
    if (!command_line_has("console")) {
        return;
    }
    wait_queue_init(&readers);
    struct thread* thread = thread_create("console", console_thread, NULL);
    if (thread == NULL) {
        panic(NULL, "no memory for the console");
    }
    enabled = true;
    thread_start(thread);
}
