// Sockets.
#include "socket.h"

#include "heap.h"
#include "paired.h"
#include "usercopy.h"

// Memory of one segment of a stream, its header included.
#define SEGMENT_MEMORY 2048

struct socket {
    struct paired end; // first
    uint32_t options;
    bool write_disabled;       // this end's
    bool read_disabled;        // the peer may not write: no more will come
    struct list_node segments; // what the peer has written, oldest first
    size_t size;               // bytes in them
    size_t read_threshold;
    size_t write_threshold;
};

// Bytes on their way: a part of a stream, or one datagram.
struct segment {
    struct list_node link;
    uint32_t capacity;
    uint32_t start, end; // of what is left in data
    uint8_t data[];
};

static struct socket* peer_of(const struct socket* socket) {
    return (struct socket*)socket->end.peer;
}

static struct segment* segment_create(size_t capacity) {
    struct segment* segment = kalloc_large(sizeof(*segment) + capacity);
    if (segment != NULL) {
        segment->capacity = (uint32_t)capacity;
        segment->start = segment->end = 0;
    }
    return segment;
}

static void destroy_segments(struct list_node* segments) {
    struct list_node* node;
    while ((node = list_pop_front(segments)) != NULL) {
        kfree(container_of(node, struct segment, link));
    }
}

// The end is closed: what it has not read goes; the other end can write no more.
static void socket_on_zero_handles(struct dispatcher* object) {
    struct socket* socket = socket_from_dispatcher(object);
    destroy_segments(&socket->segments);
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
        list_init(&ends[i]->segments);
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

// Fills new segments from user memory; a stream first fills up what its last segment has left.
static zx_status_t fill_segments(struct socket* reader, uint64_t from, size_t size,
                                 struct list_node* added) {
    struct segment* last = NULL;
    size_t in_last = 0;
    if (!is_datagram(reader) && !list_is_empty(&reader->segments)) {
        last = container_of(reader->segments.prev, struct segment, link);
        in_last = last->capacity - last->end;
        in_last = size < in_last ? size : in_last;
        zx_status_t status = copy_from_user(last->data + last->end, from, in_last);
        if (status != ZX_OK) {
            return status;
        }
    }
    for (size_t done = in_last; done < size;) {
        size_t room = is_datagram(reader) ? size : SEGMENT_MEMORY - sizeof(struct segment);
        size_t part = size - done < room ? size - done : room;
        struct segment* segment = segment_create(room);
        if (segment == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        list_push_back(added, &segment->link);
        zx_status_t status = copy_from_user(segment->data, from + done, part);
        if (status != ZX_OK) {
            return status;
        }
        segment->end = (uint32_t)part;
        done += part;
    }
    if (last != NULL) {
        last->end += (uint32_t)in_last; // nothing can fail any more
    }
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
    struct list_node added;
    list_init(&added);
    zx_status_t status = fill_segments(reader, from, size, &added);
    if (status != ZX_OK) {
        destroy_segments(&added);
        return status;
    }
    struct list_node* node;
    while ((node = list_pop_front(&added)) != NULL) {
        list_push_back(&reader->segments, node);
    }
    reader->size += size;
    update_reader_and_writer(reader, reader->size - size);
    *actual = size;
    return ZX_OK;
}

// ---- reading --------------------------------------------------------------------------------

// Copies from the segments, of a datagram socket from the first only.
static zx_status_t copy_out(struct socket* socket, uint64_t to, size_t size, size_t* actual) {
    size_t done = 0;
    list_for_each(node, &socket->segments) {
        struct segment* segment = container_of(node, struct segment, link);
        size_t part = segment->end - segment->start;
        part = size - done < part ? size - done : part;
        if (part > 0) {
            zx_status_t status = copy_to_user(to + done, segment->data + segment->start, part);
            if (status != ZX_OK) {
                return status;
            }
        }
        done += part;
        if (done == size || is_datagram(socket)) {
            break;
        }
    }
    *actual = done;
    return ZX_OK;
}

// Drops the first bytes of a stream, or the first datagram whole.
static void consume(struct socket* socket, size_t size) {
    while (!list_is_empty(&socket->segments)) {
        struct segment* segment = container_of(socket->segments.next, struct segment, link);
        size_t left = segment->end - segment->start;
        if (!is_datagram(socket) && size < left) {
            segment->start += (uint32_t)size;
            socket->size -= size;
            return;
        }
        list_remove(&segment->link);
        kfree(segment);
        socket->size -= left;
        if (is_datagram(socket)) {
            return;
        }
        size -= left;
    }
}

zx_status_t socket_read(struct socket* socket, bool peek, uint64_t to, size_t size,
                        size_t* actual) {
    if (size > UINT32_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (socket->size == 0) {
        if (peer_of(socket) == NULL) {
            return ZX_ERR_PEER_CLOSED;
        }
        return socket->read_disabled ? ZX_ERR_BAD_STATE : ZX_ERR_SHOULD_WAIT;
    }
    zx_status_t status = copy_out(socket, to, size, actual);
    if (status == ZX_OK && !peek && size > 0) {
        size_t held = socket->size;
        consume(socket, *actual);
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
    if (!is_datagram(socket) || socket->size == 0) {
        return socket->size;
    }
    const struct segment* first = container_of(socket->segments.next, struct segment, link);
    return first->end - first->start;
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
