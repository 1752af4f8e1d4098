// Threads as kernel objects.
#pragma once

#include "exception.h"
#include "object.h"
#include "thread.h"

struct process;
struct restricted;

enum thread_object_state {
    THREAD_OBJECT_INITIAL, // made, never started
    THREAD_OBJECT_STARTED,
    THREAD_OBJECT_DEAD,
};

struct thread_dispatcher {
    struct dispatcher object;      // first
    struct process* process;       // a reference
    struct list_node process_link; // process.threads
    enum thread_object_state state;
    struct thread* thread;  // NULL after death
    bool is_first;          // of its process
    bool is_exiting;        // by itself: it runs no more user code
    uint64_t runtime_ticks; // after death
    struct exception_channel exception_channel;
    struct exception* exception;   // that it is stopped in, or NULL
    struct restricted* restricted; // state of restricted mode; NULL until asked for
    uint64_t cpu_mask_change;      // of the processors it may use, against the only one
    char name[ZX_MAX_NAME_LEN];
};

extern const struct dispatcher_ops thread_ops;

struct thread_dispatcher* thread_from_dispatcher(struct dispatcher* object);
struct dispatcher* thread_object_dispatcher(struct thread_dispatcher* thread);
// The calling thread's.
struct thread_dispatcher* thread_object_current(void);

// A user thread of a process: made, then started at entry with a stack and two arguments.
zx_status_t process_create_thread(struct process* process, const char* name,
                                  struct thread_dispatcher** out);
// The first thread starts the process.  BAD_STATE: the process is dying; INVALID_ARGS: entry is no
// user address; BAD_STATE: started before.
zx_status_t process_start_thread(struct thread_dispatcher* thread, uint64_t entry, uint64_t stack,
                                 uint64_t argument0, uint64_t argument1);
// The scheduler tells that the thread's last instruction has run.
void thread_object_exited(struct thread_dispatcher* thread);
// Keeps it from running user code until resumed as often; ZX_THREAD_SUSPENDED tells.
zx_status_t thread_object_suspend(struct thread_dispatcher* thread);
// The same for a thread that is not dead, also if it is to die.
void thread_object_hold(struct thread_dispatcher* thread);
void thread_object_resume(struct thread_dispatcher* thread);
// Whether it is dead or to die.
bool thread_object_is_ending(const struct thread_dispatcher* thread);
// Takes over where system calls of its process come from.
void thread_set_vdso_base(struct thread_dispatcher* thread);
// Says on which processors it is to run; it is only told again.
void thread_object_set_cpu_mask(struct thread_dispatcher* thread, uint64_t mask);
// Whether its registers may be read and written: it is suspended or stopped in an exception.
bool thread_object_is_stopped(const struct thread_dispatcher* thread);

void thread_get_info(struct thread_dispatcher* thread, zx_info_thread_t* info);
zx_status_t thread_get_stats(struct thread_dispatcher* thread, zx_info_thread_stats_t* stats);
zx_status_t thread_get_exception_report(struct thread_dispatcher* thread,
                                        zx_exception_report_t* report);
// Hardware ticks as nanoseconds.
zx_duration_t runtime_ns(uint64_t ticks);
uint64_t thread_runtime_ticks(const struct thread_dispatcher* thread);
void thread_get_runtime(struct thread_dispatcher* thread, zx_info_task_runtime_t* runtime);
char* thread_object_name(struct thread_dispatcher* thread); // ZX_MAX_NAME_LEN bytes
