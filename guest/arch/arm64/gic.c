// The interrupt controller: GICv2, or GICv3 where the machine has that.

#include "arm64.h"
#include "print.h"

#define DISTRIBUTOR 0x08000000
#define CPU_INTERFACE_V2 0x08010000
#define REDISTRIBUTOR_V3 0x080a0000
#define CONTROLLER_END 0x09000000 // behind all of them, in either version

// Distributor registers; in GICv3 those of interrupts below 32 are the redistributor's.
#define GICD_CTLR 0x000
#define GICD_IGROUPR 0x080
#define GICD_ISENABLER 0x100
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR 0x800
#define GICD_IROUTER 0x6000
#define GICD_ENABLE_V2 1
#define GICD_ENABLE_V3 0x12 // group 1, affinity routing

// The processor's interface, GICv2.
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10

// The redistributor, GICv3; the registers of interrupts below 32 are one 64 KiB frame further.
#define GICR_WAKER 0x14
#define GICR_WAKER_SLEEP (1u << 1)
#define GICR_WAKER_ASLEEP (1u << 2)
#define GICR_SGI_FRAME 0x10000

#define LOWEST_PRIORITY 0xff
#define FIRST_SPECIAL 1020 // from here on: no interrupt is pending

bool arch_keeps_device(paddr_t first, paddr_t last) {
    return first < CONTROLLER_END && last >= DISTRIBUTOR;
}

static volatile uint32_t* distributor(uint32_t offset) {
    return device_register(DISTRIBUTOR + offset);
}

static volatile uint32_t* cpu_interface(uint32_t offset) {
    return device_register(CPU_INTERFACE_V2 + offset);
}

static volatile uint32_t* redistributor(uint32_t offset) {
    return device_register(REDISTRIBUTOR_V3 + offset);
}

static void init_v2(void) {
    *distributor(GICD_ISENABLER) = 1u << IRQ_VIRTUAL_TIMER;
    *distributor(GICD_ISENABLER + 4) = 1u << (IRQ_UART - 32);
    *distributor(GICD_ITARGETSR + (IRQ_UART & ~3u)) = 1u << 8 * (IRQ_UART % 4); // this processor
    *distributor(GICD_CTLR) = GICD_ENABLE_V2;
    *cpu_interface(GICC_PMR) = LOWEST_PRIORITY;
    *cpu_interface(GICC_CTLR) = 1;
}

// System registers of the GICv3 interface by their encodings: SRE_EL1, PMR_EL1, IGRPEN1_EL1,
// IAR1_EL1, EOIR1_EL1.
static void init_v3(void) {
    *redistributor(GICR_WAKER) &= ~GICR_WAKER_SLEEP;
    while (*redistributor(GICR_WAKER) & GICR_WAKER_ASLEEP) {
    }
    *redistributor(GICR_SGI_FRAME + GICD_IGROUPR) = UINT32_MAX;
    *redistributor(GICR_SGI_FRAME + GICD_ISENABLER) = 1u << IRQ_VIRTUAL_TIMER;
    *distributor(GICD_CTLR) = GICD_ENABLE_V3;
    *distributor(GICD_IGROUPR + 4) = UINT32_MAX;
    *distributor(GICD_ISENABLER + 4) = 1u << (IRQ_UART - 32);
    *(volatile uint64_t*)distributor(GICD_IROUTER + 8 * IRQ_UART) = 0; // this processor
    write_sysreg(S3_0_C12_C12_5, 1);
    isb();
    write_sysreg(S3_0_C4_C6_0, LOWEST_PRIORITY);
    write_sysreg(S3_0_C12_C12_7, 1);
    isb();
}

void gic_init(void) {
    if (devices.gic_v3) {
        init_v3();
    } else {
        init_v2();
    }
}

static uint32_t acknowledge(void) {
    return devices.gic_v3 ? (uint32_t)read_sysreg(S3_0_C12_C12_0) : *cpu_interface(GICC_IAR);
}

static void end_of_interrupt(uint32_t number) {
    if (devices.gic_v3) {
        write_sysreg(S3_0_C12_C12_1, number);
    } else {
        *cpu_interface(GICC_EOIR) = number;
    }
}

void gic_interrupt(void) {
    uint32_t number = acknowledge();
    if (number == IRQ_VIRTUAL_TIMER) {
        clock_interrupt();
    } else if (number == IRQ_UART) {
        uart_interrupt();
    }
    if (number < FIRST_SPECIAL) {
        end_of_interrupt(number);
    }
}
