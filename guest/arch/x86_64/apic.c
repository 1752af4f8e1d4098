// Interrupt controllers and time.
//
// The serial line's interrupt comes through the 8259 and the local APIC's LINT0 input, which the
// firmware of "microvm" leaves masked.  The timer is the local APIC's, one shot at a time, so an
// idle kernel without deadlines gets no interrupts at all.
//
// Time itself is the time stamp counter, which user mode can read.  Its rate is the host's and
// must be measured against a clock of known rate.  Under QEMU (TCG and KVM say so in CPUID) the
// local APIC's counter runs at exactly 1 GHz and one read costs a fraction of a microsecond: the
// time between apic_init and apic_calibrate, stretched to MEASURE_NS, gives the rate to some
// 0.001 %.  Elsewhere the 8254 is the reference, slower and coarser.  The rate is kept in memory
// over a reset, when it only has to be checked, in CHECK_NS.

#include "cpu.h"

#include "boot.h"
#include "print.h"

// 8259 ports and words.
#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_DATA 1
#define ICW1_INIT_ICW4 0x11
#define ICW4_8086_AUTO_EOI 0x03 // no end-of-interrupt command needed
#define COM1_LINE 4

// Local APIC registers.  The I/O APIC stays as it was found.
#define IO_APIC_BASE 0xfec00000
#define APIC_BASE 0xfee00000
#define APIC_EOI 0x0b0
#define APIC_SPURIOUS 0x0f0
#define APIC_LVT_TIMER 0x320
#define APIC_LVT_LINT0 0x350
#define APIC_INITIAL_COUNT 0x380
#define APIC_CURRENT_COUNT 0x390
#define APIC_DIVIDE 0x3e0

#define SPURIOUS_ENABLE 0x100
#define LVT_EXTINT 0x700
#define LVT_MASKED 0x10000
#define DIVIDE_BY_1 0xb

// 8254 ports and rate.
#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
#define PIT_HZ 1193182
#define PIT_CHANNEL_0_MODE_2 0x34
#define PIT_LATCH_CHANNEL_0 0x00

#define NS_PER_S 1000000000ull
#define MEASURE_NS 1000000
#define CHECK_NS 50000
#define CHECK_TOLERANCE 512      // a kept rate may differ from the one found by 1/512
#define PIT_MEASURE_COUNTS 12000 // about 10 ms

static uint64_t boot_ticks; // the counter when the kernel started
static uint64_t ticks_per_second;
static uint64_t apic_hz;
// Counts of the local APIC per tick, as a 32.32 fixed-point number.
static uint64_t apic_counts_per_tick;

// A reading of both counters, as nearly at the same time as can be had.
struct reading {
    uint64_t ticks;
    uint64_t counts; // that have gone by
};
static struct reading start;

// Neither loaded nor cleared at the start (kernel.ld): what a kernel before the reset found out,
// or nothing at all.
static struct {
    uint64_t ticks_per_second;
    uint64_t check; // the same, xor KEPT_CHECK
} kept __attribute__((section(".kept")));
#define KEPT_CHECK 0x5453435f72617465ull

bool arch_keeps_device(paddr_t first, paddr_t last) {
    return (first < IO_APIC_BASE + PAGE_SIZE && last >= IO_APIC_BASE) ||
           (first < APIC_BASE + PAGE_SIZE && last >= APIC_BASE);
}

static volatile uint32_t* apic_register(uint32_t offset) {
    return phys_to_virt(APIC_BASE + offset);
}

static uint32_t read_apic_counts(void) {
    return ~*apic_register(APIC_CURRENT_COUNT);
}

static uint32_t read_pit_counts(void) {
    outb(PIT_COMMAND, PIT_LATCH_CHANNEL_0);
    uint32_t low = inb(PIT_CHANNEL_0);
    return 0xffff - (low | (uint32_t)inb(PIT_CHANNEL_0) << 8);
}

// The host may take the processor away between two reads; the tightest of some pairs is right.
static struct reading read_both(uint32_t (*read_counts)(void)) {
    struct reading best = {0, 0};
    uint64_t best_window = UINT64_MAX;
    for (int i = 0; i < 8; i++) {
        uint64_t before = rdtsc();
        uint32_t counts = read_counts();
        uint64_t after = rdtsc();
        if (after - before < best_window) {
            best_window = after - before;
            best = (struct reading){before + (after - before) / 2, counts};
        }
    }
    return best;
}

static bool is_qemu(void) {
    struct cpuid signature = cpuid(0x40000000, 0);
    bool tcg = signature.ebx == 0x54474354 && signature.ecx == 0x43544743; // "TCGTCGTCGTCG"
    bool kvm = signature.ebx == 0x4b4d564b && signature.ecx == 0x564b4d56; // "KVMKVMKVM"
    return tcg || kvm;
}

static void init_pic(void) {
    for (int i = 0; i < 2; i++) {
        uint16_t port = i == 0 ? PIC_MASTER : PIC_SLAVE;
        outb(port, ICW1_INIT_ICW4);
        outb(port + PIC_DATA, VECTOR_PIC + 8 * i);  // first vector
        outb(port + PIC_DATA, i == 0 ? 1 << 2 : 2); // the slave sits on line 2
        outb(port + PIC_DATA, ICW4_8086_AUTO_EOI);
    }
    outb(PIC_MASTER + PIC_DATA, (uint8_t) ~(1 << COM1_LINE)); // 1: masked
    outb(PIC_SLAVE + PIC_DATA, 0xff);
}

void apic_init(void) {
    init_pic();
    *apic_register(APIC_SPURIOUS) = SPURIOUS_ENABLE | VECTOR_SPURIOUS;
    *apic_register(APIC_LVT_LINT0) = LVT_EXTINT;
    *apic_register(APIC_DIVIDE) = DIVIDE_BY_1;
    *apic_register(APIC_LVT_TIMER) = LVT_MASKED | VECTOR_APIC_TIMER;
    *apic_register(APIC_INITIAL_COUNT) = UINT32_MAX;
    start = read_both(read_apic_counts);
    boot_ticks = start.ticks;
}

// Finds the local APIC's rate by the 8254, for hypervisors whose rate is not known.
static uint64_t measure_apic_hz(void) {
    outb(PIT_COMMAND, PIT_CHANNEL_0_MODE_2);
    outb(PIT_CHANNEL_0, 0xff);
    outb(PIT_CHANNEL_0, 0xff);
    uint32_t pit = read_pit_counts();
    uint32_t apic = read_apic_counts();
    uint32_t pit_elapsed;
    do {
        pit_elapsed = read_pit_counts() - pit;
    } while (pit_elapsed < PIT_MEASURE_COUNTS);
    return (uint64_t)(read_apic_counts() - apic) * PIT_HZ / pit_elapsed;
}

// Ticks per second from what has gone by since apic_init, which is made at least so long.
static uint64_t measure_ticks_per_second(uint64_t duration_ns) {
    struct reading end;
    do {
        end = read_both(read_apic_counts);
    } while (end.counts - start.counts < apic_hz / 1000 * duration_ns / (NS_PER_S / 1000));
    return (end.ticks - start.ticks) * (apic_hz / 1000) / (end.counts - start.counts) * 1000;
}

static bool is_kept_rate_right(void) {
    if ((kept.ticks_per_second ^ KEPT_CHECK) != kept.check) {
        return false;
    }
    uint64_t measured = measure_ticks_per_second(CHECK_NS);
    uint64_t difference = measured > kept.ticks_per_second ? measured - kept.ticks_per_second
                                                           : kept.ticks_per_second - measured;
    return difference < measured / CHECK_TOLERANCE;
}

void apic_calibrate(void) {
    apic_hz = is_qemu() ? NS_PER_S : measure_apic_hz();
    if (!is_kept_rate_right()) {
        kept.ticks_per_second = measure_ticks_per_second(MEASURE_NS);
        kept.check = kept.ticks_per_second ^ KEPT_CHECK;
    }
    ticks_per_second = kept.ticks_per_second;
    apic_counts_per_tick = (apic_hz << 31) / ticks_per_second << 1;

    *apic_register(APIC_INITIAL_COUNT) = 0; // stops it
    *apic_register(APIC_LVT_TIMER) = VECTOR_APIC_TIMER;
}

void apic_end_of_interrupt(void) {
    *apic_register(APIC_EOI) = 0;
}

uint64_t arch_ticks(void) {
    return rdtsc() - boot_ticks;
}

int64_t arch_ticks_offset(void) {
    return -(int64_t)boot_ticks;
}

uint64_t arch_ticks_per_second(void) {
    return ticks_per_second;
}

// The counter has 32 bits; a deadline farther off makes an interrupt that finds nothing to do yet.
void arch_timer_set(uint64_t ticks) {
    uint64_t counts = 0; // stops it
    if (ticks != UINT64_MAX) {
        uint64_t now = arch_ticks();
        uint64_t delta = ticks > now ? ticks - now : 0;
        counts = delta < INT32_MAX ? (delta * apic_counts_per_tick >> 32) + 1 : UINT32_MAX;
        counts = counts < UINT32_MAX ? counts : UINT32_MAX;
    }
    *apic_register(APIC_INITIAL_COUNT) = (uint32_t)counts;
}
