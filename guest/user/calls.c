#include "calls.h"

struct agent_calls calls;

const char* calls_find(const elf_object_t* vdso) {
#define X(name)                                                                                    \
    calls.name = (__typeof__(calls.name))elf_object_symbol(vdso, "zx_" #name);                     \
    if (calls.name == NULL) {                                                                      \
        return "zx_" #name;                                                                        \
    }
    AGENT_CALLS(X)
#undef X
    return NULL;
}
