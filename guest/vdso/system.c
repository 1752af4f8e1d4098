// Facts about the machine that never change while it runs.
#include "internal.h"

VDSO_FUNCTION uint32_t _zx_system_get_num_cpus(void) {
    return CONSTANTS->num_cpus;
}
VDSO_EXPORT(zx_system_get_num_cpus);

VDSO_FUNCTION uint32_t _zx_system_get_page_size(void) {
    return CONSTANTS->page_size;
}
VDSO_EXPORT(zx_system_get_page_size);

VDSO_FUNCTION uint32_t _zx_system_get_dcache_line_size(void) {
    return CONSTANTS->dcache_line_size;
}
VDSO_EXPORT(zx_system_get_dcache_line_size);

VDSO_FUNCTION uint64_t _zx_system_get_physmem(void) {
    return CONSTANTS->physmem;
}
VDSO_EXPORT(zx_system_get_physmem);

VDSO_FUNCTION zx_string_view_t _zx_system_get_version_string(void) {
    return (zx_string_view_t){CONSTANTS->version, CONSTANTS->version_length};
}
VDSO_EXPORT(zx_system_get_version_string);

VDSO_FUNCTION zx_status_t _zx_system_get_features(uint32_t kind, uint32_t* features) {
    if (kind >= VDSO_FEATURE_KINDS) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    *features = CONSTANTS->features[kind];
    return ZX_OK;
}
VDSO_EXPORT(zx_system_get_features);
