// Runs before the agent's own pointers are right: no tables, no function pointers here.
#include "relocate.h"

struct relocations relocations_of(const elf_dynamic_t* dynamic) {
    struct relocations found = {0};
    for (; dynamic->tag != 0; dynamic++) {
        if (dynamic->tag == ELF_TAG_RELA) {
            found.offset = dynamic->value;
        } else if (dynamic->tag == ELF_TAG_RELA_SIZE) {
            found.count = dynamic->value / sizeof(elf_rela_t);
        }
    }
    return found;
}

// A static executable has no symbols to look up, so all its relocations are relative.
void relocate(const elf_rela_t* table, uint64_t count, uint8_t* places, uint64_t from,
              uint64_t base) {
    for (uint64_t i = 0; i < count; i++) {
        *(uint64_t*)(places + table[i].offset - from) = base + (uint64_t)table[i].addend;
    }
}
