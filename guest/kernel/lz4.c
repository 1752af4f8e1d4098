// LZ4 frames.
//
//     frame     magic, flags, largest block, [content size], [dictionary], checksum, blocks
//     block     u32 size (bit 31: stored as it is; 0: the end), its bytes, [checksum]
//     bytes     sequences: token, literals, and, but for the last, a match: u16 distance
//     token     upper half: number of literals, lower half: length of the match - 4; each goes on
//               in further bytes if it is 15, the last of which is not 255

#include "lz4.h"

#include "string.h"

#define FRAME_MAGIC 0x184d2204u
#define FLAGS_VERSION_MASK 0xc0
#define FLAGS_VERSION 0x40
#define FLAGS_BLOCK_CHECKSUM 0x10
#define FLAGS_CONTENT_SIZE 0x08
#define FLAGS_DICTIONARY 0x01
#define BLOCK_STORED 0x80000000u
#define SHORTEST_MATCH 4
#define LENGTH_GOES_ON 15

// Bytes left to read.
struct source {
    const uint8_t* at;
    size_t left;
};

// Bytes written, and room behind them.
struct target {
    uint8_t* at;
    size_t written;
    size_t left;
};

static bool skip(struct source* source, size_t size) {
    if (size > source->left) {
        return false;
    }
    source->at += size;
    source->left -= size;
    return true;
}

static bool take(struct source* source, void* to, size_t size) {
    const uint8_t* from = source->at;
    if (!skip(source, size)) {
        return false;
    }
    memcpy(to, from, size);
    return true;
}

static bool copy(struct source* source, struct target* target, size_t size) {
    if (size > target->left || !take(source, target->at, size)) {
        return false;
    }
    target->at += size;
    target->written += size;
    target->left -= size;
    return true;
}

// Byte by byte: the match may overlap what it makes.
static bool repeat(struct target* target, size_t distance, size_t size) {
    if (distance == 0 || distance > target->written || size > target->left) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        target->at[i] = (target->at - distance)[i];
    }
    target->at += size;
    target->written += size;
    target->left -= size;
    return true;
}

// The rest of a length that begins in the token.
static bool take_length(struct source* source, size_t* length) {
    uint8_t more = *length == LENGTH_GOES_ON ? 255 : 0;
    while (more == 255) {
        if (!take(source, &more, 1)) {
            return false;
        }
        *length += more;
    }
    return true;
}

static bool decompress_block(struct source block, struct target* target) {
    uint8_t token;
    while (take(&block, &token, sizeof(token))) {
        size_t literals = token >> 4;
        if (!take_length(&block, &literals) || !copy(&block, target, literals)) {
            return false;
        }
        if (block.left == 0) {
            return true;
        }
        uint16_t distance;
        size_t match = token & 15;
        if (!take(&block, &distance, sizeof(distance)) || !take_length(&block, &match) ||
            !repeat(target, distance, match + SHORTEST_MATCH)) {
            return false;
        }
    }
    return false; // the last sequence has no match
}

static bool take_blocks(struct source* source, struct target* target, size_t checksum_size) {
    uint32_t size;
    while (take(source, &size, sizeof(size))) {
        if (size == 0) {
            return true;
        }
        struct source block = {source->at, size & ~BLOCK_STORED};
        if (!skip(source, block.left) || !skip(source, checksum_size)) {
            return false;
        }
        if (!(size & BLOCK_STORED ? copy(&block, target, block.left)
                                  : decompress_block(block, target))) {
            return false;
        }
    }
    return false; // no end
}

bool lz4_decompress(const uint8_t* from, size_t from_size, uint8_t* to, size_t to_size) {
    struct source source = {from, from_size};
    struct target target = {to, 0, to_size};
    uint32_t magic;
    uint8_t flags_and_block[2];
    if (!take(&source, &magic, sizeof(magic)) || magic != FRAME_MAGIC ||
        !take(&source, flags_and_block, sizeof(flags_and_block))) {
        return false;
    }
    uint8_t flags = flags_and_block[0];
    if ((flags & FLAGS_VERSION_MASK) != FLAGS_VERSION || (flags & FLAGS_DICTIONARY)) {
        return false;
    }
    uint64_t content_size = to_size;
    if ((flags & FLAGS_CONTENT_SIZE) && !take(&source, &content_size, sizeof(content_size))) {
        return false;
    }
    size_t checksum_size = flags & FLAGS_BLOCK_CHECKSUM ? sizeof(uint32_t) : 0;
    return content_size == to_size && skip(&source, 1) /* the header's checksum */ &&
           take_blocks(&source, &target, checksum_size) && target.left == 0;
}
