#include "payload.h"

#include "zxh/share.h"

#define MAX_NAMES 1024
#define MAX_ARENA (16 * 1024 * 1024)
#define MAX_RESULTS (ZXH_RESULT_SIZE - 4096)

static bool header_is_sane(const zxh_program* program) {
    return program->given_count <= ZXH_GIVEN_MOST && program->helper_count < MAX_THREADS &&
           program->given_count <= program->slot_count && program->slot_count <= MAX_NAMES &&
           program->buffer_count <= MAX_NAMES && program->arena_size <= MAX_ARENA &&
           program->arena_before <= program->arena_size && program->result_size <= MAX_RESULTS &&
           program->koid_count <= MAX_ARENA / 8 && program->session < ZXH_SESSIONS;
}

bool payload_read(const void* bytes, size_t size, struct payload* payload) {
    const zxh_program* program = bytes;
    if (size < sizeof(*program) || !header_is_sane(program)) {
        return false;
    }
    size_t threads = program->helper_count + 1u;
    size_t words = (size_t)program->edge_count + program->storage_count;
    uint64_t fixed = sizeof(*program) + threads * sizeof(zxh_thread) + (words + 1) / 2 * 8;
    if (fixed > size) {
        return false;
    }
    payload->program = program;
    payload->threads = (const zxh_thread*)(program + 1);
    payload->edges = (const uint32_t*)(payload->threads + threads);
    payload->storages = payload->edges + program->edge_count;
    payload->steps = (const uint8_t*)bytes + fixed;
    payload->step_bytes = size - fixed;
    uint64_t step_bytes = 0;
    uint64_t results = 0;
    for (size_t i = 0; i < threads; i++) {
        step_bytes += payload->threads[i].step_bytes;
        results += payload->threads[i].result_size;
    }
    for (uint32_t i = 0; i < program->edge_count; i++) {
        if (payload->edges[i] > MAX_ARENA) {
            return false;
        }
    }
    for (uint32_t i = 0; i < program->storage_count; i++) {
        if (payload->storages[i] + (uint64_t)ZXH_STORAGE_SIZE > program->arena_size) {
            return false;
        }
    }
    return step_bytes == payload->step_bytes && results <= MAX_RESULTS;
}
