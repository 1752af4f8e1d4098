#include "processargs.h"

#include "calls.h"

// The fixed part of the message; offsets are from its start.
struct message_header {
    uint32_t protocol;
    uint32_t version;
    uint32_t handle_info_offset; // one u32 per handle
    uint32_t args_offset;
    uint32_t args_count;
    uint32_t environment_offset;
    uint32_t environment_count;
};

#define PROTOCOL 0x4150585du

zx_status_t processargs_read(zx_handle_t bootstrap, struct processargs* args) {
    union {
        struct message_header header;
        uint8_t bytes[8192]; // the kernel's command line may be among it
    } message;
    uint32_t size;
    zx_status_t status =
        calls.channel_read(bootstrap, 0, message.bytes, args->handles, sizeof(message),
                           PROCESSARGS_MAX_HANDLES, &size, &args->count);
    if (status != ZX_OK) {
        return status;
    }
    uint32_t offset = message.header.handle_info_offset;
    if (size < sizeof(message.header) || message.header.protocol != PROTOCOL || offset > size ||
        size - offset < args->count * sizeof(uint32_t)) {
        return ZX_ERR_INVALID_ARGS;
    }
    memcpy(args->info, message.bytes + offset, args->count * sizeof(uint32_t));
    return calls.handle_close(bootstrap);
}

zx_handle_t processargs_handle(const struct processargs* args, uint32_t type, uint32_t argument) {
    for (uint32_t i = 0; i < args->count; i++) {
        if (args->info[i] == (type | argument << 16)) {
            return args->handles[i];
        }
    }
    return ZX_HANDLE_INVALID;
}
