// Profiles.  Of what one says, the mask of processors shows in what is told about a thread;
// priorities and deadlines change nothing where all threads take turns on one processor.
#include "profile.h"

#include "heap.h"
#include "thread_object.h"

#define DISCIPLINES (ZX_PROFILE_INFO_FLAG_PRIORITY | ZX_PROFILE_INFO_FLAG_DEADLINE)
#define FLAGS (DISCIPLINES | ZX_PROFILE_INFO_FLAG_CPU_MASK | ZX_PROFILE_INFO_FLAG_NO_INHERIT)
#define MOST_CPUS_MASK 0xffffffffull // what is beyond is cut off

struct profile {
    struct dispatcher object; // first
    uint32_t flags;
    uint64_t cpu_mask;
};

static void profile_destroy(struct dispatcher* object) {
    kfree(object);
}

static const struct dispatcher_ops profile_ops = {
    .type = ZX_OBJ_TYPE_PROFILE,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .destroy = profile_destroy,
};

static bool is_deadline_sound(const zx_profile_info_t* info) {
    zx_sched_deadline_params_t params;
    __builtin_memcpy(&params, info->priority_or_deadline, sizeof(params));
    int64_t relative_deadline = params.relative_deadline;
    return (int64_t)params.capacity > 0 && (int64_t)params.capacity <= relative_deadline &&
           relative_deadline <= (int64_t)params.period;
}

static bool is_sound(const zx_profile_info_t* info) {
    uint32_t flags = info->flags;
    if ((flags & ~(uint32_t)FLAGS) != 0 ||
        (flags & (DISCIPLINES | ZX_PROFILE_INFO_FLAG_CPU_MASK)) == 0) {
        return false;
    }
    switch (flags & DISCIPLINES) {
    case ZX_PROFILE_INFO_FLAG_PRIORITY: {
        int32_t priority = (int32_t)info->priority_or_deadline[0];
        return priority >= ZX_PRIORITY_LOWEST && priority <= ZX_PRIORITY_HIGHEST;
    }
    case ZX_PROFILE_INFO_FLAG_DEADLINE: // which whoever is waited for inherits
        return !(flags & ZX_PROFILE_INFO_FLAG_NO_INHERIT) && is_deadline_sound(info);
    case 0:
        return true;
    default:
        return false;
    }
}

zx_status_t profile_create(const zx_profile_info_t* info, struct profile** out) {
    if (!is_sound(info)) {
        return ZX_ERR_INVALID_ARGS;
    }
    struct profile* profile = kalloc(sizeof(*profile));
    if (profile == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    dispatcher_init(&profile->object, &profile_ops, 0);
    profile->flags = info->flags;
    profile->cpu_mask = info->cpu_affinity_mask[0] & MOST_CPUS_MASK;
    *out = profile;
    return ZX_OK;
}

struct dispatcher* profile_dispatcher(struct profile* profile) {
    return &profile->object;
}

struct profile* profile_from_dispatcher(struct dispatcher* object) {
    return (struct profile*)object;
}

zx_status_t profile_apply(const struct profile* profile, struct thread_dispatcher* thread) {
    if (thread_object_is_ending(thread)) {
        return ZX_ERR_BAD_STATE;
    }
    if (profile->flags & ZX_PROFILE_INFO_FLAG_CPU_MASK) {
        thread_object_set_cpu_mask(thread, profile->cpu_mask);
    }
    return ZX_OK;
}
