// Clocks.
#include "clock.h"

#include "heap.h"
#include "ktimer.h"

#define PPM_BASE 1000000
#define NS_PER_SECOND 1000000000ull

// synthetic time = synthetic_offset + (reference time - reference_offset) * rate,
// the rate being (1000000 + rate_adjust) / 1000000, or 0 before the start.
struct clock {
    struct dispatcher object; // first
    uint64_t options;
    zx_time_t backstop;
    bool started;
    int32_t rate_adjust; // parts per million
    int64_t reference_offset, synthetic_offset;
    int64_t reference_offset_ticks; // the same moment as reference_offset
    uint64_t error_bound;
    zx_ticks_t value_updated, rate_updated, error_updated;
    uint32_t generation;
};

static void clock_destroy(struct dispatcher* object) {
    kfree(object);
}

static const struct dispatcher_ops clock_ops = {
    .type = ZX_OBJ_TYPE_CLOCK,
    .waitable = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .destroy = clock_destroy,
};

struct clock* clock_create(uint64_t options, zx_time_t backstop) {
    struct clock* clock = kalloc(sizeof(*clock));
    if (clock != NULL) {
        bool started = options & ZX_CLOCK_OPT_AUTO_START; // as a copy of monotonic time
        dispatcher_init(&clock->object, &clock_ops, started ? ZX_CLOCK_STARTED : 0);
        clock->options = options;
        clock->backstop = backstop;
        clock->started = started;
        clock->synthetic_offset = started ? 0 : backstop;
        clock->error_bound = ZX_CLOCK_UNKNOWN_ERROR;
    }
    return clock;
}

struct dispatcher* clock_dispatcher(struct clock* clock) {
    return &clock->object;
}

struct clock* clock_from_dispatcher(struct dispatcher* object) {
    return (struct clock*)object;
}

// value * numerator / denominator, rounded down, where the parts of the product fit 64 bits.
static int64_t scale(int64_t value, int64_t numerator, int64_t denominator) {
    int64_t whole = value / denominator, rest = value % denominator;
    if (rest < 0) {
        whole--;
        rest += denominator;
    }
    return whole * numerator + rest * numerator / denominator;
}

static int64_t synthetic_at(const struct clock* clock, int64_t reference) {
    if (!clock->started) {
        return clock->backstop;
    }
    return clock->synthetic_offset +
           scale(reference - clock->reference_offset, PPM_BASE + clock->rate_adjust, PPM_BASE);
}

zx_time_t clock_read(struct clock* clock) {
    return synthetic_at(clock, current_time());
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// A rate as two 32-bit numbers; the lowest bits go where that is not exact.
static zx_clock_rate_t make_rate(uint64_t synthetic, uint64_t reference) {
    uint64_t divisor = greatest_common_divisor(synthetic, reference);
    synthetic /= divisor;
    reference /= divisor;
    while (synthetic > UINT32_MAX || reference > UINT32_MAX) {
        synthetic >>= 1;
        reference >>= 1;
    }
    return (zx_clock_rate_t){(uint32_t)synthetic, (uint32_t)reference};
}

static void store_transformation(uint64_t* out, int64_t reference_offset, int64_t synthetic_offset,
                                 zx_clock_rate_t rate) {
    zx_clock_transformation_t transformation = {.reference_offset = reference_offset,
                                                .synthetic_offset = synthetic_offset};
    __builtin_memcpy(&transformation.rate, &rate, sizeof(rate));
    __builtin_memcpy(out, &transformation, sizeof(transformation));
}

void clock_get_details(struct clock* clock, zx_clock_details_v1_t* details) {
    *details = (zx_clock_details_v1_t){
        .options = clock->options,
        .backstop_time = clock->backstop,
        .error_bound = clock->error_bound,
        .query_ticks = arch_ticks(),
        .last_value_update_ticks = (uint64_t)clock->value_updated,
        .last_rate_adjust_update_ticks = (uint64_t)clock->rate_updated,
        .last_error_bounds_update_ticks = (uint64_t)clock->error_updated,
        .generation_counter = clock->generation,
    };
    zx_clock_rate_t rate = {0, 1}, ticks_rate = {0, 1};
    if (clock->started) {
        uint64_t adjusted = (uint64_t)(PPM_BASE + clock->rate_adjust);
        rate = clock->rate_adjust == 0 ? (zx_clock_rate_t){1, 1}
                                       : (zx_clock_rate_t){(uint32_t)adjusted, PPM_BASE};
        // Nanoseconds per second over ticks per second, each reduced before they are multiplied.
        zx_clock_rate_t base = make_rate(NS_PER_SECOND, arch_ticks_per_second());
        ticks_rate =
            make_rate(base.synthetic_ticks * adjusted, (uint64_t)base.reference_ticks * PPM_BASE);
    }
    store_transformation(details->reference_to_synthetic, clock->reference_offset,
                         clock->synthetic_offset, rate);
    store_transformation(details->reference_ticks_to_synthetic, clock->reference_offset_ticks,
                         clock->synthetic_offset, ticks_rate);
}

// Whether an update of this clock's value or rate may be made at all.
static bool update_allowed(const struct clock* clock, uint64_t options,
                           const zx_clock_update_args_v2_t* args, int64_t now) {
    bool value = options & ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID;
    bool rate = options & ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID;
    bool reference = options & ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID;
    bool monotonic = clock->options & ZX_CLOCK_OPT_MONOTONIC;
    bool continuous = clock->options & ZX_CLOCK_OPT_CONTINUOUS;
    if (!clock->started && !value) {
        return false;
    }
    if (reference && !value && !rate) {
        return false;
    }
    if (clock->started && continuous && (value || reference)) {
        return false;
    }
    if (clock->started && monotonic && value && rate && reference) {
        return false;
    }
    if (value) {
        if (args->synthetic_value < clock->backstop) {
            return false;
        }
        int64_t at = reference ? args->reference_value : now;
        if (clock->started && monotonic && args->synthetic_value < synthetic_at(clock, at)) {
            return false;
        }
    }
    return true;
}

zx_status_t clock_update(struct clock* clock, uint64_t options,
                         const zx_clock_update_args_v2_t* args) {
    zx_ticks_t ticks = (zx_ticks_t)arch_ticks();
    int64_t now = current_time();
    bool value = options & ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID;
    bool rate = options & ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID;
    if (!update_allowed(clock, options, args, now)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (value || rate) {
        bool given = options & ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID;
        int64_t at = given ? args->reference_value : now;
        // The new line goes through the point given, or through where the old one is then.
        clock->synthetic_offset = value ? args->synthetic_value : synthetic_at(clock, at);
        clock->reference_offset = at;
        clock->reference_offset_ticks =
            ticks + scale(at - now, (int64_t)arch_ticks_per_second(), (int64_t)NS_PER_SECOND);
    }
    bool starts = value && !clock->started;
    if (rate) {
        clock->rate_adjust = args->rate_adjust;
    }
    if (rate || starts) {
        clock->rate_updated = ticks;
    }
    if (value) {
        clock->value_updated = ticks;
        clock->started = true;
    }
    if (options & ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID) {
        clock->error_bound = args->error_bound;
        clock->error_updated = ticks;
    }
    clock->generation += 2; // odd while an update is made, which nobody can see here
    if (starts) {
        update_signals(&clock->object, 0, ZX_CLOCK_STARTED);
    }
    return ZX_OK;
}
