// Kernel objects: identity, lifetime, signals.
#include "object.h"

#include "sanitize.h"
#include "share.h"

static zx_koid_t next_koid = ZX_KOID_FIRST;

// Objects that have lost their last handle or their last reference and wait for what follows.
static struct list_node doomed = LIST_INIT(doomed);
static bool reaping;
// Those whose last reference is kept for the time being.
static struct list_node kept = LIST_INIT(kept);
static uint32_t keepers;

void dispatcher_init(struct dispatcher* object, const struct dispatcher_ops* ops,
                     zx_signals_t signals) {
    object->ops = ops;
    object->references = 1;
    object->handles = 0;
    object->koid = next_koid++;
    object->signals = signals;
    list_init(&object->observers);
    object->doomed_link.prev = object->doomed_link.next = NULL;
    share_header->objects++;
}

// Runs what is due, and what that makes due; a loop, because objects die in chains of any length.
static void reap(void) {
    if (reaping) {
        return;
    }
    reaping = true;
    struct list_node* node;
    while ((node = list_pop_front(&doomed)) != NULL) {
        struct dispatcher* object = container_of(node, struct dispatcher, doomed_link);
        if (object->references == 0) {
            share_header->objects--;
            object->ops->destroy(object);
        } else {
            object->ops->on_zero_handles(object);
            dispatcher_unref(object); // the last handle's
        }
    }
    reaping = false;
}

void dispatchers_keep(void) {
    keepers++;
}

void dispatchers_let_go(void) {
    if (--keepers > 0) {
        return;
    }
    for (struct list_node* node; (node = list_pop_front(&kept)) != NULL;) {
        dispatcher_unref(container_of(node, struct dispatcher, doomed_link));
    }
}

void dispatcher_ref(struct dispatcher* object) {
    CHECK_REFERENCES(object->references);
    object->references++;
}

void dispatcher_unref(struct dispatcher* object) {
    CHECK_REFERENCES(object->references);
    if (keepers > 0 && object->references == 1) {
        list_push_back(&kept, &object->doomed_link);
    } else if (--object->references == 0) {
        list_push_back(&doomed, &object->doomed_link);
        reap();
    }
}

void dispatcher_add_handle(struct dispatcher* object) {
    CHECK_REFERENCES(object->references);
    object->references++;
    object->handles++;
}

void dispatcher_drop_handle(struct dispatcher* object) {
    CHECK_REFERENCES(object->references);
    CHECK_REFERENCES(object->handles);
    bool last = --object->handles == 0 && object->ops->on_zero_handles != NULL;
    if (last && !list_is_linked(&object->doomed_link)) {
        list_push_back(&doomed, &object->doomed_link);
        reap();
    } else {
        dispatcher_unref(object);
    }
}

zx_koid_t dispatcher_related_koid(struct dispatcher* object) {
    return object->ops->related_koid != NULL ? object->ops->related_koid(object) : 0;
}

// Moves all observers to a list of the caller's, so that it can visit each once while they come
// and go.
static void take_observers(struct dispatcher* object, struct list_node* to) {
    list_init(to);
    if (!list_is_empty(&object->observers)) {
        *to = object->observers;
        to->next->prev = to;
        to->prev->next = to;
        list_init(&object->observers);
    }
}

void update_signals(struct dispatcher* object, zx_signals_t clear, zx_signals_t set) {
    zx_signals_t signals = (object->signals & ~clear) | set;
    zx_signals_t raised = signals & ~object->signals;
    object->signals = signals;
    if (raised == 0 || list_is_empty(&object->observers)) {
        return;
    }
    struct list_node visit;
    take_observers(object, &visit);
    struct list_node* node;
    while ((node = list_pop_front(&visit)) != NULL) {
        struct observer* observer = container_of(node, struct observer, link);
        list_push_back(&object->observers, node);
        if (observer->wanted & raised) {
            observer->on_match(observer, signals);
        }
    }
}

void cancel_observers_of(struct dispatcher* object, const struct handle* handle) {
    if (list_is_empty(&object->observers)) {
        return;
    }
    struct list_node visit;
    take_observers(object, &visit);
    struct list_node* node;
    while ((node = list_pop_front(&visit)) != NULL) {
        struct observer* observer = container_of(node, struct observer, link);
        list_push_back(&object->observers, node);
        if (observer->handle == handle) {
            observer->on_cancel(observer, object->signals | ZX_SIGNAL_HANDLE_CLOSED);
        }
    }
}

void observer_add(struct observer* observer, struct dispatcher* object, const struct handle* handle,
                  zx_signals_t wanted) {
    observer->object = object;
    observer->handle = handle;
    observer->wanted = wanted;
    list_push_front(&object->observers, &observer->link);
}

void observer_remove(struct observer* observer) {
    if (list_is_linked(&observer->link)) {
        list_remove(&observer->link);
    }
}
