// Lookup through the GNU hash table: a Bloom filter, buckets that give the first symbol of a hash
// chain, and the chain of hash values, whose lowest bit marks the end.

#include "elf_symbols.h"

static bool has_elf_magic(const elf_header_t* header) {
    const uint8_t class_64 = 2;
    return header->ident[0] == 0x7f && header->ident[1] == 'E' && header->ident[2] == 'L' &&
           header->ident[3] == 'F' && header->ident[4] == class_64 &&
           header->program_header_size == sizeof(elf_segment_t);
}

bool elf_object_open(elf_object_t* object, const void* base) {
    const elf_header_t* header = base;
    if (!has_elf_magic(header)) {
        return false;
    }
    object->base = (uintptr_t)base;
    object->dynamic = NULL;
    const elf_segment_t* segments = (const elf_segment_t*)(object->base + header->program_headers);
    for (uint16_t i = 0; i < header->program_header_count; i++) {
        if (segments[i].type == ELF_DYNAMIC) {
            object->dynamic = (const elf_dynamic_t*)(object->base + segments[i].address);
        }
    }
    if (object->dynamic == NULL) {
        return false;
    }
    uint64_t symbols = elf_object_tag(object, ELF_TAG_SYMTAB, 0);
    uint64_t names = elf_object_tag(object, ELF_TAG_STRTAB, 0);
    uint64_t hash = elf_object_tag(object, ELF_TAG_GNU_HASH, 0);
    if (symbols == 0 || names == 0 || hash == 0) {
        return false;
    }
    object->symbols = (const elf_symbol_t*)(object->base + symbols);
    object->names = (const char*)(object->base + names);
    object->gnu_hash = (const uint32_t*)(object->base + hash);
    return true;
}

uint64_t elf_object_tag(const elf_object_t* object, int64_t tag, uint64_t absent) {
    for (const elf_dynamic_t* entry = object->dynamic; entry->tag != 0; entry++) {
        if (entry->tag == tag) {
            return entry->value;
        }
    }
    return absent;
}

static uint32_t hash_of(const char* name) {
    uint32_t hash = 5381;
    for (; *name != 0; name++) {
        hash = hash * 33 + (uint8_t)*name;
    }
    return hash;
}

static bool same(const char* left, const char* right) {
    for (; *left == *right; left++, right++) {
        if (*left == 0) {
            return true;
        }
    }
    return false;
}

void* elf_object_symbol(const elf_object_t* object, const char* name) {
    const uint32_t* table = object->gnu_hash;
    uint32_t bucket_count = table[0];
    uint32_t first = table[1];
    uint32_t filter_words = table[2];
    uint32_t filter_shift = table[3];
    const uint64_t* filter = (const uint64_t*)(table + 4);
    const uint32_t* buckets = (const uint32_t*)(filter + filter_words);
    const uint32_t* chains = buckets + bucket_count;

    uint32_t hash = hash_of(name);
    uint64_t word = filter[hash / 64 % filter_words];
    if (!(word >> (hash % 64) & 1) || !(word >> ((hash >> filter_shift) % 64) & 1)) {
        return NULL;
    }
    uint32_t index = buckets[hash % bucket_count];
    if (index < first) {
        return NULL;
    }
    for (;; index++) {
        uint32_t entry = chains[index - first];
        const elf_symbol_t* symbol = &object->symbols[index];
        if ((entry | 1) == (hash | 1) && symbol->section != 0 &&
            same(name, object->names + symbol->name)) {
            return (void*)(object->base + symbol->value);
        }
        if (entry & 1) {
            return NULL;
        }
    }
}

const char* elf_object_symbols(const elf_object_t* object, const char* names, void* table) {
    void** next = table;
    for (const char* name = names; *name != '\0'; next++) {
        *next = elf_object_symbol(object, name);
        if (*next == NULL) {
            return name;
        }
        while (*name++ != '\0') {
        }
    }
    return NULL;
}
