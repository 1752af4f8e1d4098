// Threads and the scheduler: one processor, one queue, round robin.
//
// The kernel is not preempted, so none of this needs a lock.  A thread that blocks looks for the
// next one itself and, if there is none, waits for interrupts on its own stack: when the interrupt
// wakes the same thread, nothing has to be switched at all.

#include "thread.h"

#include "heap.h"
#include "object.h"
#include "pmm.h"
#include "print.h"
#include "process.h"
#include "share.h"
#include "string.h"

#define STACK_PAGES (THREAD_STACK_SIZE / PAGE_SIZE)
// Lowest word of each kernel stack; a stack that has grown over it has overflowed.
#define STACK_CANARY 0x7a78682d73746b21ull

static struct thread boot_thread = {.state = THREAD_RUNNING, .name = "boot"};
struct thread* current_thread = &boot_thread;
bool user_mode_work;

static struct list_node run_queue = LIST_INIT(run_queue);
static struct list_node all_threads = LIST_INIT(all_threads);
static struct thread* last_thread; // the one switched away from
static bool idle;                  // waiting for interrupts, on whoever's stack

// ---- making and freeing ---------------------------------------------------------------------

struct thread* thread_create(const char* name, void (*entry)(void*), void* argument) {
    struct thread* thread = kalloc(sizeof(*thread));
    struct page* stack = thread != NULL ? pmm_alloc_contiguous(STACK_PAGES, PAGE_SHIFT) : NULL;
    if (stack == NULL) {
        kfree(thread);
        return NULL;
    }
    thread->state = THREAD_INITIAL;
    thread->stack = page_to_virt(stack);
    *(uint64_t*)thread->stack = STACK_CANARY;
    copy_text(thread->name, name, sizeof(thread->name));
    arch_thread_init(thread, entry, argument);
    list_push_back(&all_threads, &thread->all);
    share_header->threads++;
    return thread;
}

static void free_stack(struct thread* thread) {
    for (size_t i = 0; i < STACK_PAGES; i++) {
        pmm_free(paddr_to_page(virt_to_phys(thread->stack)) + i);
    }
    thread->stack = NULL;
}

static void free_struct(struct thread* thread) {
    list_remove(&thread->all);
    share_header->threads--;
    kfree(thread);
}

void thread_free(struct thread* thread) {
    ASSERT(thread->state == THREAD_INITIAL || thread->state == THREAD_DEAD);
    if (thread->state == THREAD_INITIAL) {
        free_stack(thread);
    }
    if (thread->stack != NULL) { // it is still running its last instructions
        thread->orphan = true;
        return;
    }
    free_struct(thread);
}

void thread_for_each(void (*visit)(const struct thread* thread)) {
    list_for_each(node, &all_threads) {
        visit(container_of(node, struct thread, all));
    }
}

// ---- objects in use -------------------------------------------------------------------------

void thread_keep_objects(void) {
    if (!current_thread->keeps_objects) {
        current_thread->keeps_objects = true;
        dispatchers_keep();
    }
    user_mode_work = true;
}

static void let_objects_go(struct thread* thread) {
    if (thread->keeps_objects) {
        thread->keeps_objects = false;
        dispatchers_let_go();
    }
}

// ---- switching ------------------------------------------------------------------------------

static void make_ready(struct thread* thread) {
    thread->state = THREAD_READY;
    list_push_back(&run_queue, &thread->link);
}

bool scheduler_is_idle(void) {
    return idle;
}

static void wait_for_interrupts(void) {
    idle = true;
    while (list_is_empty(&run_queue)) {
        arch_idle();
    }
    idle = false;
    ktimer_leave_idle();
}

// What every switch ends with, in the thread switched to: a dead thread's stack is free now.
void thread_switched(void) {
    struct thread* last = last_thread;
    if (last->state == THREAD_DEAD && last->stack != NULL) {
        free_stack(last);
        if (last->orphan) {
            free_struct(last);
        }
    }
}

// Runs the next ready thread.  The caller has changed the current one's state and put it where it
// will be found again.
static void schedule(void) {
    struct thread* from = current_thread;
    uint64_t now = arch_ticks();
    from->runtime_ticks += now - from->switched_in_at;
    if (list_is_empty(&run_queue)) {
        wait_for_interrupts();
        now = arch_ticks();
    }
    struct thread* to = container_of(list_pop_front(&run_queue), struct thread, link);
    to->state = THREAD_RUNNING;
    to->switched_in_at = now;
    user_mode_work = to->kill_pending || to->suspend_count > 0 || to->keeps_objects;
    if (to == from) {
        return;
    }
    ASSERT(from->stack == NULL || *(uint64_t*)from->stack == STACK_CANARY);
    if (to->root != NULL) {
        arch_aspace_activate(vmar_arch_aspace(to->root));
    }
    last_thread = from;
    current_thread = to;
    arch_context_switch(from, to);
    thread_switched();
}

void thread_start(struct thread* thread) {
    ASSERT(thread->state == THREAD_INITIAL);
    make_ready(thread);
}

void thread_yield(void) {
    make_ready(current_thread);
    schedule();
}

void thread_exit_current(void) {
    struct thread* thread = current_thread;
    if (thread->object != NULL) {
        exception_announce_exit(thread->object);
    }
    let_objects_go(thread);
    thread->state = THREAD_DEAD;
    arch_thread_release(thread);
    if (thread->object != NULL) {
        thread_object_exited(thread->object);
    } else {
        thread->orphan = true;
    }
    schedule();
    panic(NULL, "a dead thread runs");
}

// ---- waiting --------------------------------------------------------------------------------

void wait_queue_init(struct wait_queue* queue) {
    list_init(&queue->threads);
}

// Keeps a suspended thread from going on until it is resumed or to die.
static void stop_while_suspended(void) {
    while (current_thread->suspend_count > 0 && !current_thread->kill_pending) {
        current_thread->state = THREAD_SUSPENDED;
        schedule();
    }
}

static void deadline_passed(struct ktimer* timer) {
    thread_wake(container_of(timer, struct thread, deadline), ZX_ERR_TIMED_OUT);
}

zx_status_t thread_block(struct wait_queue* queue, zx_time_t deadline, uint32_t blocked_reason) {
    struct thread* thread = current_thread;
    if (blocked_reason != ZX_THREAD_STATE_BLOCKED_PAGER) {
        let_objects_go(thread);
    }
    if (thread->kill_pending) {
        return ZX_ERR_INTERNAL_INTR_KILLED;
    }
    if (deadline != ZX_TIME_INFINITE) {
        if (deadline <= current_time()) {
            return ZX_ERR_TIMED_OUT;
        }
        ktimer_set(&thread->deadline, deadline, deadline_passed);
    }
    if (queue != NULL) {
        list_push_back(&queue->threads, &thread->link);
    }
    thread->state = THREAD_BLOCKED;
    thread->blocked_reason = blocked_reason;
    schedule();
    if (blocked_reason != ZX_THREAD_STATE_BLOCKED_EXCEPTION) {
        // What its wait came to counts when it goes on.  (An exception goes from one handler to
        // the next also while its thread is suspended.)
        stop_while_suspended();
    }
    return thread->kill_pending ? ZX_ERR_INTERNAL_INTR_KILLED : thread->wake_status;
}

void thread_wake(struct thread* thread, zx_status_t status) {
    if (thread->state != THREAD_BLOCKED) {
        return;
    }
    if (list_is_linked(&thread->link)) {
        list_remove(&thread->link);
    }
    ktimer_cancel(&thread->deadline);
    thread->wake_status = status;
    thread->blocked_reason = 0;
    make_ready(thread);
}

size_t wait_queue_wake(struct wait_queue* queue, size_t count, zx_status_t status) {
    size_t woken = 0;
    for (; woken < count && !list_is_empty(&queue->threads); woken++) {
        thread_wake(container_of(queue->threads.next, struct thread, link), status);
    }
    return woken;
}

// ---- stopping -------------------------------------------------------------------------------

void thread_kill(struct thread* thread) {
    thread->kill_pending = true;
    if (thread == current_thread) {
        user_mode_work = true;
    } else if (thread->state == THREAD_BLOCKED) {
        thread_wake(thread, ZX_ERR_INTERNAL_INTR_KILLED);
    } else if (thread->state == THREAD_SUSPENDED) {
        make_ready(thread);
    }
}

void thread_suspend(struct thread* thread) {
    thread->suspend_count++;
    if (thread == current_thread) {
        user_mode_work = true;
    }
}

void thread_resume(struct thread* thread) {
    ASSERT(thread->suspend_count > 0);
    if (--thread->suspend_count == 0 && thread->state == THREAD_SUSPENDED) {
        make_ready(thread);
    }
}

void thread_before_user_mode(void) {
    struct thread* thread = current_thread;
    user_mode_work = false;
    let_objects_go(thread);
    if (thread->kill_pending) {
        thread_exit_current();
    }
    if (thread->suspend_count > 0) {
        thread->state = THREAD_SUSPENDED;
        schedule();
    } else if (!list_is_empty(&run_queue)) {
        thread_yield();
    }
}

void scheduler_tick(void) {
    if (!list_is_empty(&run_queue)) {
        user_mode_work = true;
    }
}

// ---- starting -------------------------------------------------------------------------------

void thread_init(void) {
    list_push_back(&all_threads, &boot_thread.all);
    share_header->threads++;
}

void scheduler_start(void) {
    list_remove(&boot_thread.all); // its stack is the image's and is not freed
    share_header->threads--;
    boot_thread.state = THREAD_DEAD;
    schedule();
    panic(NULL, "the boot thread runs again");
}
