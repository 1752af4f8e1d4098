// Clocks.
#include "clock.h"

#include "heap.h"
#include "ktimer.h"

#define PPM_BASE 1000000
#define NS_PER_SECOND 1000000000ll

// A line from monotonic time to a clock's: through a point, with a slope.
struct line {
    int64_t reference, synthetic;
    zx_clock_rate_t rate;
};

struct clock {
    struct dispatcher object; // first
    uint64_t options;
    zx_time_t backstop;
    bool started;
    struct line line;
    int64_t reference_ticks; // the same moment as line.reference
    int32_t rate_adjust;     // parts per million
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
        clock->line = started ? (struct line){0, 0, {1, 1}} : (struct line){0, backstop, {0, 1}};
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

// The time nearest to value.
static int64_t saturate(__int128 value) {
    return value < INT64_MIN ? INT64_MIN : value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

// value * numerator / denominator, rounded down.
static int64_t scale(int64_t value, int64_t numerator, int64_t denominator) {
    int64_t whole = value / denominator, rest = value % denominator;
    if (rest < 0) {
        whole--;
        rest += denominator;
    }
    return saturate((__int128)whole * numerator + rest * numerator / denominator);
}

static int64_t line_at(const struct line* line, int64_t reference) {
    int64_t passed = saturate((__int128)reference - line->reference);
    int64_t scaled = scale(passed, line->rate.synthetic_ticks, line->rate.reference_ticks);
    return saturate((__int128)scaled + line->synthetic);
}

zx_time_t clock_read(struct clock* clock) {
    return line_at(&clock->line, current_time());
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
    const struct line* line = &clock->line;
    store_transformation(details->reference_to_synthetic, line->reference, line->synthetic,
                         line->rate);
    // Nanoseconds per second over ticks per second, reduced before they are multiplied.
    zx_clock_rate_t base = make_rate(NS_PER_SECOND, arch_ticks_per_second());
    zx_clock_rate_t ticks_rate =
        make_rate((uint64_t)base.synthetic_ticks * line->rate.synthetic_ticks,
                  (uint64_t)base.reference_ticks * line->rate.reference_ticks);
    store_transformation(details->reference_ticks_to_synthetic, clock->reference_ticks,
                         line->synthetic, ticks_rate);
}

// What an update is to change.
struct change {
    bool value, rate, reference, error_bound;
};

// Whether these things may be changed together, and on a clock of its kind.  What later versions
// of the arguments allow has later rules.
static bool update_allowed(const struct clock* clock, uint64_t version, struct change change) {
    if (change.reference && !change.value && !change.rate) {
        return false;
    }
    if (!clock->started) {
        return change.value;
    }
    if (change.value && (clock->options & ZX_CLOCK_OPT_CONTINUOUS)) {
        return false;
    }
    if (version > 1 && (clock->options & ZX_CLOCK_OPT_MONOTONIC)) {
        return !(change.value && !change.reference) &&
               !(change.rate && (change.value || change.reference));
    }
    return true;
}

// The line after an update: through the point given, or through where the old one is.
static struct line changed_line(const struct clock* clock, struct change change,
                                const zx_clock_update_args_v2_t* args, int64_t at) {
    struct line line = {.reference = at};
    line.synthetic = change.value ? args->synthetic_value : line_at(&clock->line, at);
    line.rate = clock->started ? clock->line.rate : (zx_clock_rate_t){1, 1};
    if (change.rate) {
        line.rate = (zx_clock_rate_t){(uint32_t)(PPM_BASE + args->rate_adjust), PPM_BASE};
    }
    return line;
}

// Whether the clock shows less than it may if it runs along a line from now on.
static bool shows_less(const struct clock* clock, const struct line* line, int64_t now) {
    int64_t synthetic = line_at(line, now);
    bool back = (clock->options & ZX_CLOCK_OPT_MONOTONIC) && synthetic < line_at(&clock->line, now);
    return back || synthetic < clock->backstop;
}

zx_status_t clock_update(struct clock* clock, uint64_t version, uint64_t options,
                         const zx_clock_update_args_v2_t* args) {
    zx_ticks_t ticks = (zx_ticks_t)arch_ticks();
    int64_t now = current_time();
    struct change change = {
        .value = options & ZX_CLOCK_UPDATE_OPTION_SYNTHETIC_VALUE_VALID,
        .rate = options & ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID,
        .reference = options & ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID,
        .error_bound = options & ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID,
    };
    if (!update_allowed(clock, version, change)) {
        return ZX_ERR_INVALID_ARGS;
    }
    // The rate it has already moves nothing.
    bool turns = change.rate && args->rate_adjust != clock->rate_adjust;
    if (change.value || change.reference || turns) {
        int64_t at = change.reference ? args->reference_value : now;
        struct line line = changed_line(clock, change, args, at);
        if (shows_less(clock, &line, now)) {
            return ZX_ERR_INVALID_ARGS;
        }
        clock->line = line;
        clock->reference_ticks =
            change.reference ? scale(at, (int64_t)arch_ticks_per_second(), NS_PER_SECOND) : ticks;
    }
    bool starts = !clock->started;
    if (change.value) {
        clock->value_updated = ticks;
        clock->started = true;
    }
    if (change.rate || starts) {
        clock->rate_adjust = change.rate ? args->rate_adjust : 0;
        clock->rate_updated = ticks;
    }
    if (change.error_bound) {
        clock->error_bound = args->error_bound;
        clock->error_updated = ticks;
    }
    clock->generation += 2; // odd while an update is made, which nobody can see here
    if (starts) {
        update_signals(&clock->object, 0, ZX_CLOCK_STARTED);
    }
    return ZX_OK;
}
