// Request payloads: what is where, and whether it can be.
#pragma once

#include "context.h"

struct payload {
    const zxh_program* program;
    const zxh_thread* threads; // helper_count + 1
    const uint32_t* edges;     // edge_count sizes
    const uint32_t* storages;  // storage_count arena offsets
    const uint8_t* steps;
    size_t step_bytes;
};

// Reads a payload; false if it contradicts itself.
bool payload_read(const void* bytes, size_t size, struct payload* payload);
