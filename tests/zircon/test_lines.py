"""Results as lines on a console: put together again from any pieces, between any other text."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine import lines
from harness.machine.console import TAIL_LINES
from harness.machine.lines import ResultLines
from harness.program import wire
from harness.program.wire import Record, make_record

#: What goes into a line as a whole: a run, or one other byte.
RUNS = re.compile(b"\0{1,255}|\xa5{1,255}|.", re.DOTALL)

#: Bytes of all kinds, and runs of those that are shortened.
runs = st.tuples(st.sampled_from([b"\0", b"\xa5", b"x"]), st.integers(1, 600)).map(
    lambda run: run[0] * run[1]
)
contents = st.lists(st.binary(max_size=200) | runs, max_size=6).map(b"".join)
payloads = st.lists(contents, min_size=1, max_size=6)
#: What a kernel says: text that may hold the mark, but no line of ours.
noise = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90).filter(
    lambda text: not text.rpartition("~")[1] or len(text.rpartition("~")[2]) % 4 == 1
)


def make_lines(stream: bytes, first: int = 0) -> bytes:
    """The lines that carry *stream*, as the agent writes them; *first* is the first's number."""
    made = b""
    for number, piece in enumerate(pieces(stream), first):
        crc = zlib.crc32(number.to_bytes(4, "little") + piece)
        made += b"~" + base64.b64encode(struct.pack("<II", number, crc) + piece) + b"\n"
    return made


def pieces(stream: bytes) -> list[bytes]:
    """What each line carries: runs shortened, as much as it takes."""
    found = [b""]
    for run in RUNS.findall(stream):
        packed = run[:1] + bytes([len(run)]) if run[0] in b"\0\xa5" else run
        if len(found[-1]) + len(packed) > wire.LINE_PIECE:
            found.append(b"")
        found[-1] += packed
    return [piece for piece in found if piece]


def stream(contents: list[bytes]) -> tuple[bytes, list[Record]]:
    """The lines of result records, each record on lines of its own, and the records."""
    sent = b""
    records = []
    number = 0
    for sequence, payload in enumerate(contents, 1):
        framed = make_record(wire.KIND_RESULT, sequence, payload)
        text = make_lines(framed, number)
        number += text.count(b"\n")
        sent += text
        records.append(Record(wire.KIND_RESULT, sequence, payload, len(framed)))
    return sent, records


def test_the_bytes_of_a_line() -> None:
    frame = struct.pack("<II", 5, zlib.crc32(struct.pack("<I", 5) + b"piece")) + b"piece"
    assert make_lines(b"piece", 5) == b"~" + base64.b64encode(frame) + b"\n"
    assert make_lines(b"piece", 5) == b"~BQAAAN+tdi5waWVjZQ==\n"


def test_a_line_is_one_write_of_the_kernel() -> None:
    text = make_lines(b"x" * 1000)
    assert max(len(line) for line in text.splitlines(keepends=True)) <= 256
    assert text.count(b"\n") == -(-1000 // wire.LINE_PIECE)


def test_runs_are_short() -> None:
    text = make_lines(bytes(5000) + b"\xa5" * 5000)
    frame = base64.b64decode(text[1:])
    assert text.count(b"\n") == 1
    assert frame[8:] == b"\0\xff" * 19 + b"\0\x9b" + b"\xa5\xff" * 19 + b"\xa5\x9b"


@pytest.mark.parametrize("piece", [b"\0", b"abc\xa5", b"\0\0", b"\xa5\0x"])
def test_runs_without_a_length(piece: bytes) -> None:
    frame = struct.pack("<II", 0, zlib.crc32(bytes(4) + piece)) + piece
    found = ResultLines()
    found.feed(b"~" + base64.b64encode(frame) + b"\n")
    assert found.damage == "a line of the results has a run without a length"


@given(payloads, st.lists(st.integers(0, 3000), max_size=12), st.booleans())
def test_any_cuts(contents: list[bytes], cuts: list[int], carriage_returns: bool) -> None:
    sent, records = stream(contents)
    if carriage_returns:
        sent = sent.replace(b"\n", b"\r\n")
    found = ResultLines()
    taken = []
    places = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
    for start, end in pairwise(places):
        found.feed(sent[start:end])
        taken += found.take()
    assert taken == records
    assert found.damage == ""
    assert found.tail() == ()


@given(payloads, st.lists(st.tuples(st.integers(0, 30), noise), min_size=1, max_size=30))
def test_other_lines_between(contents: list[bytes], others: list[tuple[int, str]]) -> None:
    sent, records = stream(contents)
    own = sent.splitlines(keepends=True)
    others.sort(key=lambda other: other[0])
    said = [text for _, text in others]
    found = ResultLines()
    for place, line in enumerate(own):
        while others and others[0][0] <= place:
            found.feed(others.pop(0)[1].encode() + b"\r\n")
        found.feed(line)
    for _, text in others:
        found.feed(text.encode() + b"\r\n")
    assert found.take() == records
    assert found.damage == ""
    assert list(found.tail()) == [text for text in said if text][-TAIL_LINES:]


def test_an_unfinished_line_of_the_kernel_before_ours() -> None:
    sent, records = stream([b"result"])
    found = ResultLines()
    found.feed(b"[00000.330] user~boot: " + sent + b"and the rest\n")
    assert found.take() == records
    assert found.tail() == ("[00000.330] user~boot: ", "and the rest")


def test_text_without_an_end_does_not_pile_up() -> None:
    found = ResultLines()
    found.feed(b"x" * (3 * lines.LONGEST_LINE))
    sent, records = stream([b"result"])
    found.feed(b"\n" + sent)
    assert found.take() == records
    assert all(len(line) <= lines.LONGEST_LINE for line in found.tail())


@given(payloads, st.data())
def test_a_changed_character_never_makes_another_result(
    contents: list[bytes], data: st.DataObject
) -> None:
    sent, records = stream(contents)
    at = data.draw(st.integers(0, len(sent) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != sent[at]))
    found = ResultLines()
    found.feed(sent[:at] + bytes([other]) + sent[at + 1 :])
    taken = found.take()
    # What is missing at the end of the stream shows by the end of the machine.
    assert taken == records[: len(taken)]


@given(payloads.filter(lambda contents: len(contents) > 1), st.data())
def test_a_lost_line_ends_the_stream(contents: list[bytes], data: st.DataObject) -> None:
    sent, records = stream(contents)
    own = sent.splitlines(keepends=True)
    lost = data.draw(st.integers(0, len(own) - 2))
    found = ResultLines()
    found.feed(b"".join(own[:lost] + own[lost + 1 :]))
    taken = found.take()
    assert found.damage == f"line {lost + 1} of the results came where {lost} was due"
    assert taken == records[: len(taken)]
    assert len(taken) < len(records)


def test_a_line_twice_is_damage() -> None:
    sent, records = stream([b"one", b"two"])
    own = sent.splitlines(keepends=True)
    found = ResultLines()
    found.feed(own[0] + own[0] + own[1])
    assert found.take() == records[:1]
    assert found.damage == "line 0 of the results came where 1 was due"


def test_a_length_that_cannot_be() -> None:
    found = ResultLines()
    found.feed(make_lines(struct.pack("<IIII", 0xFFFFFFFF, wire.KIND_RESULT, 1, 0)))
    assert found.take() == []
    assert found.damage == "a result of 4294967295 bytes cannot be"


def test_a_record_with_a_wrong_checksum() -> None:
    record = bytearray(make_record(wire.KIND_RESULT, 1, b"payload!"))
    record[-1] ^= 1
    found = ResultLines()
    found.feed(make_lines(bytes(record)))
    assert found.take() == []
    assert found.damage == "record at 0: wrong checksum"


def test_control_characters_do_not_reach_a_terminal() -> None:
    found = ResultLines()
    found.feed(b"\x1b[31mred\x00\x07\n")
    assert found.tail() == ("\ufffd[31mred\ufffd\ufffd",)


@pytest.mark.parametrize("text", [b"~\n", b"~AAAA\n", b"~not base64\n", b"a ~ b\n"])
def test_what_only_looks_like_a_line_of_ours(text: bytes) -> None:
    found = ResultLines()
    found.feed(text)
    assert found.damage == ""
    assert found.tail() == (text.decode().rstrip("\n"),)
