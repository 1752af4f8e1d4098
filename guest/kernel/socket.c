// Sockets.
#include "socket.h"

#include "heap.h"
#include "paired.h"
#include "usercopy.h"

// Bytes on their way: of a stream as many as there is room for, of a datagram the rest begins anew.
struct segment {
    struct segment* next;
    uint32_t size;
    uint32_t datagram; // size of the datagram that begins here; 0 within one
    uint8_t data[SOCKET_SEGMENT];
};
_Static_assert(sizeof(struct segment) == 2048, "a segment fills an object of the heap");

struct segments {
    struct segment *first, *last; // oldest first
};

struct socket {
    struct paired end; // first
    uint32_t options;
    bool write_disabled;      // this end's
    bool read_disabled;       // the peer may not write: no more will come
    struct segments segments; // what the peer has written
    uint32_t read_offset;     // bytes of the first segment that are gone (streams only)
    size_t size;              // bytes in them
    size_t read_threshold;
    size_t write_threshold;
};

static struct socket* peer_of(const struct socket* socket) {
    return (struct socket*)socket->end.peer;
}

static struct segment* segment_create(void) {
    struct segment* segment = kalloc_large(sizeof(*segment));
    if (segment != NULL) {
        segment->next = NULL;
        segment->size = segment->datagram = 0;
    }
    return segment;
}

// Adds segments, linked up to the last of them, behind the others.
static void push_back(struct segments* segments, struct segment* first, struct segment* last) {
    *(segments->last != NULL ? &segments->last->next : &segments->first) = first;
    segments->last = last;
}

static void drop_first(struct segments* segments) {
    struct segment* segment = segments->first;
    segments->first = segment->next;
    if (segments->first == NULL) {
        segments->last = NULL;
    }
    kfree(segment);
}

static void drop_all(struct segments* segments) {
    while (segments->first != NULL) {
        drop_first(segments);
    }
}

// The end is closed: what it has not read goes; the other end can write no more.
static void socket_on_zero_handles(struct dispatcher* object) {
    struct socket* socket = socket_from_dispatcher(object);
    drop_all(&socket->segments);
    socket->size = 0;
    paired_part(&socket->end, ZX_SOCKET_WRITABLE, ZX_SOCKET_PEER_CLOSED);
}

static void socket_destroy(struct dispatcher* object) {
    socket_on_zero_handles(object); // of an end that never had a handle
    kfree(object);
}

static const struct dispatcher_ops socket_ops = {
    .type = ZX_OBJ_TYPE_SOCKET,
    .waitable = true,
    .has_peer = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = socket_on_zero_handles,
    .destroy = socket_destroy,
    .related_koid = paired_related_koid,
    .peer = paired_peer,
};

struct dispatcher* socket_dispatcher(struct socket* socket) {
    return &socket->end.object;
}

struct socket* socket_from_dispatcher(struct dispatcher* object) {
    return (struct socket*)object;
}

static bool is_datagram(const struct socket* socket) {
    return socket->options & ZX_SOCKET_DATAGRAM;
}

zx_status_t socket_create(uint32_t options, struct socket** end0, struct socket** end1) {
    struct socket* ends[2];
    for (unsigned i = 0; i < 2; i++) {
        ends[i] = kalloc(sizeof(*ends[i]));
        if (ends[i] == NULL) {
            if (i > 0) {
                dispatcher_unref(&ends[0]->end.object);
            }
            return ZX_ERR_NO_MEMORY;
        }
        dispatcher_init(&ends[i]->end.object, &socket_ops, ZX_SOCKET_WRITABLE);
        ends[i]->options = options;
    }
    paired_join(&ends[0]->end, &ends[1]->end);
    *end0 = ends[0];
    *end1 = ends[1];
    return ZX_OK;
}

// ---- signals --------------------------------------------------------------------------------

// Signals of one end that change at once: who waits sees them together.
struct change {
    zx_signals_t clear;
    zx_signals_t set;
};

static void note(struct change* change, zx_signals_t signal, bool asserted) {
    *(asserted ? &change->set : &change->clear) |= signal;
}

static void apply(struct socket* socket, struct change change) {
    update_signals(&socket->end.object, change.clear, change.set);
}

// Brings the signals that tell how many bytes are buffered up to date: those of the end that reads
// them and those of the end that writes them.  WRITABLE changes only when the buffer, which held so
// many bytes before, becomes full or ceases to be, and with the disposition.
static void update_reader_and_writer(struct socket* reader, size_t held) {
    struct socket* writer = peer_of(reader);
    struct change change = {0};
    note(&change, ZX_SOCKET_READABLE, reader->size > 0);
    note(&change, ZX_SOCKET_READ_THRESHOLD,
         reader->read_threshold > 0 && reader->size >= reader->read_threshold);
    apply(reader, change);
    if (writer != NULL) {
        size_t room = SOCKET_CAPACITY - reader->size;
        change = (struct change){0};
        if ((room == 0) != (held == SOCKET_CAPACITY)) {
            note(&change, ZX_SOCKET_WRITABLE, room > 0);
        }
        note(&change, ZX_SOCKET_WRITE_THRESHOLD,
             writer->write_threshold > 0 && room >= writer->write_threshold);
        apply(writer, change);
    }
}

// ---- writing --------------------------------------------------------------------------------

// Copies from the caller a segment at a time; what was copied before a fault stays written.
static zx_status_t write_stream(struct socket* reader, uint64_t from, size_t size, size_t* done) {
    while (*done < size) {
        struct segment* segment = reader->segments.last;
        bool fresh = segment == NULL || segment->size == SOCKET_SEGMENT;
        if (fresh) {
            segment = segment_create();
        }
        if (segment == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        size_t step = SOCKET_SEGMENT - segment->size;
        step = size - *done < step ? size - *done : step;
        zx_status_t status = copy_from_user(segment->data + segment->size, from + *done, step);
        if (status == ZX_OK) {
            segment->size += (uint32_t)step;
            reader->size += step;
            *done += step;
            if (fresh) {
                push_back(&reader->segments, segment, segment);
            }
        } else {
            if (fresh) {
                kfree(segment);
            }
            return status;
        }
    }
    return ZX_OK;
}

// A datagram is written as a whole or not at all.
static zx_status_t write_datagram(struct socket* reader, uint64_t from, size_t size, size_t* done) {
    struct segments added = {0};
    zx_status_t status = ZX_OK;
    for (size_t at = 0; at < size && status == ZX_OK;) {
        struct segment* segment = segment_create();
        if (segment == NULL) {
            status = ZX_ERR_NO_MEMORY;
            break;
        }
        push_back(&added, segment, segment);
        segment->size = (uint32_t)(size - at < SOCKET_SEGMENT ? size - at : SOCKET_SEGMENT);
        status = copy_from_user(segment->data, from + at, segment->size);
        at += segment->size;
    }
    if (status != ZX_OK) {
        drop_all(&added);
        return status;
    }
    added.first->datagram = (uint32_t)size;
    push_back(&reader->segments, added.first, added.last);
    reader->size += size;
    *done = size;
    return ZX_OK;
}

zx_status_t socket_write(struct socket* socket, uint64_t from, size_t size, size_t* actual) {
    struct socket* reader = peer_of(socket);
    if (reader == NULL) {
        return ZX_ERR_PEER_CLOSED;
    }
    if (socket->write_disabled) {
        return ZX_ERR_BAD_STATE;
    }
    *actual = 0;
    if (size == 0) {
        return ZX_OK;
    }
    if (size > UINT32_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    size_t room = SOCKET_CAPACITY - reader->size;
    if (room == 0) {
        return ZX_ERR_SHOULD_WAIT;
    }
    if (is_datagram(socket)) {
        if (size > SOCKET_CAPACITY) {
            return ZX_ERR_OUT_OF_RANGE;
        }
        if (size > room) {
            return ZX_ERR_SHOULD_WAIT;
        }
    } else if (size > room) {
        size = room;
    }
    size_t held = reader->size;
    zx_status_t status = is_datagram(socket) ? write_datagram(reader, from, size, actual)
                                             : write_stream(reader, from, size, actual);
    if (reader->size != held) {
        update_reader_and_writer(reader, held);
    }
    return status;
}

// ---- reading --------------------------------------------------------------------------------

// Copies to the caller a segment at a time; *done counts whole steps.
static zx_status_t copy_out(struct socket* socket, uint64_t to, size_t size, size_t* done) {
    uint32_t offset = socket->read_offset;
    const struct segment* segment = socket->segments.first;
    for (; *done < size && segment != NULL; segment = segment->next, offset = 0) {
        size_t step = segment->size - offset;
        step = size - *done < step ? size - *done : step;
        zx_status_t status = copy_to_user(to + *done, segment->data + offset, step);
        if (status != ZX_OK) {
            return status;
        }
        *done += step;
    }
    return ZX_OK;
}

static void consume_first(struct socket* socket) {
    socket->size -= socket->segments.first->size - socket->read_offset;
    socket->read_offset = 0;
    drop_first(&socket->segments);
}

// Drops so many bytes; of a datagram the segments that they are in.
static void consume(struct socket* socket, size_t count) {
    while (count > 0) {
        size_t left = socket->segments.first->size - socket->read_offset;
        if (count < left && !is_datagram(socket)) {
            socket->read_offset += (uint32_t)count;
            socket->size -= count;
            return;
        }
        count -= count < left ? count : left;
        consume_first(socket);
    }
}

// Drops what is left of the datagram whose beginning is gone.
static void consume_rest(struct socket* socket) {
    while (socket->segments.first != NULL && socket->segments.first->datagram == 0) {
        consume_first(socket);
    }
}

zx_status_t socket_read(struct socket* socket, bool peek, uint64_t to, size_t size,
                        size_t* actual) {
    *actual = 0;
    if (size > UINT32_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (socket->size == 0) {
        if (peer_of(socket) == NULL) {
            return ZX_ERR_PEER_CLOSED;
        }
        return socket->read_disabled ? ZX_ERR_BAD_STATE : ZX_ERR_SHOULD_WAIT;
    }
    if (is_datagram(socket) && size > socket->segments.first->datagram) {
        size = socket->segments.first->datagram;
    }
    zx_status_t status = copy_out(socket, to, size, actual);
    if (!peek) { // what was copied before a fault is gone
        size_t held = socket->size;
        consume(socket, *actual);
        if (is_datagram(socket) && status == ZX_OK) {
            consume_rest(socket);
        }
        update_reader_and_writer(socket, held);
    }
    return status;
}

// ---- disposition, thresholds, information ---------------------------------------------------

// Notes what an end and its peer may write.  An end that is left alone is not shown what its peer
// may not do any more.
static void set_directions(struct socket* socket, uint32_t own, uint32_t peers) {
    struct change change = {0};
    if (own != 0) {
        socket->write_disabled = own == ZX_SOCKET_DISPOSITION_WRITE_DISABLED;
        note(&change, ZX_SOCKET_WRITABLE, !socket->write_disabled);
        note(&change, ZX_SOCKET_WRITE_DISABLED, socket->write_disabled);
    }
    if (peers != 0) {
        socket->read_disabled = peers == ZX_SOCKET_DISPOSITION_WRITE_DISABLED;
        if (peer_of(socket) != NULL) {
            note(&change, ZX_SOCKET_PEER_WRITE_DISABLED, socket->read_disabled);
        }
    }
    apply(socket, change);
}

zx_status_t socket_set_disposition(struct socket* socket, uint32_t own, uint32_t peers) {
    struct socket* peer = peer_of(socket);
    // What was written before writing was disabled must be read before it is enabled.
    bool own_waits = socket->write_disabled && peer != NULL && peer->size > 0;
    bool peers_waits =
        (socket->end.object.signals & ZX_SOCKET_PEER_WRITE_DISABLED) && socket->size > 0;
    if ((own == ZX_SOCKET_DISPOSITION_WRITE_ENABLED && own_waits) ||
        (peers == ZX_SOCKET_DISPOSITION_WRITE_ENABLED && peers_waits)) {
        return ZX_ERR_BAD_STATE;
    }
    if (peer != NULL) {
        set_directions(peer, peers, own);
    }
    set_directions(socket, own, peers);
    return ZX_OK;
}

size_t socket_read_threshold(struct socket* socket) {
    return socket->read_threshold;
}

size_t socket_write_threshold(struct socket* socket) {
    return socket->write_threshold;
}

zx_status_t socket_set_read_threshold(struct socket* socket, size_t value) {
    if (value > SOCKET_CAPACITY) {
        return ZX_ERR_INVALID_ARGS;
    }
    socket->read_threshold = value;
    update_reader_and_writer(socket, socket->size);
    return ZX_OK;
}

zx_status_t socket_set_write_threshold(struct socket* socket, size_t value) {
    if (peer_of(socket) == NULL) {
        return ZX_ERR_PEER_CLOSED;
    }
    if (value > SOCKET_CAPACITY) {
        return ZX_ERR_INVALID_ARGS;
    }
    socket->write_threshold = value;
    update_reader_and_writer(peer_of(socket), peer_of(socket)->size);
    return ZX_OK;
}

// What a read could get: all of a stream, the next datagram.
static size_t available(const struct socket* socket) {
    bool any = is_datagram(socket) && socket->size > 0;
    return any ? socket->segments.first->datagram : socket->size;
}

void socket_get_info(struct socket* socket, zx_info_socket_t* info) {
    *info = (zx_info_socket_t){
        .options = socket->options,
        .rx_buf_max = SOCKET_CAPACITY,
        .rx_buf_size = socket->size,
        .rx_buf_available = available(socket),
        .tx_buf_max = peer_of(socket) != NULL ? SOCKET_CAPACITY : 0,
        .tx_buf_size = peer_of(socket) != NULL ? peer_of(socket)->size : 0,
    };
}
