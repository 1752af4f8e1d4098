// Where programs come from and results go to: the one place that knows.
//
//     transport_share.c      memory shared with the host, and a doorbell
//     transport_console.c    a boot file, and lines on the console
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "processargs.h"
#include "zxh/share.h"
#include "zxh/wire.h"

// Requests and results are records: a header and a payload, padded to 8 bytes.
#define RECORD_SIZE sizeof(zxh_record)

struct request {
    uint32_t kind; // ZXH_KIND_*; 0: there is no telling what it was
    uint32_t sequence;
    bool broken;            // length or checksum is wrong
    const uint8_t* payload; // 8-byte aligned
    size_t size;
};

// What the kernel counts, to find what a program leaves behind.
struct kernel_counts {
    uint64_t objects;
    uint64_t handles;
    uint64_t pages;
};

struct transport {
    // Takes the handles it needs; ZX_ERR_NOT_FOUND if the process was not given them.
    zx_status_t (*start)(const struct processargs* args);
    // The next request; sleeps until there is one.
    struct request (*next)(void);
    // Room for a result payload of up to `most` bytes.  NULL: there is none before the sender has
    // taken the results so far; the request comes again.
    uint8_t* (*reserve)(size_t most);
    // The payload written to the reserved room, `size` bytes, is the answer to the last request.
    void (*commit)(uint32_t kind, size_t size);
    // Tells observers that the request's program has been started now.
    void (*started)(zx_time_t now);
    // Whether the counts are known at all.
    bool (*counts)(struct kernel_counts* counts);
};

extern const struct transport transport_share, transport_console;

// The one in use.
extern const struct transport* transport;

// The request at *offset of `size` bytes of records; *offset is the next one's then.  If the length
// is wrong the next one cannot be found, and *offset is the end.
struct request request_read(const uint8_t* records, size_t size, size_t* offset);

// Puts the header before a payload and pads it; bytes of the whole record.
size_t record_seal(uint8_t* record, uint32_t kind, uint32_t sequence, size_t size);

// Starts the first transport for which the process was given what it needs.
zx_status_t transport_start(const struct processargs* args);
