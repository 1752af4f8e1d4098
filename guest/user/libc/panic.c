// The end of a process that cannot trust itself.

#include "libc.h"

// The fault report carries the address; the text is for whoever reads the code there.
void __zx_panic(const char* format, ...) {
    (void)format;
    __builtin_trap();
}
