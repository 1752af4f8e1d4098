// A first process that tells what it was started with, in lines that a test reads.
//
// It makes no call whose shape has changed over the years, so every kernel can start it.

#include "first_process.h"

#define INFO_HANDLE_BASIC 2
#define VMO_BOOTDATA 0x1a
#define VMO_BOOTFS 0x1b

static int (*channel_read)(uint32_t, uint32_t, void*, uint32_t*, uint32_t, uint32_t, uint32_t*,
                           uint32_t*);
static int (*object_get_info)(uint32_t, uint32_t, void*, size_t, size_t*, size_t*);
static int (*vmo_read)(uint32_t, void*, uint64_t, size_t);
static int (*vmo_get_size)(uint32_t, uint64_t*);
static void (*process_exit)(int64_t);

// ---- what there is to tell --------------------------------------------------------------------

static void tell_handle(uint32_t info, uint32_t handle) {
    struct {
        uint64_t koid;
        uint32_t rights, type;
        uint64_t related, reserved;
    } basic = {0};
    size_t actual, avail;
    int status = object_get_info(handle, INFO_HANDLE_BASIC, &basic, sizeof(basic), &actual, &avail);
    put("first: handle");
    put_number(info);
    put_number(status == 0 ? basic.type : 0);
    end_line();
}

static uint32_t crc_of(uint32_t vmo, uint64_t offset, uint32_t size) {
    static uint8_t piece[4096];
    uint32_t crc = ~0u;
    while (size > 0) {
        uint32_t count = size < sizeof(piece) ? size : sizeof(piece);
        if (vmo_read(vmo, piece, offset, count) != 0) {
            return 0;
        }
        for (uint32_t i = 0; i < count; i++) {
            crc ^= piece[i];
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
            }
        }
        offset += count;
        size -= count;
    }
    return ~crc;
}

static void tell_files(uint32_t vmo) {
    uint32_t header[4];
    uint64_t size;
    if (vmo_get_size(vmo, &size) != 0 || vmo_read(vmo, header, 0, sizeof(header)) != 0) {
        return;
    }
    put("first: bootfs");
    put_number(size);
    end_line();
    for (uint64_t at = 16; at < 16 + (uint64_t)header[1];) {
        uint32_t entry[3];
        char name[256];
        if (vmo_read(vmo, entry, at, sizeof(entry)) != 0 ||
            vmo_read(vmo, name, at + sizeof(entry), entry[0]) != 0) {
            return;
        }
        put("first: file ");
        put(name);
        put_number(entry[1]);
        put_number(crc_of(vmo, entry[2], entry[1]));
        end_line();
        at += sizeof(entry) + (entry[0] + 3) / 4 * 4;
    }
}

static void tell_container(uint32_t vmo) {
    uint32_t headers[16];
    if (vmo_read(vmo, headers, 0, sizeof(headers)) == 0) {
        put("first: bootdata");
        put_number(headers[0]);
        put_number(headers[1]);
        put_number(headers[8]); // type of the first item
        end_line();
    }
}

__attribute__((visibility("default"))) void first(uint64_t bootstrap, uint64_t vdso);
void first(uint64_t bootstrap, uint64_t vdso) {
    static union {
        uint32_t words[2048];
        char bytes[8192];
    } message;
    static uint32_t handles[32];
    debug_write = find(vdso, "zx_debug_write");
    channel_read = find(vdso, "zx_channel_read");
    object_get_info = find(vdso, "zx_object_get_info");
    vmo_read = find(vdso, "zx_vmo_read");
    vmo_get_size = find(vdso, "zx_vmo_get_size");
    process_exit = find(vdso, "zx_process_exit");

    uint32_t size, count;
    int status = channel_read((uint32_t)bootstrap, 0, message.bytes, handles, sizeof(message), 32,
                              &size, &count);
    put("first: message");
    put_number((uint32_t)status);
    put_number(message.words[0]);
    put_number(message.words[4]); // arguments
    end_line();
    const uint32_t* info = &message.words[message.words[2] / sizeof(uint32_t)];
    const char* text = message.bytes + message.words[5];
    for (uint32_t i = 0; i < message.words[6]; i++) {
        put("first: environment ");
        put(text);
        end_line();
        while (*text++ != '\0') {
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        tell_handle(info[i], handles[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (info[i] == VMO_BOOTDATA) {
            tell_container(handles[i]);
        } else if (info[i] == VMO_BOOTFS) {
            tell_files(handles[i]);
        }
    }
    put("first: done");
    end_line();
    process_exit(7);
}
