// The edition that the agent is written for: nothing to adapt.
#include "calls.h"
#include "system.h"

static zx_handle_t exceptions; // channel: exceptions of all children

const char* system_2022_find(const elf_object_t* vdso) {
    return elf_object_symbols(vdso, EDITION_CALLS(VDSO_NAME), &calls.clock_get_monotonic);
}

static zx_status_t catch_exceptions(zx_handle_t job) {
    return calls.task_create_exception_channel(job, 0, &exceptions);
}

static zx_status_t set_policy(zx_handle_t job, uint64_t policy) {
    zx_policy_basic_v2_t records[ZX_POL_AMBIENT_MARK_VMO_EXEC + 1];
    uint32_t count = 0;
    for (uint32_t condition = 0; condition <= ZX_POL_AMBIENT_MARK_VMO_EXEC; condition++) {
        uint32_t action = policy >> 4 * condition & 0xf;
        if (action != ZX_POL_ACTION_ALLOW) {
            records[count++] = (zx_policy_basic_v2_t){condition, action, ZX_POL_OVERRIDE_DENY};
        }
    }
    return calls.job_set_policy(job, ZX_JOB_POL_ABSOLUTE, ZX_JOB_POL_BASIC_V2, records, count);
}

static enum wake wait(zx_handle_t process, zx_handle_t helper, zx_time_t deadline) {
    zx_wait_item_t items[3] = {
        {process, ZX_PROCESS_TERMINATED, 0},
        {exceptions, ZX_CHANNEL_READABLE, 0},
        {helper, ZX_THREAD_TERMINATED, 0},
    };
    bool joining = helper != ZX_HANDLE_INVALID;
    zx_status_t status = calls.object_wait_many(items, joining ? 3 : 2, deadline);
    if (items[0].pending & ZX_PROCESS_TERMINATED) {
        return WAKE_ENDED;
    }
    if (items[1].pending & ZX_CHANNEL_READABLE) {
        return WAKE_EXCEPTION;
    }
    if (joining && items[2].pending & ZX_THREAD_TERMINATED) {
        return WAKE_HELPER_ENDED;
    }
    return status == ZX_ERR_TIMED_OUT ? WAKE_TIME : WAKE_NOTHING;
}

static bool take_exception(zx_handle_t process, struct stop* stop) {
    (void)process;
    zx_exception_info_t info;
    uint32_t handles;
    if (calls.channel_read(exceptions, 0, &info, &stop->exception, sizeof(info), 1, NULL,
                           &handles) != ZX_OK) {
        return false;
    }
    if (calls.exception_get_thread(stop->exception, &stop->thread) != ZX_OK) {
        calls.handle_close(stop->exception);
        return false;
    }
    stop->type = info.type;
    return true;
}

static void resume(const struct stop* stop) {
    const uint32_t handled = ZX_EXCEPTION_STATE_HANDLED;
    calls.object_set_property(stop->exception, ZX_PROP_EXCEPTION_STATE, &handled, sizeof(handled));
}

static int64_t return_code(zx_handle_t process) {
    zx_info_process_t info = {0};
    calls.object_get_info(process, ZX_INFO_PROCESS, &info, sizeof(info), NULL, NULL);
    return info.return_code;
}

const struct system system_2022 = {
    .register_bytes = sizeof(general_registers),
    .start_needs_handle = false,
    .catch_exceptions = catch_exceptions,
    .set_policy = set_policy,
    .wait = wait,
    .take_exception = take_exception,
    .resume = resume,
    .return_code = return_code,
};
