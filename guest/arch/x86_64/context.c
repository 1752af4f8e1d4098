// Threads' machine state: kernel stacks, user registers, floating point.

#include "cpu.h"
#include "string.h"
#include "thread.h"

void switch_stacks(uint64_t* save_sp, uint64_t new_sp);
void thread_first_switch(void);
__attribute__((noreturn)) void enter_user(struct arch_regs* regs);

// What switch_stacks has pushed.
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbp, rbx, return_address;
};

// The thread whose floating-point state is in the registers; the kernel itself uses none, so it is
// saved only when another thread's is wanted.
static struct thread* fpu_owner;
// Components that XSAVE handles here: x87, SSE, and AVX where there is such.
static uint32_t fpu_components = 3;

// Offsets in the FXSAVE and XSAVE area, and values at a process's start.
#define FPU_CONTROL_WORD 0
#define FPU_MXCSR 24
#define FPU_LEGACY_AND_HEADER_SIZE 576
#define INITIAL_CONTROL_WORD 0x37f
#define INITIAL_MXCSR 0x1f80

void fpu_init(void) {
    if (have_xsave) {
        if (cpuid(1, 0).ecx & 1u << 28) {
            fpu_components |= 4;
        }
        __asm__ volatile("xsetbv" : : "c"(0), "a"(fpu_components), "d"(0));
    }
}

static void fpu_save(void* area) {
    if (have_xsave) {
        __asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(fpu_components), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
    }
}

static void fpu_restore(const void* area) {
    if (have_xsave) {
        __asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(fpu_components), "d"(0) : "memory");
    } else {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
    }
}

void arch_thread_init(struct thread* thread, void (*entry)(void*), void* argument) {
    uint64_t top = (uint64_t)thread->stack + THREAD_STACK_SIZE - FPU_AREA_SIZE;
    thread->arch = (struct arch_thread){.stack_top = top};

    uint8_t* fpu = arch_thread_fpu(&thread->arch);
    memset(fpu, 0, FPU_LEGACY_AND_HEADER_SIZE); // an empty header means initial values
    *(uint16_t*)(fpu + FPU_CONTROL_WORD) = INITIAL_CONTROL_WORD;
    *(uint32_t*)(fpu + FPU_MXCSR) = INITIAL_MXCSR;

    // The user registers' place at the top stays free; 16-byte alignment as before a call.
    struct switch_frame* frame = (struct switch_frame*)(top - REGS_SIZE) - 1;
    *frame = (struct switch_frame){
        .rbx = (uint64_t)entry,
        .r12 = (uint64_t)argument,
        .return_address = (uint64_t)thread_first_switch,
    };
    thread->arch.kernel_sp = (uint64_t)frame;
}

void arch_thread_release(struct thread* thread) {
    if (fpu_owner == thread) {
        fpu_owner = NULL;
    }
}

// Without FSGSBASE user mode cannot change them by itself, and what is kept is right already.
static void save_bases(struct arch_thread* thread) {
    if (have_fsgsbase) {
        __asm__ volatile("rdfsbase %0" : "=r"(thread->fs_base));
        __asm__ volatile("rdgsbase %0" : "=r"(thread->gs_base));
    }
}

static void load_bases(const struct arch_thread* thread) {
    if (have_fsgsbase) {
        __asm__ volatile("wrfsbase %0" : : "r"(thread->fs_base));
        __asm__ volatile("wrgsbase %0" : : "r"(thread->gs_base));
    } else {
        wrmsr(MSR_FS_BASE, thread->fs_base);
        wrmsr(MSR_GS_BASE, thread->gs_base);
    }
}

// User state (segment bases, floating point) is changed only for threads that have such.
void arch_context_switch(struct thread* from, struct thread* to) {
    if (from->process != NULL) {
        save_bases(&from->arch);
    }
    if (to->process != NULL) {
        load_bases(&to->arch);
        if (fpu_owner != to) {
            if (fpu_owner != NULL) {
                fpu_save(arch_thread_fpu(&fpu_owner->arch));
            }
            fpu_restore(arch_thread_fpu(&to->arch));
            fpu_owner = to;
        }
    }
    tss.rsp0 = to->arch.stack_top;
    switch_stacks(&from->arch.kernel_sp, to->arch.kernel_sp);
}

struct arch_regs* arch_user_regs(struct thread* thread) {
    return (struct arch_regs*)thread->arch.stack_top - 1;
}

void arch_set_user_entry(struct thread* thread, uint64_t entry, uint64_t stack, uint64_t argument0,
                         uint64_t argument1) {
    *arch_user_regs(thread) = (struct arch_regs){
        .rdi = argument0,
        .rsi = argument1,
        .rip = entry,
        .rsp = stack,
        .cs = USER_CODE_SELECTOR,
        .ss = USER_DATA_SELECTOR,
        .rflags = RFLAGS_FIXED | RFLAGS_IF,
    };
}

void arch_enter_user(void) {
    enter_user(arch_user_regs(thread_current()));
}

void arch_get_segment_bases(struct thread* thread, uint64_t* fs_base, uint64_t* gs_base) {
    if (thread == thread_current()) {
        save_bases(&thread->arch);
    }
    *fs_base = thread->arch.fs_base;
    *gs_base = thread->arch.gs_base;
}

void arch_set_segment_bases(struct thread* thread, uint64_t fs_base, uint64_t gs_base) {
    thread->arch.fs_base = fs_base;
    thread->arch.gs_base = gs_base;
    if (thread == thread_current()) {
        load_bases(&thread->arch);
    }
}

const char* const arch_register_names[] = {
    "rax", "rbx", "rcx",        "rdx",    "rsi", "rdi", "rbp",     "rsp",     "r8",
    "r9",  "r10", "r11",        "r12",    "r13", "r14", "r15",     "rip",     "rflags",
    "cr2", "cr3", "error_code", "vector", "cs",  "ss",  "fs_base", "gs_base",
};

size_t arch_registers_to_array(const struct arch_regs* regs, uint64_t* out, size_t capacity) {
    uint64_t fs_base = 0, gs_base = 0;
    if (thread_current()->process != NULL) {
        arch_get_segment_bases(thread_current(), &fs_base, &gs_base);
    }
    const uint64_t all[] = {
        regs->rax,    regs->rbx, regs->rcx, regs->rdx,    regs->rsi,  regs->rdi,  regs->rbp,
        regs->rsp,    regs->r8,  regs->r9,  regs->r10,    regs->r11,  regs->r12,  regs->r13,
        regs->r14,    regs->r15, regs->rip, regs->rflags, read_cr2(), read_cr3(), regs->error_code,
        regs->vector, regs->cs,  regs->ss,  fs_base,      gs_base,
    };
    size_t count = sizeof(all) / sizeof(all[0]);
    count = count < capacity ? count : capacity;
    memcpy(out, all, count * sizeof(all[0]));
    return count;
}

size_t arch_general_regs_size(void) {
    return sizeof(zx_x86_64_thread_state_general_regs_t);
}

void arch_get_general_regs(struct thread* thread, void* out) {
    const struct arch_regs* regs = arch_user_regs(thread);
    zx_x86_64_thread_state_general_regs_t* state = out;
    *state = (zx_x86_64_thread_state_general_regs_t){
        .rax = regs->rax,
        .rbx = regs->rbx,
        .rcx = regs->rcx,
        .rdx = regs->rdx,
        .rsi = regs->rsi,
        .rdi = regs->rdi,
        .rbp = regs->rbp,
        .rsp = regs->rsp,
        .r8 = regs->r8,
        .r9 = regs->r9,
        .r10 = regs->r10,
        .r11 = regs->r11,
        .r12 = regs->r12,
        .r13 = regs->r13,
        .r14 = regs->r14,
        .r15 = regs->r15,
        .rip = regs->rip,
        .rflags = regs->rflags,
    };
    arch_get_segment_bases(thread, &state->fs_base, &state->gs_base);
}

static bool is_canonical(uint64_t address) {
    return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

zx_status_t arch_set_general_regs(struct thread* thread, const void* in) {
    const zx_x86_64_thread_state_general_regs_t* state = in;
    if (!is_canonical(state->fs_base) || !is_canonical(state->gs_base) ||
        !is_canonical(state->rip)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct arch_regs* regs = arch_user_regs(thread);
    *regs = (struct arch_regs){
        .rax = state->rax,
        .rbx = state->rbx,
        .rcx = state->rcx,
        .rdx = state->rdx,
        .rsi = state->rsi,
        .rdi = state->rdi,
        .rbp = state->rbp,
        .rsp = state->rsp,
        .r8 = state->r8,
        .r9 = state->r9,
        .r10 = state->r10,
        .r11 = state->r11,
        .r12 = state->r12,
        .r13 = state->r13,
        .r14 = state->r14,
        .r15 = state->r15,
        .rip = state->rip,
        .cs = USER_CODE_SELECTOR,
        .ss = USER_DATA_SELECTOR,
        .rflags = (state->rflags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF,
        .vector = regs->vector,
        .error_code = regs->error_code,
    };
    arch_set_segment_bases(thread, state->fs_base, state->gs_base);
    return ZX_OK;
}

// ---- floating point and vectors ------------------------------------------------------------

// ZX_THREAD_STATE_FP_REGS: as in the FXSAVE area, but for what is not of the x87.
struct fp_regs {
    uint8_t head[24]; // control, status, tags, last instruction and operand
    uint8_t padding[8];
    uint8_t st[8][16];
};
_Static_assert(sizeof(struct fp_regs) == FP_REGS_SIZE, "zx_x86_64_thread_state_fp_regs_t");
#define FP_RESERVED 5 // byte of the head

// ZX_THREAD_STATE_VECTOR_REGS: SSE's and AVX's registers are the beginnings of the first sixteen.
struct vector_regs {
    struct {
        uint8_t xmm[16], ymm_high[16], rest[32];
    } zmm[32];
    uint64_t opmask[8];
    uint32_t mxcsr;
    uint8_t padding[4];
};
_Static_assert(sizeof(struct vector_regs) == VECTOR_REGS_SIZE,
               "zx_x86_64_thread_state_vector_regs_t");
#define MXCSR_USER 0xffffu // reserved bits must not be set

// Where they are in the FXSAVE and XSAVE area, and what its header says is not as at the start.
#define FPU_ST 32
#define FPU_XMM 160
#define FPU_HEADER 512
#define FPU_YMM_HIGH 576
#define COMPONENT_X87 1u
#define COMPONENT_SSE 2u
#define COMPONENT_AVX 4u
#define VECTORS 16

// The area of a thread that does not run, with what the processor has of it.  What the header says
// is as at the start may never have been written.
static uint8_t* fpu_area(struct thread* thread) {
    uint8_t* area = arch_thread_fpu(&thread->arch);
    if (fpu_owner == thread) {
        fpu_save(area);
        fpu_owner = NULL;
    }
    if (!(*(const uint64_t*)(area + FPU_HEADER) & COMPONENT_AVX)) {
        memset(area + FPU_YMM_HIGH, 0, VECTORS * 16);
    }
    return area;
}

static void mark_components(uint8_t* area, uint32_t components) {
    *(uint64_t*)(area + FPU_HEADER) |= components & fpu_components;
}

void arch_get_fp_regs(struct thread* thread, void* out) {
    const uint8_t* area = fpu_area(thread);
    struct fp_regs* state = out;
    *state = (struct fp_regs){0};
    memcpy(state->head, area, sizeof(state->head));
    memcpy(state->st, area + FPU_ST, sizeof(state->st));
}

void arch_set_fp_regs(struct thread* thread, const void* in) {
    uint8_t* area = fpu_area(thread);
    const struct fp_regs* state = in;
    memcpy(area, state->head, sizeof(state->head));
    area[FP_RESERVED] = 0;
    memcpy(area + FPU_ST, state->st, sizeof(state->st));
    mark_components(area, COMPONENT_X87);
}

void arch_get_vector_regs(struct thread* thread, void* out) {
    const uint8_t* area = fpu_area(thread);
    struct vector_regs* state = out;
    memset(state, 0, sizeof(*state));
    for (size_t i = 0; i < VECTORS; i++) {
        memcpy(state->zmm[i].xmm, area + FPU_XMM + 16 * i, 16);
        if (fpu_components & COMPONENT_AVX) {
            memcpy(state->zmm[i].ymm_high, area + FPU_YMM_HIGH + 16 * i, 16);
        }
    }
    state->mxcsr = *(const uint32_t*)(area + FPU_MXCSR);
}

void arch_set_vector_regs(struct thread* thread, const void* in) {
    uint8_t* area = fpu_area(thread);
    const struct vector_regs* state = in;
    for (size_t i = 0; i < VECTORS; i++) {
        memcpy(area + FPU_XMM + 16 * i, state->zmm[i].xmm, 16);
        if (fpu_components & COMPONENT_AVX) {
            memcpy(area + FPU_YMM_HIGH + 16 * i, state->zmm[i].ymm_high, 16);
        }
    }
    *(uint32_t*)(area + FPU_MXCSR) = state->mxcsr & MXCSR_USER;
    mark_components(area, COMPONENT_SSE | COMPONENT_AVX);
}

// ---- restricted mode -----------------------------------------------------------------------

bool arch_restricted_is_valid(const void* state) {
    const zx_x86_64_restricted_state_t* wanted = state;
    return is_user_address(wanted->ip) && !(wanted->flags & ~(RFLAGS_USER | RFLAGS_NT)) &&
           is_canonical(wanted->fs_base) && is_canonical(wanted->gs_base);
}

void arch_restricted_load(const void* state, uint64_t* normal_bases) {
    const zx_x86_64_restricted_state_t* wanted = state;
    struct thread* thread = thread_current();
    *arch_user_regs(thread) = (struct arch_regs){
        .rax = wanted->rax,
        .rbx = wanted->rbx,
        .rcx = wanted->rcx,
        .rdx = wanted->rdx,
        .rsi = wanted->rsi,
        .rdi = wanted->rdi,
        .rbp = wanted->rbp,
        .rsp = wanted->rsp,
        .r8 = wanted->r8,
        .r9 = wanted->r9,
        .r10 = wanted->r10,
        .r11 = wanted->r11,
        .r12 = wanted->r12,
        .r13 = wanted->r13,
        .r14 = wanted->r14,
        .r15 = wanted->r15,
        .rip = wanted->ip,
        .cs = USER_CODE_SELECTOR,
        .ss = USER_DATA_SELECTOR,
        .rflags = (wanted->flags & RFLAGS_USER) | RFLAGS_FIXED | RFLAGS_IF,
    };
    arch_get_segment_bases(thread, &normal_bases[0], &normal_bases[1]);
    arch_set_segment_bases(thread, wanted->fs_base, wanted->gs_base);
}

// The instruction for system calls has overwritten %rcx and %r11.
void arch_restricted_save(void* state, const uint64_t* normal_bases) {
    struct thread* thread = thread_current();
    const struct arch_regs* regs = arch_user_regs(thread);
    zx_x86_64_restricted_state_t* left = state;
    *left = (zx_x86_64_restricted_state_t){
        .rax = regs->rax,
        .rbx = regs->rbx,
        .rdx = regs->rdx,
        .rsi = regs->rsi,
        .rdi = regs->rdi,
        .rbp = regs->rbp,
        .rsp = regs->rsp,
        .r8 = regs->r8,
        .r9 = regs->r9,
        .r10 = regs->r10,
        .r12 = regs->r12,
        .r13 = regs->r13,
        .r14 = regs->r14,
        .r15 = regs->r15,
        .ip = regs->rip,
        .flags = regs->rflags & RFLAGS_USER,
    };
    arch_get_segment_bases(thread, &left->fs_base, &left->gs_base);
    arch_set_segment_bases(thread, normal_bases[0], normal_bases[1]);
}
