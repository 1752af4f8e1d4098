// zx_syscall_*: calls by which callers test how arguments and results go through the vDSO.
//
// Each argument has been cut to its C type before it comes here.
#include "event.h"
#include "process.h"
#include "zx/kernel_calls.h"

// The largest result of zx_syscall_test_wrapper, the largest argument of zx_syscall_next_1.
#define MOST 50

zx_status_t sys_syscall_next_1(int32_t arg) {
    return arg > MOST ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

// The event is made in any case; only ZX_OK lets the caller have a handle to it.
zx_status_t sys_syscall_test_handle_create(zx_status_t return_value, uaddr_t out) {
    struct dispatcher* event = policy_enforce(ZX_POL_NEW_EVENT) == ZX_OK ? event_create() : NULL;
    if (event == NULL) {
        return ZX_ERR_INTERNAL;
    }
    zx_status_t status = return_value;
    if (status == ZX_OK) {
        status = handle_make_and_store(event, ZX_DEFAULT_EVENT_RIGHTS, out);
    }
    dispatcher_unref(event);
    return status;
}

int64_t sys_syscall_test_widening_signed_narrow(int64_t a, int32_t b, int16_t c, int8_t d) {
    return (int64_t)((uint64_t)a + (uint64_t)((int64_t)b + c + d));
}

int64_t sys_syscall_test_widening_signed_wide(int64_t a, int32_t b, int16_t c, int8_t d) {
    return (int64_t)((uint64_t)a + (uint64_t)(int64_t)b + (uint64_t)(int64_t)c +
                     (uint64_t)(int64_t)d);
}

uint64_t sys_syscall_test_widening_unsigned_narrow(uint64_t a, uint32_t b, uint16_t c, uint8_t d) {
    return a + ((uint64_t)b + c + d);
}

uint64_t sys_syscall_test_widening_unsigned_wide(uint64_t a, uint32_t b, uint16_t c, uint8_t d) {
    return a + (uint64_t)b + (uint64_t)c + (uint64_t)d;
}

// Sums wrap around.
static int32_t sum(size_t count, const int32_t* values) {
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += (uint32_t)values[i];
    }
    return (int32_t)total;
}

#define SUM(...)                                                                                   \
    ({                                                                                             \
        const int32_t values_[] = {__VA_ARGS__};                                                   \
        sum(sizeof(values_) / sizeof(values_[0]), values_);                                        \
    })

zx_status_t sys_syscall_test_wrapper(int32_t a, int32_t b, int32_t c) {
    if (a < 0 || b < 0 || c < 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    int32_t total = SUM(a, b, c);
    return total > MOST ? ZX_ERR_OUT_OF_RANGE : total;
}

zx_status_t sys_syscall_test_0(void) {
    return ZX_OK;
}

zx_status_t sys_syscall_test_1(int32_t a) {
    return SUM(a);
}

zx_status_t sys_syscall_test_2(int32_t a, int32_t b) {
    return SUM(a, b);
}

zx_status_t sys_syscall_test_3(int32_t a, int32_t b, int32_t c) {
    return SUM(a, b, c);
}

zx_status_t sys_syscall_test_4(int32_t a, int32_t b, int32_t c, int32_t d) {
    return SUM(a, b, c, d);
}

zx_status_t sys_syscall_test_5(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e) {
    return SUM(a, b, c, d, e);
}

zx_status_t sys_syscall_test_6(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f) {
    return SUM(a, b, c, d, e, f);
}

zx_status_t sys_syscall_test_7(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f,
                               int32_t g) {
    return SUM(a, b, c, d, e, f, g);
}

zx_status_t sys_syscall_test_8(int32_t a, int32_t b, int32_t c, int32_t d, int32_t e, int32_t f,
                               int32_t g, int32_t h) {
    return SUM(a, b, c, d, e, f, g, h);
}
