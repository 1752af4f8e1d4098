// Programs through memory shared with the host: see harness/machine/layout.py for who writes what
// when.
#include "calls.h"
#include "transport.h"

static uint8_t* share;
static zx_handle_t doorbell;

// The batch under way, or none (slot NULL).
static struct {
    zxh_slot* slot;
    uint32_t sequence;
    uint32_t records;
    size_t request_size; // bytes of request records
    size_t next;         // offset of the next request record
    size_t result;       // offset of the next result record
    uint32_t current;    // sequence number of the record under way
} batch;

static zxh_slot* slot_at(uint32_t index) {
    return (zxh_slot*)(share + ZXH_SLOTS_OFFSET + (size_t)index * ZXH_SLOT_SIZE);
}

static void ring(void) {
    calls.object_signal_peer(doorbell, 0, ZX_USER_SIGNAL_0);
}

static zx_status_t start(const struct processargs* args) {
    zx_handle_t vmo = processargs_handle(args, PROCESSARGS_USER, USER_SHARED_MEMORY);
    doorbell = processargs_handle(args, PROCESSARGS_USER, USER_DOORBELL);
    if (vmo == ZX_HANDLE_INVALID || doorbell == ZX_HANDLE_INVALID) {
        return ZX_ERR_NOT_FOUND;
    }
    zx_vaddr_t address;
    // All of it at once: page tables made later would look like a leak of the program that runs.
    zx_status_t status =
        calls.vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_MAP_RANGE, 0,
                       vmo, 0, ZXH_SHARE_SIZE, &address);
    if (status != ZX_OK) {
        return status;
    }
    share = (uint8_t*)address;
    zxh_share_header* header = (zxh_share_header*)share;
    __atomic_store_n(&header->agent_state, ZXH_AGENT_READY, __ATOMIC_RELEASE);
    ring();
    return ZX_OK;
}

// The slot with the oldest batch that has not been done; NULL if both are done.
static zxh_slot* find_work(void) {
    zxh_slot* found = NULL;
    for (uint32_t i = 0; i < ZXH_SLOT_COUNT; i++) {
        zxh_slot* slot = slot_at(i);
        uint32_t sequence = __atomic_load_n(&slot->request_sequence, __ATOMIC_ACQUIRE);
        if (sequence != slot->done_sequence &&
            (found == NULL || (int32_t)(sequence - found->request_sequence) < 0)) {
            found = slot;
        }
    }
    return found;
}

static void begin_batch(zxh_slot* slot) {
    batch.slot = slot;
    batch.sequence = slot->request_sequence;
    batch.records = slot->record_count;
    batch.request_size =
        slot->request_bytes < ZXH_REQUEST_SIZE ? slot->request_bytes : ZXH_REQUEST_SIZE;
    batch.next = 0;
    batch.result = 0;
    slot->records_done = 0;
    slot->result_bytes = 0;
}

static void end_batch(void) {
    __atomic_store_n(&batch.slot->done_sequence, batch.sequence, __ATOMIC_RELEASE);
    batch.slot = NULL;
    ring();
}

// Cleared before looking: a ring while we look is seen at the next wait.
static void wait_for_work(void) {
    zxh_slot* slot;
    while ((slot = find_work()) == NULL) {
        calls.object_wait_one(doorbell, ZX_EVENTPAIR_SIGNALED, ZX_TIME_INFINITE, NULL);
        calls.object_signal(doorbell, ZX_EVENTPAIR_SIGNALED, 0);
    }
    begin_batch(slot);
}

static struct request next(void) {
    if (batch.slot != NULL && batch.slot->records_done == batch.records) {
        end_batch();
    }
    if (batch.slot == NULL) {
        wait_for_work();
    }
    struct request request = request_read((const uint8_t*)batch.slot + ZXH_REQUEST_OFFSET,
                                          batch.request_size, &batch.next);
    batch.slot->current_sequence = batch.current = request.sequence;
    return request;
}

static uint8_t* result_record(void) {
    return (uint8_t*)batch.slot + ZXH_RESULT_OFFSET + batch.result;
}

static uint8_t* reserve(size_t most) {
    if (most + RECORD_SIZE + 8 > ZXH_RESULT_SIZE - batch.result) {
        end_batch();
        return NULL;
    }
    return result_record() + RECORD_SIZE;
}

static void commit(uint32_t kind, size_t size) {
    batch.result += record_seal(result_record(), kind, batch.current, size);
    batch.slot->result_bytes = (uint32_t)batch.result;
    __atomic_store_n(&batch.slot->records_done, batch.slot->records_done + 1, __ATOMIC_RELEASE);
}

static void started(zx_time_t now) {
    batch.slot->started_ns = (uint64_t)now;
}

static bool counts(struct kernel_counts* counts) {
    const volatile zxh_share_header* header = (const volatile zxh_share_header*)share;
    counts->objects = header->objects;
    counts->handles = header->handles;
    counts->pages = header->pages_used;
    return true;
}

const struct transport transport_share = {start, next, reserve, commit, started, counts};
