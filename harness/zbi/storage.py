"""Compressed payloads: LZ4 frames (2018) and zstd frames (today), told apart by their first bytes.

The two libraries are imported where they are needed: most commands never see a container.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from harness.errors import InputError

#: How a payload is stored.
Method = Literal["lz4", "zstd", "none"]
METHODS: tuple[Method, ...] = get_args(Method)

#: Largest content that is decompressed unless told otherwise, bytes.
LIMIT = 256 << 20
#: Largest window a zstd frame may ask for, bytes; its format's recommendation to decoders is 8 MiB.
_WINDOW_LIMIT = 128 << 20

_LZ4_MAGIC = bytes.fromhex("04224d18")
_ZSTD_MAGIC = bytes.fromhex("28b52ffd")

#: Input is fed in pieces so small that one cannot grow beyond some 32 MiB: a zstd block of
#: 4 bytes stands for up to 128 KiB, an LZ4 byte for up to 255 (and lz4 needs ten times its output).
_ZSTD_PIECE = 1 << 10
_LZ4_PIECE = 16 << 10


def method_of(payload: bytes) -> Method:
    """How a compressed payload is compressed; "none" if it begins like neither."""
    if payload.startswith(_LZ4_MAGIC):
        return "lz4"
    return "zstd" if payload.startswith(_ZSTD_MAGIC) else "none"


def compress(data: bytes, method: Literal["lz4", "zstd"]) -> bytes:
    """One frame that tells the size of its content.

    LZ4: independent blocks of at most 64 KiB without checksums, all that kernels of 2018 accept.
    """
    if method == "lz4":
        import lz4.frame

        compressed: bytes = lz4.frame.compress(
            data,
            compression_level=lz4.frame.COMPRESSIONLEVEL_MIN,
            block_size=lz4.frame.BLOCKSIZE_MAX64KB,
            block_linked=False,
            store_size=True,
        )
        return compressed
    import zstandard

    return zstandard.ZstdCompressor(write_checksum=True, write_content_size=True).compress(data)


def decompress(payload: bytes, size: int, where: str, limit: int = LIMIT) -> bytes:
    """The content of a payload that is one frame; it must have exactly *size* bytes.

    Memory stays within *limit* bytes and a small multiple of what has been decompressed.  Raises
    `InputError` that begins with *where*.
    """
    if size > limit:
        raise InputError(f"{size} bytes when decompressed; the limit is {limit}", where=where)
    match method_of(payload):
        case "lz4":
            decompressed = _lz4(payload, size, where)
        case "zstd":
            decompressed = _zstd(payload, size, where)
        case _:
            raise InputError("compressed, but neither an LZ4 nor a zstd frame", where=where)
    if len(decompressed) != size:
        raise InputError(
            f"{len(decompressed)} bytes when decompressed, the item says {size}", where=where
        )
    return decompressed


def _lz4(payload: bytes, size: int, where: str) -> bytes:
    import lz4.frame

    decompressor = lz4.frame.LZ4FrameDecompressor()

    def step(piece: bytes) -> tuple[bytes, bool, int]:
        out: bytes = decompressor.decompress(piece)
        return out, decompressor.eof, len(decompressor.unused_data or b"")

    return _in_pieces(payload, size, where, _LZ4_PIECE, step, RuntimeError)


def _zstd(payload: bytes, size: int, where: str) -> bytes:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW_LIMIT).decompressobj()

    def step(piece: bytes) -> tuple[bytes, bool, int]:
        return decompressor.decompress(piece), decompressor.eof, len(decompressor.unused_data)

    return _in_pieces(payload, size, where, _ZSTD_PIECE, step, zstandard.ZstdError)


def _in_pieces(
    payload: bytes,
    size: int,
    where: str,
    piece: int,
    step: Callable[[bytes], tuple[bytes, bool, int]],
    failure: type[Exception],
) -> bytes:
    """Feed the payload piece by piece; *step* gives output, whether that was the frame's end, and
    how many bytes lie behind it."""
    content = bytearray()
    for start in range(0, len(payload), piece):
        try:
            out, ended, unused = step(payload[start : start + piece])
        except failure as error:
            raise InputError(f"broken: {error}", where=where) from error
        content += out
        if len(content) > size:
            raise InputError(f"more than the {size} bytes the item says", where=where)
        if ended:
            if unused or start + piece < len(payload):
                raise InputError("data behind the compressed frame", where=where)
            return bytes(content)
    raise InputError("the compressed frame is cut off", where=where)
