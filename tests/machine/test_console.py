"""The serial line: doorbells apart from text, the tail, what a terminal must not get."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.machine.console import TAIL_LINES, Console


@pytest.fixture
def line() -> Iterator[tuple[Console, socket.socket]]:
    ours, theirs = socket.socketpair()
    console = Console(ours)
    yield console, theirs
    console.close()
    theirs.close()


@given(st.lists(st.sampled_from([b"\x01", b"a", b"bc", b"\n", b"\xff", b"\r\n"]), max_size=40))
def test_doorbells_and_text_are_told_apart_however_they_arrive(parts: list[bytes]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        console = Console(ours)
        console.keep_unread()
        for part in parts:
            console.feed(part)
        stream = b"".join(parts)
        assert console.rings == stream.count(b"\x01")
        assert console.take() == stream.replace(b"\x01", b"")
        assert console.take() == b""


def test_the_tail_keeps_the_last_lines_and_the_unfinished_one(
    line: tuple[Console, socket.socket],
) -> None:
    console, theirs = line
    theirs.sendall(b"".join(b"line %d\r\n" % i for i in range(TAIL_LINES + 5)) + b"rest")
    assert console.receive()
    assert console.tail()[-2:] == (f"line {TAIL_LINES + 4}", "rest")
    assert len(console.tail()) == TAIL_LINES


def test_control_characters_do_not_reach_a_report(line: tuple[Console, socket.socket]) -> None:
    console, _ = line
    console.feed(b"\x1b[2Jred\x00\x08\xfe\tx\n")
    assert console.tail() == ("\ufffd[2Jred\ufffd\ufffd\ufffd\tx",)


def test_the_end_of_the_line_is_noted(line: tuple[Console, socket.socket]) -> None:
    console, theirs = line
    assert not console.receive()
    theirs.close()
    assert console.receive()
    assert console.ended
    console.ring()  # nobody hears it, nothing is raised
