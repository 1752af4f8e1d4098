// Messages.
#include "message.h"

#include "heap.h"

// From this size on a message gets pages of its own.
#define LARGE_MESSAGE 2048

// header | handle pointers | bytes
static size_t message_memory(uint32_t size, uint32_t handle_count) {
    return sizeof(struct message) + handle_count * sizeof(struct handle*) + size;
}

struct message* message_create(uint32_t size, uint32_t handle_count) {
    size_t memory = message_memory(size, handle_count);
    struct message* message = memory > LARGE_MESSAGE ? kalloc_large(memory) : kalloc(memory);
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
    size_t memory = message_memory(message->size, message->handle_count);
    if (memory > LARGE_MESSAGE) {
        kfree_large(message, memory);
    } else {
        kfree(message);
    }
}
