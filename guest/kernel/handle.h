// Handles, and the table each process has.
//
// All handles live in one arena.  A handle's base value names its place there and how often that
// place has been used; the number a process knows it by is the base value, mixed with a number of
// the process.  So a handle keeps its base value on its way through messages, a process cannot
// use another's numbers, and a closed handle's number stays invalid for long.
//
//     bit 31   0
//     30..13   place in the arena
//     12..2    uses of the place, modulo 2048
//     1..0     1 (ZX_HANDLE_FIXED_BITS_MASK)
#pragma once

#include "list.h"
#include "object.h"

struct process;
struct handle_table;

struct handle {
    struct dispatcher* object;  // a reference and a handle count; NULL while the place is free
    struct handle_table* table; // NULL while in transit
    struct list_node link;      // in its table, or in its page's free places
    zx_rights_t rights;
    uint32_t base;
};

struct handle_table {
    struct list_node handles; // oldest first
    uint32_t count;
    uint32_t mixer; // bits 31, 1 and 0 are 0
};

zx_status_t handle_table_init(struct handle_table* table);
// Closes everything.
void handle_table_destroy(struct handle_table* table);

// Wraps an object (takes its own references); NULL without memory.
struct handle* handle_create(struct dispatcher* object, zx_rights_t rights);
// Drops a handle that is in no table: observers made with it are cancelled, the object may die.
void handle_destroy(struct handle* handle);

// Puts it in the table and returns its value there.
zx_handle_t handle_table_add(struct handle_table* table, struct handle* handle);
// NULL: not a handle of this table.
struct handle* handle_table_find(struct handle_table* table, zx_handle_t value);
struct handle* handle_table_remove(struct handle_table* table, zx_handle_t value);
// The number by which the process of the table knows, or would know, a handle.
static inline zx_handle_t handle_value(const struct handle_table* table,
                                       const struct handle* handle) {
    return handle->base ^ table->mixer;
}

// Look-up in the caller's table in the order all calls share: ZX_ERR_BAD_HANDLE, then
// ZX_ERR_WRONG_TYPE (type 0: any), then ZX_ERR_ACCESS_DENIED.  No reference is taken: the kernel
// is not preempted, whoever blocks takes its own.
zx_status_t handle_get(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights,
                       struct handle** out);
// The same, giving the object; *rights_out (may be NULL) gets the handle's rights.
zx_status_t handle_get_object(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights,
                              struct dispatcher** out, zx_rights_t* rights_out);
// The answer of a call about a type of which this machine has no objects: BAD_HANDLE or WRONG_TYPE.
zx_status_t handle_refuse(zx_handle_t value);
// Makes a handle in the caller's table and stores its value at a user address; on failure the
// handle is closed again: ZX_ERR_INVALID_ARGS for a bad address, ZX_ERR_NO_MEMORY.
zx_status_t handle_make_and_store(struct dispatcher* object, zx_rights_t rights, uint64_t out);
// The same for an object just made: the caller's reference goes, whatever comes of it.
zx_status_t handle_give(struct dispatcher* object, zx_rights_t rights, uint64_t out);
// The first again, for the two ends of a pair: both or none.
zx_status_t handle_make_and_store_pair(struct dispatcher* object0, struct dispatcher* object1,
                                       zx_rights_t rights, uint64_t out0, uint64_t out1);
