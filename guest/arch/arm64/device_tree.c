// The flattened device tree: of all that it says, what this kernel needs.

#include "arm64.h"
#include "boot.h"
#include "print.h"
#include "string.h"

#define TREE_MAGIC 0xd00dfeed
#define TOKEN_BEGIN_NODE 1
#define TOKEN_END_NODE 2
#define TOKEN_PROPERTY 3
#define TOKEN_NOP 4

// All numbers are big endian.
struct tree_header {
    uint32_t magic;
    uint32_t total_size;
    uint32_t structure_offset;
    uint32_t strings_offset;
};

struct property {
    const char* node; // name of the node below the root it is in or under
    int depth;        // 1: of that node itself
    const char* name;
    const uint8_t* value;
    uint32_t size; // bytes
};

struct devices devices;

static uint32_t load32(const void* from) {
    return __builtin_bswap32(*(const uint32_t*)from);
}

// Addresses and sizes at the top level of "virt" have two words.
static uint64_t load64(const uint8_t* from) {
    return (uint64_t)load32(from) << 32 | load32(from + sizeof(uint32_t));
}

// Whether the node's name is this one, with or without an "@address".
static bool is_named(const char* node, const char* name) {
    size_t length = strlen(name);
    return strncmp(node, name, length) == 0 && (node[length] == '\0' || node[length] == '@');
}

static void use_property(const struct property* property) {
    if (property->depth != 1) {
        return;
    }
    const char* text = (const char*)property->value;
    if (is_named(property->node, "memory") && strcmp(property->name, "reg") == 0) {
        boot_info.ram_start = load64(property->value);
        boot_info.ram_end = boot_info.ram_start + load64(property->value + 8);
    } else if (is_named(property->node, "chosen") && strcmp(property->name, "bootargs") == 0) {
        copy_text(boot_info.command_line, text, COMMAND_LINE_SIZE);
    } else if (is_named(property->node, "psci") && strcmp(property->name, "method") == 0) {
        devices.psci_by_smc = strcmp(text, "smc") == 0;
    } else if (is_named(property->node, "pcie") && strcmp(property->name, "reg") == 0) {
        devices.ecam = load64(property->value);
    } else if (is_named(property->node, "intc") && strcmp(property->name, "compatible") == 0) {
        devices.gic_v3 = strcmp(text, "arm,gic-v3") == 0;
    }
}

static size_t align4(size_t size) {
    return (size + 3) & ~3ul;
}

void device_tree_read(paddr_t address) {
    const uint8_t* tree = phys_to_virt(address);
    const struct tree_header* header = (const struct tree_header*)tree;
    if (load32(&header->magic) != TREE_MAGIC) {
        panic(NULL, "no device tree at %lx", address);
    }
    const char* strings = (const char*)tree + load32(&header->strings_offset);
    const uint8_t* at = tree + load32(&header->structure_offset);
    const char* top_node = "";
    int depth = -1; // 0: in the root node
    do {
        uint32_t token = load32(at);
        at += sizeof(uint32_t);
        if (token == TOKEN_BEGIN_NODE) {
            const char* name = (const char*)at;
            at += align4(strlen(name) + 1);
            if (++depth == 1) {
                top_node = name;
            }
        } else if (token == TOKEN_END_NODE) {
            depth--;
        } else if (token == TOKEN_PROPERTY) {
            uint32_t size = load32(at);
            struct property property = {top_node, depth, strings + load32(at + 4), at + 8, size};
            use_property(&property);
            at += 8 + align4(size);
        } else if (token != TOKEN_NOP) {
            panic(NULL, "bad token %u in the device tree", token);
        }
    } while (depth >= 0);
    if (boot_info.ram_end == 0) {
        panic(NULL, "no memory in the device tree");
    }
}
