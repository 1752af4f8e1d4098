// Futexes: waiting for a word of user memory.  The kernel knows one only while threads wait on it.
#pragma once

#include "arch.h"

struct process;
struct thread_dispatcher;

// Waits in the current thread, whose address it is, until woken; a new owner (may be NULL) is
// recorded for the time that anyone waits.  INVALID_ARGS: the owner waits there itself.
zx_status_t futex_wait(uint64_t address, struct thread_dispatcher* owner, zx_time_t deadline);
// Wakes in order of arrival; nobody owns it then, or with single_owner the one that was woken.
void futex_wake(uint64_t address, uint32_t count, bool single_owner);
// Wakes some, then moves some of the others to a second address, which gets a new owner.
// INVALID_ARGS: the owner waits at one of the addresses.  NO_MEMORY.
zx_status_t futex_requeue(uint64_t from, uint32_t wake_count, uint64_t to, uint32_t move_count,
                          struct thread_dispatcher* owner, bool single_owner);
// 0: nobody.
zx_koid_t futex_owner(uint64_t address);
