"""ELF files made to mislead those who read them."""

from __future__ import annotations

import io
import struct

from elftools.elf.elffile import ELFFile


def without_section_headers(data: bytes) -> bytes:
    """What ``strip --strip-sections`` leaves: the loader does not mind."""
    image = bytearray(data)
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    struct.pack_into(order + ("Q" if wide else "I"), image, 0x28 if wide else 0x20, 0)
    struct.pack_into(order + "HHH", image, 0x3A if wide else 0x2E, 0, 0, 0)
    return bytes(image)


def with_short_hash_tables(data: bytes) -> bytes:
    """Hash tables that claim one symbol, as if nothing were imported or exported."""
    image = bytearray(data)
    elf = ELFFile(io.BytesIO(data))
    order, word = "<" if elf.little_endian else ">", 8 if elf.elfclass == 64 else 4
    for name in (".hash", ".gnu.hash"):
        section = elf.get_section_by_name(name)
        if section is None:
            continue
        offset = section["sh_offset"]
        if name == ".hash":
            struct.pack_into(order + "I", image, offset + 4, 1)
        else:
            buckets, _, bloom = struct.unpack_from(order + "III", image, offset)
            struct.pack_into(order + "I", image, offset + 4, 1)
            start = offset + 16 + word * bloom
            image[start : start + 4 * buckets] = bytes(4 * buckets)
    return bytes(image)


def dynamic_tags(data: bytes) -> dict[int, tuple[int, int]]:
    """Tag -> its value and the place of that value in the file."""
    elf = ELFFile(io.BytesIO(data))
    segment = next(s for s in elf.iter_segments() if s["p_type"] == "PT_DYNAMIC")
    form = ("<" if elf.little_endian else ">") + ("QQ" if elf.elfclass == 64 else "II")
    size = struct.calcsize(form)
    found = {}
    for at in range(segment["p_offset"], segment["p_offset"] + segment["p_filesz"], size):
        tag, value = struct.unpack_from(form, data, at)
        found[tag] = value, at + size // 2
    return found


def with_section_field(data: bytes, name: str, field: int, value: int) -> bytes:
    """A 64-bit file with one field of a section header changed; *field* is its place in bytes."""
    elf = ELFFile(io.BytesIO(data))
    place = elf["e_shoff"] + elf.get_section_index(name) * elf["e_shentsize"] + field
    image = bytearray(data)
    struct.pack_into("<Q", image, place, value)
    return bytes(image)


def with_program_header(data: bytes, kind: int, field: int, value: int) -> bytes:
    """A 64-bit file with a field of each program header of a kind changed."""
    image = bytearray(data)
    start = struct.unpack_from("<Q", data, 0x20)[0]
    for index in range(struct.unpack_from("<H", data, 0x38)[0]):
        place = start + 56 * index
        if struct.unpack_from("<I", data, place)[0] == kind:
            struct.pack_into("<Q", image, place + field, value)
    return bytes(image)
