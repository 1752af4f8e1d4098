// What the compiler's checks find: undefined behaviour and overwritten stack frames.

#include "cprng.h"
#include "print.h"
#include "sanitize.h"

// By clang's number for each check (SanitizerHandler), which the trap carries.
static const char* const kinds[] = {
    [0] = "signed integer overflow in an addition",
    [1] = "a place that cannot be reached was reached",
    [3] = "division by zero, or overflow in a division",
    [5] = "a floating-point number that the integer type cannot hold",
    [6] = "call through a pointer to another type of function",
    [8] = "zero given to a builtin that takes none",
    [10] = "a value that its type does not have",
    [11] = "end of a function that returns a value",
    [12] = "signed integer overflow in a multiplication",
    [13] = "signed integer overflow in a negation",
    [16] = "null given as an argument that must not be",
    [17] = "null returned by a function that must not",
    [18] = "index out of bounds",
    [19] = "overflow of a pointer",
    [20] = "shift out of bounds",
    [21] = "signed integer overflow in a subtraction",
    [22] = "null or misaligned pointer, or too little room behind it",
    [23] = "an alignment that was assumed is not there",
    [24] = "variable-length array without a positive length",
};

void sanitizer_trap(const struct arch_regs* regs) {
    int code = arch_sanitizer_code(regs);
    if (code < 0) {
        return;
    }
    size_t count = sizeof(kinds) / sizeof(kinds[0]);
    const char* kind = (size_t)code < count ? kinds[code] : NULL;
    panic(regs, "undefined behaviour: %s (%d)", kind != NULL ? kind : "of an unknown kind", code);
}

// ---- stack frames -----------------------------------------------------------------------------

// Named by the compiler.
uintptr_t __stack_chk_guard;
__attribute__((noreturn)) void __stack_chk_fail(void);

__attribute__((no_stack_protector)) void stack_guard_init(void) {
    __stack_chk_guard = cprng_u64() & ~0xfful; // text that is copied too far ends in front of it
}

void __stack_chk_fail(void) {
    panic(NULL, "a stack frame was overwritten: its canary is gone");
}
