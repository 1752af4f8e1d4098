// FIFOs.
#include "fifo.h"

#include "heap.h"
#include "paired.h"
#include "usercopy.h"

struct fifo {
    struct paired end; // first
    uint32_t elem_count, elem_size;
    uint32_t first, used; // elements in the ring
    uint8_t* ring;        // what this end reads
};

static struct fifo* peer_of(const struct fifo* fifo) {
    return (struct fifo*)fifo->end.peer;
}

static void fifo_on_zero_handles(struct dispatcher* object) {
    paired_part((struct paired*)object, ZX_FIFO_WRITABLE, ZX_FIFO_PEER_CLOSED);
}

static void fifo_destroy(struct dispatcher* object) {
    fifo_on_zero_handles(object); // of an end that never had a handle
    kfree(fifo_from_dispatcher(object)->ring);
    kfree(object);
}

static const struct dispatcher_ops fifo_ops = {
    .type = ZX_OBJ_TYPE_FIFO,
    .waitable = true,
    .has_peer = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = fifo_on_zero_handles,
    .destroy = fifo_destroy,
    .related_koid = paired_related_koid,
    .peer = paired_peer,
};

struct dispatcher* fifo_dispatcher(struct fifo* fifo) {
    return &fifo->end.object;
}

struct fifo* fifo_from_dispatcher(struct dispatcher* object) {
    return (struct fifo*)object;
}

static struct fifo* fifo_create_end(size_t elem_count, size_t elem_size) {
    struct fifo* fifo = kalloc(sizeof(*fifo));
    if (fifo == NULL) {
        return NULL;
    }
    fifo->elem_count = (uint32_t)elem_count;
    fifo->elem_size = (uint32_t)elem_size;
    fifo->ring = kalloc(elem_count * elem_size);
    if (fifo->ring == NULL) {
        kfree(fifo);
        return NULL;
    }
    dispatcher_init(&fifo->end.object, &fifo_ops, ZX_FIFO_WRITABLE);
    return fifo;
}

zx_status_t fifo_create(size_t elem_count, size_t elem_size, struct fifo** end0,
                        struct fifo** end1) {
    if (elem_count == 0 || elem_size == 0 || elem_count > ZX_FIFO_MAX_SIZE_BYTES ||
        elem_size > ZX_FIFO_MAX_SIZE_BYTES || elem_count * elem_size > ZX_FIFO_MAX_SIZE_BYTES) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    struct fifo* a = fifo_create_end(elem_count, elem_size);
    if (a == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct fifo* b = fifo_create_end(elem_count, elem_size);
    if (b == NULL) {
        dispatcher_unref(&a->end.object);
        return ZX_ERR_NO_MEMORY;
    }
    paired_join(&a->end, &b->end);
    *end0 = a;
    *end1 = b;
    return ZX_OK;
}

// Copies elements between user memory and the ring, from a place in it on, in at most two parts.
static zx_status_t ring_copy(struct fifo* fifo, uint32_t place, uint64_t user, size_t count,
                             bool to_user) {
    size_t before_wrap = fifo->elem_count - place;
    size_t parts[2] = {count < before_wrap ? count : before_wrap, 0};
    parts[1] = count - parts[0];
    uint8_t* ring[2] = {fifo->ring + place * fifo->elem_size, fifo->ring};
    for (unsigned i = 0; i < 2; i++) {
        size_t size = parts[i] * fifo->elem_size;
        if (size > 0) {
            zx_status_t status =
                to_user ? copy_to_user(user, ring[i], size) : copy_from_user(ring[i], user, size);
            if (status != ZX_OK) {
                return status;
            }
            user += size;
        }
    }
    return ZX_OK;
}

zx_status_t fifo_write(struct fifo* fifo, size_t elem_size, uint64_t from, size_t count,
                       size_t* actual) {
    struct fifo* peer = peer_of(fifo);
    if (peer == NULL) {
        return ZX_ERR_PEER_CLOSED;
    }
    if (elem_size != fifo->elem_size || count == 0) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    uint32_t room = peer->elem_count - peer->used;
    if (room == 0) {
        return ZX_ERR_SHOULD_WAIT;
    }
    count = count < room ? count : room;
    uint32_t place = (peer->first + peer->used) % peer->elem_count;
    zx_status_t status = ring_copy(peer, place, from, count, false);
    if (status != ZX_OK) {
        return status;
    }
    peer->used += (uint32_t)count;
    update_signals(&peer->end.object, 0, ZX_FIFO_READABLE);
    if (peer->used == peer->elem_count) {
        update_signals(&fifo->end.object, ZX_FIFO_WRITABLE, 0);
    }
    *actual = count;
    return ZX_OK;
}

zx_status_t fifo_read(struct fifo* fifo, size_t elem_size, uint64_t to, size_t count,
                      size_t* actual) {
    if (elem_size != fifo->elem_size || count == 0) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (fifo->used == 0) {
        return peer_of(fifo) == NULL ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT;
    }
    count = count < fifo->used ? count : fifo->used;
    zx_status_t status = ring_copy(fifo, fifo->first, to, count, true);
    if (status != ZX_OK) {
        return status;
    }
    fifo->first = (fifo->first + (uint32_t)count) % fifo->elem_count;
    fifo->used -= (uint32_t)count;
    if (fifo->used == 0) {
        update_signals(&fifo->end.object, ZX_FIFO_READABLE, 0);
    }
    if (peer_of(fifo) != NULL) {
        update_signals(&peer_of(fifo)->end.object, 0, ZX_FIFO_WRITABLE);
    }
    *actual = count;
    return ZX_OK;
}
