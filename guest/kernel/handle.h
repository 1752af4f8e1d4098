// Handles, and the table each process has.
#pragma once

#include "list.h"
#include "object.h"

struct process;

struct handle {
    struct dispatcher* object; // a reference and a handle count
    zx_rights_t rights;
    zx_handle_t value;         // in the table it is in; 0 while in transit
};

struct handle_table {
    struct handle** slots;
    uint32_t capacity;
    uint32_t free_hint;
    uint32_t count;
    uint32_t mixer; // xored into every value, both low bits of a value are 1
};

zx_status_t handle_table_init(struct handle_table* table);
// Closes everything.
void handle_table_destroy(struct handle_table* table);

// Wraps an object (takes its own references); NULL without memory.
struct handle* handle_create(struct dispatcher* object, zx_rights_t rights);
// Drops a handle that is in no table: observers made with it are cancelled, the object may die.
void handle_destroy(struct handle* handle);

// Puts it in the table and returns its value there; 0 without memory.
zx_handle_t handle_table_add(struct handle_table* table, struct handle* handle);
// NULL: not a handle of this table.
struct handle* handle_table_find(struct handle_table* table, zx_handle_t value);
struct handle* handle_table_remove(struct handle_table* table, zx_handle_t value);

// Look-up in the caller's table in the order all calls share: ZX_ERR_BAD_HANDLE, then
// ZX_ERR_WRONG_TYPE (type 0: any), then ZX_ERR_ACCESS_DENIED.  No reference is taken: the kernel
// is not preempted, whoever blocks takes its own.
zx_status_t handle_get(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights,
                       struct handle** out);
// The same, giving the object; *rights_out (may be NULL) gets the handle's rights.
zx_status_t handle_get_object(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights,
                              struct dispatcher** out, zx_rights_t* rights_out);
// Makes a handle in the caller's table and stores its value at a user address; on failure the
// handle is closed again: ZX_ERR_INVALID_ARGS for a bad address, ZX_ERR_NO_MEMORY.
zx_status_t handle_make_and_store(struct dispatcher* object, zx_rights_t rights, uint64_t out);
