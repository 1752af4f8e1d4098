// zx_channel_*.
//
// Handles named by a write or a call leave the caller whatever comes of it, so every early return
// passes through a step that closes them.
#include "channel.h"
#include "process.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

#define IOVECS_AT_ONCE 16

zx_status_t sys_channel_create(uint32_t options, uaddr_t out0, uaddr_t out1) {
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = policy_enforce(ZX_POL_NEW_CHANNEL);
    if (status != ZX_OK) {
        return status;
    }
    struct channel *a, *b;
    status = channel_create(&a, &b);
    if (status != ZX_OK) {
        return status;
    }
    status = handle_make_and_store_pair(channel_dispatcher(a), channel_dispatcher(b),
                                        ZX_DEFAULT_CHANNEL_RIGHTS, out0, out1);
    dispatcher_unref(channel_dispatcher(a));
    dispatcher_unref(channel_dispatcher(b));
    return status;
}

// ---- reading ------------------------------------------------------------------------------------

// Makes a message's handles the caller's and stores their values, or records about them.
static zx_status_t store_handles(struct message* message, uaddr_t out, bool etc) {
    struct handle_table* table = process_current()->handles;
    union {
        zx_handle_t values[ZX_CHANNEL_MAX_MSG_HANDLES];
        zx_handle_info_t infos[ZX_CHANNEL_MAX_MSG_HANDLES];
    } records;
    for (uint32_t i = 0; i < message->handle_count; i++) {
        const struct handle* handle = message->handles[i];
        zx_handle_t value = handle_value(table, handle);
        if (etc) {
            records.infos[i] = (zx_handle_info_t){
                .handle = value, .type = handle->object->ops->type, .rights = handle->rights};
        } else {
            records.values[i] = value;
        }
    }
    size_t record_size = etc ? sizeof(zx_handle_info_t) : sizeof(zx_handle_t);
    zx_status_t status = copy_to_user(out, &records, message->handle_count * record_size);
    if (status != ZX_OK) {
        return status;
    }
    for (uint32_t i = 0; i < message->handle_count; i++) {
        struct handle* handle = message->handles[i];
        message->handles[i] = NULL;
        cancel_observers_of(handle->object, handle);
        handle_table_add(table, handle);
    }
    return ZX_OK;
}

// Copies a message that fits to the caller and drops what is left of it.
static zx_status_t deliver(struct message* message, uaddr_t bytes, uaddr_t handles, bool etc) {
    zx_status_t status = ZX_OK;
    if (message->size > 0) {
        status = copy_to_user(bytes, message->bytes, message->size);
    }
    if (status == ZX_OK && message->handle_count > 0) {
        status = store_handles(message, handles, etc);
    }
    message_destroy(message);
    return status;
}

static zx_status_t channel_read(zx_handle_t value, uint32_t options, uaddr_t bytes, uaddr_t handles,
                                uint32_t num_bytes, uint32_t num_handles, uaddr_t actual_bytes,
                                uaddr_t actual_handles, bool etc) {
    struct dispatcher* object;
    zx_status_t status =
        handle_get_object(value, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_READ, &object, NULL);
    if (status != ZX_OK) {
        return status;
    }
    if (options & ~ZX_CHANNEL_READ_MAY_DISCARD) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    struct channel* channel = channel_from_dispatcher(object);
    struct message* message;
    status = channel_peek(channel, &message);
    if (status != ZX_OK) {
        return status;
    }
    // The message leaves the queue before any user memory is touched.
    uint32_t size = message->size, handle_count = message->handle_count;
    bool fits = size <= num_bytes && handle_count <= num_handles;
    if (fits) {
        channel_take(channel, message);
    } else if (options & ZX_CHANNEL_READ_MAY_DISCARD) {
        channel_take(channel, message);
        message_destroy(message);
    }
    status = store_optional_u32(actual_bytes, size);
    if (status == ZX_OK) {
        status = store_optional_u32(actual_handles, handle_count);
    }
    if (!fits) {
        return status != ZX_OK ? status : ZX_ERR_BUFFER_TOO_SMALL;
    }
    if (status != ZX_OK) {
        message_destroy(message);
        return status;
    }
    return deliver(message, bytes, handles, etc);
}

zx_status_t sys_channel_read(zx_handle_t handle, uint32_t options, uaddr_t bytes, uaddr_t handles,
                             uint32_t num_bytes, uint32_t num_handles, uaddr_t actual_bytes,
                             uaddr_t actual_handles) {
    return channel_read(handle, options, bytes, handles, num_bytes, num_handles, actual_bytes,
                        actual_handles, false);
}

zx_status_t sys_channel_read_etc(zx_handle_t handle, uint32_t options, uaddr_t bytes,
                                 uaddr_t handles, uint32_t num_bytes, uint32_t num_handles,
                                 uaddr_t actual_bytes, uaddr_t actual_handles) {
    return channel_read(handle, options, bytes, handles, num_bytes, num_handles, actual_bytes,
                        actual_handles, true);
}

// ---- writing: the bytes -------------------------------------------------------------------------

// What is to be sent, as the caller describes it.
struct outgoing {
    uaddr_t bytes;
    uint32_t num_bytes; // or vectors, with ZX_CHANNEL_WRITE_USE_IOVEC
    uaddr_t handles;    // zx_handle_t, or zx_handle_disposition_t if etc
    uint32_t num_handles;
    uint32_t options;
    bool etc;
};

// The next of the vectors that are left after those done, as many as are read at once.
static zx_status_t read_vectors(const struct outgoing* outgoing, uint32_t done,
                                zx_channel_iovec_t* vectors, uint32_t* count_out) {
    uint32_t left = outgoing->num_bytes - done;
    *count_out = left < IOVECS_AT_ONCE ? left : IOVECS_AT_ONCE;
    return copy_from_user(vectors, outgoing->bytes + done * sizeof(vectors[0]),
                          *count_out * sizeof(vectors[0]));
}

// What the vectors say, piece by piece, before any of the bytes they lead to is touched.
static zx_status_t judge_vectors(const struct outgoing* outgoing, uint32_t* total_out) {
    zx_channel_iovec_t vectors[IOVECS_AT_ONCE];
    uint64_t total = 0;
    for (uint32_t done = 0, count; done < outgoing->num_bytes; done += count) {
        zx_status_t status = read_vectors(outgoing, done, vectors, &count);
        if (status != ZX_OK) {
            return status;
        }
        for (uint32_t i = 0; i < count; i++) {
            if (vectors[i].reserved != 0) {
                return ZX_ERR_INVALID_ARGS;
            }
            total += vectors[i].capacity;
        }
        if (total > ZX_CHANNEL_MAX_MSG_BYTES) {
            return ZX_ERR_OUT_OF_RANGE;
        }
    }
    *total_out = (uint32_t)total;
    return ZX_OK;
}

// Brings the bytes of vectors together that have been judged; nobody has changed them since.
static zx_status_t gather(const struct outgoing* outgoing, uint8_t* to) {
    zx_channel_iovec_t vectors[IOVECS_AT_ONCE];
    for (uint32_t done = 0, count; done < outgoing->num_bytes; done += count) {
        zx_status_t status = read_vectors(outgoing, done, vectors, &count);
        for (uint32_t i = 0; i < count && status == ZX_OK; i++) {
            status = copy_from_user(to, vectors[i].buffer, vectors[i].capacity);
            to += vectors[i].capacity;
        }
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

// A message with the bytes filled in and room for the handles.
static zx_status_t make_message(const struct outgoing* outgoing, uint32_t minimum,
                                struct message** out) {
    bool vectors = outgoing->options & ZX_CHANNEL_WRITE_USE_IOVEC;
    uint32_t size = outgoing->num_bytes;
    if (vectors) {
        if (outgoing->num_bytes > ZX_CHANNEL_MAX_MSG_IOVECS) {
            return ZX_ERR_OUT_OF_RANGE;
        }
        zx_status_t status = judge_vectors(outgoing, &size);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (size > ZX_CHANNEL_MAX_MSG_BYTES || outgoing->num_handles > ZX_CHANNEL_MAX_MSG_HANDLES) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (size < minimum) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct message* message = message_create(size, outgoing->num_handles);
    if (message == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = vectors ? gather(outgoing, message->bytes)
                                 : copy_from_user(message->bytes, outgoing->bytes, size);
    if (status != ZX_OK) {
        message_destroy(message);
        return status;
    }
    *out = message;
    return ZX_OK;
}

// ---- writing: the handles -----------------------------------------------------------------------

// Reads a piece of the handles or dispositions of a write as dispositions.
static zx_status_t read_entries(const struct outgoing* outgoing, uint32_t first, uint32_t count,
                                zx_handle_disposition_t* entries) {
    if (outgoing->etc) {
        return copy_from_user(entries, outgoing->handles + first * sizeof(entries[0]),
                              count * sizeof(entries[0]));
    }
    zx_handle_t values[ZX_CHANNEL_MAX_MSG_HANDLES];
    zx_status_t status = copy_from_user(values, outgoing->handles + first * sizeof(values[0]),
                                        count * sizeof(values[0]));
    for (uint32_t i = 0; i < count && status == ZX_OK; i++) {
        entries[i] = (zx_handle_disposition_t){
            .operation = ZX_HANDLE_OP_MOVE, .handle = values[i], .rights = ZX_RIGHT_SAME_RIGHTS};
    }
    return status;
}

// Closes the handles of a write that failed before it came to them: all but those to duplicate.
static void consume_handles(const struct outgoing* outgoing) {
    struct handle_table* table = process_current()->handles;
    zx_handle_disposition_t entries[ZX_CHANNEL_MAX_MSG_HANDLES];
    for (uint32_t done = 0; done < outgoing->num_handles;) {
        uint32_t count = outgoing->num_handles - done;
        count = count < ZX_CHANNEL_MAX_MSG_HANDLES ? count : ZX_CHANNEL_MAX_MSG_HANDLES;
        if (read_entries(outgoing, done, count, entries) != ZX_OK) {
            return;
        }
        for (uint32_t i = 0; i < count; i++) {
            bool stays = entries[i].operation == ZX_HANDLE_OP_DUPLICATE;
            struct handle* handle = stays ? NULL : handle_table_remove(table, entries[i].handle);
            if (handle != NULL) {
                handle_destroy(handle);
            }
        }
        done += count;
    }
}

// What a handle must satisfy to travel, in the order in which it is judged.
static zx_status_t check_entry(const struct handle* handle, const zx_handle_disposition_t* entry,
                               const struct dispatcher* channel) {
    if (handle == NULL) {
        return policy_bad_handle();
    }
    if (entry->operation != ZX_HANDLE_OP_MOVE && entry->operation != ZX_HANDLE_OP_DUPLICATE) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!(handle->rights & ZX_RIGHT_TRANSFER)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (handle->object == channel) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (entry->type != ZX_OBJ_TYPE_NONE && entry->type != handle->object->ops->type) {
        return ZX_ERR_WRONG_TYPE;
    }
    if (entry->rights != ZX_RIGHT_SAME_RIGHTS && (entry->rights & ~handle->rights)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (entry->operation == ZX_HANDLE_OP_DUPLICATE && !(handle->rights & ZX_RIGHT_DUPLICATE)) {
        return ZX_ERR_ACCESS_DENIED;
    }
    return ZX_OK;
}

// Takes one handle out of the caller, or duplicates it, for a message.  What was to move is gone
// from the caller even if it may not travel.
static zx_status_t take_entry(const zx_handle_disposition_t* entry,
                              const struct dispatcher* channel, struct handle** out) {
    struct handle_table* table = process_current()->handles;
    if (entry->operation == ZX_HANDLE_OP_DUPLICATE) {
        struct handle* source = handle_table_find(table, entry->handle);
        zx_status_t status = check_entry(source, entry, channel);
        if (status != ZX_OK) {
            return status;
        }
        bool same = entry->rights == ZX_RIGHT_SAME_RIGHTS;
        *out = handle_create(source->object, same ? source->rights : entry->rights);
        return *out != NULL ? ZX_OK : ZX_ERR_NO_MEMORY;
    }
    struct handle* handle = handle_table_remove(table, entry->handle);
    zx_status_t status = check_entry(handle, entry, channel);
    if (status == ZX_OK) {
        if (entry->rights != ZX_RIGHT_SAME_RIGHTS) {
            handle->rights = entry->rights;
        }
        *out = handle;
    } else if (handle != NULL) {
        handle_destroy(handle);
    }
    return status;
}

// Fills the message's handles; all entries are processed, the first error is the result, and with
// dispositions each error is stored beside its entry.
static zx_status_t take_handles(const struct outgoing* outgoing, struct message* message,
                                const struct dispatcher* channel) {
    zx_handle_disposition_t entries[ZX_CHANNEL_MAX_MSG_HANDLES];
    uint32_t count = outgoing->num_handles;
    zx_status_t status = read_entries(outgoing, 0, count, entries);
    if (status != ZX_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        zx_status_t entry_status = take_entry(&entries[i], channel, &message->handles[i]);
        if (entry_status != ZX_OK) {
            entries[i].result = entry_status;
            status = status == ZX_OK ? entry_status : status;
        }
    }
    if (status != ZX_OK && outgoing->etc) {
        zx_status_t stored = copy_to_user(outgoing->handles, entries, count * sizeof(entries[0]));
        return stored != ZX_OK ? stored : status;
    }
    return status;
}

// Judges a write up to where the message can be sent.  The channel gets a reference, because its
// own handle may be among those taken.
static zx_status_t prepare(zx_handle_t value, zx_rights_t rights, const struct outgoing* outgoing,
                           uint32_t minimum, struct channel** channel_out,
                           struct message** message_out) {
    struct dispatcher* object = NULL;
    struct message* message = NULL;
    zx_status_t status = ZX_OK;
    if (outgoing->options & ~ZX_CHANNEL_WRITE_USE_IOVEC) {
        status = ZX_ERR_INVALID_ARGS;
    }
    if (status == ZX_OK) {
        status = handle_get_object(value, ZX_OBJ_TYPE_CHANNEL, rights, &object, NULL);
    }
    if (status == ZX_OK) {
        status = make_message(outgoing, minimum, &message);
    }
    if (status != ZX_OK) {
        consume_handles(outgoing);
        return status;
    }
    dispatcher_ref(object);
    if (outgoing->num_handles > 0) {
        status = take_handles(outgoing, message, object);
        if (status != ZX_OK) {
            message_destroy(message);
            dispatcher_unref(object);
            return status;
        }
    }
    *channel_out = channel_from_dispatcher(object);
    *message_out = message;
    return ZX_OK;
}

static zx_status_t write_message(zx_handle_t handle, const struct outgoing* outgoing) {
    struct channel* channel;
    struct message* message;
    zx_status_t status = prepare(handle, ZX_RIGHT_WRITE, outgoing, 0, &channel, &message);
    if (status == ZX_OK) {
        status = channel_write(channel, message);
        dispatcher_unref(channel_dispatcher(channel));
    }
    return status;
}

zx_status_t sys_channel_write(zx_handle_t handle, uint32_t options, uaddr_t bytes,
                              uint32_t num_bytes, uaddr_t handles, uint32_t num_handles) {
    const struct outgoing outgoing = {bytes, num_bytes, handles, num_handles, options, false};
    return write_message(handle, &outgoing);
}

zx_status_t sys_channel_write_etc(zx_handle_t handle, uint32_t options, uaddr_t bytes,
                                  uint32_t num_bytes, uaddr_t handles, uint32_t num_handles) {
    const struct outgoing outgoing = {bytes, num_bytes, handles, num_handles, options, true};
    return write_message(handle, &outgoing);
}

// ---- calls --------------------------------------------------------------------------------------

static zx_status_t call(zx_handle_t handle, uint32_t options, zx_time_t deadline, uaddr_t user_args,
                        uaddr_t actual_bytes, uaddr_t actual_handles, bool etc) {
    zx_channel_call_args_t args; // the _etc form has the same layout
    zx_status_t status = copy_from_user(&args, user_args, sizeof(args));
    if (status != ZX_OK) {
        return status;
    }
    const struct outgoing outgoing = {args.wr_bytes,       args.wr_num_bytes, args.wr_handles,
                                      args.wr_num_handles, options,           etc};
    struct channel* channel;
    struct message* message;
    status = prepare(handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &outgoing, sizeof(zx_txid_t), &channel,
                     &message);
    if (status != ZX_OK) {
        return status;
    }
    struct message* reply = NULL;
    status = channel_call(channel, message, deadline, &reply);
    dispatcher_unref(channel_dispatcher(channel));
    if (status != ZX_OK) {
        return status;
    }
    if (reply->size > args.rd_num_bytes || reply->handle_count > args.rd_num_handles) {
        status = ZX_ERR_BUFFER_TOO_SMALL;
    }
    if (status == ZX_OK) {
        status = store_u32(actual_bytes, reply->size);
    }
    if (status == ZX_OK) {
        status = store_u32(actual_handles, reply->handle_count);
    }
    if (status != ZX_OK) {
        message_destroy(reply);
        return status;
    }
    return deliver(reply, args.rd_bytes, args.rd_handles, etc);
}

zx_status_t sys_channel_call_noretry(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                                     uaddr_t args, uaddr_t actual_bytes, uaddr_t actual_handles) {
    return call(handle, options, deadline, args, actual_bytes, actual_handles, false);
}

zx_status_t sys_channel_call_etc_noretry(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                                         uaddr_t args, uaddr_t actual_bytes,
                                         uaddr_t actual_handles) {
    return call(handle, options, deadline, args, actual_bytes, actual_handles, true);
}

// A thread that is suspended while it waits for a reply goes on waiting inside the kernel, so a
// call is never left half done and there is nothing to finish.
zx_status_t sys_channel_call_finish(zx_time_t deadline, uaddr_t args, uaddr_t actual_bytes,
                                    uaddr_t actual_handles) {
    (void)deadline, (void)args, (void)actual_bytes, (void)actual_handles;
    return ZX_ERR_BAD_STATE;
}

zx_status_t sys_channel_call_etc_finish(zx_time_t deadline, uaddr_t args, uaddr_t actual_bytes,
                                        uaddr_t actual_handles) {
    (void)deadline, (void)args, (void)actual_bytes, (void)actual_handles;
    return ZX_ERR_BAD_STATE;
}
