// What only the sanitized build has (`zxh images build --sanitize`).  Elsewhere SANITIZED is 0 and
// everything behind it is compiled out; the functions are in guest/kernel/sanitize.
#pragma once

#include "arch.h"
#include "print.h"

#ifdef ZXH_SANITIZE
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

// Fills freed memory.  As an address it is none that any processor takes.
#define POISON_BYTE 0xdf

// Panics if the trap is one the compiler put in for undefined behaviour.
void sanitizer_trap(const struct arch_regs* regs);
// Which of them (clang's SanitizerHandler), -1: none.
int arch_sanitizer_code(const struct arch_regs* regs);
// Draws the canary of protected stack frames; its callers must not return.
void stack_guard_init(void);
// Does what the command line asks for: a mistake (sanitize/self_test.c), or "preempt".
void sanitizer_start(void);
// Threads take turns at the end of each system call, and at ticks that come soon.
extern bool preempt_often;

// ---- the heap ---------------------------------------------------------------------------------
// A small piece has a header in front and a red zone behind it.
#define GUARD_FRONT (SANITIZED ? 16ul : 0ul)
#define GUARD_BEHIND (SANITIZED ? 16ul : 0ul)

// Marks a block of the heap as a piece in use; returns the piece.  `room`: bytes of the block.
void* guard_piece(void* block, size_t size, size_t room);
// The piece is no longer in use: checks what is around it and fills it.  Returns its block.
void* guard_freed(void* piece, size_t room);
// Keeps the block from use for a while; returns one that was kept long enough, NULL: none yet.
void* guard_quarantine(void* block);
// Nobody has written to a freed block of so many bytes, but for the heap in its header.
void guard_check_freed(const void* block, size_t room);
// The red zone of a piece of whole pages.
void guard_zone(void* piece, size_t size, size_t room);
void guard_check_zone(const void* piece, size_t size, size_t room);

// ---- pages ------------------------------------------------------------------------------------
void page_poison(void* page);
// The page holds what page_poison left.
void page_check_poison(const void* page);
void page_check_zero(const void* page);

// A count of references to something that lives.
#define REFERENCES_MOST (1u << 24) // more than memory could hold
#define CHECK_REFERENCES(count)                                                                    \
    do {                                                                                           \
        if (SANITIZED) {                                                                           \
            ASSERT((count) > 0 && (count) < REFERENCES_MOST);                                      \
        }                                                                                          \
    } while (0)
