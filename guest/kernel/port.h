// Ports: queues of packets, from users and from signals that were waited for.
#pragma once

#include "handle.h"

struct port;

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
// Takes the oldest packet, waiting for one.  ZX_ERR_TIMED_OUT.
zx_status_t port_wait(struct port* port, zx_time_t deadline, zx_port_packet_t* packet);
