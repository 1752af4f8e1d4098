// What a step reports: handles, buffers, live slots, in a form that is the same on every run.
#include "runner.h"

#include "libc/libc.h"

#define UNTOUCHED 0xa5
#define UNTOUCHED_HANDLE 0xa5a5a5a5u
#define UNTOUCHED_KOID 0xa5a5a5a5a5a5a5a5ull
#define PLAIN_SHOW 512 // of a buffer without a report of its own

static size_t padded(size_t size) {
    return (size + 7) & ~(size_t)7;
}

// The number by which results name an object: its rank among those the program has met.
static uint32_t koid_number(struct child_context* context, zx_koid_t koid) {
    if (koid == ZX_KOID_INVALID) {
        return 0;
    }
    for (uint32_t i = 0; i < context->koid_count; i++) {
        if (context->koids[i] == koid) {
            return i + 1;
        }
    }
    // Helpers do this too: take a place first, then fill it.
    uint32_t index = __atomic_fetch_add(&context->koid_count, 1, __ATOMIC_RELAXED);
    if (index < context->koid_capacity) {
        context->koids[index] = koid;
    } else {
        context->koid_count = context->koid_capacity;
    }
    return index + 1;
}

void result_handle(struct child_context* context, uint16_t slot, zx_handle_t value,
                   zxh_handle* result) {
    *result = (zxh_handle){.slot = slot};
    if (value == UNTOUCHED_HANDLE) {
        result->state = ZXH_HANDLE_STATE_UNTOUCHED;
        return;
    }
    context->slots[slot] = value;
    context->slot_set[slot] = 1;
    context->slot_koids[slot] = ZX_KOID_INVALID;
    if (value == ZX_HANDLE_INVALID) {
        result->state = ZXH_HANDLE_STATE_ZERO;
        return;
    }
    zx_info_handle_basic_t info;
    zx_status_t status = CALL(context, object_get_info)(value, ZX_INFO_HANDLE_BASIC, &info,
                                                        sizeof(info), NULL, NULL);
    if (status != ZX_OK) {
        result->state = ZXH_HANDLE_STATE_INVALID;
        return;
    }
    context->slot_koids[slot] = info.koid;
    result->state = ZXH_HANDLE_STATE_HANDLE;
    result->type = info.type;
    result->rights = info.rights;
    result->koid = koid_number(context, info.koid);
    result->related_koid = koid_number(context, info.related_koid);
}

// ---- handles ------------------------------------------------------------------------------------

// The words behind a report's masks and koids: pairs of offset and slot.
static const uint32_t* report_handles(const zxh_report* report) {
    return (const uint32_t*)(report + 1) + 2 * (size_t)report->mask_count + report->koid_count;
}

static zxh_handle* store_handles(struct child_context* context, const struct argument* argument,
                                 zxh_handle* next) {
    if (argument->wire->kind == ZXH_ARGUMENT_OUT_HANDLES) {
        const uint16_t* slots = (const uint16_t*)(argument->wire + 1);
        const zx_handle_t* values = (const zx_handle_t*)argument->buffer;
        for (uint64_t i = 0; i < argument->size / 4; i++) {
            result_handle(context, slots[i], values[i], next++);
        }
    } else if (argument->report != NULL) {
        const uint32_t* pairs = report_handles(argument->report);
        for (uint32_t i = 0; i < argument->report->handle_count; i++, pairs += 2) {
            zx_handle_t value;
            memcpy(&value, argument->buffer + pairs[0], sizeof(value));
            result_handle(context, (uint16_t)pairs[1], value, next++);
        }
    }
    return next;
}

// ---- buffers ------------------------------------------------------------------------------------

static uint64_t fnv1a(const uint8_t* data, uint64_t size) {
    uint64_t hash = 0xcbf29ce484222325ull;
    for (uint64_t i = 0; i < size; i++) {
        hash = (hash ^ data[i]) * 0x100000001b3ull;
    }
    return hash;
}

static bool is_untouched(const uint8_t* data, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        if (data[i] != UNTOUCHED) {
            return false;
        }
    }
    return true;
}

static void clear(uint8_t* data, uint32_t shown, uint64_t offset, uint64_t length) {
    for (uint64_t i = offset; i < offset + length && i < shown; i++) {
        data[i] = 0;
    }
}

// Takes out of a copy what the report says is not to be compared as it is.
static void apply_report(struct child_context* context, const struct argument* argument,
                         const zxh_handle* handles, uint8_t* data, uint32_t shown) {
    const zxh_report* report = argument->report;
    const uint32_t* words = (const uint32_t*)(report + 1);
    for (uint32_t i = 0; i < report->mask_count; i++, words += 2) {
        clear(data, shown, words[0], words[1]);
    }
    for (uint32_t i = 0; i < report->koid_count; i++, words++) {
        uint64_t koid;
        if ((uint64_t)*words + sizeof(koid) <= shown) {
            memcpy(&koid, data + *words, sizeof(koid));
            if (koid != UNTOUCHED_KOID) {
                koid = koid_number(context, koid);
                memcpy(data + *words, &koid, sizeof(koid));
            }
        }
    }
    for (uint32_t i = 0; i < report->handle_count; i++, words += 2, handles++) {
        if (handles->state == ZXH_HANDLE_STATE_HANDLE ||
            handles->state == ZXH_HANDLE_STATE_INVALID) {
            clear(data, shown, words[0], 4);
        }
    }
}

// `handles` are those that this argument stored.
static uint8_t* report_buffer(struct child_context* context, const struct argument* argument,
                              uint32_t index, const zxh_handle* handles, uint8_t* next) {
    uint32_t show = argument->report == NULL ? PLAIN_SHOW : argument->report->show;
    uint32_t shown = argument->size < show ? (uint32_t)argument->size : show;
    zxh_out* out = (zxh_out*)next;
    uint8_t* data = next + sizeof(*out);
    *out = (zxh_out){.argument = index, .shown = shown, .size = (uint32_t)argument->size};
    if (argument->size > shown) {
        out->fnv1a = fnv1a(argument->buffer, argument->size);
    }
    memcpy(data, argument->buffer, shown);
    memset(data + shown, 0, padded(shown) - shown);
    if (argument->report != NULL && !is_untouched(data, shown)) {
        apply_report(context, argument, handles, data, shown);
    }
    return data + padded(shown);
}

// ---- all of a step ------------------------------------------------------------------------------

static uint8_t* write_live(struct child_context* context, zxh_step_result* result, uint8_t* next) {
    size_t size = (context->slot_count + 63) / 64 * 8;
    memset(next, 0, size);
    for (uint32_t slot = 0; slot < context->slot_count; slot++) {
        if (context->slot_set[slot] &&
            CALL(context, object_get_info)(context->slots[slot], ZX_INFO_HANDLE_VALID, NULL, 0,
                                           NULL, NULL) == ZX_OK) {
            next[slot / 8] |= (uint8_t)(1 << slot % 8);
        }
    }
    result->flags |= ZXH_STEP_HAS_LIVE;
    result->live_size = (uint16_t)size;
    return next + size;
}

uint32_t result_write(struct child_context* context, const struct argument* arguments, size_t count,
                      bool with_live, zxh_step_result* result) {
    zxh_handle* handles = (zxh_handle*)(result + 1);
    zxh_handle* next_handle = handles;
    const zxh_handle* stored_by[count + 1];
    for (size_t i = 0; i < count; i++) {
        stored_by[i] = next_handle;
        next_handle = store_handles(context, &arguments[i], next_handle);
    }
    result->handle_count = (uint16_t)(next_handle - handles);
    uint8_t* next = (uint8_t*)next_handle;
    for (size_t i = 0; i < count; i++) {
        uint8_t kind = arguments[i].wire->kind;
        if ((kind == ZXH_ARGUMENT_BUFFER || kind == ZXH_ARGUMENT_BUFFER_REF) &&
            arguments[i].wire->flags & ZXH_BUFFER_REPORTED) {
            next = report_buffer(context, &arguments[i], (uint32_t)i, stored_by[i], next);
            result->out_count++;
        }
    }
    if (with_live) {
        next = write_live(context, result, next);
    }
    return (uint32_t)(next - (uint8_t*)result);
}

uint64_t result_of_call(const zxh_step* step, uint64_t value) {
    if (step->return_bits < 64) {
        value &= (1ull << step->return_bits) - 1;
    }
    switch (step->return_form) {
    case ZXH_RETURN_STATUS:
        return value & 0xffffffff;
    case ZXH_RETURN_U64:
        return value;
    case ZXH_RETURN_MASK:
        return value != 0;
    default: // ZXH_RETURN_NONE
        return 0;
    }
}
