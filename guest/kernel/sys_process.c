// zx_process_*.
#include "boot.h"
#include "names.h"
#include "process.h"
#include "zx/kernel_calls.h"

// The root region's handle may do with it all that there is.
#define ROOT_VMAR_RIGHTS                                                                           \
    (ZX_DEFAULT_VMAR_RIGHTS | ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE)

#define MEMORY_MAX (64ul * 1024 * 1024) // of one zx_process_read_memory, or write

static zx_status_t get_process(zx_handle_t handle, zx_rights_t rights, struct process** out) {
    struct dispatcher* object;
    zx_status_t status = handle_get_object(handle, ZX_OBJ_TYPE_PROCESS, rights, &object, NULL);
    if (status == ZX_OK) {
        *out = process_from_dispatcher(object);
    }
    return status;
}

// Stores both handles or none.
static zx_status_t store_handles(struct process* made, struct vmar* root, uaddr_t proc_handle,
                                 uaddr_t vmar_handle) {
    struct handle* process = handle_create(&made->object, ZX_DEFAULT_PROCESS_RIGHTS);
    struct handle* vmar = handle_create(&root->object, ROOT_VMAR_RIGHTS);
    struct handle_table* table = process_current()->handles;
    zx_status_t status = process == NULL || vmar == NULL ? ZX_ERR_NO_MEMORY : ZX_OK;
    if (status == ZX_OK) {
        status = store_u32(proc_handle, handle_value(table, process));
    }
    if (status == ZX_OK) {
        status = store_u32(vmar_handle, handle_value(table, vmar));
    }
    if (status == ZX_OK) {
        handle_table_add(table, process);
        handle_table_add(table, vmar);
        return ZX_OK;
    }
    if (vmar != NULL) {
        handle_destroy(vmar);
    }
    if (process != NULL) {
        handle_destroy(process);
    }
    return status;
}

zx_status_t sys_process_create(zx_handle_t job, uaddr_t name, size_t name_size, uint32_t options,
                               uaddr_t proc_handle, uaddr_t vmar_handle) {
    if ((options & ~ZX_PROCESS_SHARED) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    char text[ZX_MAX_NAME_LEN];
    zx_status_t status = policy_enforce(ZX_POL_NEW_PROCESS);
    if (status == ZX_OK) {
        status = read_name(name, name_size, text);
    }
    if (status != ZX_OK) {
        return status;
    }
    struct dispatcher* object;
    status = handle_get_object(job, ZX_OBJ_TYPE_JOB, ZX_RIGHT_MANAGE_PROCESS, &object, NULL);
    if (status == ZX_ERR_ACCESS_DENIED) {
        status = handle_get_object(job, ZX_OBJ_TYPE_JOB, ZX_RIGHT_WRITE, &object, NULL);
    }
    struct process* process;
    if (status == ZX_OK) {
        bool shareable = options & ZX_PROCESS_SHARED;
        status = process_create(job_from_dispatcher(object), text, shareable, &process);
    }
    if (status != ZX_OK) {
        return status;
    }
    status = store_handles(process, process->root, proc_handle, vmar_handle);
    dispatcher_unref(&process->object);
    return status;
}

zx_status_t sys_process_create_shared(zx_handle_t shared_proc, uint32_t options, uaddr_t name,
                                      size_t name_size, uaddr_t proc_handle,
                                      uaddr_t restricted_vmar_handle) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    char text[ZX_MAX_NAME_LEN];
    zx_status_t status = policy_enforce(ZX_POL_NEW_PROCESS);
    if (status == ZX_OK) {
        status = read_name(name, name_size, text);
    }
    struct process *origin, *process;
    if (status == ZX_OK) {
        status = get_process(shared_proc, ZX_RIGHT_MANAGE_PROCESS, &origin);
    }
    if (status == ZX_OK) {
        status = process_create_shared(origin, text, &process);
    }
    if (status != ZX_OK) {
        return status;
    }
    status = store_handles(process, process->restricted, proc_handle, restricted_vmar_handle);
    dispatcher_unref(&process->object);
    return status;
}

// given is what the process gets as its first argument; it stays the caller's to destroy unless the
// process has started with it.
static zx_status_t start(struct process* process, struct thread_dispatcher* thread, uint64_t entry,
                         uint64_t stack, struct handle** given, uint64_t argument) {
    if (thread->process != process || (*given != NULL && !((*given)->rights & ZX_RIGHT_TRANSFER))) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (process->state != PROCESS_INITIAL) {
        return ZX_ERR_BAD_STATE;
    }
    zx_handle_t value = ZX_HANDLE_INVALID;
    if (*given != NULL) {
        value = handle_table_add(process->handles, *given);
    }
    zx_status_t status = process_start_thread(thread, entry, stack, value, argument);
    if (status == ZX_OK) {
        *given = NULL;
    } else if (*given != NULL) {
        handle_table_remove(process->handles, value);
    }
    return status;
}

zx_status_t sys_process_start(zx_handle_t handle, zx_handle_t thread, zx_vaddr_t entry,
                              zx_vaddr_t stack, zx_handle_t arg1, uintptr_t arg2) {
    struct process* process;
    struct dispatcher* object;
    zx_status_t status = get_process(handle, ZX_RIGHT_WRITE, &process);
    if (status == ZX_OK) {
        status = handle_get_object(thread, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_WRITE, &object, NULL);
    }
    // It leaves the caller in any case, but is still there to be looked up: it may be one of both.
    struct handle* given = handle_table_remove(process_current()->handles, arg1);
    if (status == ZX_OK) {
        status = start(process, thread_from_dispatcher(object), entry, stack, &given, arg2);
    }
    if (given != NULL) {
        handle_destroy(given);
    }
    return status;
}

void sys_process_exit(int64_t retcode) {
    process_exit_current(retcode);
}

// What lies at an address: where in which VMO, and how many bytes of it.
struct memory {
    struct vmo* vmo;
    uint64_t offset;
    size_t size;
};

// At most so many bytes at an address of a process.  NO_MEMORY: nothing is mapped there;
// ACCESS_DENIED: the vDSO is not written; BAD_STATE: not cached; OUT_OF_RANGE: the VMO ends before.
static zx_status_t find_memory(struct process* process, uint64_t vaddr, bool write, size_t most,
                               struct memory* found) {
    // Of a dead process nothing is left; one that has not started has what was mapped for it.
    struct vmar* root = process_root_at(process, vaddr);
    struct mapping* mapping = root == NULL ? NULL : vmar_find_mapping(root, vaddr);
    if (mapping == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    if (write && vmar_is_vdso(mapping->vmo)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (vmo_cache_policy(mapping->vmo) != ZX_CACHE_POLICY_CACHED) {
        return ZX_ERR_BAD_STATE;
    }
    uint64_t within = vaddr - mapping->node.base;
    uint64_t offset = mapping->vmo_offset + within;
    uint64_t rest = mapping->node.size - within;
    uint64_t vmo_rest = offset < vmo_size(mapping->vmo) ? vmo_size(mapping->vmo) - offset : 0;
    rest = vmo_rest < rest ? vmo_rest : rest;
    *found = (struct memory){mapping->vmo, offset, most < rest ? most : rest};
    return found->size > 0 ? ZX_OK : ZX_ERR_OUT_OF_RANGE;
}

static bool is_block(uaddr_t buffer, size_t size) {
    return buffer != 0 && size > 0 && size <= MEMORY_MAX;
}

zx_status_t sys_process_read_memory(zx_handle_t handle, zx_vaddr_t vaddr, uaddr_t buffer,
                                    size_t buffer_size, uaddr_t actual) {
    if (!is_block(buffer, buffer_size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct process* process;
    struct memory memory;
    zx_status_t status = get_process(handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &process);
    if (status == ZX_OK) {
        status = find_memory(process, vaddr, false, buffer_size, &memory);
    }
    // The copy may fault in pages of the caller, which is another process or has this mapping too.
    if (status == ZX_OK) {
        status = vmo_read_user(memory.vmo, buffer, memory.offset, memory.size);
    }
    return status == ZX_OK ? store_u64(actual, memory.size) : status;
}

// Whatever the mapping allows: it is the VMO that is written.
zx_status_t sys_process_write_memory(zx_handle_t handle, zx_vaddr_t vaddr, uaddr_t buffer,
                                     size_t buffer_size, uaddr_t actual) {
    if (!debugging_calls_enabled()) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!is_block(buffer, buffer_size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct process* process;
    struct memory memory;
    zx_status_t status = get_process(handle, ZX_RIGHT_WRITE, &process);
    if (status == ZX_OK) {
        status = find_memory(process, vaddr, true, buffer_size, &memory);
    }
    if (status == ZX_OK) {
        status = vmo_write_user(memory.vmo, buffer, memory.offset, memory.size);
    }
    return status == ZX_OK ? store_u64(actual, memory.size) : status;
}
