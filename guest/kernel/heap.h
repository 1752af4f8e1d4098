// Kernel heap: size classes carved from pages, whole pages above them.
#pragma once

#include <stddef.h>

// Zeroed; NULL if there is no memory.
void* kalloc(size_t size);
void kfree(void* pointer);
// Large message and buffer memory: no size limit but RAM; not zeroed.
void* kalloc_large(size_t size);
void kfree_large(void* pointer, size_t size);
