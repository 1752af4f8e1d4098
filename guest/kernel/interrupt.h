// Interrupts that programs trigger themselves (ZX_INTERRUPT_VIRTUAL).  This kernel gives no line
// of the machine's interrupt controller away, so there are no others.
#pragma once

#include "port.h"

struct interrupt;

struct interrupt* interrupt_create(void);
struct dispatcher* interrupt_dispatcher(struct interrupt* interrupt);
struct interrupt* interrupt_from_dispatcher(struct dispatcher* object);
// Waits until it is triggered.  BAD_STATE: bound, or another thread waits; CANCELED: destroyed.
zx_status_t interrupt_wait(struct interrupt* interrupt, zx_time_t* timestamp);
// CANCELED: destroyed.
zx_status_t interrupt_trigger(struct interrupt* interrupt, zx_time_t timestamp);
// Lets it send packets instead of waking a thread.  CANCELED: destroyed; BAD_STATE: a thread waits;
// ALREADY_BOUND.
zx_status_t interrupt_bind(struct interrupt* interrupt, struct port* port, uint64_t key);
// NOT_FOUND: not bound to that port; CANCELED: destroyed.
zx_status_t interrupt_unbind(struct interrupt* interrupt, struct port* port);
// The packet has been dealt with.  BAD_STATE: not bound, or the packet is still in the port though
// the interrupt was triggered again; CANCELED: destroyed.
zx_status_t interrupt_ack(struct interrupt* interrupt);
// Ends it for good, and its wait.  NOT_FOUND: its packet was taken and not acknowledged.
zx_status_t interrupt_destroy(struct interrupt* interrupt);
