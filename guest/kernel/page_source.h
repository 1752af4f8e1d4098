// Page sources: what a VMO asks its pager for, and the packets that say so.
#pragma once

#include "port.h"

struct page_source;
struct pager;

// Pages that have to come before a store can be used.
struct page_want {
    struct page_source* source;
    uint32_t command; // ZX_PAGER_VMO_READ or ZX_PAGER_VMO_DIRTY
    uint64_t offset;  // bytes, whole pages, in the store that the source is of
    uint64_t length;
};

// How often a thread has begun to wait for pages: while it stays the same, nothing has changed
// behind the back of the thread that runs.
extern uint64_t page_waits;

// One of a pager, asking at a port; traps_dirty: also before a page becomes dirty.  One reference,
// the VMO's; NULL without memory.
struct page_source* page_source_create(struct list_node* pager_sources, struct pager* pager,
                                       struct port* port, uint64_t key, bool traps_dirty);
struct pager* page_source_pager(const struct page_source* source); // NULL: it has ended
bool page_source_traps_dirty(const struct page_source* source);
bool page_source_is_detached(const struct page_source* source);
// Asks for a range and waits until something was done about it: then look again.  BAD_STATE: it is
// detached; NO_MEMORY, ZX_ERR_INTERNAL_INTR_KILLED; otherwise what the pager says has failed.
zx_status_t page_source_wait(const struct page_want* want);
// What was asked for in a range has come.
void page_source_resolve(struct page_source* source, uint32_t command, uint64_t offset,
                         uint64_t length);
// Nothing that was asked for in a range will come: its waiters are told why.
void page_source_fail(struct page_source* source, uint64_t offset, uint64_t length,
                      zx_status_t status);
// Asks for nothing any more; whoever waits finds that out.  The last packet says so.
void page_source_detach(struct page_source* source);
// The VMO has ended, and its reference with it.
void page_source_close(struct page_source* source);
// The pagers of this list have ended: nobody is to be told anything.
void page_source_abandon_all(struct list_node* pager_sources);
// The packet has left the port: it can carry the next request.
void page_source_taken(struct page_source* source);
