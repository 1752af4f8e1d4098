// Channels: two ends, each with a queue of messages from the other.
#pragma once

#include "message.h"

struct channel;

// Both ends with one reference, the caller's.
zx_status_t channel_create(struct channel** end0, struct channel** end1);
struct dispatcher* channel_dispatcher(struct channel* channel);
struct channel* channel_from_dispatcher(struct dispatcher* object);
// Sends a message to the other end; it is gone in any case.  ZX_ERR_PEER_CLOSED.
zx_status_t channel_write(struct channel* channel, struct message* message);
// The oldest unread message; it stays in the queue.  ZX_ERR_PEER_CLOSED, ZX_ERR_SHOULD_WAIT.
zx_status_t channel_peek(struct channel* channel, struct message** out);
// Takes the message that channel_peek found out of the queue; it is the caller's.
void channel_take(struct channel* channel, struct message* message);
// Sends a message, whose first 4 bytes become a transaction id, and waits for the one that comes
// back with the same; the request is gone in any case, the reply is the caller's.
// ZX_ERR_PEER_CLOSED, ZX_ERR_CANCELED (the end lost its last handle), ZX_ERR_TIMED_OUT.
zx_status_t channel_call(struct channel* channel, struct message* request, zx_time_t deadline,
                         struct message** reply);

// Ends the channels that no process can reach any more because the only handles to them lie in
// messages queued on one another.  Called when a process has lost its handles.
void channel_end_unreachable(void);
