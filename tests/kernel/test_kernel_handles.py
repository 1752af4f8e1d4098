"""Handles: values, closing, duplicating, replacing, who consumes what."""

from __future__ import annotations

import struct

import pytest
from kernel_calls import Raw

from zxio_py import abi
from zxio_py.kernel import Kernel, Process


def test_values_have_both_low_bits_and_are_not_used_again(raw: Raw) -> None:
    seen = set()
    for _ in range(200):
        handle = raw.handle("zx_event_create", 0)
        assert handle & 3 == 3
        assert handle < 1 << 31
        assert handle not in seen
        seen.add(handle)
        assert raw("zx_handle_close", handle) == abi.ZX_OK
    for handle in seen:
        assert raw("zx_handle_close", handle) == abi.ZX_ERR_BAD_HANDLE


def test_closing_the_invalid_handle_is_fine(raw: Raw) -> None:
    assert raw("zx_handle_close", 0) == abi.ZX_OK


@pytest.mark.parametrize("bit", range(32))
def test_a_value_off_by_one_bit_names_nothing(raw: Raw, bit: int) -> None:
    handles = [raw.handle("zx_event_create", 0) for _ in range(16)]
    assert not any(raw.live(handle ^ 1 << bit) for handle in handles)


def test_close_many_closes_everything_and_reports_the_bad(raw: Raw) -> None:
    events = [raw.handle("zx_event_create", 0) for _ in range(3)]
    array = raw.put(struct.pack("<5I", events[0], 0, events[1], events[1], events[2]))
    assert raw("zx_handle_close_many", array, 5) == abi.ZX_ERR_BAD_HANDLE
    assert not any(raw.live(event) for event in events)
    assert raw("zx_handle_close_many", 0, 1) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_handle_close_many", 0, 0) == abi.ZX_OK


def test_duplicate_precedence(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    poor = raw.handle("zx_handle_duplicate", event, abi.ZX_RIGHT_WAIT)
    assert raw("zx_handle_duplicate", 0, 1 << 30, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw("zx_handle_duplicate", poor, 1 << 30, 0) == abi.ZX_ERR_ACCESS_DENIED
    assert raw("zx_handle_duplicate", event, abi.ZX_RIGHT_READ, raw.page) == (
        abi.ZX_ERR_INVALID_ARGS
    )
    assert raw("zx_handle_duplicate", event, abi.ZX_RIGHT_SAME_RIGHTS, 0) == (
        abi.ZX_ERR_INVALID_ARGS
    )
    same = raw.handle("zx_handle_duplicate", event, abi.ZX_DEFAULT_EVENT_RIGHTS)
    assert raw.live(same)


@pytest.mark.parametrize(
    ("rights", "out", "status"),
    [
        (abi.ZX_RIGHT_SAME_RIGHTS, True, abi.ZX_OK),
        (abi.ZX_RIGHT_READ, True, abi.ZX_ERR_INVALID_ARGS),
        (abi.ZX_RIGHT_WAIT, False, abi.ZX_ERR_INVALID_ARGS),
    ],
)
def test_replace_always_consumes(raw: Raw, rights: int, out: bool, status: int) -> None:
    first, second = raw.pair("zx_eventpair_create", 0)
    assert raw("zx_handle_replace", first, rights, raw.page if out else 0) == status
    assert not raw.live(first)
    alive = raw.signals(second) & abi.ZX_EVENTPAIR_PEER_CLOSED == 0
    assert alive == (status == abi.ZX_OK)


def test_an_object_that_cannot_be_handed_out_is_destroyed(kernel: Kernel, raw: Raw) -> None:
    before = kernel.counts()
    assert raw("zx_channel_create", 0, raw.page, 0) == abi.ZX_ERR_INVALID_ARGS
    assert not raw.live(raw.u32())
    assert kernel.counts() == before


def test_a_handle_keeps_its_value_through_a_message(raw: Raw) -> None:
    first, second = raw.pair("zx_channel_create", 0)
    event = raw.handle("zx_event_create", 0)
    array = raw.put(event.to_bytes(4, "little"))
    assert raw("zx_channel_write", first, 0, 0, 0, array, 1) == abi.ZX_OK
    assert not raw.live(event)
    assert raw("zx_channel_read", second, 0, 0, raw.page, 0, 1, 0, 0) == abi.ZX_OK
    assert raw.u32() == event
    assert raw.live(event)


def test_wrong_type_counts_before_rights(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    bare = raw.handle("zx_handle_duplicate", event, 0)
    assert raw("zx_channel_write", bare, 0, 0, 0, 0, 0) == abi.ZX_ERR_WRONG_TYPE
    assert raw("zx_socket_write", bare, 0, 0, 0, 0) == abi.ZX_ERR_WRONG_TYPE
    assert raw("zx_vmo_get_size", bare, 0) == abi.ZX_ERR_WRONG_TYPE
    assert raw("zx_timer_cancel", bare) == abi.ZX_ERR_WRONG_TYPE


def test_arguments_are_cut_to_their_types(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 1 << 32)
    assert raw("zx_object_signal", event | 5 << 32, 0, abi.ZX_EVENT_SIGNALED) == abi.ZX_OK
    assert raw.signals(event) == abi.ZX_EVENT_SIGNALED


def test_killing_a_process_closes_its_handles(kernel: Kernel) -> None:
    before = kernel.counts()
    doomed = kernel.create_process("doomed")
    survivor = Raw(kernel.create_process("survivor"))
    first, second = Raw(doomed).pair("zx_channel_create", 0)
    held = doomed.handles.get(second)
    assert held is not None
    end = survivor.process.add_handle(held.object, held.rights)
    raw_doomed = Raw(doomed)
    assert raw_doomed("zx_handle_close", second) == abi.ZX_OK
    assert survivor.signals(end) == abi.ZX_CHANNEL_WRITABLE
    doomed.kill()
    assert doomed.dead
    assert survivor.signals(end) == abi.ZX_CHANNEL_PEER_CLOSED
    assert first not in doomed.handles
    survivor.process.kill()
    del held
    assert kernel.counts() == before


def test_koids_start_at_1024_and_grow(kernel: Kernel, process: Process) -> None:
    assert kernel.root_job.koid == abi.ZX_KOID_FIRST
    assert process.koid > kernel.root_resource.koid
