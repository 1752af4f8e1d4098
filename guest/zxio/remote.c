// Objects that a server stands behind.
//
// The library does not speak to servers yet, so a channel is answered as if its server had closed
// it: the query that would find out what the channel is gets no reply.

#include "private.h"
#include "zx/syscalls.h"

// Leaves *storage alone, as a failing query does.
zx_status_t zxio_remote_create(zx_handle_t channel, zxio_storage_t* storage) {
    (void)storage;
    zx_handle_close(channel);
    return ZX_ERR_PEER_CLOSED;
}
