// The few functions of <string.h> a kernel needs.  The compiler calls the first four by itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int byte, size_t size);
int memcmp(const void* a, const void* b, size_t size);
size_t strlen(const char* text);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, size_t size);
// Copies at most size - 1 characters and always ends with NUL.
void copy_text(char* to, const char* from, size_t size);
