// A child process: the memory it runs in, how it is made and how it is taken apart.
#pragma once

#include "context.h"
#include "payload.h"
#include "processargs.h"

// What children are made of; found once.
struct child_parts {
    zx_handle_t job;      // the children's
    zx_handle_t root_job; // where $job is made
    zx_handle_t resource;
    zx_handle_t vdso_vmo;
    zx_handle_t image_vmo;   // with the agent's own file
    uint64_t image_offset;   // where the file begins
    zx_handle_t library_vmo; // ZX_HANDLE_INVALID: there is no zxio library
    uint64_t root_base;      // first address of a process's root VMAR
    const uint8_t* image;    // where the agent itself is
    uint64_t text_size;      // bytes of the image before its variables
    uint64_t data_size;      // bytes of variables, whole pages
    uint8_t* data;           // the variables as a child starts with them, once one needs them
    uint64_t functions[FUNCTION_COUNT];
    uint64_t vdso_code_offset;
    uint64_t vdso_code_size;
    uint64_t vdso_size;
    char vdso_name[ZX_MAX_NAME_LEN]; // of its VMO
};

extern struct child_parts child_parts;

// Memory of a child, mapped here as well.
struct child_memory {
    zx_handle_t vmo;
    uint8_t* bytes;    // of the agent's own mapping
    uint64_t capacity; // bytes
    bool kept;         // stays when the child goes
};

// Offsets in a child's memory.
struct child_layout {
    uint64_t stack_end;
    uint64_t context;
    uint64_t helper_stacks;
    uint64_t steps;
    uint64_t results;
    uint64_t arena;
    uint64_t size;  // of what is mapped as one piece
    uint64_t edges; // behind it: pages for edge buffers
    uint64_t total;
};

struct child {
    struct child_memory memory;
    struct child_layout layout;
    struct child_context* context; // in the agent's mapping
    zx_handle_t process;
    zx_handle_t root_vmar;
    zx_handle_t thread;
    zx_handle_t helpers[MAX_THREADS]; // by number, from 1
    zx_handle_t given_job;
    zx_handle_t policy_job; // ZX_HANDLE_INVALID: the process is in that of all children
    bool given_vdso;
    uint64_t edge_pages;   // of all edge buffers so far
    uint64_t edge_address; // where the next edge buffer goes
};

// Finds the parts.  *problem says in words what is missing if that fails.
zx_status_t child_start(const struct processargs* args, const void* vdso, const char** problem);

// Copies the image's variables as they must look at CHILD_IMAGE before anything has run.
zx_status_t child_copy_data(uint8_t* to);

// Makes the memory that serves one child after the other.
zx_status_t child_keep_memory(void);

// Makes the process for a program, or for a session, and starts it.
zx_status_t child_create(struct child* child, const struct payload* payload, bool session);
// Puts a session's step where the child finds it.
zx_status_t child_take_step(struct child* child, const struct payload* payload);
// Starts the helper thread of this number (from 1).
zx_status_t child_spawn(struct child* child, uint64_t number);
// The child's addresses of its context, and of the top of a helper's stack.
uint64_t child_context_address(const struct child* child);
uint64_t child_stack(const struct child* child, zx_handle_t helper);
// Closes everything; the process must have ended.
void child_destroy(struct child* child);
