// zx_debug_write.
#include "debuglog.h"
#include "usercopy.h"
#include "zx/kernel_calls.h"

#define PIECE 256

// Text for the serial line, past the log.
zx_status_t sys_debug_write(uaddr_t buffer, size_t buffer_size) {
    char piece[PIECE];
    for (size_t done = 0; done < buffer_size;) {
        size_t size = buffer_size - done < PIECE ? buffer_size - done : PIECE;
        zx_status_t status = copy_from_user(piece, buffer + done, size);
        if (status != ZX_OK) {
            return status;
        }
        print_user_text(piece, size);
        done += size;
    }
    return ZX_OK;
}
