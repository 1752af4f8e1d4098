// The few functions of <string.h> a kernel needs.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "memory.h"

size_t strlen(const char* text);
int strcmp(const char* a, const char* b);
int strncmp(const char* a, const char* b, size_t size);
// Copies at most size - 1 characters and always ends with NUL.
void copy_text(char* to, const char* from, size_t size);
