// Copies between kernel and user memory.  The only functions that follow a user address: they
// check each page against the caller's mappings (committing it if need be) and go through the
// physical map, so no address whatever makes the kernel fault.  ZX_ERR_INVALID_ARGS: some byte is
// null, unmapped, not user memory, or not readable/writable by the user.
#pragma once

#include "arch.h"

// A copy waits for memory that a pager supplies.  From then on no object is destroyed until the
// call is over, so that it goes on with those it knows; what else it knows it must look up again.
//
// Has user memory come that is about to be read or written, for a copy that must not wait; whether
// all of it is there.
bool user_memory_expect(uint64_t address, size_t size, bool write);
// Waits for such memory, as far as something has to come.
void user_memory_await(uint64_t address, size_t size, bool write);
// Copies do not wait between these two; what has to come counts as not accessible.
void user_copies_do_not_wait(void);
void user_copies_may_wait(void);

zx_status_t copy_from_user(void* to, uint64_t from, size_t size);
zx_status_t copy_to_user(uint64_t to, const void* from, size_t size);
// Of another process' address space (its mappings must not go meanwhile: the kernel is not
// preempted).
struct vmar;
zx_status_t copy_from_aspace(struct vmar* root, void* to, uint64_t from, size_t size);
zx_status_t copy_to_aspace(struct vmar* root, uint64_t to, const void* from, size_t size);

zx_status_t store_u32(uint64_t to, uint32_t value);
static inline zx_status_t store_u64(uint64_t to, uint64_t value) {
    return copy_to_user(to, &value, sizeof(value));
}
// Optional out parameters: 0 means "not wanted".
static inline zx_status_t store_optional_u32(uint64_t to, uint32_t value) {
    return to == 0 ? ZX_OK : store_u32(to, value);
}
static inline zx_status_t store_optional_u64(uint64_t to, uint64_t value) {
    return to == 0 ? ZX_OK : store_u64(to, value);
}
