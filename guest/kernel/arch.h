// What each architecture provides (guest/arch/<arch>); everything else in the kernel is portable.
//
// The kernel runs on one CPU and is not preempted: interrupts are off from kernel entry until it
// returns to user mode or idles, so nothing in it needs a lock.  User mode is preempted by the
// timer.  Physical memory is mapped whole at a fixed offset; user memory is reached only through
// that map (usercopy.h), so SMAP and PAN stay on.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zx/abi.h"

#define PAGE_SIZE 4096ul
#define PAGE_SHIFT 12
#define PAGE_ALIGN_UP(value) (((value) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))
#define PAGE_ALIGN_DOWN(value) ((value) & ~(PAGE_SIZE - 1))
#define IS_PAGE_ALIGNED(value) (((value) & (PAGE_SIZE - 1)) == 0)

// User addresses: [USER_BASE, USER_END).
#define USER_BASE 0x1000000ull
#define USER_END 0x7ffffffff000ull

// Where what processes share begins, if they do: below is what each has for itself.
#define SHARED_BASE (USER_BASE + PAGE_ALIGN_UP((USER_END - USER_BASE) / 2))

static inline bool is_user_address(uint64_t address) {
    return address >= USER_BASE && address < USER_END;
}

typedef uint64_t paddr_t;

// "arch_defs.h" of each architecture defines:
//   struct arch_regs     the user (or kernel) registers saved at a trap, on the kernel stack
//   struct arch_thread   what a thread that does not run keeps: kernel stack pointer, FPU, TLS base
//   PHYS_MAP_BASE        virtual address of physical address 0
//   KERNEL_BASE          where the image shows KERNEL_PHYSICAL_BASE and what follows it
#include "arch_defs.h"

static inline void* phys_to_virt(paddr_t address) {
    return (void*)(PHYS_MAP_BASE + address);
}
static inline paddr_t virt_to_phys(const void* address) {
    return (uint64_t)address - PHYS_MAP_BASE; // of an address in the physical map only
}

// Of an address in the kernel's image.
static inline paddr_t image_to_phys(const void* address) {
    return (uint64_t)address - KERNEL_BASE + KERNEL_PHYSICAL_BASE;
}

// ---- memory management unit ---------------------------------------------------------------
// page_table.c provides these, with the entries of each architecture's page_entry.h.
#define MMU_READ 1u
#define MMU_WRITE 2u
#define MMU_EXECUTE 4u
#define MMU_USER 8u
#define MMU_DEVICE 16u

struct arch_aspace {
    paddr_t root; // top-level table; user half only, the kernel half is shared
};

zx_status_t arch_aspace_init(struct arch_aspace* aspace);
// Frees the tables; leaf pages belong to VMOs.
void arch_aspace_destroy(struct arch_aspace* aspace);
// Makes it the current one (NULL: none, for kernel threads).
void arch_aspace_activate(struct arch_aspace* aspace);
// Shows neighbouring pages, the first of which is given.  NO_MEMORY: perhaps not all of them.
zx_status_t arch_mmu_map(struct arch_aspace* aspace, uint64_t vaddr, paddr_t page, size_t count,
                         uint32_t flags);
void arch_mmu_unmap(struct arch_aspace* aspace, uint64_t vaddr, size_t pages);
// The page behind vaddr and its flags; false if there is none.
bool arch_mmu_query(struct arch_aspace* aspace, uint64_t vaddr, paddr_t* page, uint32_t* flags);
// Counts the changes and removals of mappings: who remembers where a user address led must look
// again once this is another number.
extern uint64_t mmu_changes;
// Makes instructions written through the physical map visible to execution.
void arch_sync_instructions(void* address, size_t size);

// ---- threads --------------------------------------------------------------------------------
struct thread;
// Prepares a kernel thread: at its first switch it calls entry(argument) on its own stack.
void arch_thread_init(struct thread* thread, void (*entry)(void*), void* argument);
// Ends, in the thread switched to, with thread_switched().
void arch_context_switch(struct thread* from, struct thread* to);
// What a thread that was not in user mode yet begins with there; other registers are zero.
void arch_set_user_entry(struct thread* thread, uint64_t entry, uint64_t stack, uint64_t argument0,
                         uint64_t argument1);
// Leaves the kernel for the first time in this thread.
__attribute__((noreturn)) void arch_enter_user(void);
// The thread is about to be freed or has made its last switch away.
void arch_thread_release(struct thread* thread);
// The user registers of a thread that is in the kernel, as saved at its last entry from user mode.
struct arch_regs* arch_user_regs(struct thread* thread);
// The registers in the order of harness/machine/layout.py REGISTERS; returns their number.
size_t arch_registers_to_array(const struct arch_regs* regs, uint64_t* out, size_t capacity);
extern const char* const arch_register_names[];
// Vector (x86-64) or ESR_EL1 (arm64) of the trap, and the address if it was a memory fault, else 0.
uint64_t arch_regs_cause(const struct arch_regs* regs);
uint64_t arch_regs_fault_address(const struct arch_regs* regs);
// ZX_THREAD_STATE_GENERAL_REGS of this architecture; size in bytes.
size_t arch_general_regs_size(void);
void arch_get_general_regs(struct thread* thread, void* out);
zx_status_t arch_set_general_regs(struct thread* thread, const void* in);
// ZX_THREAD_STATE_FP_REGS, where ARCH_HAS_FP_REGS, and ZX_THREAD_STATE_VECTOR_REGS, of a thread
// that is stopped; FP_REGS_SIZE and VECTOR_REGS_SIZE bytes.
void arch_get_fp_regs(struct thread* thread, void* out);
void arch_set_fp_regs(struct thread* thread, const void* in);
void arch_get_vector_regs(struct thread* thread, void* out);
void arch_set_vector_regs(struct thread* thread, const void* in);
// Restricted mode, where ARCH_RUNS_RESTRICTED: a state of RESTRICTED_SIZE bytes.  Whether the
// current thread's user registers may be set to it; sets them, or takes them over after a system
// call.  The segment bases of normal mode are kept meanwhile.
bool arch_restricted_is_valid(const void* state);
void arch_restricted_load(const void* state, uint64_t* normal_bases);
void arch_restricted_save(void* state, const uint64_t* normal_bases);
#ifdef __x86_64__
// What %fs and %gs are relative to.
void arch_get_segment_bases(struct thread* thread, uint64_t* fs_base, uint64_t* gs_base);
void arch_set_segment_bases(struct thread* thread, uint64_t fs_base, uint64_t gs_base);
#endif

// ---- interrupts, time, power ------------------------------------------------------------------
// Page tables and interrupt controllers, once there are pages; then time, which may still be
// measured up to that call.
void arch_init(void);
void arch_init_time(void);
// Waits for an interrupt and handles it; called with interrupts off, returns with them off.
void arch_idle(void);
// Time in ticks since boot: the hardware's counter plus arch_ticks_offset().
uint64_t arch_ticks(void);
int64_t arch_ticks_offset(void);
uint64_t arch_ticks_per_second(void);
// Asks for one timer interrupt at this tick count; UINT64_MAX: none.
void arch_timer_set(uint64_t ticks);
__attribute__((noreturn)) void arch_halt(void);
__attribute__((noreturn)) void arch_reboot(void);
// Returns where the machine cannot be switched off.
void arch_power_off(void);
// Tells the hypervisor that the guest has panicked (pvpanic).
void arch_report_panic(void);
uint32_t arch_cpu_features(void);     // ZX_FEATURE_KIND_CPU
uint32_t arch_dcache_line_size(void); // bytes

// ---- devices ------------------------------------------------------------------------------------
// Whether registers of the interrupt controller lie in [first, last]: they are nobody else's.
bool arch_keeps_device(paddr_t first, paddr_t last);
void arch_serial_write(uint8_t byte);
// Where the firmware's ACPI and SMBIOS tables begin; 0: it has none.
paddr_t arch_find_acpi(void);
paddr_t arch_find_smbios(void);
// These three where ARCH_IS_PC only.
// Ports that a process may use, or may no more.  NO_MEMORY.
#define IO_PORT_COUNT 0x10000u
struct process;
zx_status_t io_ports_set(struct process* process, uint32_t first, uint32_t count, bool allowed);
// A register of a PCI device's configuration space, whole and aligned; all ones where there is
// none.  The address is bus, device, function and offset as the hardware packs them.
uint32_t arch_pci_read(uint32_t address);
void arch_pci_write(uint32_t address, uint32_t value);
// Called by the architecture's interrupt handlers (portable code).
void serial_received(uint8_t byte);
void timer_interrupt(void);
// Called by the trap code: a fault taken in user mode or in the kernel.  write/execute tell the
// access; returns false if the fault cannot be resolved.
bool vm_page_fault(uint64_t address, bool write, bool execute, bool present);
