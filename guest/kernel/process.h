// Processes, their threads as objects, and jobs.
#pragma once

#include "handle.h"
#include "thread.h"
#include "vmar.h"

struct job;

struct process {
    struct dispatcher object; // first
    struct handle_table handles;
    struct vmar* root;        // address space; NULL after death
    struct job* job;
    struct list_node job_link;
    struct list_node threads; // thread_dispatcher.process_link
    char name[ZX_MAX_NAME_LEN];
    uint64_t vdso_base;       // where the vDSO is mapped, 0 if it is not
    uint32_t state;           // see process.c
    int64_t return_code;
    zx_time_t started_at;
};

static inline struct process* process_current(void) { return thread_current()->process; }

zx_status_t process_create(struct job* job, const char* name, struct process** out);
// Kills all threads; the last one to go tears the process down.
void process_kill(struct process* process, int64_t return_code);
// From the current thread, which is of this process; does not return.
__attribute__((noreturn)) void process_exit_current(int64_t return_code);

// A user thread of a process: made, then started at entry with a stack and two arguments.
zx_status_t process_create_thread(struct process* process, const char* name,
                                  struct thread_dispatcher** out);
struct dispatcher* thread_object_dispatcher(struct thread_dispatcher* thread);
zx_status_t process_start_thread(struct thread_dispatcher* thread, uint64_t entry, uint64_t stack,
                                 uint64_t argument0, uint64_t argument1);
// The scheduler tells that the thread's last instruction has run.
void thread_object_exited(struct thread_dispatcher* thread);

// A user thread did what it may not: cause (vector or ESR), fault address.  Offers the exception
// to exception channels; unhandled, the process dies with ZX_TASK_RETCODE_EXCEPTION_KILL.
// zx_exception is ZX_EXCP_*; synth_code/synth_data as in zx_exception_context_t.
void user_exception(struct arch_regs* regs, uint32_t zx_exception, uint64_t cause, uint64_t address,
                    uint32_t synth_code, uint32_t synth_data);

struct job* job_root(void);
struct dispatcher* job_dispatcher(struct job* job);
