// Messages: bytes and handles on their way from one channel end to the other.
#pragma once

#include "handle.h"

struct message {
    struct list_node link; // in a channel end's queue
    uint32_t size;         // bytes
    uint32_t handle_count;
    struct handle** handles; // owned; in no table
    uint8_t* bytes;
};

// Room for that many bytes and handles, none filled in (handles are NULL); NULL without memory.
struct message* message_create(uint32_t size, uint32_t handle_count);
// With the handles that are still in it.
void message_destroy(struct message* message);
