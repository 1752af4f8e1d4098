"""The guest kernel's LZ4 code, compiled for this machine: all kinds of frames, and broken ones."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import random
import struct
from collections.abc import Callable, Iterator

import lz4.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.build.toolchain import ROOT, run_zig

Decompress = Callable[[bytes, int], bytes | None]

PAGE = mmap.PAGESIZE
quick = settings(deadline=None)

PIECES = st.one_of(
    st.binary(max_size=40),
    st.tuples(st.binary(min_size=1, max_size=20), st.integers(1, 3000)).map(lambda p: p[0] * p[1]),
    st.integers(0, 5000).map(lambda size: random.Random(size).randbytes(size)),
)
CONTENTS = st.lists(PIECES, max_size=12).map(b"".join)


@contextlib.contextmanager
def guarded(size: int) -> Iterator[int]:
    """The address of *size* bytes right in front of a page that cannot be touched."""
    pages = -(-size // PAGE)
    area = mmap.mmap(-1, (pages + 1) * PAGE)
    view = (ctypes.c_char * len(area)).from_buffer(area)
    base = ctypes.addressof(view)
    libc = ctypes.CDLL(None, use_errno=True)
    guard = ctypes.c_void_p(base + pages * PAGE)
    assert libc.mprotect(guard, ctypes.c_size_t(PAGE), 0) == 0
    try:
        yield base + pages * PAGE - size
    finally:
        del view
        area.close()


@pytest.fixture(scope="module")
def decompress(tmp_path_factory: pytest.TempPathFactory) -> Decompress:
    library = tmp_path_factory.mktemp("lz4") / "lz4.so"
    source = ROOT / "guest" / "kernel" / "lz4.c"
    flags = ["-shared", "-fPIC", "-O1", "-fsanitize=undefined", "-fsanitize-trap=undefined"]
    run_zig("cc", [*flags, str(source), "-o", str(library)])
    function = ctypes.CDLL(str(library)).lz4_decompress
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t] * 2
    function.restype = ctypes.c_bool

    def call(frame: bytes, size: int) -> bytes | None:
        with guarded(len(frame)) as source, guarded(size) as target:
            ctypes.memmove(source, frame, len(frame))
            if not function(source, len(frame), target, size):
                return None
            return ctypes.string_at(target, size)

    return call


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("checksums", [False, True])
@pytest.mark.parametrize("stored", [False, True])
@quick
@given(content=CONTENTS, block=st.sampled_from([4, 5, 7]), level=st.sampled_from([-5, 0, 3, 12]))
def test_sound_frames(
    decompress: Decompress,
    linked: bool,
    checksums: bool,
    stored: bool,
    content: bytes,
    block: int,
    level: int,
) -> None:
    frame = lz4.frame.compress(
        content,
        compression_level=level,
        block_size=block,
        block_linked=linked,
        content_checksum=checksums,
        block_checksum=checksums,
        store_size=stored,
    )
    assert decompress(frame, len(content)) == content
    assert decompress(frame, len(content) + 1) is None
    if content:
        assert decompress(frame, len(content) - 1) is None


@quick
@given(content=CONTENTS, data=st.data())
def test_truncated_and_damaged_frames(
    decompress: Decompress, content: bytes, data: st.DataObject
) -> None:
    frame = lz4.frame.compress(content, store_size=False)
    length = data.draw(st.integers(0, len(frame) - 1))
    assert decompress(frame[:length], len(content)) is None
    damaged = bytearray(frame)
    damaged[length] ^= data.draw(st.integers(1, 255))
    found = decompress(bytes(damaged), len(content))
    assert found is None or len(found) == len(content)


@quick
@given(blocks=st.lists(st.binary(max_size=60), max_size=4), size=st.integers(0, 5000))
def test_any_blocks(decompress: Decompress, blocks: list[bytes], size: int) -> None:
    frame = bytes.fromhex("04224d18 60 40 82")
    for block in blocks:
        frame += struct.pack("<I", len(block)) + block
    found = decompress(frame + bytes(4), size)
    assert found is None or len(found) == size


def block_of(*sequences: bytes) -> bytes:
    block = b"".join(sequences)
    return bytes.fromhex("04224d18 60 40 82") + struct.pack("<I", len(block)) + block + bytes(4)


def test_blocks_by_hand(decompress: Decompress) -> None:
    last = b"\x10z"  # one literal, and the end
    assert decompress(block_of(last), 1) == b"z"
    assert decompress(block_of(b"\x20ab\x02\x00", last), 7) == b"abababz"
    assert decompress(block_of(b"\x11a\x01\x00", last), 7) == b"aaaaaaz"
    assert decompress(block_of(b"\x1fa\x01\x00\xff\x00", last), 1 + 4 + 15 + 255 + 1) == (
        b"a" * 275 + b"z"
    )
    assert decompress(block_of(b"\xf0\x01" + bytes(16)), 16) == bytes(16)
    # A match of distance 0, one from before the content, one at the end, lengths without end.
    assert decompress(block_of(b"\x10a\x00\x00", last), 6) is None
    assert decompress(block_of(b"\x10a\x02\x00", last), 6) is None
    assert decompress(block_of(b"\x10a\x01\x00"), 5) is None
    assert decompress(block_of(b"\xf0\xff\xff"), 600) is None


def test_headers(decompress: Decompress) -> None:
    end = bytes(4)
    assert decompress(bytes.fromhex("04224d18 60 40 82") + end, 0) == b""
    assert decompress(bytes.fromhex("05224d18 60 40 82") + end, 0) is None  # magic
    assert decompress(bytes.fromhex("04224d18 a0 40 82") + end, 0) is None  # version
    assert decompress(bytes.fromhex("04224d18 61 40 00000000 82") + end, 0) is None  # dictionary
    assert decompress(bytes.fromhex("04224d18 68 40 0100000000000000 82") + end, 0) is None
