// The contents of an object as a VMO.

#include "libc/libc.h"
#include "private.h"
#include "zx/syscalls.h"

#define COPY_CHUNK 4096

zx_status_t zxio_vmo_get_clone(zxio_t* io, zx_handle_t* out_vmo) {
    return zxio_vmo_get(io, ZXIO_VMO_READ | ZXIO_VMO_PRIVATE_CLONE, out_vmo);
}

zx_status_t zxio_vmo_get_exact(zxio_t* io, zx_handle_t* out_vmo) {
    return zxio_vmo_get(io, ZXIO_VMO_READ | ZXIO_VMO_SHARED_BUFFER, out_vmo);
}

zx_status_t zxio_vmo_get_exec(zxio_t* io, zx_handle_t* out_vmo) {
    return zxio_vmo_get(io, ZXIO_VMO_READ | ZXIO_VMO_EXECUTE | ZXIO_VMO_PRIVATE_CLONE, out_vmo);
}

// Reads `size` bytes from the start of the object into the VMO, waiting while there is nothing.
static zx_status_t copy_into(zxio_t* io, zx_handle_t vmo, uint64_t size) {
    char chunk[COPY_CHUNK];
    for (uint64_t done = 0; done < size;) {
        size_t wanted = size - done < sizeof(chunk) ? (size_t)(size - done) : sizeof(chunk);
        size_t actual = 0;
        zx_status_t status = zxio_read_at(io, done, chunk, wanted, 0, &actual);
        if (status == ZX_ERR_SHOULD_WAIT) {
            zxio_signals_t observed;
            status = zxio_wait_one(io, ZXIO_SIGNAL_READABLE | ZXIO_SIGNAL_READ_DISABLED,
                                   ZX_TIME_INFINITE, &observed);
            if (status == ZX_OK) {
                continue;
            }
        }
        if (status != ZX_OK) {
            return status;
        }
        if (actual == 0) {
            return ZX_ERR_OUT_OF_RANGE;
        }
        status = zx_vmo_write(vmo, chunk, done, actual);
        if (status != ZX_OK) {
            return status;
        }
        done += actual;
    }
    return ZX_OK;
}

// A private clone where the object has one, else a new VMO filled by reading.
zx_status_t zxio_vmo_get_copy(zxio_t* io, zx_handle_t* out_vmo) {
    zx_handle_t vmo;
    zx_status_t status = zxio_vmo_get_clone(io, &vmo);
    if (status == ZX_OK) {
        *out_vmo = vmo;
        return ZX_OK;
    }
    zxio_node_attributes_t attributes;
    status = zxio_attr_get(io, &attributes);
    if (status != ZX_OK) {
        return status;
    }
    status = zx_vmo_create(attributes.content_size, 0, &vmo);
    if (status != ZX_OK) {
        return status;
    }
    status = copy_into(io, vmo, attributes.content_size);
    if (status != ZX_OK) {
        zx_handle_close(vmo);
        return status;
    }
    zx_rights_t rights = ZX_RIGHTS_BASIC | ZX_RIGHTS_PROPERTY | ZX_RIGHT_READ | ZX_RIGHT_MAP;
    zx_handle_t result;
    status = zx_handle_replace(vmo, rights, &result);
    if (status == ZX_OK) {
        *out_vmo = result;
    }
    return status;
}
