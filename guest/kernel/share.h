// The memory shared with the host: counters the host reads, and the doorbell.
#pragma once

#include "arch.h"
#include "zxh/share.h"

struct dispatcher;
struct vmo;

// Points into the shared page once it is known, into kernel memory before: always valid.
extern zxh_share_header* share_header;
extern zxh_panic* share_panic;

// Finds the area at the end of RAM (its size from the kernel command line) and announces it.
void share_init(paddr_t base, size_t size);
// The whole area, for the agent.
zx_status_t share_create_vmo(struct vmo** out);
// Makes the doorbell.
zx_status_t doorbell_init(void);
// The agent's end of the doorbell (an eventpair).
struct dispatcher* doorbell_agent_end(void);
// A DOORBELL byte has arrived.
void doorbell_received(void);
