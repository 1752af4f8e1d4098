// A guest that misbehaves on request: it stands in for a kernel that panics, hangs or restarts,
// which the real one must not do.  It keeps to the layout of the shared memory and polls its UART.
//
//   first byte of a request    what it does
//   'e'                        echoes the request
//   'p'                        leaves a panic record and stops
//   'h'                        hangs, its clock stands still
//   's'                        hangs while its clock runs on
//   'r'                        restarts the machine
//   'd'                        echoes, with a wrong checksum
//   'l'                        echoes, as if the result area were full after it
//   'f'                        hangs, printing for ever
//   't'                        prints the rest of the request on the console, then echoes it
//
// With EVERY_REQUEST_HANGS it hangs at each, its clock stands still.
#include "board.h"
#include "zxh/share.h"

#define SHARE ((char*)(RAM_END - ZXH_SHARE_SIZE))
#define HEADER ((volatile zxh_share_header*)SHARE)
#define PANIC ((volatile zxh_panic*)(SHARE + ZXH_PANIC_OFFSET))

static void clear(char* from, unsigned size) {
    for (unsigned i = 0; i < size; i++) {
        ((volatile char*)from)[i] = 0;
    }
}

static char* slot_base(int number) {
    return SHARE + ZXH_SLOTS_OFFSET + number * ZXH_SLOT_SIZE;
}

static void ring(void) {
    serial_put(ZXH_DOORBELL);
}

static void say(const char* text, unsigned size) {
    for (unsigned i = 0; i < size; i++) {
        serial_put(text[i]);
    }
}

static void announce(void) {
    for (int number = 0; number < ZXH_SLOT_COUNT && HEADER->magic == ZXH_MAGIC; number++) {
        clear(slot_base(number), sizeof(zxh_slot)); // it has been restarted
    }
    clear(SHARE, ZXH_PAGE_SIZE);
    HEADER->version = ZXH_VERSION;
    HEADER->arch = MACHINE_CODE;
    HEADER->kernel_state = ZXH_KERNEL_RUNNING;
    HEADER->agent_state = ZXH_AGENT_READY;
    HEADER->magic = ZXH_MAGIC;
    say("faulty guest\n", 13);
    ring();
}

__attribute__((noinline)) static void panic(void) {
    static const char message[] = "asked to panic";
    for (unsigned i = 0; i < sizeof(message); i++) {
        PANIC->message[i] = message[i];
    }
    PANIC->register_count = 1;
    PANIC->registers[0] = 0x1234;
    PANIC->frame_count = 1;
    PANIC->frames[0] = (uint64_t)(uintptr_t)panic + 4;
    HEADER->kernel_state = ZXH_KERNEL_PANICKED;
    ring();
    for (;;) {
    }
}

// Carries one request out; the size of its result record, 0 if the result area is "full" now.
static unsigned serve(const char* request, char* result) {
    const zxh_record* record = (const zxh_record*)request;
    const char* payload = request + sizeof(*record);
    unsigned size = sizeof(*record) + ((record->length + 7) & ~7u);
#ifdef EVERY_REQUEST_HANGS
    for (;;) {
    }
#endif
    switch (payload[0]) {
    case 'p':
        panic();
        break;
    case 'h':
        for (;;) {
        }
    case 's':
        for (;;) {
            HEADER->clock_ns += 1000;
        }
    case 'f':
        for (;;) {
            say("and so on\n", 10);
        }
    case 'r':
        restart();
        break;
    case 't':
        say(payload + 1, record->length - 1);
        break;
    }
    for (unsigned i = 0; i < size; i++) {
        ((volatile char*)result)[i] = request[i];
    }
    if (payload[0] == 'd') {
        ((volatile zxh_record*)result)->crc32 ^= 1;
    }
    return size;
}

static void run_batch(char* base) {
    volatile zxh_slot* slot = (volatile zxh_slot*)base;
    if (slot->request_sequence == slot->done_sequence) {
        return;
    }
    const char* request = base + ZXH_REQUEST_OFFSET;
    char* results = base + ZXH_RESULT_OFFSET;
    for (uint32_t i = 0; i < slot->record_count; i++) {
        const zxh_record* record = (const zxh_record*)request;
        slot->current_sequence = record->sequence;
        slot->started_ns = HEADER->clock_ns += 1000;
        slot->result_bytes += serve(request, results + slot->result_bytes);
        slot->records_done = i + 1;
        if (request[sizeof(*record)] == 'l') {
            break;
        }
        request += sizeof(*record) + ((record->length + 7) & ~7u);
    }
    slot->done_sequence = slot->request_sequence;
    ring();
}

void guest_main(void) {
    announce();
    for (;;) {
        for (int number = 0; number < ZXH_SLOT_COUNT; number++) {
            run_batch(slot_base(number));
        }
        serial_get();
    }
}
