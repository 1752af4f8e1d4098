// Doubly linked lists threaded through the things they hold.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node* prev; // NULL while in no list
    struct list_node* next;
};

#define LIST_INIT(name) {&(name), &(name)}
#define container_of(node, type, member) ((type*)((char*)(node) - offsetof(type, member)))

static inline void list_init(struct list_node* list) {
    list->prev = list->next = list;
}
static inline bool list_is_empty(const struct list_node* list) {
    return list->next == list;
}
static inline bool list_is_linked(const struct list_node* node) {
    return node->prev != NULL;
}

static inline void list_insert_after(struct list_node* where, struct list_node* node) {
    node->prev = where;
    node->next = where->next;
    where->next->prev = node;
    where->next = node;
}

static inline void list_push_front(struct list_node* list, struct list_node* node) {
    list_insert_after(list, node);
}

static inline void list_push_back(struct list_node* list, struct list_node* node) {
    list_insert_after(list->prev, node);
}

static inline void list_remove(struct list_node* node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
}

static inline struct list_node* list_pop_front(struct list_node* list) {
    struct list_node* node = list->next;
    if (node == list) {
        return NULL;
    }
    list_remove(node);
    return node;
}

#define list_for_each(node, list)                                                                  \
    for (struct list_node* node = (list)->next; node != (list); node = node->next)

// Like list_for_each, but the body may remove the node it is given.
#define list_for_each_safe(node, list)                                                             \
    for (struct list_node* node = (list)->next, *node##_next = node->next; node != (list);         \
         node = node##_next, node##_next = node->next)
