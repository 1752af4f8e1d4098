// The firmware's tables: it leaves anchors, with a checksum, in the memory below 1 MiB.

#include "arch.h"
#include "string.h"

#define SEARCH_START 0xe0000ul
#define SEARCH_END 0x100000ul
#define SEARCH_STEP 16

static bool is_anchor(const uint8_t* at, const char* signature, size_t size) {
    if (memcmp(at, signature, strlen(signature)) != 0) {
        return false;
    }
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += at[i];
    }
    return sum == 0;
}

// The anchor with a signature at its start and this many bytes under its checksum; 0: none.
static paddr_t find_anchor(const char* signature, size_t size) {
    for (paddr_t at = SEARCH_START; at + size <= SEARCH_END; at += SEARCH_STEP) {
        if (is_anchor(phys_to_virt(at), signature, size)) {
            return at;
        }
    }
    return 0;
}

paddr_t arch_find_acpi(void) {
    return find_anchor("RSD PTR ", 20);
}

paddr_t arch_find_smbios(void) {
    return find_anchor("_SM_", 31);
}
