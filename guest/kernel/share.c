// The memory shared with the host, and the serial line's byte that says "look at it".

#include "share.h"

#include "console.h"
#include "eventpair.h"
#include "object.h"
#include "print.h"
#include "string.h"
#include "vmo.h"

#ifdef __x86_64__
#define ELF_MACHINE 62
#else
#define ELF_MACHINE 183
#endif

// Used until the shared memory is known, and for good if there is none.
static zxh_share_header private_header;
static zxh_panic private_panic;

zxh_share_header* share_header = &private_header;
zxh_panic* share_panic = &private_panic;

static paddr_t share_base;
static size_t share_size;

// Slots hold what a kernel before this one was given, if the machine was reset by other hands than
// the host's: that clears all it finds, before it may put new work there.
static void clear_slots(uint8_t* area, size_t size) {
    for (size_t slot = 0; slot < ZXH_SLOT_COUNT; slot++) {
        size_t offset = ZXH_SLOTS_OFFSET + slot * ZXH_SLOT_SIZE;
        if (offset + ZXH_SLOT_SIZE <= size) {
            memset(area + offset, 0, sizeof(zxh_slot));
        }
    }
}

void share_init(paddr_t base, size_t size) {
    if (size < ZXH_SLOTS_OFFSET) {
        return;
    }
    share_base = base;
    share_size = size;
    uint8_t* area = phys_to_virt(base);
    volatile uint64_t* magic = &((zxh_share_header*)area)->magic;
    *(zxh_panic*)(area + ZXH_PANIC_OFFSET) = (zxh_panic){0};
    if (*magic != 0) {
        *magic = 0;
        clear_slots(area, size);
    }

    zxh_share_header* header = (zxh_share_header*)area;
    *header = *share_header; // what has been counted so far
    header->version = ZXH_VERSION;
    header->arch = ELF_MACHINE;
    header->kernel_state = ZXH_KERNEL_RUNNING;
    share_header = header;
    share_panic = (zxh_panic*)(area + ZXH_PANIC_OFFSET);
    *magic = ZXH_MAGIC;
}

zx_status_t share_create_vmo(struct vmo** out) {
    return share_size > 0 ? vmo_create_physical(share_base, share_size, out) : ZX_ERR_NOT_FOUND;
}

// ---- the doorbell -----------------------------------------------------------------------------
//
// An event pair: the kernel keeps one end, the agent has the other.  Host to agent: a DOORBELL
// byte sets ZX_EVENTPAIR_SIGNALED on the agent's end.  Agent to host: ZX_USER_SIGNAL_0 set on the
// kernel's end sends a DOORBELL byte and is taken back.

static struct dispatcher* kernel_end;
static struct dispatcher* agent_end;
static struct observer ring_observer;

static void ring_host(struct observer* observer, zx_signals_t signals) {
    (void)signals;
    arch_serial_write(ZXH_DOORBELL);
    update_signals(observer->object, ZX_USER_SIGNAL_0, 0);
}

zx_status_t doorbell_init(void) {
    zx_status_t status = eventpair_create(&kernel_end, &agent_end);
    if (status == ZX_OK) {
        dispatcher_add_handle(kernel_end); // as if the kernel had a handle: it stays open
        ring_observer.on_match = ring_host;
        observer_add(&ring_observer, kernel_end, NULL, ZX_USER_SIGNAL_0);
    }
    return status;
}

struct dispatcher* doorbell_agent_end(void) {
    return agent_end;
}

void doorbell_received(void) {
    if (agent_end != NULL) {
        update_signals(agent_end, 0, ZX_EVENTPAIR_SIGNALED);
    }
}

void serial_received(uint8_t byte) {
    if (byte == ZXH_DOORBELL) {
        doorbell_received();
    } else {
        console_received(byte);
    }
}
