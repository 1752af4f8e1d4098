#include "calls.h"

#include "system.h"

struct agent_calls calls;

const struct system* kernel_system;

const char* calls_find(const elf_object_t* vdso) {
    const char* missing = elf_object_symbols(vdso, AGENT_CALLS(VDSO_NAME), &calls.channel_create);
    if (missing != NULL) {
        return missing;
    }
    if (elf_object_symbol(vdso, "zx_clock_get") == NULL) {
        kernel_system = &system_2022;
        return system_2022_find(vdso);
    }
    kernel_system = &system_2018;
    return system_2018_find(vdso);
}
