// The processor's own set-up: segments, task state, descriptor table, features.

#include "cpu.h"

#include "string.h"

#define IST_STACK_SIZE 4096

struct tss tss;
bool have_smap, have_fsgsbase, have_xsave;

static uint8_t ist_stacks[IST_COUNT - 1][IST_STACK_SIZE] __attribute__((aligned(16)));

// Selectors: see arch_defs.h.  The accessed bits are set, so that the processor never writes here.
static uint64_t gdt[7] = {
    0,
    0x00af9b000000ffff, // kernel code
    0x00cf93000000ffff, // kernel data
    0x00cff3000000ffff, // user data
    0x00affb000000ffff, // user code
    0,                  // task state, filled in below
    0,
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e
#define GATE_USER 0x60 // an int instruction in user mode may name it

static struct gate idt[256];

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern const uint8_t trap_entries[256][16];
void syscall_entry(void);

static void init_segments(void) {
    uint64_t base = (uint64_t)&tss;
    gdt[TSS_SELECTOR / 8] =
        (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
    tss.io_map_base = sizeof(tss); // none: no port is the user's
    for (int i = 0; i < IST_COUNT - 1; i++) {
        tss.ist[i] = (uint64_t)&ist_stacks[i][IST_STACK_SIZE];
    }
    struct table_pointer pointer = {sizeof(gdt) - 1, (uint64_t)gdt};
    __asm__ volatile("lgdt %0" : : "m"(pointer));
    __asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
}

static void init_traps(void) {
    static const uint8_t ist[32] = {
        [1] = IST_DEBUG, [2] = IST_NMI, [8] = IST_DOUBLE_FAULT, [18] = IST_MACHINE_CHECK};
    for (int vector = 0; vector < 256; vector++) {
        uint64_t entry = (uint64_t)trap_entries[vector];
        idt[vector] = (struct gate){
            .offset_low = (uint16_t)entry,
            .selector = KERNEL_CODE_SELECTOR,
            .ist = vector < 32 ? ist[vector] : IST_NONE,
            .type = vector == 3 ? GATE_INTERRUPT | GATE_USER : GATE_INTERRUPT, // 3: breakpoint
            .offset_middle = (uint16_t)(entry >> 16),
            .offset_high = (uint32_t)(entry >> 32),
        };
    }
    struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void init_syscalls(void) {
    wrmsr(MSR_STAR,
          (uint64_t)(USER_DATA_SELECTOR - 8) << 48 | (uint64_t)KERNEL_CODE_SELECTOR << 32);
    wrmsr(MSR_LSTAR, (uint64_t)syscall_entry);
    wrmsr(MSR_FMASK, RFLAGS_IF | RFLAGS_DF | RFLAGS_TF | RFLAGS_NT | RFLAGS_AC | RFLAGS_IOPL);
}

// Uses what the processor model offers; each check is one bit of CPUID.
static void init_features(void) {
    struct cpuid basic = cpuid(1, 0);
    struct cpuid extended = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid){0};
    have_xsave = basic.ecx & 1u << 26;
    have_fsgsbase = extended.ebx & 1u << 0;
    have_smap = extended.ebx & 1u << 20;

    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_WP);
    uint64_t cr4 = read_cr4() | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT;
    cr4 |= have_xsave ? CR4_OSXSAVE : 0;
    cr4 |= have_fsgsbase ? CR4_FSGSBASE : 0;
    cr4 |= extended.ebx & 1u << 7 ? CR4_SMEP : 0;
    cr4 |= have_smap ? CR4_SMAP : 0;
    cr4 |= extended.ecx & 1u << 2 ? CR4_UMIP : 0;
    write_cr4(cr4);
}

void cpu_init(void) {
    init_segments();
    init_traps();
    init_features();
    init_syscalls();
    fpu_init();
}

// ZX_HAS_CPU_FEATURES alone: programs on x86-64 ask CPUID themselves.
uint32_t arch_cpu_features(void) {
    return 1;
}

// CLFLUSH line size, CPUID 1 EBX[15:8] in units of 8 bytes.
uint32_t arch_dcache_line_size(void) {
    return (cpuid(1, 0).ebx >> 8 & 0xff) * 8;
}
