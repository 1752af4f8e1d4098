// A lock that gives the processor away while another thread holds it.

#include "libc.h"

#include "vdso_calls.h"

enum { OPEN = 0, HELD = 1 };

int pthread_mutex_init(pthread_mutex_t* mutex, const pthread_mutexattr_t* attributes) {
    (void)attributes;
    __atomic_store_n(&mutex->state, OPEN, __ATOMIC_RELAXED);
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t* mutex) {
    (void)mutex;
    return 0;
}

// The sections are a few instructions or one non-blocking call long, so the holder is at most one
// time slice away: yielding gets it there.
int pthread_mutex_lock(pthread_mutex_t* mutex) {
    while (__atomic_exchange_n(&mutex->state, HELD, __ATOMIC_ACQUIRE) != OPEN) {
        vdso_calls.nanosleep(0);
    }
    return 0;
}

// Fails if nobody holds the lock.
int pthread_mutex_unlock(pthread_mutex_t* mutex) {
    const int not_owner = 1; // EPERM
    uint32_t before = __atomic_exchange_n(&mutex->state, OPEN, __ATOMIC_RELEASE);
    return before == HELD ? 0 : not_owner;
}
