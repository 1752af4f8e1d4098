// What all kernel objects share: identity, lifetime, signals and their observers.
//
// A dispatcher lives while it has references.  Handles and whoever uses it hold references; when
// the last *handle* goes, `on_zero_handles` runs (peers learn of it), when the last reference
// goes, `destroy`.  Both run from a queue, never from within each other: a message may hold the
// last handle to a channel whose message holds the last handle to the next one, and so on.
#pragma once

#include "arch.h"
#include "list.h"

struct dispatcher;
struct observer;

struct dispatcher_ops {
    zx_obj_type_t type;
    bool waitable;                                         // may be waited on and signalled
    bool has_peer;                                         // zx_object_signal_peer makes sense
    zx_signals_t user_settable;                            // signals user code may set and clear
    bool has_name;                                         // ZX_PROP_NAME
    void (*on_zero_handles)(struct dispatcher* object);    // may be NULL
    void (*destroy)(struct dispatcher* object);            // frees it
    zx_koid_t (*related_koid)(struct dispatcher* object);  // NULL: 0
    struct dispatcher* (*peer)(struct dispatcher* object); // NULL or returns NULL: none (any more)
};

struct dispatcher {
    const struct dispatcher_ops* ops;
    uint32_t references;
    uint32_t handles;
    zx_koid_t koid;
    zx_signals_t signals;
    struct list_node observers;
    struct list_node doomed_link; // while on_zero_handles or destroy is due
};

// Gives it a koid, one reference (the caller's) and no handle; counts it.
void dispatcher_init(struct dispatcher* object, const struct dispatcher_ops* ops,
                     zx_signals_t signals);
void dispatcher_ref(struct dispatcher* object);
void dispatcher_unref(struct dispatcher* object);
// Between these two nothing is destroyed: for whoever waits in the midst of using objects that it
// has no references to.  What is due is done when the last of them goes on.
void dispatchers_keep(void);
void dispatchers_let_go(void);
// Also a reference.  The last dispatcher_drop_handle runs on_zero_handles.
void dispatcher_add_handle(struct dispatcher* object);
void dispatcher_drop_handle(struct dispatcher* object);
// Of the object a handle to it is about: its peer, its process, its job; 0 if there is none.
zx_koid_t dispatcher_related_koid(struct dispatcher* object);

// Changes signals (clear first) and tells the observers of those that become asserted.
void update_signals(struct dispatcher* object, zx_signals_t clear, zx_signals_t set);
// The handle goes: those who watch through it see HANDLE_CLOSED (which is never stored).
struct handle;
void cancel_observers_of(struct dispatcher* object, const struct handle* handle);

// Someone who wants to know about signals.  on_match runs when one of `wanted` becomes asserted
// (may remove the observer), on_cancel when the handle it was made with is closed (removes it).
// handle may be NULL: the kernel itself watches.
struct observer {
    struct list_node link;
    struct dispatcher* object;
    const struct handle* handle;
    zx_signals_t wanted;
    void (*on_match)(struct observer* observer, zx_signals_t signals);
    void (*on_cancel)(struct observer* observer, zx_signals_t signals);
};
// Does not look at the current signals; the caller does.  The latest is the first to be told.
void observer_add(struct observer* observer, struct dispatcher* object, const struct handle* handle,
                  zx_signals_t wanted);
void observer_remove(struct observer* observer);
