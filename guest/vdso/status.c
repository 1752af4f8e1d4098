// Names of status codes, from the definition of the interface.
#include "internal.h"

// A switch would become a table of pointers, which a position-independent image without
// relocations cannot hold; so the names lie in one run of text, each code beside its offset.
static const char names[] =
#define STATUS(code) #code "\0"
#include "zx/status_names.inc"
#undef STATUS
    "(UNKNOWN)";

static const int16_t codes[] = {
#define STATUS(code) code,
#include "zx/status_names.inc"
#undef STATUS
};

VDSO_FUNCTION const char* _zx_status_get_string(zx_status_t status) {
    const char* name = names;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == status) {
            return name;
        }
        while (*name++ != '\0') {
        }
    }
    return name;
}
VDSO_EXPORT(zx_status_get_string);
