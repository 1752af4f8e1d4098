// Arguments drawn at random: mostly such that the call can succeed, some of them wrong.

#include "stress.h"

#define ENOUGH 8   // handles or records
#define GIVEN_UP 4 // handles that one argument gives up, at most

// One time in so many a call that is not careful ...
#define WRONG_HANDLE 24
#define ANY_TYPE 8
#define WRONG_POINTER 16
#define MAPPED_POINTER 16
#define ENDLESS_WAIT 512
#define KEPT_GIVEN_UP 64

#define MICROSECOND 1000ull

struct drawing {
    struct worker* worker;
    uint64_t thread;
    uint64_t* random;
    const struct call* call;
    uint64_t* taken;
    bool careful; // no argument is wrong on purpose
};

static bool once_in(struct drawing* d, uint64_t times) {
    return below(d->random, times) == 0;
}

// ---- numbers ----------------------------------------------------------------------------------

// Likewise, of what a careful call does without.
static bool once_wrong(struct drawing* d, uint64_t times) {
    return !d->careful && once_in(d, times);
}

static bool is_task(uint8_t type) {
    return type == ZX_OBJ_TYPE_JOB || type == ZX_OBJ_TYPE_PROCESS || type == ZX_OBJ_TYPE_THREAD;
}

// Whether an object can be what a parameter wants.
static bool fits(uint8_t type, uint8_t wanted) {
    switch (wanted) {
    case ZX_OBJ_TYPE_NONE:
        return type != ZX_OBJ_TYPE_NONE;
    case TYPE_TASK:
        return is_task(type);
    default:
        return type == wanted;
    }
}

static zx_handle_t draw_handle(struct drawing* d, uint8_t type, bool give_up) {
    if (once_wrong(d, WRONG_HANDLE)) {
        return once_in(d, 2) ? ZX_HANDLE_INVALID : (zx_handle_t)draw(d->random);
    }
    const struct worker* worker = d->worker;
    uint64_t first = give_up && !once_in(d, KEPT_GIVEN_UP) ? worker->kept : 0;
    uint64_t room = POOL_SIZE - first;
    uint64_t start = below(d->random, room);
    uint64_t at = first + start;
    if (!once_wrong(d, ANY_TYPE)) {
        for (uint64_t i = 1; i < room && !fits(worker->types[at], type); i++) {
            at = first + (start + i) % room;
        }
    }
    if (give_up) {
        *d->taken |= 1ull << at;
    }
    return worker->handles[at];
}

// One of the interface's constants that the parameter may be.
static uint64_t draw_constant(struct drawing* d, uint8_t constant_set) {
    const struct constant_set* set = &constant_sets[constant_set];
    return set->count == 0 ? 0 : constants[set->first + below(d->random, set->count)];
}

static uint64_t draw_number(struct drawing* d, uint8_t constant_set) {
    switch (d->careful ? 2 + below(d->random, 14) : below(d->random, 16)) {
    case 0:
        return below(d->random, 40);
    case 1:
        return draw(d->random) >> below(d->random, 64);
    case 2:
        return draw_constant(d, constant_set) | draw_constant(d, constant_set);
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        return draw_constant(d, constant_set);
    default:
        return constant_sets[constant_set].narrow ? draw_constant(d, constant_set) : 0;
    }
}

// Whatever a number of bytes may be.
static uint64_t draw_odd_size(struct drawing* d) {
    switch (below(d->random, 4)) {
    case 0:
        return below(d->random, PAGE);
    case 1:
        return PAGE * below(d->random, 256);
    case 2:
        return PAGE * below(d->random, 64) - 1 + below(d->random, 3);
    default:
        return draw(d->random) >> below(d->random, 64);
    }
}

static uint64_t draw_offset(struct drawing* d) {
    if (once_wrong(d, 4)) {
        return draw_odd_size(d);
    }
    return once_in(d, 3) ? PAGE * below(d->random, 8) : 0;
}

static uint64_t draw_length(struct drawing* d) {
    return once_wrong(d, 4) ? draw_odd_size(d) : PAGE * (1 + below(d->random, d->careful ? 3 : 8));
}

// Bytes of a buffer.
static uint64_t draw_count(struct drawing* d) {
    switch (below(d->random, 16)) {
    case 0:
    case 1:
    case 2:
        return 0;
    case 3:
    case 4:
        return below(d->random, ROOM_SIZE);
    case 5:
        return once_in(d, 4) ? below(d->random, LARGE_SIZE) : below(d->random, 2 * PAGE);
    case 6:
        return once_in(d, 4) ? draw(d->random) >> below(d->random, 64) : PAGE;
    case 7:
    case 8:
    case 9:
        return 1 + below(d->random, 8);
    default:
        return 8 * below(d->random, 64);
    }
}

// Handles or records.
static uint64_t draw_few(struct drawing* d) {
    return once_wrong(d, 16) ? draw_count(d) : below(d->random, 4);
}

static uint64_t draw_time(struct drawing* d) {
    if (once_in(d, ENDLESS_WAIT)) {
        return (uint64_t)ZX_TIME_INFINITE;
    }
    uint64_t now = (uint64_t)CALL(d->worker->functions, zx_clock_get_monotonic)();
    switch (below(d->random, 4)) {
    case 0:
        return now + below(d->random, 200 * MICROSECOND);
    case 1:
        return now + below(d->random, 10 * MICROSECOND);
    default:
        return 0;
    }
}

static uint64_t draw_vm_options(struct drawing* d, uint8_t constant_set) {
    if (d->careful && !once_in(d, 4)) {
        return ZX_VM_PERM_READ | (once_in(d, 3) ? 0 : ZX_VM_PERM_WRITE);
    }
    uint64_t options = once_in(d, 3) ? 0 : ZX_VM_PERM_READ;
    options |= options == 0 || once_in(d, 3) ? 0 : ZX_VM_PERM_WRITE;
    while (once_in(d, 3)) {
        options |= draw_constant(d, constant_set);
    }
    return once_in(d, 4) ? options : options & ~(uint64_t)ZX_VM_SPECIFIC;
}

static uint64_t draw_rights(struct drawing* d) {
    return once_wrong(d, 2) ? draw(d->random) & 0x3fffff : ZX_RIGHT_SAME_RIGHTS;
}

// An address of a mapping, or near one.
static uint64_t draw_place(struct drawing* d) {
    uint64_t place = d->worker->places[below(d->random, PLACES)];
    return d->careful || once_in(d, 2) ? place : place + draw_offset(d);
}

// ---- pointers ---------------------------------------------------------------------------------

static uint8_t* room_of(const struct drawing* d, uint64_t parameter) {
    uint64_t index = d->thread * MOST_PARAMETERS + parameter;
    return (uint8_t*)d->worker + ROOMS_OFFSET + index * ROOM_SIZE;
}

static uint64_t wrong_pointer(struct drawing* d) {
    switch (below(d->random, 6)) {
    case 0:
        return 0;
    case 1:
        return WORKER_NOTHING;
    case 2:
        return 0xffffffff80000000ull + draw_odd_size(d);
    case 3:
        return 0x800000000000ull - below(d->random, 16);
    case 4:
        return WORKER_IMAGE + below(d->random, d->worker->image_size); // read-only
    default:
        return WORKER_DATA + PAGE_UP(DATA_SIZE) - below(d->random, 64); // an end
    }
}

// Room for `size` bytes, or a pointer that leads elsewhere; *wrong tells.
static uint8_t* draw_room(struct drawing* d, uint64_t parameter, uint64_t size, bool* wrong) {
    *wrong = false;
    if (!d->call->local) {
        *wrong = true;
        if (once_wrong(d, WRONG_POINTER)) {
            return (uint8_t*)wrong_pointer(d);
        }
        if (once_in(d, MAPPED_POINTER)) {
            return (uint8_t*)draw_place(d);
        }
        *wrong = false;
    }
    return size <= ROOM_SIZE ? room_of(d, parameter) : (uint8_t*)d->worker + LARGE_OFFSET;
}

static uint64_t draw_bytes(struct drawing* d, uint64_t parameter, struct parameter what,
                           uint64_t count) {
    if (count == 0 && once_in(d, 2)) {
        return 0;
    }
    bool wrong;
    uint8_t* room = draw_room(d, parameter, count, &wrong);
    if (!wrong) {
        uint64_t words = 1 + below(d->random, 6);
        for (uint64_t i = 0; i < words; i++) {
            ((uint64_t*)room)[i] = once_in(d, 2) ? draw_number(d, what.detail) : draw_offset(d);
        }
    }
    return (uint64_t)room;
}

static uint64_t draw_handles(struct drawing* d, uint64_t parameter, struct parameter what,
                             uint64_t count) {
    bool wrong;
    zx_handle_t* room = (zx_handle_t*)draw_room(d, parameter, count * sizeof(zx_handle_t), &wrong);
    if (wrong) {
        return (uint64_t)room;
    }
    for (uint64_t i = 0; i < count && i < ROOM_SIZE / sizeof(*room); i++) {
        room[i] = what.flags & FLAG_ACQUIRE || i >= GIVEN_UP
                      ? ZX_HANDLE_INVALID
                      : draw_handle(d, ZX_OBJ_TYPE_NONE, what.flags & FLAG_RELEASE);
    }
    return (uint64_t)room;
}

static uint64_t draw_scalar(struct drawing* d, struct parameter what);

static void put_member(uint8_t* at, uint8_t size, uint64_t value) {
    memcpy(at, &value, size);
}

// What members of records point to lies in the large room: whatever their counts say, nothing but
// the end of the mapping is behind it.
static uint64_t draw_records(struct drawing* d, uint64_t parameter, struct parameter what,
                             uint64_t count) {
    bool wrong;
    const struct record* record = &records[what.detail];
    uint8_t* room = draw_room(d, parameter, count * record->size, &wrong);
    if (wrong) {
        return (uint64_t)room;
    }
    uint64_t most = ROOM_SIZE / record->size;
    uint8_t* piece = (uint8_t*)d->worker + LARGE_OFFSET;
    for (uint64_t i = 0; i < count && i < most; i++) {
        uint8_t* at = room + i * record->size;
        memset(at, 0, record->size);
        for (uint8_t m = 0; m < record->members_count && !(what.flags & FLAG_ACQUIRE); m++) {
            struct member member = record->members[m];
            struct parameter inner = {member.kind, what.flags, member.detail, NO_PARAMETER};
            uint64_t value = 0;
            switch (member.kind) {
            case KIND_BYTES:
                value = once_wrong(d, WRONG_POINTER) ? wrong_pointer(d) : (uint64_t)piece;
                break;
            case KIND_HANDLES:
                value = (uint64_t)piece;
                *(zx_handle_t*)piece = draw_handle(d, ZX_OBJ_TYPE_NONE, true);
                break;
            case KIND_COUNT:
                value = draw_few(d);
                break;
            default:
                value = draw_scalar(d, inner);
            }
            put_member(at + member.offset, member.size, value);
        }
    }
    return (uint64_t)room;
}

// ---- one call -----------------------------------------------------------------------------------

static uint64_t draw_scalar(struct drawing* d, struct parameter what) {
    switch (what.kind) {
    case KIND_HANDLE:
        return draw_handle(d, what.detail, what.flags & FLAG_RELEASE);
    case KIND_OFFSET:
        return draw_offset(d);
    case KIND_LENGTH:
        return draw_length(d);
    case KIND_KOID:
        return d->worker->koids[below(d->random, KOIDS)];
    case KIND_COUNT:
        return what.flags & FLAG_ROOM && d->careful ? PAGE : draw_count(d);
    case KIND_FEW:
        return what.flags & FLAG_ROOM && d->careful ? ENOUGH : draw_few(d);
    case KIND_ADDRESS:
    case KIND_STACK:
        return draw_place(d);
    case KIND_ENTRY:
        return WORKER_IMAGE + below(d->random, d->worker->image_size);
    case KIND_TIME:
        return draw_time(d);
    case KIND_DURATION:
        return below(d->random, 100 * MICROSECOND);
    case KIND_RIGHTS:
        return draw_rights(d);
    case KIND_SIGNALS:
        return draw(d->random) & (once_in(d, 2) ? 0xff : 0xff000000);
    case KIND_VM_OPTIONS:
        return draw_vm_options(d, what.detail);
    default:
        return draw_number(d, what.detail);
    }
}

static uint64_t draw_pointer(struct drawing* d, uint64_t index, struct parameter what,
                             uint64_t count) {
    switch (what.kind) {
    case KIND_FUTEX:
        if (!d->call->local && once_wrong(d, WRONG_POINTER)) {
            return wrong_pointer(d);
        }
        return (uint64_t)&d->worker->futexes[below(d->random, FUTEXES)];
    case KIND_HANDLES:
        return draw_handles(d, index, what, count);
    case KIND_RECORD:
        return draw_records(d, index, what, count);
    default:
        return draw_bytes(d, index, what, count);
    }
}

void draw_arguments(struct worker* worker, uint64_t number, const struct call* call,
                    uint64_t* arguments, uint64_t* taken) {
    uint64_t* random = &worker->states[number].random;
    struct drawing d = {worker, number, random, call, taken, below(random, 4) != 0};
    // Sizes of buffers first: they decide where these lie.
    for (uint64_t i = 0; i < MOST_PARAMETERS; i++) {
        struct parameter what = call->parameters[i];
        arguments[i] = what.kind != KIND_NONE && what.kind < KIND_BYTES ? draw_scalar(&d, what) : 0;
    }
    for (uint64_t i = 0; i < MOST_PARAMETERS; i++) {
        struct parameter what = call->parameters[i];
        if (what.kind >= KIND_BYTES) {
            uint64_t count = what.count == NO_PARAMETER ? 1 : arguments[what.count];
            arguments[i] = draw_pointer(&d, i, what, count);
        }
    }
}
