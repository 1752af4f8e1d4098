// Page sources: the requests of one VMO.
//
// Its one packet carries one request at a time: the next goes to the port when that one has been
// taken from there.
#include "page_source.h"

#include "heap.h"
#include "thread.h"

// A range of pages that is asked for, and the threads that wait for it.
struct page_request {
    struct list_node link;        // page_source.outstanding; not linked: it has ended
    struct list_node unsent_link; // page_source.unsent
    uint32_t command;             // ZX_PAGER_VMO_READ, _DIRTY or _COMPLETE
    uint64_t offset, end;         // bytes, whole pages
    uint64_t pending;             // bytes of it that nothing has been done about
    uint32_t waiting;             // threads that have yet to hear of its end
    struct wait_queue waiters;
};

struct page_source {
    uint32_t references;          // the VMO, the list of its pager, threads that wait
    struct pager* pager;          // NULL: it has ended, or has heard of the VMO's end
    struct list_node pager_link;  // in the pager's list
    struct list_node outstanding; // page_request.link
    struct list_node unsent;      // page_request.unsent_link
    struct port_packet* packet;
    struct page_request* active; // that the packet carries, NULL: it has ended
    bool busy;                   // the packet is in the port, or was when that was closed
    struct page_request complete;
    bool traps_dirty;
    bool detached; // nothing is asked for any more
    bool closed;   // the VMO has ended
};

uint64_t page_waits;

struct page_source* page_source_create(struct list_node* pager_sources, struct pager* pager,
                                       struct port* port, uint64_t key, bool traps_dirty) {
    struct page_source* source = kalloc(sizeof(*source));
    if (source == NULL) {
        return NULL;
    }
    source->packet = port_packet_create(port, key, source);
    if (source->packet == NULL) {
        kfree(source);
        return NULL;
    }
    source->references = 2;
    source->pager = pager;
    source->traps_dirty = traps_dirty;
    source->complete.command = ZX_PAGER_VMO_COMPLETE;
    list_init(&source->outstanding);
    list_init(&source->unsent);
    list_push_back(pager_sources, &source->pager_link);
    return source;
}

struct pager* page_source_pager(const struct page_source* source) {
    return source->pager;
}

bool page_source_traps_dirty(const struct page_source* source) {
    return source->traps_dirty;
}

bool page_source_is_detached(const struct page_source* source) {
    return source->detached;
}

static void unref(struct page_source* source) {
    if (--source->references == 0) {
        port_packet_destroy(source->packet);
        kfree(source);
    }
}

// The pager does not need to know of it any more.
static void leave_pager(struct page_source* source) {
    if (source->pager != NULL) {
        list_remove(&source->pager_link);
        source->pager = NULL;
        unref(source);
    }
}

// ---- the packet ----------------------------------------------------------------------------

static void send(struct page_source* source, struct page_request* request) {
    if (source->busy) {
        list_push_back(&source->unsent, &request->unsent_link);
        return;
    }
    source->busy = true;
    source->active = request;
    port_queue_page_request(source->packet, (uint16_t)request->command, request->offset,
                            request->end - request->offset);
}

void page_source_taken(struct page_source* source) {
    bool was_last = source->active == &source->complete;
    source->busy = false;
    source->active = NULL;
    struct list_node* next = list_pop_front(&source->unsent);
    if (next != NULL) {
        send(source, container_of(next, struct page_request, unsent_link));
    }
    if (was_last && source->closed) {
        leave_pager(source);
    }
}

// Nobody needs to see the request any more.
static void take_back(struct page_source* source, struct page_request* request) {
    if (request == source->active) {
        source->active = NULL;
        if (port_take_back(source->packet)) {
            page_source_taken(source);
        }
    } else if (list_is_linked(&request->unsent_link)) {
        list_remove(&request->unsent_link);
    }
}

// ---- asking --------------------------------------------------------------------------------

// A request that begins with the range: one there is, or a new one in front of others; NULL
// without memory.
static struct page_request* find_or_make(const struct page_want* want) {
    struct page_source* source = want->source;
    uint64_t end = want->offset + want->length;
    list_for_each(node, &source->outstanding) {
        struct page_request* other = container_of(node, struct page_request, link);
        if (other->command != want->command) {
            continue;
        }
        if (other->offset <= want->offset && want->offset < other->end) {
            return other;
        }
        if (want->offset < other->offset && other->offset < end) {
            end = other->offset;
        }
    }
    struct page_request* request = kalloc(sizeof(*request));
    if (request != NULL) {
        request->command = want->command;
        request->offset = want->offset;
        request->end = end;
        request->pending = end - want->offset;
        wait_queue_init(&request->waiters);
        list_push_back(&source->outstanding, &request->link);
        send(source, request);
    }
    return request;
}

static void end_request(struct page_source* source, struct page_request* request,
                        zx_status_t status) {
    list_remove(&request->link);
    take_back(source, request);
    // The last of them to go on frees it.
    wait_queue_wake(&request->waiters, request->waiting, status);
}

zx_status_t page_source_wait(const struct page_want* want) {
    struct page_source* source = want->source;
    if (source->detached) {
        return ZX_ERR_BAD_STATE;
    }
    struct page_request* request = find_or_make(want);
    if (request == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    source->references++;
    request->waiting++;
    page_waits++;
    zx_status_t status =
        thread_block(&request->waiters, ZX_TIME_INFINITE, ZX_THREAD_STATE_BLOCKED_PAGER);
    if (--request->waiting == 0) {
        if (list_is_linked(&request->link)) { // what nobody waits for is not asked for
            end_request(source, request, ZX_OK);
        }
        kfree(request);
    }
    unref(source);
    return status;
}

// ---- answers -------------------------------------------------------------------------------

// The outstanding request with the lowest offset, from an offset on, that has something to do with
// a range; NULL: none.
static struct page_request* next_touched(struct page_source* source, uint32_t command,
                                         uint64_t from, uint64_t offset, uint64_t end) {
    struct page_request* found = NULL;
    list_for_each(node, &source->outstanding) {
        struct page_request* request = container_of(node, struct page_request, link);
        if (request->command == command && request->offset >= from && request->offset < end &&
            offset < request->end && (found == NULL || request->offset < found->offset)) {
            found = request;
        }
    }
    return found;
}

void page_source_resolve(struct page_source* source, uint32_t command, uint64_t offset,
                         uint64_t length) {
    uint64_t end = offset + length;
    uint64_t from = 0;
    for (struct page_request* request;
         (request = next_touched(source, command, from, offset, end)) != NULL;) {
        uint64_t first = offset > request->offset ? offset : request->offset;
        uint64_t last = end < request->end ? end : request->end;
        from = request->offset + 1;
        if (last - first < request->pending) {
            request->pending -= last - first;
        } else {
            end_request(source, request, ZX_OK);
        }
    }
}

void page_source_fail(struct page_source* source, uint64_t offset, uint64_t length,
                      zx_status_t status) {
    static const uint32_t commands[] = {ZX_PAGER_VMO_READ, ZX_PAGER_VMO_DIRTY};
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        struct page_request* request;
        while ((request = next_touched(source, commands[i], 0, offset, offset + length)) != NULL) {
            // The first page is what is waited for, those behind it would have come in handy.
            bool spared = commands[i] == ZX_PAGER_VMO_DIRTY && request->offset < offset;
            end_request(source, request, spared ? ZX_OK : status);
        }
    }
}

void page_source_detach(struct page_source* source) {
    if (source->detached) {
        return;
    }
    source->detached = true;
    page_source_fail(source, 0, UINT64_MAX, ZX_OK);
    send(source, &source->complete);
}

void page_source_close(struct page_source* source) {
    page_source_detach(source);
    source->closed = true;
    if (source->active != &source->complete) {
        leave_pager(source);
    }
    unref(source);
}

void page_source_abandon_all(struct list_node* pager_sources) {
    while (!list_is_empty(pager_sources)) {
        struct page_source* source =
            container_of(pager_sources->next, struct page_source, pager_link);
        page_source_detach(source);
        source->references++; // it may leave by being told
        take_back(source, &source->complete);
        leave_pager(source);
        unref(source);
    }
}
