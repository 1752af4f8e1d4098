#include "transport.h"

#include "crc32.h"
#include "libc/libc.h"

#define PADDED(size) (((size) + 7) & ~(size_t)7)

const struct transport* transport;

struct request request_read(const uint8_t* records, size_t size, size_t* offset) {
    if (size - *offset < RECORD_SIZE) {
        *offset = size;
        return (struct request){.broken = true};
    }
    const zxh_record* record = (const zxh_record*)(records + *offset);
    struct request request = {
        .kind = record->kind,
        .sequence = record->sequence,
        .payload = (const uint8_t*)(record + 1),
        .size = record->length,
    };
    *offset += RECORD_SIZE;
    size_t left = size - *offset;
    *offset += PADDED(request.size) < left ? PADDED(request.size) : left;
    request.broken = request.size > left || crc32(request.payload, request.size) != record->crc32;
    return request;
}

size_t record_seal(uint8_t* record, uint32_t kind, uint32_t sequence, size_t size) {
    uint8_t* payload = record + RECORD_SIZE;
    *(zxh_record*)record = (zxh_record){
        .length = (uint32_t)size,
        .kind = kind,
        .sequence = sequence,
        .crc32 = crc32(payload, size),
    };
    memset(payload + size, 0, PADDED(size) - size);
    return RECORD_SIZE + PADDED(size);
}

zx_status_t transport_start(const struct processargs* args) {
    transport = &transport_share;
    zx_status_t status = transport->start(args);
    if (status == ZX_ERR_NOT_FOUND) {
        transport = &transport_console;
        status = transport->start(args);
    }
    return status;
}
