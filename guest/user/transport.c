#include "transport.h"

const struct transport* transport;

zx_status_t transport_start(const struct processargs* args) {
    transport = &transport_share;
    zx_status_t status = transport->start(args);
    if (status == ZX_ERR_NOT_FOUND) {
        transport = &transport_console;
        status = transport->start(args);
    }
    return status;
}
