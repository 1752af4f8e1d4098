"""Boot containers: bytes of our own making, round trips, and hostile ones."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
import zlib
from collections.abc import Callable

import lz4.frame
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InputError
from harness.zbi import bootfs, container, storage
from harness.zbi.container import Item

quick = settings(deadline=None)  # the machine may be busy

U32 = st.integers(0, (1 << 32) - 1)
NAMES = st.from_regex(r"[a-z0-9_.-]{1,12}(/[a-z0-9_-]{1,12}){0,3}", fullmatch=True)
FILES = st.dictionaries(NAMES, st.binary(max_size=9000), max_size=6)

#: A command line item of "a=b", then a checked item of type "MEMC" with extra 7 and five bytes.
GOLDEN = bytes.fromhex(
    "424f4f54 50000000 e6f78c86 00000100 00000000 00000000 291778b5 d6e8874a"
    "434d444c 03000000 00000000 00000100 00000000 00000000 291778b5 d6e8874a"
    "613d6200 00000000"
    "4d454d43 05000000 07000000 00000300 00000000 00000000 291778b5 d8b2d3c1"
    "01020304 05000000"
)
GOLDEN_ITEMS = [
    Item(container.TYPE_CMDLINE, b"a=b"),
    Item(0x434D454D, bytes([1, 2, 3, 4, 5]), 7, container.FLAG_VERSION | container.FLAG_CRC32),
]


def plausible_names(files: dict[str, bytes]) -> bool:
    try:
        bootfs.check_names(files, "test")
    except InputError:
        return False
    return True


def changed(offset: int, value: int, data: bytes = GOLDEN) -> bytes:
    """*data* with another u32 at *offset*."""
    return data[:offset] + struct.pack("<I", value) + data[offset + 4 :]


def problem(action: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        action()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    return str(caught.value)


# ---- the format ---------------------------------------------------------------------------------


def test_golden_bytes_are_written() -> None:
    assert container.write(GOLDEN_ITEMS) == GOLDEN


def test_golden_bytes_are_read() -> None:
    items = container.read(GOLDEN)
    assert items == GOLDEN_ITEMS
    assert [item.offset for item in items] == [0x20, 0x48]


def test_checksum_covers_the_header_and_the_payload() -> None:
    header = bytearray(GOLDEN[0x48:0x68])
    header[28:] = bytes(4)
    assert struct.unpack_from("<I", GOLDEN, 0x64)[0] == zlib.crc32(
        bytes(header) + bytes([1, 2, 3, 4, 5])
    )


def test_padding_and_zeros_behind_do_not_count() -> None:
    assert container.read(GOLDEN + bytes(4096)) == GOLDEN_ITEMS
    padding = GOLDEN[:0x43] + b"\xff" * 5 + GOLDEN[0x48:]
    assert container.read(padding) == GOLDEN_ITEMS


def test_the_last_padding_may_be_missing() -> None:
    assert container.read(changed(4, 0x50 - 3)[:-3]) == GOLDEN_ITEMS


def test_an_empty_container() -> None:
    assert container.read(container.write([])) == []


@quick
@given(
    st.lists(
        st.builds(
            Item,
            U32.filter(lambda number: number != container.TYPE_CONTAINER),
            st.binary(max_size=100),
            U32,
            st.integers(0, 3).map(lambda bits: container.FLAG_VERSION | bits << 17),
        )
    )
)
def test_whatever_is_written_is_read_back(items: list[Item]) -> None:
    data = container.write(items)
    assert len(data) % container.ALIGNMENT == 0
    assert container.read(data) == items


@quick
@given(U32)
def test_type_names_are_numbers_again(number: int) -> None:
    assert container.type_number(container.type_name(number)) == number


@pytest.mark.parametrize("name", ["", "BFS", "BFSBX", "0x", "0x100000000", "0xg", "BF\nS", "0x-1"])
def test_bad_type_names(name: str) -> None:
    assert "item type" in problem(lambda: container.type_number(name))


@pytest.mark.parametrize("edition", container.EDITIONS)
@quick
@given(files=FILES.filter(plausible_names))
def test_files_go_through_a_container(edition: container.Edition, files: dict[str, bytes]) -> None:
    assert container.boot_files(container.make_bootdata(files, edition=edition)) == files


def test_what_kernels_of_2018_accept() -> None:
    data = container.make_bootdata({"bin/first": bytes(100_000)}, edition="2018")
    (item,) = container.read(data)
    assert (item.type, item.flags) == (0x42534642, 0x00010001)
    assert item.extra == 4096 + 102_400
    magic, flags, block, size = struct.unpack_from("<IBBQ", item.payload)
    assert magic == 0x184D2204
    assert flags & 0b11111011 == 0b01101000  # version 1, independent blocks, content size
    assert block == 4 << 4  # blocks of 64 KiB
    assert size == item.extra


def test_what_kernels_of_today_accept() -> None:
    data = container.make_bootdata({"bin/first": bytes(100_000)}, edition="2022")
    (item,) = container.read(data)
    assert (item.type, item.flags) == (0x42534642, 0x00030001)
    assert zstandard.frame_content_size(item.payload) == item.extra == 4096 + 102_400


def test_output_does_not_depend_on_the_order_of_files() -> None:
    one = container.make_bootdata({"a": b"1", "b": b"2"}, edition="2018")
    assert one == container.make_bootdata({"b": b"2", "a": b"1"}, edition="2018")


# ---- hostile containers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "f: offset 0x0: a header of 32 bytes is cut off"),
        (GOLDEN[:31], "f: offset 0x0: a header of 32 bytes is cut off"),
        (changed(0, 0x4C444D43), "f: offset 0x0: not a container: type CMDL, want BOOT"),
        (changed(8, 1), "f: offset 0x0: container magic is 0x00000001, want 0x868cf7e6"),
        (changed(12, 0), "f: offset 0x0: flags are 0x00000000, want the version flag 0x00010000"),
        (changed(24, 0), "f: offset 0x0: item magic is 0x00000000, want 0xb5781729"),
        (changed(28, 0), "f: offset 0x0: item BOOT says checksum 0x00000000, want 0x4a87e8d6"),
        (GOLDEN[:-1], "f: offset 0x0: item BOOT says 80 bytes, 79 are there"),
        (changed(4, 0xFFFFFFFF), "f: offset 0x0: item BOOT says 4294967295 bytes, 80 are there"),
        (changed(4, 0x50 - 8), "f: offset 0x68: data behind the container"),
        (changed(0x24, 0x102D), "f: offset 0x20: item CMDL says 4141 bytes, 48 are there"),
        (changed(0x24, 0xFFFFFFF8), "f: offset 0x20: item CMDL says 4294967288 bytes, 48"),
        (changed(0x20, 0x544F4F42), "f: offset 0x20: a container inside a container"),
        (changed(0x38, 1), "f: offset 0x20: item magic is 0x00000001"),
        (changed(0x3C, 1), "f: offset 0x20: item CMDL says checksum 0x00000001, want 0x4a87e8d6"),
        (changed(0x64, 1), "f: offset 0x48: item MEMC says checksum 0x00000001, want 0xc1d3b2d8"),
        (changed(0x68, 1), "f: offset 0x48: item MEMC says checksum 0xc1d3b2d8, want "),
        (changed(0x24, 0x23), "f: offset 0x68: a header of 32 bytes is cut off"),
        (GOLDEN + b"\0\1", "f: offset 0x70: data behind the container"),
    ],
)
def test_hostile_containers(data: bytes, text: str) -> None:
    assert problem(lambda: container.read(data, "f")).startswith(text)


@quick
@given(st.binary(max_size=300))
def test_any_bytes_are_items_or_one_error(data: bytes) -> None:
    for start in (b"", GOLDEN[:0x20], GOLDEN[:0x68]):
        with contextlib.suppress(InputError):
            container.read(start + data)


@quick
@given(st.integers(0, len(GOLDEN) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed_or_harmless(offset: int, difference: int) -> None:
    data = bytearray(GOLDEN)
    data[offset] ^= difference
    try:
        items = container.read(bytes(data))
    except InputError:
        return
    # What was read is what is there: written again, only what the format ignores is lost.  That
    # is reserved fields, padding, the container's flags and whether its length counts padding.
    again = container.write(items)
    ignored = {4, *range(0xC, 0x18), *range(0x30, 0x38), *range(0x40, 0x48), *range(0x6D, 0x70)}
    kept = bytes(0 if i in ignored else byte for i, byte in enumerate(data))
    assert bytes(0 if i in ignored else byte for i, byte in enumerate(again)) == kept


@quick
@given(st.integers(0, len(GOLDEN) - 1))
def test_every_truncation_is_noticed(length: int) -> None:
    assert "offset 0x0" in problem(lambda: container.read(GOLDEN[:length]))


def test_too_many_items() -> None:
    data = container.write([Item(1, b"")] * (container.MAX_ITEMS + 1))
    assert "more than 65536 items" in problem(lambda: container.read(data))


def test_a_container_without_a_file_system() -> None:
    assert problem(lambda: container.boot_files(GOLDEN, "f")) == (
        "f: no boot file system (item BFSB)"
    )


# ---- compressed payloads ------------------------------------------------------------------------


def lz4_frame(data: bytes) -> bytes:
    frame: bytes = lz4.frame.compress(data, store_size=False)
    return frame


def zstd_frame(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_content_size=False).compress(data)


FRAMES = [
    pytest.param(lambda data: storage.compress(data, "lz4"), id="lz4"),
    pytest.param(lz4_frame, id="lz4 without size"),
    pytest.param(lambda data: storage.compress(data, "zstd"), id="zstd"),
    pytest.param(zstd_frame, id="zstd without size"),
]
frames = pytest.mark.parametrize("frame", FRAMES)
Frame = Callable[[bytes], bytes]


@frames
@quick
@given(data=st.binary(max_size=5000), repeats=st.integers(0, 200))
def test_content_comes_back(frame: Frame, data: bytes, repeats: int) -> None:
    data *= repeats
    assert storage.decompress(frame(data), len(data), "x") == data


@frames
def test_a_frame_that_is_larger_than_said(frame: Frame) -> None:
    text = problem(lambda: storage.decompress(frame(bytes(5000)), 4999, "x"))
    assert text == "x: more than the 4999 bytes the item says"


@frames
def test_a_frame_that_is_smaller_than_said(frame: Frame) -> None:
    text = problem(lambda: storage.decompress(frame(bytes(5000)), 5001, "x"))
    assert text == "x: 5000 bytes when decompressed, the item says 5001"


@frames
def test_every_truncated_frame_is_noticed(frame: Frame) -> None:
    whole = frame(bytes(range(256)) * 20)
    for length in range(4, len(whole)):
        cut = whole[:length]
        assert problem(lambda cut=cut: storage.decompress(cut, 5120, "x")).startswith("x: ")


@frames
@pytest.mark.parametrize("tail", [b"\0", bytes(300_000)])
def test_data_behind_a_frame(frame: Frame, tail: bytes) -> None:
    text = problem(lambda: storage.decompress(frame(b"abc") + tail, 3, "x"))
    assert text == "x: data behind the compressed frame"


@frames
def test_two_frames_are_not_one(frame: Frame) -> None:
    text = problem(lambda: storage.decompress(frame(b"abc") + frame(b"def"), 6, "x"))
    assert text == "x: data behind the compressed frame"


@pytest.mark.parametrize("method", ["lz4", "zstd"])
@quick
@given(data=st.binary(max_size=200), size=st.integers(0, 5000))
def test_any_frame_is_content_or_one_error(method: str, data: bytes, size: int) -> None:
    magic = bytes.fromhex("04224d18" if method == "lz4" else "28b52ffd")
    with contextlib.suppress(InputError):
        assert len(storage.decompress(magic + data, size, "x")) == size


@frames
@quick
@given(offset=st.integers(0, 10_000), difference=st.integers(1, 255))
def test_a_damaged_frame_is_content_or_one_error(
    frame: Frame, offset: int, difference: int
) -> None:
    damaged = bytearray(frame(bytes(range(256)) * 20))
    damaged[offset % len(damaged)] ^= difference
    with contextlib.suppress(InputError):
        assert len(storage.decompress(bytes(damaged), 5120, "x")) == 5120


@frames
def test_a_bomb_costs_no_more_than_what_it_claims_to_be(frame: Frame) -> None:
    bomb = frame(bytes(200 << 20))
    tracemalloc.start()
    try:
        text = problem(lambda: storage.decompress(bomb, 4096, "x"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert text == "x: more than the 4096 bytes the item says"
    assert peak < 100 << 20


def test_a_claim_beyond_the_limit_is_not_even_tried() -> None:
    item = Item(container.TYPE_BOOTFS, b"", storage.LIMIT + 1, container.FLAG_VERSION | 1, 0x20)
    assert problem(lambda: container.content(item, "f")) == (
        "f: offset 0x20: item BFSB: 268435457 bytes when decompressed; the limit is 268435456"
    )


def test_items_share_the_limit() -> None:
    item = container.storage_item(container.TYPE_BOOTFS, bytes(1000), "lz4")
    assert len(list(container.contents([item] * 3, limit=3000))) == 3
    text = problem(lambda: list(container.contents([item] * 4, limit=3999)))
    assert text.endswith("1000 bytes when decompressed; the limit is 999")


def test_a_frame_that_claims_a_huge_content() -> None:
    frame = bytearray(storage.compress(b"abc", "lz4"))
    frame[6:14] = struct.pack("<Q", 1 << 60)
    assert problem(lambda: storage.decompress(bytes(frame), 3, "x")).startswith("x: broken: ")


def test_a_frame_that_wants_a_huge_window() -> None:
    # No content size, no checksum, a window of 2 GiB, then one block with one byte, the last.
    frame = bytes.fromhex("28b52ffd 00 a8 090000 41")
    assert problem(lambda: storage.decompress(frame, 1, "x")).startswith("x: broken: ")
    small = bytes.fromhex("28b52ffd 00 58 090000 41")
    assert storage.decompress(small, 1, "x") == b"A"


def test_neither_kind_of_frame() -> None:
    assert problem(lambda: storage.decompress(b"abcdef", 6, "x")) == (
        "x: compressed, but neither an LZ4 nor a zstd frame"
    )


def test_what_is_not_compressed_has_its_length_twice() -> None:
    good = container.storage_item(container.TYPE_BOOTFS, b"abc", "none")
    assert container.content(good) == b"abc"
    bad = Item(container.TYPE_BOOTFS, b"abc", 4)
    assert "extra is 4 and the length 3" in problem(lambda: container.content(bad))


def test_only_storage_is_decompressed() -> None:
    item = Item(container.TYPE_CMDLINE, b"abc", 99, container.FLAG_VERSION | 1)
    assert container.content(item) == b"abc"
