// Ports: queues of packets, from users and from signals that were waited for.
#pragma once

#include "handle.h"

struct port;

// What an interrupt that is bound to a port sends; a part of the interrupt, so that sending needs
// no memory.
struct interrupt_packet {
    struct list_node link; // while it is queued
    uint64_t key;
    zx_time_t timestamp;
};

// What the pages of a VMO are asked for with (page_source.h); it is queued at most once.
struct page_source;
struct port_packet;
// With a reference to the port; NULL without memory.
struct port_packet* port_packet_create(struct port* port, uint64_t key, struct page_source* source);
void port_packet_destroy(struct port_packet* packet);
// Queues it with a request; its source is told when it is taken.
void port_queue_page_request(struct port_packet* packet, uint16_t command, uint64_t offset,
                             uint64_t length);
// Takes it out again, and its source is not told; whether it was queued.
bool port_take_back(struct port_packet* packet);

struct port* port_create(uint32_t options);
struct dispatcher* port_dispatcher(struct port* port);
struct port* port_from_dispatcher(struct dispatcher* object);
// Queues a copy of a packet made by a user.  ZX_ERR_SHOULD_WAIT: too many are queued;
// ZX_ERR_NO_MEMORY.
zx_status_t port_queue_user(struct port* port, const zx_port_packet_t* packet);
// Asks for one packet when one of the signals is seen through the handle (options:
// ZX_WAIT_ASYNC_*).  ZX_ERR_SHOULD_WAIT: it has been asked for too many; ZX_ERR_NO_MEMORY.
zx_status_t port_watch(struct port* port, struct handle* source, uint64_t key, zx_signals_t signals,
                       uint32_t options);
// Ends what port_watch began with that handle and key, and drops what it has queued; whether
// there was any.
bool port_cancel(struct port* port, const struct handle* source, uint64_t key);
// Whether interrupts may be bound to it (ZX_PORT_BIND_TO_INTERRUPT).
bool port_takes_interrupts(const struct port* port);
// Queues an interrupt's packet; false if it is queued already.
bool port_queue_interrupt(struct port* port, struct interrupt_packet* packet, zx_time_t timestamp);
// Takes it out again; whether it was queued.
bool port_remove_interrupt(struct interrupt_packet* packet);
// Takes the oldest packet, those of interrupts first, waiting for one.  ZX_ERR_TIMED_OUT.
zx_status_t port_wait(struct port* port, zx_time_t deadline, zx_port_packet_t* packet);
