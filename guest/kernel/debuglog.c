// The kernel's log: a ring of records that forgets the oldest, and readers with a place in it.
#include "debuglog.h"

#include "heap.h"
#include "ktimer.h"
#include "print.h"
#include "process.h"
#include "string.h"

// As many as fill 128 KiB at their full length.
#define RECORD_COUNT 512

struct record {
    zx_log_record_t header;
    char data[ZX_LOG_RECORD_DATA_MAX];
};
_Static_assert(sizeof(struct record) <= ZX_LOG_RECORD_MAX, "ZX_LOG_RECORD_MAX");

static struct record ring[RECORD_COUNT];
static uint64_t next_sequence; // of the record to come

static struct list_node readers = LIST_INIT(readers);

struct debuglog {
    struct dispatcher object; // first
    struct list_node link;    // among the readers
    uint64_t next;            // sequence number of what it reads next
};

static void debuglog_on_zero_handles(struct dispatcher* object) {
    struct debuglog* log = debuglog_from_dispatcher(object);
    if (list_is_linked(&log->link)) {
        list_remove(&log->link);
    }
}

static void debuglog_destroy(struct dispatcher* object) {
    debuglog_on_zero_handles(object); // of one that never had a handle
    kfree(object);
}

static const struct dispatcher_ops debuglog_ops = {
    .type = ZX_OBJ_TYPE_DEBUGLOG,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = debuglog_on_zero_handles,
    .destroy = debuglog_destroy,
};

struct debuglog* debuglog_create(bool readable) {
    struct debuglog* log = kalloc(sizeof(*log));
    if (log != NULL) {
        bool any = readable && next_sequence > 0;
        dispatcher_init(&log->object, &debuglog_ops, ZX_LOG_WRITABLE | (any ? ZX_LOG_READABLE : 0));
        if (readable) {
            list_push_back(&readers, &log->link);
        }
    }
    return log;
}

struct dispatcher* debuglog_dispatcher(struct debuglog* log) {
    return &log->object;
}

struct debuglog* debuglog_from_dispatcher(struct dispatcher* object) {
    return (struct debuglog*)object;
}

void print_user_text(const char* text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        uint8_t character = (uint8_t)text[i];
        print_char(character >= ' ' || character == '\t' || character == '\n' ? text[i] : '.');
    }
}

static void print_record(const struct record* record) {
    uint64_t milliseconds = (uint64_t)record->header.timestamp / 1000000;
    printk("[%05lu.%03lu] %lu:%lu> ", milliseconds / 1000, milliseconds % 1000, record->header.pid,
           record->header.tid);
    size_t length = record->header.datalen;
    if (length > 0 && record->data[length - 1] == '\n') {
        length--;
    }
    print_user_text(record->data, length);
    print_char('\n');
}

void debuglog_write(uint8_t severity, uint8_t flags, const void* data, size_t size) {
    struct record* record = &ring[next_sequence % RECORD_COUNT];
    size = size < ZX_LOG_RECORD_DATA_MAX ? size : ZX_LOG_RECORD_DATA_MAX;
    record->header = (zx_log_record_t){
        .sequence = next_sequence++,
        .datalen = (uint16_t)size,
        .severity = severity,
        .flags = flags,
        .timestamp = current_time(),
        .pid = process_current()->object.koid,
        .tid = thread_object_dispatcher(thread_current()->object)->koid,
    };
    memcpy(record->data, data, size);
    print_record(record);
    list_for_each_safe(node, &readers) {
        update_signals(&container_of(node, struct debuglog, link)->object, 0, ZX_LOG_READABLE);
    }
}

zx_status_t debuglog_next(struct debuglog* log, const zx_log_record_t** record) {
    if (log->next + RECORD_COUNT < next_sequence) {
        log->next = next_sequence - RECORD_COUNT; // what lay between is forgotten
    }
    if (log->next == next_sequence) {
        update_signals(&log->object, ZX_LOG_READABLE, 0); // not before a reader has found nothing
        return ZX_ERR_SHOULD_WAIT;
    }
    *record = &ring[log->next++ % RECORD_COUNT].header;
    return ZX_OK;
}
