// Messages.
#include "message.h"

#include "heap.h"

// One piece of memory: header | handle pointers | bytes
struct message* message_create(uint32_t size, uint32_t handle_count) {
    struct message* message =
        kalloc_large(sizeof(*message) + handle_count * sizeof(struct handle*) + size);
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
    kfree(message);
}
