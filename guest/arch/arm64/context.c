// Threads' machine state: kernel stacks, user registers, floating point.

#include "arm64.h"
#include "string.h"
#include "thread.h"

void switch_stacks(uint64_t* save_sp, uint64_t new_sp);
void thread_first_switch(void);
__attribute__((noreturn)) void enter_user(struct arch_regs* regs);
void fpu_save(void* area);
void fpu_restore(const void* area);

#define FPU_STATE_SIZE (32 * 16 + 2 * 8)
#define SPSR_USER 0ul                // EL0, interrupts on
#define SPSR_CONDITIONS 0xf0000000ul // N, Z, C, V: what user mode may choose

// What switch_stacks has saved.
struct switch_frame {
    uint64_t x[10]; // x19 to x28
    uint64_t frame_pointer, return_address;
};

// ZX_THREAD_STATE_GENERAL_REGS.
struct general_regs {
    uint64_t r[30];
    uint64_t lr, sp, pc, cpsr, tpidr;
};

// The thread whose floating-point state is in the registers; the kernel itself uses none, so it is
// saved only when another thread's is wanted.
static struct thread* fpu_owner;

void arch_thread_init(struct thread* thread, void (*entry)(void*), void* argument) {
    uint64_t top = (uint64_t)thread->stack + THREAD_STACK_SIZE - FPU_AREA_SIZE;
    thread->arch = (struct arch_thread){.stack_top = top};
    memset(arch_thread_fpu(&thread->arch), 0, FPU_STATE_SIZE);

    // The user registers' place at the top stays free.
    struct switch_frame* frame = (struct switch_frame*)(top - REGS_SIZE) - 1;
    *frame = (struct switch_frame){
        .x = {(uint64_t)entry, (uint64_t)argument},
        .return_address = (uint64_t)thread_first_switch,
    };
    thread->arch.kernel_sp = (uint64_t)frame;
}

void arch_thread_release(struct thread* thread) {
    if (fpu_owner == thread) {
        fpu_owner = NULL;
    }
}

// User state (thread pointer, floating point) is changed only for threads that have such.
void arch_context_switch(struct thread* from, struct thread* to) {
    if (from->process != NULL) {
        from->arch.tpidr = read_sysreg(tpidr_el0);
    }
    if (to->process != NULL) {
        write_sysreg(tpidr_el0, to->arch.tpidr);
        if (fpu_owner != to) {
            if (fpu_owner != NULL) {
                fpu_save(arch_thread_fpu(&fpu_owner->arch));
            }
            fpu_restore(arch_thread_fpu(&to->arch));
            fpu_owner = to;
        }
    }
    switch_stacks(&from->arch.kernel_sp, to->arch.kernel_sp);
}

struct arch_regs* arch_user_regs(struct thread* thread) {
    return (struct arch_regs*)thread->arch.stack_top - 1;
}

void arch_set_user_entry(struct thread* thread, uint64_t entry, uint64_t stack, uint64_t argument0,
                         uint64_t argument1) {
    *arch_user_regs(thread) = (struct arch_regs){
        .x = {argument0, argument1}, .pc = entry, .sp = stack, .spsr = SPSR_USER};
}

void arch_enter_user(void) {
    enter_user(arch_user_regs(thread_current()));
}

const char* const arch_register_names[] = {
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",   "x8",  "x9",  "x10",   "x11",   "x12",
    "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20",  "x21", "x22", "x23",   "x24",   "x25",
    "x26", "x27", "x28", "x29", "lr",  "sp",  "pc",  "spsr", "esr", "far", "ttbr0", "tpidr",
};

size_t arch_registers_to_array(const struct arch_regs* regs, uint64_t* out, size_t capacity) {
    uint64_t all[sizeof(arch_register_names) / sizeof(arch_register_names[0])];
    memcpy(all, regs, sizeof(*regs)); // the same order up to far
    all[REGS_SIZE / 8] = read_sysreg(ttbr0_el1);
    all[REGS_SIZE / 8 + 1] = read_sysreg(tpidr_el0);
    size_t count = sizeof(all) / sizeof(all[0]);
    count = count < capacity ? count : capacity;
    memcpy(out, all, count * sizeof(all[0]));
    return count;
}

size_t arch_general_regs_size(void) {
    return sizeof(struct general_regs);
}

void arch_get_general_regs(struct thread* thread, void* out) {
    const struct arch_regs* regs = arch_user_regs(thread);
    struct general_regs* state = out;
    memcpy(state->r, regs->x, sizeof(state->r));
    state->lr = regs->x[30];
    state->sp = regs->sp;
    state->pc = regs->pc;
    state->cpsr = regs->spsr & SPSR_CONDITIONS;
    state->tpidr = thread == thread_current() ? read_sysreg(tpidr_el0) : thread->arch.tpidr;
}

zx_status_t arch_set_general_regs(struct thread* thread, const void* in) {
    const struct general_regs* state = in;
    struct arch_regs* regs = arch_user_regs(thread);
    memcpy(regs->x, state->r, sizeof(state->r));
    regs->x[30] = state->lr;
    regs->sp = state->sp;
    regs->pc = state->pc;
    regs->spsr = SPSR_USER | (state->cpsr & SPSR_CONDITIONS);
    thread->arch.tpidr = state->tpidr;
    if (thread == thread_current()) {
        write_sysreg(tpidr_el0, state->tpidr);
    }
    return ZX_OK;
}

// ---- vectors -------------------------------------------------------------------------------

// ZX_THREAD_STATE_VECTOR_REGS.
struct vector_regs {
    uint32_t fpcr, fpsr;
    uint8_t v[32][16];
};
_Static_assert(sizeof(struct vector_regs) == VECTOR_REGS_SIZE,
               "zx_arm64_thread_state_vector_regs_t");

// What fpu_save writes.
struct fpu_state {
    uint8_t v[32][16];
    uint64_t fpcr, fpsr;
};
_Static_assert(sizeof(struct fpu_state) == FPU_STATE_SIZE, "entry.S relies on it");

// The state of a thread that does not run, with what the processor has of it.
static struct fpu_state* fpu_state(struct thread* thread) {
    struct fpu_state* state = arch_thread_fpu(&thread->arch);
    if (fpu_owner == thread) {
        fpu_save(state);
        fpu_owner = NULL;
    }
    return state;
}

void arch_get_vector_regs(struct thread* thread, void* out) {
    const struct fpu_state* from = fpu_state(thread);
    struct vector_regs* state = out;
    state->fpcr = (uint32_t)from->fpcr;
    state->fpsr = (uint32_t)from->fpsr;
    memcpy(state->v, from->v, sizeof(state->v));
}

void arch_set_vector_regs(struct thread* thread, const void* in) {
    struct fpu_state* to = fpu_state(thread);
    const struct vector_regs* state = in;
    to->fpcr = state->fpcr;
    to->fpsr = state->fpsr;
    memcpy(to->v, state->v, sizeof(to->v));
}
