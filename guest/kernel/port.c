// Ports.
#include "port.h"

#include "heap.h"
#include "page_source.h"
#include "thread.h"

struct port {
    struct dispatcher object; // first
    uint32_t options;
    uint32_t user_packets;       // queued ones
    uint32_t watching;           // watchers
    struct list_node queue;      // port_packet.link, oldest first
    struct list_node interrupts; // interrupt_packet.link, oldest first; go before the others
    struct list_node watchers;   // port_packet.link, of those that wait for a signal
    struct wait_queue waiters;
};

// A packet: made by a user and queued, or of a watch, first with the watchers, then queued, or of a
// page source, which keeps it.
struct port_packet {
    struct observer observer; // first; of a watch
    struct list_node link;
    struct port* port;
    uint32_t source; // base of the handle it was made with; 0: a user's packet
    uint32_t options;
    struct page_source* pages; // that it asks for, or NULL
    zx_port_packet_t packet;
};

static void packet_free(struct port_packet* packet) {
    list_remove(&packet->link);
    if (packet->pages != NULL) {
        return;
    }
    if (packet->source == 0) {
        packet->port->user_packets--;
    }
    kfree(packet);
}

// Ends a watch that has not matched.
static void watch_free(struct port_packet* watch) {
    observer_remove(&watch->observer);
    watch->port->watching--;
    packet_free(watch);
}

// Nobody can begin to wait any more: watches end, what is queued goes.  Who waits already goes on
// doing so until the deadline, for a packet that will not come.
static void port_on_zero_handles(struct dispatcher* object) {
    struct port* port = port_from_dispatcher(object);
    list_for_each_safe(node, &port->watchers) {
        watch_free(container_of(node, struct port_packet, link));
    }
    list_for_each_safe(queued, &port->queue) {
        packet_free(container_of(queued, struct port_packet, link));
    }
}

static void port_destroy(struct dispatcher* object) {
    kfree(object);
}

static const struct dispatcher_ops port_ops = {
    .type = ZX_OBJ_TYPE_PORT,
    .on_zero_handles = port_on_zero_handles,
    .destroy = port_destroy,
};

struct port* port_create(uint32_t options) {
    struct port* port = kalloc(sizeof(*port));
    if (port != NULL) {
        dispatcher_init(&port->object, &port_ops, 0);
        port->options = options;
        list_init(&port->queue);
        list_init(&port->interrupts);
        list_init(&port->watchers);
        wait_queue_init(&port->waiters);
    }
    return port;
}

struct dispatcher* port_dispatcher(struct port* port) {
    return &port->object;
}

struct port* port_from_dispatcher(struct dispatcher* object) {
    return (struct port*)object;
}

static void enqueue(struct port_packet* packet) {
    list_push_back(&packet->port->queue, &packet->link);
    wait_queue_wake(&packet->port->waiters, 1, ZX_OK);
}

zx_status_t port_queue_user(struct port* port, const zx_port_packet_t* packet) {
    if (port->user_packets > PORT_EPHEMERAL_PACKETS_MAX) {
        return ZX_ERR_SHOULD_WAIT;
    }
    struct port_packet* copy = kalloc(sizeof(*copy));
    if (copy == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    copy->port = port;
    copy->packet = *packet;
    copy->packet.type = ZX_PKT_TYPE_USER;
    port->user_packets++;
    enqueue(copy);
    return ZX_OK;
}

// The watch is over: its packet is filled in and queued.
static void watch_on_match(struct observer* observer, zx_signals_t signals) {
    struct port_packet* watch = (struct port_packet*)observer;
    observer_remove(observer);
    list_remove(&watch->link);
    watch->port->watching--;
    uint64_t trigger = observer->wanted;
    watch->packet.type = ZX_PKT_TYPE_SIGNAL_ONE;
    watch->packet.status = ZX_OK;
    watch->packet.payload[0] = trigger | (uint64_t)signals << 32; // trigger, observed
    watch->packet.payload[1] = 1;                                 // count
    if (watch->options & ZX_WAIT_ASYNC_TIMESTAMP) {
        watch->packet.payload[2] = (uint64_t)current_time();
    }
    enqueue(watch);
}

// The handle it was made with is closed: there will be no packet.
static void watch_on_cancel(struct observer* observer, zx_signals_t signals) {
    (void)signals;
    watch_free((struct port_packet*)observer);
}

zx_status_t port_watch(struct port* port, struct handle* source, uint64_t key, zx_signals_t signals,
                       uint32_t options) {
    if (port->watching >= PORT_OBSERVERS_MAX) {
        return ZX_ERR_SHOULD_WAIT;
    }
    struct port_packet* watch = kalloc(sizeof(*watch));
    if (watch == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    watch->observer.on_match = watch_on_match;
    watch->observer.on_cancel = watch_on_cancel;
    watch->port = port;
    watch->source = source->base;
    watch->options = options;
    watch->packet.key = key;
    list_push_back(&port->watchers, &watch->link);
    port->watching++;
    observer_add(&watch->observer, source->object, source, signals);
    if (!(options & ZX_WAIT_ASYNC_EDGE) && (source->object->signals & signals)) {
        watch_on_match(&watch->observer, source->object->signals);
    }
    return ZX_OK;
}

static bool is_of(const struct port_packet* packet, const struct handle* source, uint64_t key) {
    return packet->source == source->base && packet->packet.key == key;
}

bool port_cancel(struct port* port, const struct handle* source, uint64_t key) {
    bool any = false;
    list_for_each_safe(node, &port->watchers) {
        struct port_packet* packet = container_of(node, struct port_packet, link);
        if (is_of(packet, source, key)) {
            watch_free(packet);
            any = true;
        }
    }
    list_for_each_safe(queued, &port->queue) {
        struct port_packet* packet = container_of(queued, struct port_packet, link);
        if (is_of(packet, source, key)) {
            packet_free(packet);
            any = true;
        }
    }
    return any;
}

struct port_packet* port_packet_create(struct port* port, uint64_t key,
                                       struct page_source* source) {
    struct port_packet* packet = kalloc(sizeof(*packet));
    if (packet != NULL) {
        dispatcher_ref(&port->object);
        packet->port = port;
        packet->pages = source;
        packet->packet.key = key;
        packet->packet.type = ZX_PKT_TYPE_PAGE_REQUEST;
    }
    return packet;
}

void port_packet_destroy(struct port_packet* packet) {
    port_take_back(packet);
    dispatcher_unref(&packet->port->object);
    kfree(packet);
}

void port_queue_page_request(struct port_packet* packet, uint16_t command, uint64_t offset,
                             uint64_t length) {
    packet->packet.payload[0] = command;
    packet->packet.payload[1] = offset;
    packet->packet.payload[2] = length;
    if (packet->port->object.handles > 0) { // else nobody will ever take it
        enqueue(packet);
    }
}

bool port_take_back(struct port_packet* packet) {
    bool queued = list_is_linked(&packet->link);
    if (queued) {
        list_remove(&packet->link);
    }
    return queued;
}

bool port_takes_interrupts(const struct port* port) {
    return port->options == ZX_PORT_BIND_TO_INTERRUPT;
}

bool port_queue_interrupt(struct port* port, struct interrupt_packet* packet, zx_time_t timestamp) {
    if (list_is_linked(&packet->link)) {
        return false;
    }
    packet->timestamp = timestamp;
    list_push_back(&port->interrupts, &packet->link);
    wait_queue_wake(&port->waiters, 1, ZX_OK);
    return true;
}

bool port_remove_interrupt(struct interrupt_packet* packet) {
    bool queued = list_is_linked(&packet->link);
    if (queued) {
        list_remove(&packet->link);
    }
    return queued;
}

// Takes the next packet; false if there is none.
static bool dequeue(struct port* port, zx_port_packet_t* packet) {
    struct list_node* node = list_pop_front(&port->interrupts);
    if (node != NULL) {
        struct interrupt_packet* sent = container_of(node, struct interrupt_packet, link);
        *packet = (zx_port_packet_t){.key = sent->key, .type = ZX_PKT_TYPE_INTERRUPT};
        packet->payload[0] = (uint64_t)sent->timestamp;
        return true;
    }
    if (list_is_empty(&port->queue)) {
        return false;
    }
    struct port_packet* first = container_of(port->queue.next, struct port_packet, link);
    *packet = first->packet;
    packet_free(first);
    if (packet->type == ZX_PKT_TYPE_PAGE_REQUEST) {
        page_source_taken(first->pages);
    }
    return true;
}

zx_status_t port_wait(struct port* port, zx_time_t deadline, zx_port_packet_t* packet) {
    zx_status_t status = ZX_OK;
    dispatcher_ref(&port->object);
    while (status == ZX_OK && list_is_empty(&port->queue) && list_is_empty(&port->interrupts)) {
        status = thread_block(&port->waiters, deadline, ZX_THREAD_STATE_BLOCKED_PORT);
    }
    if (status != ZX_ERR_INTERNAL_INTR_KILLED && dequeue(port, packet)) {
        status = ZX_OK;
    }
    dispatcher_unref(&port->object);
    return status;
}
