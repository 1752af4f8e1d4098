// The kernel command line: words, some of them name=value, separated by spaces.

#include "boot.h"
#include "string.h"

static bool ends_word(char character) {
    return character == ' ' || character == '\0';
}

// What follows `name` where a word begins with it; NULL if none does.
static const char* find_word(const char* name) {
    size_t length = strlen(name);
    for (const char* word = boot_info.command_line; *word != '\0';) {
        if (strncmp(word, name, length) == 0) {
            return word + length;
        }
        while (!ends_word(*word)) {
            word++;
        }
        while (*word == ' ') {
            word++;
        }
    }
    return NULL;
}

bool command_line_has(const char* word) {
    const char* end = find_word(word);
    return end != NULL && ends_word(*end);
}

bool debugging_calls_enabled(void) {
    return command_line_has("kernel.enable-debugging-syscalls=true");
}

bool command_line_text(const char* name, char* out, size_t size) {
    const char* text = find_word(name);
    if (text == NULL) {
        return false;
    }
    while (size > 1 && !ends_word(*text)) {
        *out++ = *text++;
        size--;
    }
    *out = '\0';
    return true;
}

static unsigned digit_value(char character) {
    if (character >= '0' && character <= '9') {
        return (unsigned)(character - '0');
    }
    if (character >= 'a' && character <= 'f') {
        return (unsigned)(character - 'a') + 10;
    }
    return 16;
}

uint64_t command_line_number(const char* name, uint64_t fallback) {
    const char* text = find_word(name);
    if (text == NULL) {
        return fallback;
    }
    unsigned base = 10;
    if (strncmp(text, "0x", 2) == 0) {
        base = 16;
        text += 2;
    }
    uint64_t value = 0;
    for (; digit_value(*text) < base; text++) {
        value = value * base + digit_value(*text);
    }
    return value;
}
