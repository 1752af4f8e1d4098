// Futexes.
//
// All functions are about the current process.  A struct futex exists while threads wait; the
// waiting threads have their place in its queue on their kernel stacks.
#include "futex.h"

#include "heap.h"
#include "process.h"

struct futex {
    struct list_node link; // process.futexes
    uint64_t address;
    struct list_node waiters;        // waiter.link, in order of arrival
    struct thread_dispatcher* owner; // a reference, or NULL
};

struct waiter {
    struct list_node link;
    struct futex* futex; // NULL once woken
    struct thread_dispatcher* thread;
};

static struct futex* find(uint64_t address) {
    list_for_each(node, &process_current()->commons->futexes) {
        struct futex* futex = container_of(node, struct futex, link);
        if (futex->address == address) {
            return futex;
        }
    }
    return NULL;
}

static struct futex* find_or_make(uint64_t address) {
    struct futex* futex = find(address);
    if (futex == NULL) {
        futex = kalloc(sizeof(*futex));
        if (futex != NULL) {
            futex->address = address;
            list_init(&futex->waiters);
            list_push_back(&process_current()->commons->futexes, &futex->link);
        }
    }
    return futex;
}

static void set_owner(struct futex* futex, struct thread_dispatcher* owner) {
    struct thread_dispatcher* old = futex->owner;
    futex->owner = owner;
    if (owner != NULL) {
        dispatcher_ref(&owner->object);
    }
    if (old != NULL) {
        dispatcher_unref(&old->object);
    }
}

static void free_if_unused(struct futex* futex) {
    if (list_is_empty(&futex->waiters)) {
        set_owner(futex, NULL);
        list_remove(&futex->link);
        kfree(futex);
    }
}

static bool waits_on(const struct thread_dispatcher* thread, const struct futex* futex) {
    if (thread == NULL || futex == NULL) {
        return false;
    }
    list_for_each(node, &futex->waiters) {
        if (container_of(node, struct waiter, link)->thread == thread) {
            return true;
        }
    }
    return false;
}

zx_status_t futex_wait(uint64_t address, struct thread_dispatcher* owner, zx_time_t deadline) {
    if (waits_on(owner, find(address))) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct futex* futex = find_or_make(address);
    if (futex == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct waiter waiter = {.futex = futex, .thread = thread_object_current()};
    set_owner(futex, owner);
    list_push_back(&futex->waiters, &waiter.link);
    zx_status_t status = thread_block(NULL, deadline, ZX_THREAD_STATE_BLOCKED_FUTEX);
    if (waiter.futex != NULL) { // not woken: the deadline, or death
        list_remove(&waiter.link);
        free_if_unused(waiter.futex); // may have moved meanwhile
    }
    return status;
}

// Wakes up to count waiters; returns the last one woken, or NULL.
static struct thread_dispatcher* wake(struct futex* futex, uint32_t count) {
    struct thread_dispatcher* woken = NULL;
    for (; count > 0 && !list_is_empty(&futex->waiters); count--) {
        struct waiter* waiter = container_of(list_pop_front(&futex->waiters), struct waiter, link);
        woken = waiter->thread;
        waiter->futex = NULL;
        thread_wake(woken->thread, ZX_OK);
    }
    return woken;
}

void futex_wake(uint64_t address, uint32_t count, bool single_owner) {
    struct futex* futex = find(address);
    if (futex == NULL) {
        return;
    }
    struct thread_dispatcher* woken = wake(futex, count);
    set_owner(futex, single_owner ? woken : NULL);
    free_if_unused(futex);
}

zx_status_t futex_requeue(uint64_t from, uint32_t wake_count, uint64_t to, uint32_t move_count,
                          struct thread_dispatcher* owner, bool single_owner) {
    struct futex* source = find(from);
    if (waits_on(owner, source) || waits_on(owner, find(to))) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (source == NULL) {
        struct futex* target = find(to);
        if (target != NULL) {
            set_owner(target, owner);
        }
        return ZX_OK;
    }
    struct futex* target = find_or_make(to);
    if (target == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct thread_dispatcher* woken = wake(source, wake_count);
    set_owner(source, single_owner ? woken : NULL);
    for (; move_count > 0 && !list_is_empty(&source->waiters); move_count--) {
        struct waiter* waiter = container_of(list_pop_front(&source->waiters), struct waiter, link);
        waiter->futex = target;
        list_push_back(&target->waiters, &waiter->link);
    }
    set_owner(target, owner);
    free_if_unused(source);
    free_if_unused(target);
    return ZX_OK;
}

zx_koid_t futex_owner(uint64_t address) {
    struct futex* futex = find(address);
    if (futex == NULL || futex->owner == NULL || futex->owner->state == THREAD_OBJECT_DEAD) {
        return ZX_KOID_INVALID;
    }
    return futex->owner->object.koid;
}
