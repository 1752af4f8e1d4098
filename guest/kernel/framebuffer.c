// The framebuffer.
#include "framebuffer.h"

#include "vmo.h"

static struct vmo* shown; // a reference

zx_status_t framebuffer_set(struct vmo* vmo) {
    framebuffer_clear();
    if (vmo_size(vmo) == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (vmo_is_memory(vmo)) {
        zx_status_t status = vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, vmo_size(vmo), 0, 0);
        if (status != ZX_OK) {
            return status;
        }
    }
    dispatcher_ref(vmo_dispatcher(vmo));
    shown = vmo;
    return ZX_OK;
}

void framebuffer_clear(void) {
    if (shown != NULL) {
        struct vmo* old = shown;
        shown = NULL;
        dispatcher_unref(vmo_dispatcher(old));
    }
}
