// Channels.
#include "channel.h"

#include "heap.h"
#include "paired.h"
#include "process.h"

struct channel {
    struct paired end; // first
    struct list_node messages;
    uint32_t message_count;
    uint32_t last_txid;
    struct list_node callers; // of channel_call on this end
    struct list_node link;    // of all
    // For channel_end_unreachable:
    struct list_node work_link;
    bool carried; // a handle to it lies in a queued message
    bool reached;
};

static struct list_node all_channels = LIST_INIT(all_channels);

static struct channel* peer_of(const struct channel* channel) {
    return (struct channel*)channel->end.peer;
}

// A thread that waits for the reply with its transaction id; lies on its stack.
struct caller {
    struct list_node link;
    struct thread* thread;
    zx_txid_t txid;
    zx_status_t status;
    struct message* reply;
};

// Ends a call: with a reply (the status is ZX_OK) or without.
static void caller_finish(struct caller* caller, zx_status_t status, struct message* reply) {
    list_remove(&caller->link);
    caller->status = status;
    caller->reply = reply;
    thread_wake(caller->thread, status);
}

static void finish_all_callers(struct channel* channel, zx_status_t status) {
    list_for_each_safe(node, &channel->callers) {
        caller_finish(container_of(node, struct caller, link), status, NULL);
    }
}

// The end is closed: its unread messages go, its callers give up, the other end learns of it.
static void channel_on_zero_handles(struct dispatcher* object) {
    struct channel* channel = channel_from_dispatcher(object);
    finish_all_callers(channel, ZX_ERR_CANCELED);
    struct channel* peer = peer_of(channel);
    paired_part(&channel->end, ZX_CHANNEL_WRITABLE, ZX_CHANNEL_PEER_CLOSED);
    if (peer != NULL) {
        finish_all_callers(peer, ZX_ERR_PEER_CLOSED);
    }
    struct list_node* node;
    while ((node = list_pop_front(&channel->messages)) != NULL) {
        message_destroy(container_of(node, struct message, link));
    }
    channel->message_count = 0;
}

// An end that never had a handle leaves without on_zero_handles.
static void channel_destroy(struct dispatcher* object) {
    channel_on_zero_handles(object);
    list_remove(&channel_from_dispatcher(object)->link);
    kfree(object);
}

static const struct dispatcher_ops channel_ops = {
    .type = ZX_OBJ_TYPE_CHANNEL,
    .waitable = true,
    .has_peer = true,
    .user_settable = ZX_USER_SIGNAL_ALL,
    .on_zero_handles = channel_on_zero_handles,
    .destroy = channel_destroy,
    .related_koid = paired_related_koid,
    .peer = paired_peer,
};

struct dispatcher* channel_dispatcher(struct channel* channel) {
    return &channel->end.object;
}

struct channel* channel_from_dispatcher(struct dispatcher* object) {
    return (struct channel*)object;
}

static struct channel* channel_create_end(void) {
    struct channel* channel = kalloc(sizeof(*channel));
    if (channel != NULL) {
        dispatcher_init(&channel->end.object, &channel_ops, ZX_CHANNEL_WRITABLE);
        list_init(&channel->messages);
        list_init(&channel->callers);
        list_push_back(&all_channels, &channel->link);
    }
    return channel;
}

zx_status_t channel_create(struct channel** end0, struct channel** end1) {
    struct channel* a = channel_create_end();
    struct channel* b = channel_create_end();
    if (a == NULL || b == NULL) {
        if (a != NULL) {
            dispatcher_unref(&a->end.object);
        }
        return ZX_ERR_NO_MEMORY;
    }
    paired_join(&a->end, &b->end);
    *end0 = a;
    *end1 = b;
    return ZX_OK;
}

// The transaction id in the first bytes of a message; 0: it has none.
static zx_txid_t message_txid(const struct message* message) {
    zx_txid_t txid = 0;
    if (message->size >= sizeof(txid)) {
        __builtin_memcpy(&txid, message->bytes, sizeof(txid));
    }
    return txid;
}

// Hands a message to an end: to the caller that waits for it, else to its queue.
static void channel_receive(struct channel* channel, struct message* message) {
    if (!list_is_empty(&channel->callers)) {
        zx_txid_t txid = message_txid(message);
        list_for_each(node, &channel->callers) {
            struct caller* caller = container_of(node, struct caller, link);
            if (caller->txid == txid) {
                caller_finish(caller, ZX_OK, message);
                return;
            }
        }
    }
    list_push_back(&channel->messages, &message->link);
    if (++channel->message_count > CHANNEL_PENDING_MESSAGES_MAX) {
        policy_exception(ZX_EXCP_POLICY_CODE_CHANNEL_FULL_WRITE, 0);
    }
    update_signals(&channel->end.object, 0, ZX_CHANNEL_READABLE);
}

zx_status_t channel_write(struct channel* channel, struct message* message) {
    struct channel* peer = peer_of(channel);
    if (peer == NULL) {
        message_destroy(message);
        return ZX_ERR_PEER_CLOSED;
    }
    channel_receive(peer, message);
    return ZX_OK;
}

zx_status_t channel_peek(struct channel* channel, struct message** out) {
    if (list_is_empty(&channel->messages)) {
        return peer_of(channel) == NULL ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT;
    }
    *out = container_of(channel->messages.next, struct message, link);
    return ZX_OK;
}

void channel_take(struct channel* channel, struct message* message) {
    list_remove(&message->link);
    if (--channel->message_count == 0) {
        update_signals(&channel->end.object, ZX_CHANNEL_READABLE, 0);
    }
}

zx_status_t channel_call(struct channel* channel, struct message* request, zx_time_t deadline,
                         struct message** reply) {
    struct caller caller = {.thread = thread_current(), .status = ZX_ERR_TIMED_OUT};
    caller.txid = ++channel->last_txid | CHANNEL_CALL_TXID_MIN;
    __builtin_memcpy(request->bytes, &caller.txid, sizeof(caller.txid));
    zx_status_t status = channel_write(channel, request);
    if (status != ZX_OK) {
        return status;
    }
    dispatcher_ref(&channel->end.object);
    list_push_back(&channel->callers, &caller.link);
    status = thread_block(NULL, deadline, ZX_THREAD_STATE_BLOCKED_CHANNEL);
    if (list_is_linked(&caller.link)) {
        list_remove(&caller.link); // the deadline, or the thread is to die
    } else {
        status = caller.status;
    }
    dispatcher_unref(&channel->end.object);
    *reply = caller.reply;
    return status;
}

// ---- cycles ---------------------------------------------------------------------------------

// Calls visit for each channel that the queued messages of a channel carry.
static void for_each_carried(struct channel* channel, struct list_node* work,
                             void (*visit)(struct channel* carried, struct list_node* work)) {
    list_for_each(node, &channel->messages) {
        struct message* message = container_of(node, struct message, link);
        for (uint32_t i = 0; i < message->handle_count; i++) {
            struct dispatcher* object = message->handles[i]->object;
            if (object->ops == &channel_ops) {
                visit(channel_from_dispatcher(object), work);
            }
        }
    }
}

static void note_carried(struct channel* channel, struct list_node* work) {
    (void)work;
    channel->carried = true;
}

static void reach(struct channel* channel, struct list_node* work) {
    if (!channel->reached) {
        channel->reached = true;
        list_push_back(work, &channel->work_link);
    }
}

// A channel has one handle.  Where that lies in no queue, somebody holds it; from there on all
// that the queues carry can be reached.  What is left has only itself, and its messages go.
void channel_end_unreachable(void) {
    list_for_each(node, &all_channels) {
        struct channel* channel = container_of(node, struct channel, link);
        channel->carried = channel->reached = false;
    }
    list_for_each(carrier, &all_channels) {
        for_each_carried(container_of(carrier, struct channel, link), NULL, note_carried);
    }
    struct list_node work;
    list_init(&work);
    list_for_each(held, &all_channels) {
        struct channel* channel = container_of(held, struct channel, link);
        if (!channel->carried) {
            reach(channel, &work);
        }
    }
    struct list_node* next;
    while ((next = list_pop_front(&work)) != NULL) {
        for_each_carried(container_of(next, struct channel, work_link), &work, reach);
    }
    struct list_node messages;
    list_init(&messages);
    list_for_each(left, &all_channels) {
        struct channel* channel = container_of(left, struct channel, link);
        while (!channel->reached && channel->message_count > 0) {
            channel->message_count--;
            list_push_back(&messages, list_pop_front(&channel->messages));
        }
    }
    while ((next = list_pop_front(&messages)) != NULL) {
        message_destroy(container_of(next, struct message, link));
    }
}
