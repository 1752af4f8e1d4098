#include "calls.h"

#include "system.h"

struct agent_calls calls;

const struct system* kernel_system;

const char* calls_look_up(const elf_object_t* vdso, const char* names, void* table) {
    void** next = table;
    for (const char* name = names; *name != '\0'; next++) {
        *next = elf_object_symbol(vdso, name);
        if (*next == NULL) {
            return name;
        }
        while (*name++ != '\0') {
        }
    }
    return NULL;
}

const char* calls_find(const elf_object_t* vdso) {
    const char* missing = calls_look_up(vdso, AGENT_CALLS(CALL_NAME), &calls.channel_create);
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
