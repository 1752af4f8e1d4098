// The arena of all handles, and the handle tables of processes.
#include "handle.h"

#include "channel.h"
#include "cprng.h"
#include "pmm.h"
#include "process.h"
#include "share.h"
#include "usercopy.h"

#define HANDLES_PER_PAGE 64u // a power of two: look-ups divide by it
#define ARENA_PAGES 4096     // for 256 Ki handles
#define PLACE_SHIFT 13
#define GENERATION_ONE 4u
#define GENERATION_MASK 0x1ffcu
#define MIXER_MASK 0x7ffffffcu

_Static_assert(HANDLES_PER_PAGE * sizeof(struct handle) <= PAGE_SIZE, "page");
_Static_assert(ARENA_PAGES* HANDLES_PER_PAGE <= 1u << (31 - PLACE_SHIFT), "place bits");

static struct arena_page {
    struct handle* handles; // NULL: no memory behind it
    struct list_node free;  // its free places
    uint32_t used;
    uint32_t generation; // that its places start with when it gets memory (again)
} arena[ARENA_PAGES];

// No page before this one has a free place.
static uint32_t first_with_room;

// As in the heap, the pages used that the host sees are those the live handles fill, not those
// that are partly empty.
static void account(long handles, long pages) {
    static long live, filled, reported;
    live += handles;
    filled += pages;
    share_header->handles = (uint64_t)live;
    long spare = filled - (live + (long)HANDLES_PER_PAGE - 1) / (long)HANDLES_PER_PAGE;
    if (spare != reported) {
        pmm_note_spare(spare - reported);
        reported = spare;
    }
}

// Gives a page of the arena memory and marks all its places free.
static bool arena_page_fill(uint32_t index) {
    struct arena_page* page = &arena[index];
    struct page* memory = pmm_alloc();
    if (memory == NULL) {
        return false;
    }
    page->handles = page_to_virt(memory);
    account(0, 1);
    list_init(&page->free);
    for (uint32_t i = 0; i < HANDLES_PER_PAGE; i++) {
        struct handle* handle = &page->handles[i];
        uint32_t place = index * HANDLES_PER_PAGE + i;
        handle->object = NULL;
        handle->table = NULL;
        handle->base = (place << PLACE_SHIFT) | page->generation | ZX_HANDLE_FIXED_BITS_MASK;
        list_push_back(&page->free, &handle->link);
    }
    return true;
}

// Takes the memory of an empty page back; its next handles continue the count of uses.
static void arena_page_empty(struct arena_page* page) {
    for (uint32_t i = 0; i < HANDLES_PER_PAGE; i++) {
        uint32_t generation = page->handles[i].base & GENERATION_MASK;
        page->generation = generation > page->generation ? generation : page->generation;
    }
    pmm_free(paddr_to_page(virt_to_phys(page->handles)));
    page->handles = NULL;
    account(0, -1);
}

static struct handle* arena_alloc(void) {
    while (first_with_room < ARENA_PAGES) {
        struct arena_page* page = &arena[first_with_room];
        if (page->handles == NULL && !arena_page_fill(first_with_room)) {
            return NULL;
        }
        struct list_node* node = list_pop_front(&page->free);
        if (node != NULL) {
            page->used++;
            account(1, 0);
            return container_of(node, struct handle, link);
        }
        first_with_room++;
    }
    return NULL;
}

static void arena_free(struct handle* handle) {
    uint32_t index = (handle->base >> PLACE_SHIFT) / HANDLES_PER_PAGE;
    struct arena_page* page = &arena[index];
    uint32_t generation = (handle->base + GENERATION_ONE) & GENERATION_MASK;
    handle->base = (handle->base & ~GENERATION_MASK) | generation;
    handle->object = NULL;
    list_push_front(&page->free, &handle->link);
    account(-1, 0);
    if (--page->used == 0) {
        arena_page_empty(page);
    }
    if (index < first_with_room) {
        first_with_room = index;
    }
}

struct handle* handle_create(struct dispatcher* object, zx_rights_t rights) {
    struct handle* handle = arena_alloc();
    if (handle != NULL) {
        dispatcher_add_handle(object);
        handle->object = object;
        handle->table = NULL;
        handle->rights = rights;
    }
    return handle;
}

void handle_destroy(struct handle* handle) {
    struct dispatcher* object = handle->object;
    cancel_observers_of(object, handle);
    arena_free(handle);
    dispatcher_drop_handle(object);
}

zx_status_t handle_table_init(struct handle_table* table) {
    list_init(&table->handles);
    table->count = 0;
    table->mixer = (uint32_t)cprng_u64() & MIXER_MASK;
    return ZX_OK;
}

void handle_table_destroy(struct handle_table* table) {
    struct list_node* node;
    while ((node = list_pop_front(&table->handles)) != NULL) {
        struct handle* handle = container_of(node, struct handle, link);
        handle->table = NULL;
        table->count--;
        handle_destroy(handle);
    }
    channel_end_unreachable();
}

zx_handle_t handle_table_add(struct handle_table* table, struct handle* handle) {
    handle->table = table;
    list_push_back(&table->handles, &handle->link);
    table->count++;
    return handle_value(table, handle);
}

struct handle* handle_table_find(struct handle_table* table, zx_handle_t value) {
    uint32_t base = value ^ table->mixer;
    uint32_t place = base >> PLACE_SHIFT;
    uint32_t index = place / HANDLES_PER_PAGE;
    if (index >= ARENA_PAGES || arena[index].handles == NULL) {
        return NULL;
    }
    struct handle* handle = &arena[index].handles[place % HANDLES_PER_PAGE];
    return handle->table == table && handle->base == base ? handle : NULL;
}

struct handle* handle_table_remove(struct handle_table* table, zx_handle_t value) {
    struct handle* handle = handle_table_find(table, value);
    if (handle != NULL) {
        list_remove(&handle->link);
        handle->table = NULL;
        table->count--;
    }
    return handle;
}

zx_status_t handle_get(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights,
                       struct handle** out) {
    struct handle* handle = handle_table_find(process_current()->handles, value);
    if (handle == NULL) {
        return policy_bad_handle();
    }
    if (type != ZX_OBJ_TYPE_NONE && handle->object->ops->type != type) {
        return ZX_ERR_WRONG_TYPE;
    }
    if ((handle->rights & rights) != rights) {
        return ZX_ERR_ACCESS_DENIED;
    }
    *out = handle;
    return ZX_OK;
}

zx_status_t handle_get_object(zx_handle_t value, zx_obj_type_t type, zx_rights_t rights,
                              struct dispatcher** out, zx_rights_t* rights_out) {
    struct handle* handle;
    zx_status_t status = handle_get(value, type, rights, &handle);
    if (status == ZX_OK) {
        *out = handle->object;
        if (rights_out != NULL) {
            *rights_out = handle->rights;
        }
    }
    return status;
}

zx_status_t handle_refuse(zx_handle_t value) {
    struct handle* handle;
    zx_status_t status = handle_get(value, ZX_OBJ_TYPE_NONE, ZX_RIGHT_NONE, &handle);
    return status == ZX_OK ? ZX_ERR_WRONG_TYPE : status;
}

zx_status_t handle_make_and_store(struct dispatcher* object, zx_rights_t rights, uint64_t out) {
    struct handle* handle = handle_create(object, rights);
    if (handle == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct handle_table* table = process_current()->handles;
    zx_status_t status = store_u32(out, handle_value(table, handle));
    if (status != ZX_OK) {
        handle_destroy(handle);
        return status;
    }
    handle_table_add(table, handle);
    return ZX_OK;
}

zx_status_t handle_give(struct dispatcher* object, zx_rights_t rights, uint64_t out) {
    zx_status_t status = handle_make_and_store(object, rights, out);
    dispatcher_unref(object);
    return status;
}

zx_status_t handle_make_and_store_pair(struct dispatcher* object0, struct dispatcher* object1,
                                       zx_rights_t rights, uint64_t out0, uint64_t out1) {
    struct handle* handle0 = handle_create(object0, rights);
    if (handle0 == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    struct handle* handle1 = handle_create(object1, rights);
    if (handle1 == NULL) {
        handle_destroy(handle0);
        return ZX_ERR_NO_MEMORY;
    }
    struct handle_table* table = process_current()->handles;
    zx_status_t status = store_u32(out0, handle_value(table, handle0));
    if (status == ZX_OK) {
        status = store_u32(out1, handle_value(table, handle1));
    }
    if (status != ZX_OK) {
        handle_destroy(handle0);
        handle_destroy(handle1);
        return status;
    }
    handle_table_add(table, handle0);
    handle_table_add(table, handle1);
    return ZX_OK;
}
