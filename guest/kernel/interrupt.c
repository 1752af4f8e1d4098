// Interrupts.
#include "interrupt.h"

#include "heap.h"
#include "thread.h"

enum state {
    IDLE,
    WAITING,   // a thread waits
    TRIGGERED, // and nobody has noticed yet
    NEEDACK,   // a thread was woken, or a packet sent
    DESTROYED,
};

struct interrupt {
    struct dispatcher object; // first
    enum state state;
    zx_time_t timestamp;       // of the first trigger that nobody has heard of; 0: none
    bool signaled;             // the next wait need not sleep
    struct wait_queue waiters; // at most one
    struct port* port;         // a reference; NULL while not bound
    struct interrupt_packet packet;
};

static void on_zero_handles(struct dispatcher* object) {
    interrupt_destroy(interrupt_from_dispatcher(object));
}

static void destroy(struct dispatcher* object) {
    struct interrupt* interrupt = interrupt_from_dispatcher(object);
    if (interrupt->port != NULL) {
        port_remove_interrupt(&interrupt->packet);
        dispatcher_unref(port_dispatcher(interrupt->port));
    }
    kfree(interrupt);
}

static const struct dispatcher_ops interrupt_ops = {
    .type = ZX_OBJ_TYPE_INTERRUPT,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = on_zero_handles,
    .destroy = destroy,
};

struct interrupt* interrupt_create(void) {
    struct interrupt* interrupt = kalloc(sizeof(*interrupt));
    if (interrupt != NULL) {
        dispatcher_init(&interrupt->object, &interrupt_ops, 0);
        interrupt->state = IDLE;
        wait_queue_init(&interrupt->waiters);
    }
    return interrupt;
}

struct dispatcher* interrupt_dispatcher(struct interrupt* interrupt) {
    return &interrupt->object;
}

struct interrupt* interrupt_from_dispatcher(struct dispatcher* object) {
    return (struct interrupt*)object;
}

// Wakes the thread that waits, or the next one that comes.
static void signal(struct interrupt* interrupt) {
    if (wait_queue_wake(&interrupt->waiters, 1, ZX_OK) == 0) {
        interrupt->signaled = true;
    }
}

// Whether the packet could be sent; either way the trigger is forgotten.
static bool send(struct interrupt* interrupt, zx_time_t timestamp) {
    interrupt->timestamp = 0;
    return port_queue_interrupt(interrupt->port, &interrupt->packet, timestamp);
}

// Sleeps until signalled.  A signal that nobody waited for ends the sleep as well, and the state
// then still says that a thread waits.
static zx_status_t sleep(struct interrupt* interrupt) {
    interrupt->state = WAITING;
    zx_status_t status = ZX_OK;
    if (!interrupt->signaled) {
        status =
            thread_block(&interrupt->waiters, ZX_TIME_INFINITE, ZX_THREAD_STATE_BLOCKED_INTERRUPT);
    }
    interrupt->signaled = false;
    if (status != ZX_OK && interrupt->state == WAITING) {
        interrupt->state = IDLE;
    }
    return status;
}

// The wait but for the reference.
static zx_status_t wait(struct interrupt* interrupt, zx_time_t* timestamp) {
    zx_status_t status = ZX_OK;
    while (status == ZX_OK) {
        if (interrupt->port != NULL || interrupt->state == WAITING) {
            return ZX_ERR_BAD_STATE;
        }
        if (interrupt->state == DESTROYED) {
            return ZX_ERR_CANCELED;
        }
        if (interrupt->state == TRIGGERED) {
            interrupt->state = NEEDACK;
            interrupt->signaled = false;
            *timestamp = interrupt->timestamp;
            interrupt->timestamp = 0;
            return ZX_OK;
        }
        status = sleep(interrupt);
    }
    return status;
}

zx_status_t interrupt_wait(struct interrupt* interrupt, zx_time_t* timestamp) {
    dispatcher_ref(&interrupt->object);
    zx_status_t status = wait(interrupt, timestamp);
    dispatcher_unref(&interrupt->object);
    return status;
}

zx_status_t interrupt_trigger(struct interrupt* interrupt, zx_time_t timestamp) {
    if (interrupt->state == DESTROYED) {
        return ZX_ERR_CANCELED;
    }
    if (interrupt->timestamp == 0) {
        interrupt->timestamp = timestamp;
    }
    if (interrupt->port == NULL) {
        signal(interrupt);
        interrupt->state = TRIGGERED;
    } else if (interrupt->state != NEEDACK) { // else the acknowledgement sends it
        send(interrupt, timestamp);
        interrupt->state = NEEDACK;
    }
    return ZX_OK;
}

zx_status_t interrupt_bind(struct interrupt* interrupt, struct port* port, uint64_t key) {
    if (interrupt->state == DESTROYED) {
        return ZX_ERR_CANCELED;
    }
    if (interrupt->state == WAITING) {
        return ZX_ERR_BAD_STATE;
    }
    if (interrupt->port != NULL) {
        return ZX_ERR_ALREADY_BOUND;
    }
    dispatcher_ref(port_dispatcher(port));
    interrupt->port = port;
    interrupt->packet.key = key;
    if (interrupt->state == TRIGGERED) {
        send(interrupt, interrupt->timestamp);
        interrupt->state = NEEDACK;
    }
    return ZX_OK;
}

zx_status_t interrupt_unbind(struct interrupt* interrupt, struct port* port) {
    if (interrupt->port != port) {
        return ZX_ERR_NOT_FOUND;
    }
    if (interrupt->state == DESTROYED) {
        return ZX_ERR_CANCELED;
    }
    port_remove_interrupt(&interrupt->packet);
    interrupt->port = NULL;
    dispatcher_unref(port_dispatcher(port));
    return ZX_OK;
}

zx_status_t interrupt_ack(struct interrupt* interrupt) {
    if (interrupt->port == NULL) {
        return ZX_ERR_BAD_STATE;
    }
    if (interrupt->state == DESTROYED) {
        return ZX_ERR_CANCELED;
    }
    if (interrupt->state != NEEDACK) {
        return ZX_OK;
    }
    if (interrupt->timestamp == 0) {
        interrupt->state = IDLE;
        return ZX_OK;
    }
    return send(interrupt, interrupt->timestamp) ? ZX_OK : ZX_ERR_BAD_STATE;
}

zx_status_t interrupt_destroy(struct interrupt* interrupt) {
    bool needs_ack = interrupt->state == NEEDACK;
    interrupt->state = DESTROYED;
    if (interrupt->port == NULL) {
        signal(interrupt);
        return ZX_OK;
    }
    bool queued = port_remove_interrupt(&interrupt->packet);
    return needs_ack && !queued ? ZX_ERR_NOT_FOUND : ZX_OK;
}
