// Processes, their threads as objects, and jobs.
#pragma once

#include "exception.h"
#include "handle.h"
#include "policy.h"
#include "thread.h"
#include "vmar.h"

struct job;

enum process_state {
    PROCESS_INITIAL, // made, never started
    PROCESS_RUNNING,
    PROCESS_DYING, // its threads are on their way out
    PROCESS_DEAD,
};

// What processes have in common that were made for that; others have one each.
struct commons {
    uint32_t processes; // that have it: without any it is gone
    bool shareable;
    struct handle_table handles;
    struct list_node futexes; // futex.link: those with waiters
    struct vmar* root;        // address space; NULL once it is gone
    uint64_t vdso_base;       // where the vDSO is mapped in it, 0 if it is not
    struct list_node sharers; // process.share_link
};

struct process {
    struct dispatcher object;     // first
    struct handle_table* handles; // of the commons
    struct vmar* root;            // likewise; NULL after death
    struct commons* commons;      // its own, or that of another process
    struct commons own;
    struct list_node share_link;
    struct vmar* restricted; // the part of its addresses that it does not share, or NULL
    struct job* job;         // a reference
    struct list_node job_link;
    struct list_node doomed_link; // of those that job_kill is about to kill
    struct list_node threads;     // thread_dispatcher.process_link: started and not dead
    char name[ZX_MAX_NAME_LEN];
    uint64_t vdso_base; // of the commons; 0 after death
    enum process_state state;
    int64_t return_code;
    zx_time_t started_at;
    struct exception_channel exception_channel;
    struct exception_channel debugger_channel; // ZX_EXCEPTION_CHANNEL_DEBUGGER
    struct job* critical_to;                   // a reference: the job that dies with it, or NULL
    bool critical_nonzero_only;                // only if its return code is not 0
    uint64_t debug_addr;                       // ZX_PROP_PROCESS_DEBUG_ADDR
    uint64_t break_on_load;                    // ZX_PROP_PROCESS_BREAK_ON_LOAD
    uint64_t runtime_ticks;                    // of its threads that are gone
    uint8_t* io_ports;                         // x86-64: bits of the ports it may use; NULL: none
    uint32_t suspend_count; // suspend tokens; threads that start meanwhile are suspended too
};

extern const struct dispatcher_ops process_ops;

static inline struct process* process_current(void) {
    return thread_current()->process;
}

struct process* process_from_dispatcher(struct dispatcher* object);
// In state INITIAL, with one reference, the caller's.  shareable: others may be made that have its
// handles and addresses in common with it.  BAD_STATE: the job is dead or dying.
zx_status_t process_create(struct job* job, const char* name, bool shareable, struct process** out);
// The same in the job of a process with which it shares.  INVALID_ARGS: that is not shareable;
// BAD_STATE: there is nothing left to share, or the job is dead or dying.
zx_status_t process_create_shared(struct process* origin, const char* name, struct process** out);
// Kills all threads; the last one to go tears the process down.  Nothing if it is dying already.
void process_kill(struct process* process, int64_t return_code);
// From the current thread, which is of this process; does not return.
__attribute__((noreturn)) void process_exit_current(int64_t return_code);
// Keeps all threads, also those yet to start, from running user code; and the reverse.
zx_status_t process_suspend(struct process* process);
void process_resume(struct process* process);

// A thread has left the list of threads; the last one takes the process with it.
void process_thread_gone(struct process* process, uint64_t runtime_ticks);

// The vDSO's code is mapped in its address space: that is where system calls come from.
void process_set_vdso_base(struct process* process, uint64_t base);
// The root of the address space that has, or would have, an address; NULL: it is gone.
struct vmar* process_root_at(struct process* process, uint64_t address);

void process_get_info(struct process* process, zx_info_process_t* info);
// The other process topics need a live address space: ZX_ERR_BAD_STATE.
zx_status_t process_get_task_stats(struct process* process, zx_info_task_stats_t* stats);
zx_status_t process_maps(struct process* process, record_fn record, void* context);
// zx_info_vmo_t records: first of handles, then of mappings.
zx_status_t process_vmos(struct process* process, record_fn record, void* context);
// zx_koid_t records.
zx_status_t process_threads(struct process* process, record_fn record, void* context);
void process_get_runtime(struct process* process, zx_info_task_runtime_t* runtime);
uint64_t process_runtime_ticks(const struct process* process);
// NULL: no started thread with that koid.
struct dispatcher* process_find_thread(struct process* process, zx_koid_t koid);

#include "job.h"
#include "thread_object.h"
