// What the command line asks of a sanitized kernel: "preempt", and mistakes on purpose.  For each
// of these "mistake=NAME" shows that it is found.

#include "boot.h"
#include "event.h"
#include "heap.h"
#include "pmm.h"
#include "print.h"
#include "sanitize.h"
#include "string.h"

#define PIECE_SIZE 40

// The compiler knows nothing of what is read from here.
static volatile int any = INT32_MAX;

static int four_numbers[4];

static void overflow(void) {
    any = any + 1;
}

static void shift(void) {
    any = any >> (any & 63);
}

static void out_of_bounds(void) {
    four_numbers[any & 7] = 0;
}

static void divide(void) {
    any = 1 / (any - INT32_MAX);
}

static void overwrite_stack_frame(void) {
    char room[16];
    memset(room, 0x61, (size_t)(any & 63));
    any = room[any & 7];
}

static void write_behind(void) {
    char* piece = kalloc(PIECE_SIZE);
    piece[PIECE_SIZE] = 1;
    kfree(piece);
}

static void free_twice(void) {
    char* piece = kalloc(PIECE_SIZE);
    kfree(piece);
    kfree(piece);
}

static void write_after_free(void) {
    char* piece = kalloc(PIECE_SIZE);
    kfree(piece);
    *(volatile char*)(piece + 8) = 1;
    for (;;) { // until the piece's turn comes
        kfree(kalloc(PIECE_SIZE));
    }
}

static void write_to_free_page(void) {
    struct page* page = pmm_alloc();
    pmm_free(page);
    *(volatile char*)page_to_virt(page) = 1;
    for (;;) {
        pmm_alloc();
    }
}

static void free_page_twice(void) {
    struct page* page = pmm_alloc();
    pmm_free(page);
    pmm_free(page);
}

static void use_dead_object(void) {
    struct dispatcher* event = event_create();
    dispatcher_unref(event);
    dispatcher_ref(event);
}

static const struct {
    const char* name;
    void (*make)(void);
} mistakes[] = {
    {"overflow", overflow},
    {"shift", shift},
    {"out-of-bounds", out_of_bounds},
    {"divide", divide},
    {"overwrite-stack-frame", overwrite_stack_frame},
    {"write-behind", write_behind},
    {"free-twice", free_twice},
    {"write-after-free", write_after_free},
    {"write-to-free-page", write_to_free_page},
    {"free-page-twice", free_page_twice},
    {"use-dead-object", use_dead_object},
};

bool preempt_often;

void sanitizer_start(void) {
    char name[32];
    preempt_often = command_line_has("preempt");
    if (!command_line_text("mistake=", name, sizeof(name))) {
        return;
    }
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        if (strcmp(name, mistakes[i].name) == 0) {
            mistakes[i].make();
            panic(NULL, "the mistake %s was not found", name);
        }
    }
    panic(NULL, "mistake=%s: there is none of this name", name);
}
