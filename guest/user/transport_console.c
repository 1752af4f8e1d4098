// Programs from a boot file, results in lines on the console: for kernels that share no memory with
// the host.
//
// The file holds request records one after the other, as a batch does.  Results are one stream of
// records, cut into lines that are written whole; the kernel's own lines may come between.  A line:
//
//     LINE_MARK, base64 of { u32 number of the line from 0, CRC-32 of the number and what follows,
//     a piece of the stream, runs of two bytes shortened }, newline
//
// A record begins with a line of its own.  Before the first program comes an empty record of kind
// ZXH_KIND_READY, after the last one of kind ZXH_KIND_END, and before each, with its number, one of
// kind ZXH_KIND_BEGUN: what has begun and has no result is to blame for the end of the machine.
// That is certain because zx_debug_write returns when all has been given to the serial line, and
// QEMU sends it on at once.
#include "boot_files.h"
#include "calls.h"
#include "crc32.h"
#include "transport.h"

#define ROOM_SIZE (RECORD_SIZE + ZXH_RESULT_SIZE)

static struct boot_file requests;
static size_t next_offset; // in the file
static uint32_t current;   // sequence number of the request under way
static uint8_t* room;      // a record's header and its payload
static uint32_t line_number;

// ---- lines --------------------------------------------------------------------------------------

struct line {
    uint32_t number;
    uint32_t crc;
    uint8_t piece[ZXH_LINE_PIECE];
};

static char* put_base64(char* next, const uint8_t* bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t word = (uint32_t)bytes[i] << 16;
        word |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= i + 2 < size ? bytes[i + 2] : 0;
        *next++ = digits[word >> 18];
        *next++ = digits[word >> 12 & 63];
        *next++ = i + 1 < size ? digits[word >> 6 & 63] : '=';
        *next++ = i + 2 < size ? digits[word & 63] : '=';
    }
    return next;
}

static bool comes_in_runs(uint8_t byte) {
    return byte == ZXH_LINE_RUN_ZERO || byte == ZXH_LINE_RUN_UNTOUCHED;
}

// Puts as much of the bytes as one line takes into its piece, and its size into *used; returns how
// many bytes that were.
static size_t fill_piece(uint8_t* piece, size_t* used, const uint8_t* bytes, size_t size) {
    size_t taken = 0;
    *used = 0;
    while (taken < size && *used < ZXH_LINE_PIECE) {
        uint8_t byte = bytes[taken];
        if (!comes_in_runs(byte)) {
            piece[(*used)++] = byte;
            taken++;
            continue;
        }
        if (*used + 2 > ZXH_LINE_PIECE) {
            break;
        }
        uint8_t count = 0;
        while (taken < size && bytes[taken] == byte && count < UINT8_MAX) {
            taken++;
            count++;
        }
        piece[(*used)++] = byte;
        piece[(*used)++] = count;
    }
    return taken;
}

// Writes one line with the first of the bytes; returns how many there are in it.
static size_t write_line(const uint8_t* bytes, size_t size) {
    struct line line = {.number = line_number++};
    size_t used;
    size_t taken = fill_piece(line.piece, &used, bytes, size);
    // The number is part of what is summed up: a line cannot pass for another one.
    line.crc = line.number;
    line.crc = crc32(&line.crc, sizeof(line.crc) + used);
    char text[1 + (sizeof(line) + 2) / 3 * 4 + 1];
    text[0] = ZXH_LINE_MARK;
    char* end = put_base64(text + 1, (const uint8_t*)&line, offsetof(struct line, piece) + used);
    *end++ = '\n';
    calls.debug_write(text, (size_t)(end - text));
    return taken;
}

static void write_record(size_t size) {
    for (size_t offset = 0; offset < size;) {
        offset += write_line(room + offset, size - offset);
    }
}

// ---- the interface ------------------------------------------------------------------------------

static void commit(uint32_t kind, size_t size) {
    write_record(record_seal(room, kind, current, size));
}

static zx_status_t start(const struct processargs* args) {
    (void)args;
    if (!boot_files_find(BOOT_FILE_PROGRAMS, &requests)) {
        return ZX_ERR_NOT_FOUND;
    }
    room = malloc(ROOM_SIZE);
    if (room == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    commit(ZXH_KIND_READY, 0);
    return ZX_OK;
}

// Says that all is done, and waits for the end of the machine.
__attribute__((noreturn)) static void finish(void) {
    current = 0;
    commit(ZXH_KIND_END, 0);
    for (;;) {
        calls.nanosleep(ZX_TIME_INFINITE);
    }
}

static struct request next(void) {
    if (requests.size - next_offset < RECORD_SIZE) {
        finish();
    }
    struct request request = request_read(requests.bytes, requests.size, &next_offset);
    current = request.sequence;
    commit(ZXH_KIND_BEGUN, 0);
    return request;
}

static uint8_t* reserve(size_t most) {
    (void)most; // what a request may ask for at most has room
    return room + RECORD_SIZE;
}

static void started(zx_time_t now) {
    (void)now;
}

static bool counts(struct kernel_counts* counts) {
    (void)counts;
    return false;
}

const struct transport transport_console = {start, next, reserve, commit, started, counts};
