// Processes, their threads as objects, and jobs.
#pragma once

#include "handle.h"
#include "policy.h"
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
    struct list_node futexes;   // futex.link: those with waiters
    struct dispatcher* exception_channel; // the kernel's end, or NULL
    struct dispatcher* debugger_channel;  // the same for ZX_EXCEPTION_CHANNEL_DEBUGGER
    struct job* critical_to;    // the job that dies with it, or NULL
    bool critical_nonzero_only; // only if its return code is not 0
    uint64_t debug_addr;        // ZX_PROP_PROCESS_DEBUG_ADDR
    uint64_t break_on_load;     // ZX_PROP_PROCESS_BREAK_ON_LOAD
    uint64_t runtime_ticks;     // of its threads that are gone
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

// ---- what zx_object_get_info, _get_child and the properties need ---------------------------
extern const struct dispatcher_ops process_ops;
extern const struct dispatcher_ops thread_ops;
extern const struct dispatcher_ops job_ops;

struct job* job_from_dispatcher(struct dispatcher* object);
struct thread_dispatcher* thread_from_dispatcher(struct dispatcher* object);

void process_get_info(struct process* process, zx_info_process_t* info);
// The other process topics need a live address space: ZX_ERR_BAD_STATE.
zx_status_t process_get_task_stats(struct process* process, zx_info_task_stats_t* stats);
zx_status_t process_maps(struct process* process, record_fn record, void* context);
// zx_info_vmo_t records: first of handles, then of mappings.
zx_status_t process_vmos(struct process* process, record_fn record, void* context);
// zx_koid_t records.
zx_status_t process_threads(struct process* process, record_fn record, void* context);
void process_get_runtime(struct process* process, zx_info_task_runtime_t* runtime);
// NULL: no started thread with that koid.
struct dispatcher* process_find_thread(struct process* process, zx_koid_t koid);

void thread_get_info(struct thread_dispatcher* thread, zx_info_thread_t* info);
zx_status_t thread_get_stats(struct thread_dispatcher* thread, zx_info_thread_stats_t* stats);
zx_status_t thread_get_exception_report(struct thread_dispatcher* thread,
                                        zx_exception_report_t* report);
void thread_get_runtime(struct thread_dispatcher* thread, zx_info_task_runtime_t* runtime);
char* thread_object_name(struct thread_dispatcher* thread); // ZX_MAX_NAME_LEN bytes

void job_get_info(struct job* job, zx_info_job_t* info);
void job_get_runtime(struct job* job, zx_info_task_runtime_t* runtime);
// zx_koid_t records.
zx_status_t job_children(struct job* job, record_fn record, void* context);
zx_status_t job_processes(struct job* job, record_fn record, void* context);
// A child job, else a process of the job; NULL: neither.
struct dispatcher* job_find_child(struct job* job, zx_koid_t koid);
char* job_name(struct job* job);          // ZX_MAX_NAME_LEN bytes
bool* job_kill_on_oom(struct job* job);   // ZX_PROP_JOB_KILL_ON_OOM

// ---- exceptions as objects ---------------------------------------------------------------
extern const struct dispatcher_ops exception_ops;
// ZX_PROP_EXCEPTION_STATE and ZX_PROP_EXCEPTION_STRATEGY; INVALID_ARGS, BAD_STATE.
zx_status_t exception_get_state(struct dispatcher* exception, uint32_t* state);
zx_status_t exception_set_state(struct dispatcher* exception, uint32_t state);
zx_status_t exception_get_strategy(struct dispatcher* exception, uint32_t* strategy);
zx_status_t exception_set_strategy(struct dispatcher* exception, uint32_t strategy);
