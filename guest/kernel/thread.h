// Threads and the scheduler: round robin, one CPU.
#pragma once

#include "arch.h"
#include "ktimer.h"
#include "list.h"

struct process;
struct thread_dispatcher;
struct vmar;

enum thread_state {
    THREAD_INITIAL, // made, never started
    THREAD_READY,   // in the run queue
    THREAD_RUNNING,
    THREAD_BLOCKED,
    THREAD_SUSPENDED, // stopped on its way to user mode
    THREAD_DEAD,
};

struct thread {
    struct arch_thread arch; // first: the entry code finds it at offset 0
    enum thread_state state;
    struct list_node link;   // run queue, or the wait queue it is blocked on
    struct list_node all;    // of all threads
    struct ktimer deadline;  // of its current wait
    zx_status_t wake_status; // what its current wait returns
    uint32_t blocked_reason; // ZX_THREAD_STATE_BLOCKED_*
    void* stack;             // kernel stack, THREAD_STACK_SIZE bytes
    char name[ZX_MAX_NAME_LEN];
    struct process* process;          // NULL for kernel threads
    struct vmar* root;                // the address space it runs in; NULL for kernel threads
    uint64_t vdso_base;               // where its system calls come from
    struct thread_dispatcher* object; // its kernel object; NULL for kernel threads
    bool kill_pending;                // dies instead of returning to user mode; its waits end
    bool keeps_objects;               // see thread_keep_objects
    uint32_t suspend_count;           // stops on its way to user mode while above 0
    uint64_t runtime_ticks;
    uint64_t switched_in_at; // arch_ticks
    bool orphan;             // nobody will call thread_free: goes with its last switch
};

#define THREAD_STACK_SIZE (16 * 1024)

// Threads blocked on the same thing, in order of arrival.
struct wait_queue {
    struct list_node threads;
};

void wait_queue_init(struct wait_queue* queue);
// Blocks the current thread until woken, the deadline, or its death; returns the waker's status,
// ZX_ERR_TIMED_OUT, or ZX_ERR_INTERNAL_INTR_KILLED (also if it is to die before it blocks).
// queue may be NULL: only thread_wake, deadline or death end it.
zx_status_t thread_block(struct wait_queue* queue, zx_time_t deadline, uint32_t blocked_reason);
// No object is destroyed from now on until the current thread returns to user mode, or blocks for
// another reason than a page that has to come: its call goes on with objects it has no references
// to.
void thread_keep_objects(void);
// Ends the wait of a blocked thread; does nothing to others.
void thread_wake(struct thread* thread, zx_status_t status);
// Wakes up to count threads in order; returns how many.
size_t wait_queue_wake(struct wait_queue* queue, size_t count, zx_status_t status);

// A thread in state INITIAL that will run entry(argument) in the kernel; NULL without memory.
struct thread* thread_create(const char* name, void (*entry)(void*), void* argument);
void thread_start(struct thread* thread);
// Frees a thread that never started or is dead.
void thread_free(struct thread* thread);
extern struct thread* current_thread;
static inline struct thread* thread_current(void) {
    return current_thread;
}
void thread_yield(void);
// Ends the current thread: its object is told (thread_object_exited), its stack freed later.
__attribute__((noreturn)) void thread_exit_current(void);
// Marks it to die; wakes it if blocked or suspended.
void thread_kill(struct thread* thread);
void thread_suspend(struct thread* thread);
void thread_resume(struct thread* thread);
// Set while the current thread has to call thread_before_user_mode on its way back to user mode.
extern bool user_mode_work;
// Dies, stops or gives way as asked.
void thread_before_user_mode(void);
// Called by the timer interrupt when the running thread has used its time slice.
void scheduler_tick(void);
// Whether no thread is running: the timer need not tick.
bool scheduler_is_idle(void);
// Makes the caller, the boot code, a thread.
void thread_init(void);
// Lets the threads run; the boot code is done.
__attribute__((noreturn)) void scheduler_start(void);
// Calls visit for each thread there is.
void thread_for_each(void (*visit)(const struct thread* thread));
