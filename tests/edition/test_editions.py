"""The interface of May 2018 as data."""

from __future__ import annotations

import pytest

from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018, EDITION_2022, EDITIONS, calls_of
from zxio_py.abi.editions.edition_2018 import ADDED
from zxio_py.abi.editions.edition_2018.changed import CHANGED
from zxio_py.abi.editions.edition_2018.gone import GONE


def test_every_2022_function_is_there_or_came_later() -> None:
    assert set(abi.CALLS) - ADDED <= set(EDITION_2018.calls)
    assert set(abi.CALLS) >= ADDED
    assert ADDED.isdisjoint(EDITION_2018.calls)


def test_changed_functions_are_in_both_and_differ() -> None:
    for call in CHANGED:
        assert EDITION_2018.calls[call.name] is call
        assert call.params != abi.CALLS[call.name].params


def test_gone_functions_are_in_2018_only() -> None:
    assert {call.name for call in GONE} == set(EDITION_2018.gone)
    assert abi.CALLS.keys().isdisjoint(EDITION_2018.gone)
    assert len(GONE) == 23


def test_which_calls_exist() -> None:
    assert "zx_vmo_clone" in calls_of("2018")
    assert "zx_vmo_clone" not in calls_of("2022")
    assert "zx_vmo_create_child" not in calls_of("2018")
    assert "zx_channel_call_noretry" not in calls_of("2018")  # internal
    assert EDITIONS["2018"].has("zx_port_wait")
    assert not EDITION_2018.has("zx_stream_create")


@pytest.mark.parametrize(
    ("name", "prototype"),
    [
        (
            "zx_vmar_map",
            "zx_status_t zx_vmar_map(zx_handle_t vmar_handle, size_t vmar_offset, "
            "zx_handle_t vmo_handle, uint64_t vmo_offset, size_t len, uint32_t map_flags, "
            "uintptr_t* mapped_addr)",
        ),
        (
            "zx_fifo_read",
            "zx_status_t zx_fifo_read(zx_handle_t handle, void* data, size_t len, "
            "uint32_t* num_written)",
        ),
        ("zx_clock_get", "zx_time_t zx_clock_get(uint32_t clock_id)"),
        ("zx_futex_wake", abi.CALLS["zx_futex_wake"].prototype),
    ],
)
def test_prototypes(name: str, prototype: str) -> None:
    assert EDITION_2018.calls[name].prototype == prototype


@pytest.mark.parametrize(
    ("kind", "more", "less"),
    [
        ("CHANNEL", {"GET_PROPERTY", "SET_PROPERTY"}, set()),
        ("EVENT", {"READ", "WRITE"}, set()),
        ("EVENTPAIR", {"READ", "WRITE"}, set()),
        ("TIMER", {"READ"}, set()),
        ("VMO", {"EXECUTE"}, set()),
        ("SOCKET", set(), {"SET_PROPERTY", "MANAGE_SOCKET"}),
        ("VMAR", set(), {"OP_CHILDREN"}),
        ("DEBUGLOG", set(), set()),
    ],
)
def test_default_rights(kind: str, more: set[str], less: set[str]) -> None:
    old = set(abi.rights_names(EDITION_2018.default_rights(kind)).split("|"))
    new = set(abi.rights_names(EDITION_2022.default_rights(kind)).split("|"))
    assert old - new == more
    assert new - old == less


def test_constants_that_moved() -> None:
    assert EDITION_2018.constant("ZX_JOB_NO_PROCESSES") == 8
    assert EDITION_2018.constant("ZX_TIME_INFINITE") == (1 << 64) - 1
    assert EDITION_2018.constant("ZX_EVENT_SIGNALED") == 8
    with pytest.raises(KeyError):
        EDITION_2018.constant("ZX_NO_SUCH_CONSTANT")


def test_records_fit_their_members() -> None:
    for record in EDITION_2018.structs.values():
        end = 0
        for field in record.fields:
            assert field.offset >= end
            end = field.offset + field.size
        assert end <= record.size
