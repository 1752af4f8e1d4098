// Messages.
#include "message.h"

#include "heap.h"
#include "sanitize.h"

// Most messages are small and read as soon as they are written: a few places for such are always
// there, so that the heap need not find one each time.
#define SMALL_MESSAGE 256
#define SMALL_MESSAGES 16

static union place {
    struct message message;
    union place* next_free;
    uint8_t memory[SMALL_MESSAGE];
} places[SMALL_MESSAGES];
static union place* first_free;
static uint32_t places_used; // so far; those behind have never been used

static struct message* take_place(void) {
    union place* place = first_free;
    if (place != NULL) {
        first_free = place->next_free;
    } else if (places_used < SMALL_MESSAGES) {
        place = &places[places_used++];
    }
    return place != NULL ? &place->message : NULL;
}

static bool is_place(const struct message* message) {
    return (const union place*)message >= places &&
           (const union place*)message < places + SMALL_MESSAGES;
}

// One piece of memory: header | handle pointers | bytes
struct message* message_create(uint32_t size, uint32_t handle_count) {
    size_t memory = sizeof(struct message) + handle_count * sizeof(struct handle*) + size;
    bool small = !SANITIZED && memory <= SMALL_MESSAGE; // the heap looks after its pieces
    struct message* message = small ? take_place() : NULL;
    if (message == NULL) {
        message = kalloc_large(memory);
    }
    if (message == NULL) {
        return NULL;
    }
    message->link.prev = message->link.next = NULL;
    message->size = size;
    message->handle_count = handle_count;
    message->handles = (struct handle**)(message + 1);
    message->bytes = (uint8_t*)(message->handles + handle_count);
    for (uint32_t i = 0; i < handle_count; i++) {
        message->handles[i] = NULL;
    }
    return message;
}

void message_destroy(struct message* message) {
    for (uint32_t i = 0; i < message->handle_count; i++) {
        if (message->handles[i] != NULL) {
            handle_destroy(message->handles[i]);
        }
    }
    if (is_place(message)) {
        union place* place = (union place*)message;
        place->next_free = first_free;
        first_free = place;
    } else {
        kfree(message);
    }
}
