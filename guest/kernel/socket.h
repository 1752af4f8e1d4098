// Sockets: byte streams or datagrams between two ends.
#pragma once

#include "object.h"

struct socket;

// Bytes one direction can hold: 128 buffers of 2048 bytes, each with a header of 16.
#define SOCKET_SEGMENT (2048u - 16)
#define SOCKET_CAPACITY (128u * SOCKET_SEGMENT)

// Both ends with one reference, the caller's; options: ZX_SOCKET_STREAM or ZX_SOCKET_DATAGRAM.
zx_status_t socket_create(uint32_t options, struct socket** end0, struct socket** end1);
struct dispatcher* socket_dispatcher(struct socket* socket);
struct socket* socket_from_dispatcher(struct dispatcher* object);
// From the caller's memory; *actual tells how much, less than size only for streams.  What a
// stream has copied before a fault stays written.
// PEER_CLOSED, BAD_STATE, INVALID_ARGS, SHOULD_WAIT, OUT_OF_RANGE, NO_MEMORY.
zx_status_t socket_write(struct socket* socket, uint64_t from, size_t size, size_t* actual);
// To the caller's memory; with peek nothing leaves the socket, else what was copied before a fault
// as well.
// INVALID_ARGS, PEER_CLOSED, BAD_STATE, SHOULD_WAIT.
zx_status_t socket_read(struct socket* socket, bool peek, uint64_t to, size_t size, size_t* actual);
// ZX_SOCKET_DISPOSITION_* for this end's writing and the other's; 0 leaves it as it is.  BAD_STATE.
zx_status_t socket_set_disposition(struct socket* socket, uint32_t own, uint32_t peers);
// The thresholds' values, in bytes; 0: none.
size_t socket_read_threshold(struct socket* socket);
size_t socket_write_threshold(struct socket* socket);
// INVALID_ARGS above the capacity; PEER_CLOSED.
zx_status_t socket_set_read_threshold(struct socket* socket, size_t value);
zx_status_t socket_set_write_threshold(struct socket* socket, size_t value);
void socket_get_info(struct socket* socket, zx_info_socket_t* info);
