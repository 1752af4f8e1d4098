// A worker: threads that make random calls on a pool of handles they share.

#include "stress.h"

// A thread gives way after one call in so many; where the kernel itself takes the processor away
// after each call, that is once more.
#define YIELD_ONE_IN 4
// After one call in so many it touches memory that may be mapped, or ends in a fault.
#define TOUCH_ONE_IN 3000
// One call in so many that start a thread starts one of ours.
#define OWN_THREADS 2

#define PLACES_TRIED 8
#define KEPT_AT_ONCE 8 // of the handles that one call brings

// ---- the pool -----------------------------------------------------------------------------------

static void put_handle(struct worker* worker, uint64_t at, zx_handle_t handle) {
    zx_info_handle_basic_t info = {0};
    CALL(worker->functions, zx_object_get_info)
    (handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL);
    worker->handles[at] = handle;
    worker->types[at] = (uint8_t)info.type;
    worker->koids[at % KOIDS] = info.koid;
}

// A new handle takes a free place, or that of another one, which is closed.
static void keep_handle(struct worker* worker, uint64_t* random, zx_handle_t handle) {
    uint64_t room = POOL_SIZE - worker->kept;
    uint64_t first = below(random, room);
    uint64_t at = worker->kept + first;
    for (uint32_t i = 1; i < PLACES_TRIED && worker->handles[at] != ZX_HANDLE_INVALID; i++) {
        at = worker->kept + (first + i) % room;
    }
    zx_handle_t before = worker->handles[at];
    put_handle(worker, at, handle);
    if (before != ZX_HANDLE_INVALID) {
        CALL(worker->functions, zx_handle_close)(before);
    }
}

static void forget_handles(struct worker* worker, uint64_t taken) {
    for (; taken != 0; taken &= taken - 1) {
        uint64_t at = (uint64_t)__builtin_ctzll(taken);
        worker->handles[at] = ZX_HANDLE_INVALID;
        worker->types[at] = ZX_OBJ_TYPE_NONE;
    }
}

// ---- what comes back ----------------------------------------------------------------------------

// Whether so many bytes at an argument are our own memory.
static bool is_in_data(uint64_t address, uint64_t size) {
    return address >= WORKER_DATA && address <= WORKER_DATA + DATA_SIZE - size;
}

static uint32_t word_at(uint64_t address) {
    uint32_t word;
    memcpy(&word, (const void*)address, sizeof(word));
    return word;
}

static void keep_if_handle(struct worker* worker, uint64_t* random, uint64_t address) {
    if (is_in_data(address, sizeof(zx_handle_t)) && word_at(address) != ZX_HANDLE_INVALID) {
        keep_handle(worker, random, word_at(address));
    }
}

static void keep_handles(struct worker* worker, uint64_t* random, struct parameter what,
                         uint64_t address, uint64_t count) {
    for (uint64_t i = 0; i < count && i < KEPT_AT_ONCE; i++) {
        if (what.kind == KIND_HANDLES) {
            keep_if_handle(worker, random, address + i * sizeof(zx_handle_t));
            continue;
        }
        const struct record* record = &records[what.detail];
        for (uint8_t m = 0; m < record->members_count; m++) {
            if (record->members[m].kind == KIND_HANDLE) {
                keep_if_handle(worker, random,
                               address + i * record->size + record->members[m].offset);
            }
        }
    }
}

static void keep_results(struct worker* worker, uint64_t* random, const struct call* call,
                         const uint64_t* arguments) {
    for (uint64_t i = 0; i < MOST_PARAMETERS; i++) {
        struct parameter what = call->parameters[i];
        uint64_t count = what.count == NO_PARAMETER ? 1 : arguments[what.count];
        if (what.flags & FLAG_PLACE && is_in_data(arguments[i], sizeof(uint64_t))) {
            memcpy(&worker->places[below(random, PLACES)], (const void*)arguments[i],
                   sizeof(uint64_t));
        } else if (what.flags & FLAG_ACQUIRE) {
            keep_handles(worker, random, what, arguments[i], count);
        }
    }
}

// ---- threads ------------------------------------------------------------------------------------

// Arguments with which a thread of ours starts; false if there have been enough.
static bool own_thread(struct worker* worker, uint64_t* arguments) {
    if (worker->threads == MOST_THREADS) {
        return false;
    }
    uint64_t number = worker->threads++;
    arguments[1] = (uint64_t)thread_entry;
    arguments[2] = WORKER_DATA + STACKS_OFFSET + (number + 1) * STACK_SIZE;
    arguments[3] = number;
    arguments[4] = WORKER_DATA;
    return true;
}

typedef uint64_t (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                             uint64_t);

static void make_call(struct worker* worker, uint64_t thread) {
    struct thread_state* state = &worker->states[thread];
    uint64_t number;
    do {
        number = below(&state->random, CALL_COUNT);
    } while (stress_calls[number].one_in > 1 &&
             below(&state->random, stress_calls[number].one_in) != 0);
    const struct call* call = &stress_calls[number];
    uint64_t a[MOST_PARAMETERS];
    uint64_t taken = 0;
    draw_arguments(worker, thread, call, a, &taken);
    if (number == CALL_zx_thread_start && below(&state->random, OWN_THREADS) == 0) {
        own_thread(worker, a);
    }
    if (number == CALL_zx_process_start && below(&state->random, 2) == 0) {
        a[0] = worker->new_process;
        a[1] = worker->new_thread;
    }
    function target = (function)(uintptr_t)worker->functions[number];
    worker->tallies[number].made++;
    uint64_t result = target(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
    state->calls++;
    forget_handles(worker, taken);
    worker->tallies[number].no_memory += call->status && (zx_status_t)result == ZX_ERR_NO_MEMORY;
    if (!call->status || (zx_status_t)result == ZX_OK) {
        worker->tallies[number].succeeded++;
        keep_results(worker, &state->random, call, a);
        if (number == CALL_zx_thread_create && is_in_data(a[4], sizeof(zx_handle_t))) {
            worker->new_process = (zx_handle_t)a[0];
            worker->new_thread = word_at(a[4]);
        }
    }
}

static void touch_place(const struct worker* worker, uint64_t* random) {
    volatile uint8_t* place = (volatile uint8_t*)worker->places[below(random, PLACES)];
    uint8_t value = place[below(random, PAGE)];
    if (below(random, 2) == 0) {
        place[below(random, PAGE)] = (uint8_t)(value + 1);
    }
}

void worker_thread(uint64_t number, struct worker* worker) {
    struct thread_state* state = &worker->states[number];
    state->random = mix(worker->seed, number);
    for (;;) {
        make_call(worker, number);
        if (below(&state->random, YIELD_ONE_IN) == 0) {
            CALL(worker->functions, zx_thread_legacy_yield)(0);
        }
        if (below(&state->random, TOUCH_ONE_IN) == 0) {
            touch_place(worker, &state->random);
        }
    }
}

// Takes the handles that wait on the channel, the own process first, and starts the other threads.
void worker_main(zx_handle_t bootstrap, struct worker* worker) {
    zx_handle_t handles[POOL_SIZE];
    uint32_t bytes;
    uint32_t count = 0;
    CALL(worker->functions, zx_channel_read)
    (bootstrap, 0, NULL, handles, 0, POOL_SIZE, &bytes, &count);
    CALL(worker->functions, zx_handle_close)(bootstrap);
    for (uint32_t i = 0; i < count; i++) {
        put_handle(worker, i, handles[i]);
    }
    worker->kept = count;
    worker->threads = 1;
    for (uint32_t i = 1; i < FIRST_THREADS && count > 0; i++) {
        uint64_t a[MOST_PARAMETERS] = {0};
        zx_handle_t thread;
        if (CALL(worker->functions, zx_thread_create)(handles[0], "stress", 6, 0, &thread) ==
                ZX_OK &&
            own_thread(worker, a)) {
            CALL(worker->functions, zx_thread_start)(thread, a[1], a[2], a[3], a[4]);
            put_handle(worker, count++, thread);
        }
    }
    worker_thread(0, worker);
}
