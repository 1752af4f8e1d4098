// Symbols of an ELF shared object that lies in memory as its program headers say.

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t program_headers; // file offset
    uint64_t section_headers;
    uint32_t flags;
    uint16_t header_size;
    uint16_t program_header_size;
    uint16_t program_header_count;
    uint16_t section_header_size;
    uint16_t section_header_count;
    uint16_t section_names;
} elf_header_t;

typedef struct {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t address;
    uint64_t physical;
    uint64_t file_size;
    uint64_t memory_size;
    uint64_t align;
} elf_segment_t;

enum { ELF_LOAD = 1, ELF_DYNAMIC = 2, ELF_RELRO = 0x6474e552 };
enum { ELF_EXECUTE = 1, ELF_WRITE = 2, ELF_READ = 4 };

typedef struct {
    int64_t tag;
    uint64_t value;
} elf_dynamic_t;

enum {
    ELF_TAG_PLT_SIZE = 2,
    ELF_TAG_STRTAB = 5,
    ELF_TAG_SYMTAB = 6,
    ELF_TAG_RELA = 7,
    ELF_TAG_RELA_SIZE = 8,
    ELF_TAG_JMPREL = 23,
    ELF_TAG_TEXTREL = 22,
    ELF_TAG_GNU_HASH = 0x6ffffef5,
};

typedef struct {
    uint32_t name; // offset in the string table
    uint8_t info;
    uint8_t other;
    uint16_t section; // zero: undefined here
    uint64_t value;
    uint64_t size;
} elf_symbol_t;

typedef struct {
    uint64_t offset;
    uint64_t info; // symbol index in the upper half, type in the lower
    int64_t addend;
} elf_rela_t;

// Where the tables of one object lie; `base` is the address of its first byte.
typedef struct {
    uintptr_t base;
    const elf_dynamic_t* dynamic;
    const elf_symbol_t* symbols;
    const char* names;
    const uint32_t* gnu_hash;
} elf_object_t;

// Finds the tables of the object at `base`; false if it is not a 64-bit ELF object with a dynamic
// segment, a symbol table and a GNU hash table.
bool elf_object_open(elf_object_t* object, const void* base);

// Value of the first dynamic entry with this tag, or `absent`.
uint64_t elf_object_tag(const elf_object_t* object, int64_t tag, uint64_t absent);

// Address of the symbol that the object defines under this name; NULL if there is none.
void* elf_object_symbol(const elf_object_t* object, const char* name);
// Looks names up, each ended by a zero byte and the last by one more, and stores the addresses one
// after the other; the name of one that is missing, or NULL.  A loop, not a line for each: where
// code runs once, an emulator's translation of it costs most.
const char* elf_object_symbols(const elf_object_t* object, const char* names, void* table);
