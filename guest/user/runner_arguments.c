// Arguments of calls: from their wire form to the eight numbers a function gets.
#include "runner.h"

#include "libc/libc.h"

#define UNTOUCHED 0xa5

static zx_time_t deadline_after(struct child_context* context, int64_t ns) {
    zx_time_t deadline;
    if (__builtin_add_overflow(runner_now(context), ns, &deadline)) {
        return ns < 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
    }
    return deadline;
}

static size_t padded(size_t size) {
    return (size + 7) & ~(size_t)7;
}

// Fills a buffer with its items, the rest with the byte nobody has written.
static const uint8_t* fill(struct child_context* context, const uint8_t* wire, uint32_t items,
                           uint8_t* buffer, uint64_t size) {
    uint8_t* at = buffer;
    for (uint32_t i = 0; i < items; i++) {
        const zxh_argument* item = (const zxh_argument*)wire;
        wire += sizeof(*item);
        uint64_t value = (uint64_t)item->value;
        size_t bytes = 8;
        switch (item->kind) {
        case ZXH_ITEM_BYTES:
            memcpy(at, wire, item->word);
            wire += padded(item->word);
            at += item->word;
            continue;
        case ZXH_ITEM_SIZED:
            bytes = item->flags;
            break;
        case ZXH_ITEM_HANDLE:
            value = context->slots[item->index] ^ item->word;
            bytes = 4;
            break;
        case ZXH_ITEM_KOID:
            value = context->slot_koids[item->index];
            break;
        case ZXH_ITEM_DEADLINE:
            value = (uint64_t)deadline_after(context, item->value);
            break;
        case ZXH_ITEM_ADDRESS:
            value += context->buffers[item->index].address;
            break;
        default: // ZXH_ITEM_POINTER
            value += context->pointers[item->index];
            break;
        }
        memcpy(at, &value, bytes);
        at += bytes;
    }
    memset(at, UNTOUCHED, size - (uint64_t)(at - buffer));
    return wire;
}

// The report behind an argument, if it has its own.
static const uint8_t* take_report(const uint8_t* wire, struct argument* argument) {
    if ((argument->wire->flags & ZXH_BUFFER_HAS_REPORT) == 0) {
        return wire;
    }
    argument->report = (const zxh_report*)wire;
    size_t words = 2 * (size_t)argument->report->mask_count + argument->report->koid_count +
                   2 * (size_t)argument->report->handle_count;
    return wire + sizeof(*argument->report) + padded(words * 4);
}

static const uint8_t* make_buffer(struct child_context* context, const uint8_t* wire,
                                  struct argument* argument) {
    const zxh_argument* head = argument->wire;
    uint64_t size = (uint32_t)head->value;
    uint32_t items = (uint32_t)((uint64_t)head->value >> 32);
    wire = take_report(wire, argument);
    if (head->flags & ZXH_BUFFER_EDGE) {
        argument->buffer = (uint8_t*)(context->edges[head->word] - size);
    } else {
        argument->buffer = context->arena + head->word;
    }
    argument->size = size;
    argument->value = (uint64_t)argument->buffer;
    wire = fill(context, wire, items, argument->buffer, size);
    if (head->index != ZXH_NO_NAME) {
        context->buffers[head->index] = (struct binding){argument->value, size};
    }
    return wire;
}

static const uint8_t* make_stored_value(struct child_context* context, const uint8_t* wire,
                                        struct argument* argument) {
    const zxh_argument* head = argument->wire;
    uint64_t value = 0;
    memcpy(&value, (const void*)(context->buffers[head->index].address + head->word), head->flags);
    uint64_t function = *(const uint64_t*)wire;
    if (function != ZXH_NO_FUNCTION) {
        value += context->functions[function] - context->vdso;
    }
    argument->value = value + (uint64_t)head->value;
    return wire + sizeof(function);
}

const uint8_t* argument_make(struct child_context* context, const uint8_t* wire,
                             struct argument* argument) {
    const zxh_argument* head = (const zxh_argument*)wire;
    wire += sizeof(*head);
    *argument = (struct argument){.wire = head, .value = (uint64_t)head->value};
    switch (head->kind) {
    case ZXH_ARGUMENT_HANDLE:
        argument->value = context->slots[head->index] ^ head->word;
        break;
    case ZXH_ARGUMENT_KOID:
        argument->value = context->slot_koids[head->index];
        break;
    case ZXH_ARGUMENT_DEADLINE:
        argument->value = (uint64_t)deadline_after(context, head->value);
        break;
    case ZXH_ARGUMENT_POINTER:
        argument->value += context->pointers[head->index];
        break;
    case ZXH_ARGUMENT_OUT_HANDLES:
        argument->buffer = context->arena + head->word;
        argument->size = 4 * (uint64_t)head->value;
        argument->value = (uint64_t)argument->buffer;
        memset(argument->buffer, UNTOUCHED, argument->size);
        return wire + padded(2 * (size_t)head->value);
    case ZXH_ARGUMENT_BUFFER:
        return make_buffer(context, wire, argument);
    case ZXH_ARGUMENT_BUFFER_REF:
        argument->buffer = (uint8_t*)context->buffers[head->index].address;
        argument->size = context->buffers[head->index].size;
        argument->value += (uint64_t)argument->buffer;
        return take_report(wire, argument);
    case ZXH_ARGUMENT_STORED_VALUE:
        return make_stored_value(context, wire, argument);
    case ZXH_ARGUMENT_STORAGE:
        argument->value = (uint64_t)(context->arena + head->word);
        break;
    case ZXH_ARGUMENT_VDSO:
        argument->value = context->vdso_numbers[head->index];
        break;
    default: // ZXH_ARGUMENT_NUMBER
        break;
    }
    return wire;
}
