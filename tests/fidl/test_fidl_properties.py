"""What holds for every type and value, and for every message, right or wrong."""

from __future__ import annotations

from typing import Any

import pytest
from fidl_strategies import (
    bodies,
    damaged,
    received,
    tables_with_unknown_members,
    values,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.fidl.handles import HandleTable
from harness.fidl.jsonvalues import comparable
from zxio_py.fidl import Codec, Encoded, FidlError
from zxio_py.fidl.handles import handles_in
from zxio_py.fidl.types import Member, StructType, Text
from zxio_py.fidl.values import record_of

relaxed = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=100)


def decode_sent(codec: Codec, message: Encoded, table: HandleTable, **options: Any) -> Any:
    return codec.decode(message.data, received(table, message.handles), table, **options)


@relaxed
@given(st.data(), bodies)
def test_a_value_comes_back(data: st.DataObject, type: Any) -> None:
    codec = Codec(type)
    value = data.draw(values(type))
    message = codec.encode(value)
    assert len(message.data) % 8 == 0
    table = HandleTable()
    back = decode_sent(codec, message, table)
    again = codec.encode(back)
    assert [table.index(item.handle) for item in again.handles] == list(range(len(again.handles)))
    assert again.data == message.data
    assert [item[1:] for item in again.handles] == [item[1:] for item in message.handles]
    assert not table.misuse


@relaxed
@given(st.data(), bodies)
def test_values_without_nan_and_handles_are_equal(data: st.DataObject, type: Any) -> None:
    codec = Codec(type)
    value = data.draw(values(type, nan=False))
    message = codec.encode(value)
    if not message.handles:
        assert codec.decode(message.data) == value


@relaxed
@given(st.data(), bodies, st.integers(-1, 1))
def test_a_damaged_message_is_refused_or_has_one_meaning(
    data: st.DataObject, type: Any, handles: int
) -> None:
    codec = Codec(type)
    message = codec.encode(data.draw(values(type)))
    sent = (message.handles + message.handles[:1])[: max(0, len(message.handles) + handles)]
    changed = data.draw(damaged(message.data))
    table = HandleTable()
    infos = received(table, sent)
    try:
        value = codec.decode(changed, infos, table, unknown="store")
    except FidlError:
        assert table.still_open() == []
    else:
        again = codec.encode(value)
        assert again.data == changed
        assert [table.index(item.handle) for item in again.handles] == list(range(len(infos)))
        assert len(table.still_open()) == len(infos)
    assert not table.misuse


@relaxed
@given(st.data(), tables_with_unknown_members())
def test_unknown_members_are_dropped_or_stored(data: st.DataObject, case: Any) -> None:
    type, value = case
    codec = Codec(type)
    message = codec.encode(value)

    table = HandleTable()
    stored = decode_sent(codec, message, table, unknown="store")
    assert codec.encode(stored).data == message.data
    assert len(table.still_open()) == len(message.handles)

    table = HandleTable()
    dropped = decode_sent(codec, message, table)
    kept = handles_in(type, dropped)
    assert table.still_open() == sorted(kept)
    unknown = sum(len(member.handles) for member in value._unknown)
    assert len(kept) == len(message.handles) - unknown
    plain = comparable(type, dropped, table)
    assert plain.pop("$unknown") == []
    again = HandleTable()
    wanted = comparable(type, decode_sent(codec, codec.encode(dropped), again), again)
    assert set(wanted) - {"$unknown"} == set(plain)


class Closer:
    """Notes what is closed."""

    def __init__(self) -> None:
        self.closed: list[int] = []

    def handle_close(self, handle: int) -> None:
        self.closed.append(handle)

    def handle_replace(self, handle: int, rights: int) -> int:
        raise AssertionError("nothing is received")


@relaxed
@given(st.data(), bodies)
def test_a_value_that_cannot_be_encoded_loses_all_its_handles_once(
    data: st.DataObject, type: Any
) -> None:
    members = [Member("before", type), Member("bad", Text(2)), Member("after", type)]
    outer = StructType("Outer", members, resource=True)
    before, after = data.draw(values(type)), data.draw(values(type))
    inner = Codec(type)
    sent = inner.encode(before).handles + inner.encode(after).handles
    owner = Closer()
    with pytest.raises(FidlError, match=r"STRING_TOO_LONG|EXCEEDED_MAX_OUT_OF_LINE_DEPTH"):
        Codec(outer).encode(record_of(outer)(before, "abc", after), owner)
    assert sorted(owner.closed) == sorted({item.handle for item in sent})
