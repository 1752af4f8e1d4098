// Text on the serial line.

#include "print.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "string.h"

// Where formatted characters go: a buffer, or the serial line if there is none.
struct sink {
    char* buffer;
    size_t size;
    size_t length; // characters produced, whether they fitted or not
};

// A terminal wants the carriage back as well.
void print_char(char character) {
    if (character == '\n') {
        arch_serial_write('\r');
    }
    arch_serial_write((uint8_t)character);
}

void print_text(const char* text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        print_char(text[i]);
    }
}

static void put(struct sink* sink, char character) {
    if (sink->buffer == NULL) {
        print_char(character);
    } else if (sink->length + 1 < sink->size) {
        sink->buffer[sink->length] = character;
    }
    sink->length++;
}

static void put_padded(struct sink* sink, const char* text, size_t length, size_t width, char pad,
                       bool left) {
    for (size_t i = length; !left && i < width; i++) {
        put(sink, pad);
    }
    for (size_t i = 0; i < length; i++) {
        put(sink, text[i]);
    }
    for (size_t i = length; left && i < width; i++) {
        put(sink, ' ');
    }
}

static void put_number(struct sink* sink, uint64_t value, unsigned base, bool negative,
                       size_t width, char pad) {
    char digits[24];
    size_t i = sizeof(digits);
    do {
        digits[--i] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (negative) {
        digits[--i] = '-';
    }
    put_padded(sink, digits + i, sizeof(digits) - i, width, pad, false);
}

// %d %i %u %x %p %s %c %%, with -, 0, a width, .* or a precision for %s, and l, ll, z.
static void format_to(struct sink* sink, const char* format, va_list args) {
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(sink, *format);
            continue;
        }
        format++;
        bool left = false, is_long = false;
        char pad = ' ';
        for (; *format == '-' || *format == '0'; format++) {
            left = left || *format == '-';
            pad = *format == '0' ? '0' : pad;
        }
        size_t width = 0, precision = SIZE_MAX;
        for (; *format >= '0' && *format <= '9'; format++) {
            width = width * 10 + (size_t)(*format - '0');
        }
        if (*format == '.') {
            format++;
            precision = 0;
            if (*format == '*') {
                precision = (size_t)va_arg(args, int);
                format++;
            }
            for (; *format >= '0' && *format <= '9'; format++) {
                precision = precision * 10 + (size_t)(*format - '0');
            }
        }
        for (; *format == 'l' || *format == 'z'; format++) {
            is_long = true;
        }
        switch (*format) {
        case 'd':
        case 'i': {
            int64_t value = is_long ? va_arg(args, int64_t) : va_arg(args, int);
            uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
            put_number(sink, magnitude, 10, value < 0, width, pad);
            break;
        }
        case 'u':
        case 'x': {
            uint64_t value = is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned);
            put_number(sink, value, *format == 'u' ? 10 : 16, false, width, pad);
            break;
        }
        case 'p':
            put_number(sink, va_arg(args, uint64_t), 16, false, 16, '0');
            break;
        case 's': {
            const char* text = va_arg(args, const char*);
            size_t length = 0;
            while (length < precision && text[length] != '\0') {
                length++;
            }
            put_padded(sink, text, length, width, ' ', left);
            break;
        }
        case 'c':
            put(sink, (char)va_arg(args, int));
            break;
        case '\0':
            return;
        default:
            put(sink, *format);
        }
    }
}

void printk(const char* format, ...) {
    struct sink sink = {NULL, 0, 0};
    va_list args;
    va_start(args, format);
    format_to(&sink, format, args);
    va_end(args);
}

int format_arguments(char* out, size_t size, const char* format, va_list args) {
    struct sink sink = {out, size, 0};
    format_to(&sink, format, args);
    if (size > 0) {
        out[sink.length < size ? sink.length : size - 1] = '\0';
    }
    return (int)sink.length;
}

int format_text(char* out, size_t size, const char* format, ...) {
    va_list args;
    va_start(args, format);
    int length = format_arguments(out, size, format, args);
    va_end(args);
    return length;
}
