"""Signals, waits, ports and timers, also across threads."""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest
from kernel_calls import Raw

from zxio_py import abi
from zxio_py.kernel import Process, ThreadKilled
from zxio_py.kernel.waiter import Waiter

FOREVER = abi.ZX_TIME_INFINITE
SIGNALED = abi.ZX_EVENT_SIGNALED


#: Seconds that nothing here takes.
LIMIT = 30


class Sleeps(dict[Waiter, int]):
    """A thread's sleeps, which tell when one begins."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: SimpleQueue[int] = SimpleQueue()

    def __setitem__(self, waiter: Waiter, state: int) -> None:
        super().__setitem__(waiter, state)
        self.begun.put(state)


class Sleeper:
    """Another emulated thread that makes calls which sleep."""

    def __init__(self, process: Process, body: Callable[[Raw], Any]) -> None:
        """Start *body* on it."""
        self.raw = Raw(process)
        self._sleeps = self.raw.thread.sleeps = Sleeps()
        self._done = ThreadPoolExecutor(1).submit(body, self.raw)

    def asleep(self) -> int:
        """Wait until its next sleep has begun: the state that it shows then."""
        return self._sleeps.begun.get(timeout=LIMIT)

    def result(self) -> Any:
        """Wait for its end: what *body* returned or raised."""
        return self._done.result(LIMIT)


def items(raw: Raw, *records: tuple[int, int]) -> int:
    return raw.put(b"".join(struct.pack("<III", h, s, 0xAAAAAAAA) for h, s in records), 0x2000)


def test_asserted_signal_wins_over_an_expired_deadline(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    assert raw("zx_object_wait_one", event, SIGNALED, -1, raw.page) == abi.ZX_ERR_TIMED_OUT
    assert raw.u32() == 0
    raw("zx_object_signal", event, 0, SIGNALED)
    assert raw("zx_object_wait_one", event, SIGNALED, -1, raw.page) == abi.ZX_OK
    assert raw.u32() == SIGNALED


def test_signal_precedence(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    port = raw.handle("zx_port_create", 0)
    first, second = raw.pair("zx_eventpair_create", 0)
    bad = abi.ZX_OBJECT_READABLE
    assert raw("zx_object_signal", 0, bad, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw("zx_object_signal", port, bad, 0) == abi.ZX_ERR_ACCESS_DENIED
    assert raw("zx_object_signal", event, bad, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_object_signal_peer", event, bad, 0) == abi.ZX_ERR_ACCESS_DENIED
    raw("zx_handle_close", second)
    assert raw("zx_object_signal_peer", first, bad, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_object_signal_peer", first, 0, 0) == abi.ZX_ERR_PEER_CLOSED
    process = raw.process.add_handle(raw.process, abi.ZX_RIGHT_SIGNAL_PEER)
    assert raw("zx_object_signal_peer", process, bad, 0) == abi.ZX_ERR_NOT_SUPPORTED


def test_wait_wakes_on_a_signal(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    wait = ("zx_object_wait_one", event, SIGNALED, FOREVER, raw.page)
    sleeper = Sleeper(raw.process, lambda other: other(*wait))
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_WAIT_ONE
    raw("zx_object_signal", event, 0, SIGNALED)
    assert sleeper.result() == abi.ZX_OK
    assert raw.u32() == SIGNALED


def test_closing_the_handle_cancels_its_waits(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    same = raw.handle("zx_handle_duplicate", event, abi.ZX_RIGHT_SAME_RIGHTS)
    at = items(raw, (event, SIGNALED), (event, abi.ZX_USER_SIGNAL_0))
    sleeper = Sleeper(raw.process, lambda other: other("zx_object_wait_many", at, 2, FOREVER))
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_WAIT_MANY
    raw("zx_handle_close", same)
    raw("zx_handle_close", event)
    assert sleeper.result() == abi.ZX_ERR_CANCELED
    assert raw.u32(0x2008) == raw.u32(0x2014) == abi.ZX_SIGNAL_HANDLE_CLOSED


def test_wait_many_precedence(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    port = raw.handle("zx_port_create", 0)
    many = "zx_object_wait_many"
    assert raw(many, 8, 0, 0) == abi.ZX_ERR_TIMED_OUT
    assert raw(many, 8, 65, 0) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw(many, 8, 1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw(many, items(raw, (event, 1), (port, 1), (0, 1)), 3, 0) == abi.ZX_ERR_ACCESS_DENIED
    assert raw(many, items(raw, (event, 1), (0, 1), (port, 1)), 3, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw.u32(0x2008) == 0xAAAAAAAA  # nothing is stored on such errors
    assert raw(many, items(raw, (event, 1)), 1, 0) == abi.ZX_ERR_TIMED_OUT
    assert raw.u32(0x2008) == 0


def test_kill_throws_sleepers_out(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    wait = ("zx_object_wait_one", event, SIGNALED, FOREVER, 0)
    sleepers = [Sleeper(raw.process, lambda other: other(*wait)) for _ in range(3)]
    for sleeper in sleepers:
        sleeper.asleep()
    raw.process.kill()
    for sleeper in sleepers:
        with pytest.raises(ThreadKilled):
            sleeper.result()
        with pytest.raises(ThreadKilled):
            sleeper.raw("zx_ticks_get")


def test_nanosleep_sleeps_long_enough(raw: Raw) -> None:
    deadline = raw("zx_deadline_after", 20_000_000)
    assert raw("zx_nanosleep", deadline) == abi.ZX_OK
    assert raw("zx_clock_get_monotonic") >= deadline


def test_deadline_after_saturates(raw: Raw) -> None:
    assert raw("zx_deadline_after", (1 << 63) - 1) == FOREVER
    assert raw("zx_deadline_after", -(1 << 63)) < 0


# Ports ---------------------------------------------------------------------------------------

PACKET = struct.Struct("<QIiIIQQQ")


def packet(raw: Raw, port: int, deadline: int = 0) -> tuple[int, ...] | int:
    status = raw("zx_port_wait", port, deadline, raw.page)
    return PACKET.unpack(raw.process.aspace.read(raw.page, 48)) if status == 0 else status


def test_user_packet_keeps_all_but_its_type(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    data = raw.put(PACKET.pack(7, 99, -5, 1, 2, 3, 4, 5))
    assert raw("zx_port_queue", port, data) == abi.ZX_OK
    assert packet(raw, port) == (7, abi.ZX_PKT_TYPE_USER, -5, 1, 2, 3, 4, 5)
    assert packet(raw, port) == abi.ZX_ERR_TIMED_OUT


def test_wait_async(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    first, second = raw.pair("zx_channel_create", 0)
    arm = "zx_object_wait_async"
    assert raw(arm, 0, 0, 1, 1, 4) == abi.ZX_ERR_INVALID_ARGS
    assert raw(arm, 0, first, 1, 1, 0) == abi.ZX_ERR_WRONG_TYPE
    assert raw(arm, 0, port, 1, 1, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw(arm, first, port, 42, abi.ZX_CHANNEL_READABLE, 0) == abi.ZX_OK
    assert packet(raw, port) == abi.ZX_ERR_TIMED_OUT
    raw("zx_channel_write", second, 0, 0, 0, 0, 0)
    seen = packet(raw, port)
    assert seen == (42, abi.ZX_PKT_TYPE_SIGNAL_ONE, 0, 1, 3, 1, 0, 0)
    assert packet(raw, port) == abi.ZX_ERR_TIMED_OUT  # once


def test_edge_wait_needs_a_change(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    event = raw.handle("zx_event_create", 0)
    raw("zx_object_signal", event, 0, SIGNALED)
    edge = abi.ZX_WAIT_ASYNC_EDGE | abi.ZX_WAIT_ASYNC_TIMESTAMP
    assert raw("zx_object_wait_async", event, port, 1, SIGNALED, edge) == abi.ZX_OK
    raw("zx_object_signal", event, 0, SIGNALED)
    assert packet(raw, port) == abi.ZX_ERR_TIMED_OUT
    raw("zx_object_signal", event, SIGNALED, 0)
    raw("zx_object_signal", event, 0, SIGNALED)
    seen = packet(raw, port)
    assert isinstance(seen, tuple)
    assert seen[0] == 1
    assert seen[6] > 0


def test_cancel_removes_armed_and_queued(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    event = raw.handle("zx_event_create", 0)
    for key in (128, 13, 7, 13):
        raw("zx_object_wait_async", event, port, key, SIGNALED, 0)
    assert raw("zx_port_cancel", port, event, 13) == abi.ZX_OK
    raw("zx_object_signal", event, 0, SIGNALED)
    assert raw("zx_port_cancel", port, event, 7) == abi.ZX_OK
    assert raw("zx_port_cancel", port, event, 7) == abi.ZX_ERR_NOT_FOUND
    seen = packet(raw, port)
    assert isinstance(seen, tuple)
    assert seen[0] == 128
    assert packet(raw, port) == abi.ZX_ERR_TIMED_OUT


def test_every_waiting_thread_gets_one_packet(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    sleepers = [Sleeper(raw.process, lambda other: packet(other, port, FOREVER)) for _ in range(3)]
    for sleeper in sleepers:
        assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_PORT
    for key in range(3):
        raw("zx_port_queue", port, raw.put(PACKET.pack(key, 0, 0, 0, 0, 0, 0, 0)))
    assert sorted(sleeper.result()[0] for sleeper in sleepers) == [0, 1, 2]


def test_a_thread_that_ended_at_a_port_takes_no_wake_up(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    sleepers = [Sleeper(raw.process, lambda other: packet(other, port, FOREVER)) for _ in range(2)]
    for sleeper in sleepers:
        assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_PORT
    for sleeper in sleepers:
        with raw.process.kernel.lock:
            sleeper.raw.thread.end()
        with pytest.raises(ThreadKilled):
            sleeper.result()
    last = Sleeper(raw.process, lambda other: packet(other, port, FOREVER))
    assert last.asleep() == abi.ZX_THREAD_STATE_BLOCKED_PORT
    raw("zx_port_queue", port, raw.put(PACKET.pack(7, 0, 0, 0, 0, 0, 0, 0)))
    assert last.result()[0] == 7


def test_too_many_packets_end_the_process(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    data = raw.put(bytes(48))
    for _ in range(abi.PORT_EPHEMERAL_PACKETS_MAX + 1):
        assert raw("zx_port_queue", port, data) == abi.ZX_OK
    with pytest.raises(ThreadKilled, match="PORT_TOO_MANY_PACKETS"):
        raw("zx_port_queue", port, data)


# Timers --------------------------------------------------------------------------------------


def test_timer(raw: Raw) -> None:
    timer = raw.handle("zx_timer_create", 0, abi.ZX_CLOCK_MONOTONIC)
    assert raw("zx_timer_set", 0, 0, -1) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw("zx_timer_set", timer, 0, 0) == abi.ZX_OK
    assert raw.signals(timer) == abi.ZX_TIMER_SIGNALED
    assert raw("zx_timer_cancel", timer) == abi.ZX_OK
    assert raw.signals(timer) == 0
    for _ in range(2):
        raw("zx_timer_set", timer, raw("zx_deadline_after", 150_000_000), 0)
        assert raw.signals(timer) == 0
        status = raw("zx_object_wait_one", timer, abi.ZX_TIMER_SIGNALED, FOREVER, raw.page)
        assert (status, raw.u32()) == (abi.ZX_OK, abi.ZX_TIMER_SIGNALED)
    raw("zx_timer_set", timer, raw("zx_deadline_after", 1 << 60), 0)
    assert raw("zx_handle_close", timer) == abi.ZX_OK


def test_timers_fire_in_order_of_their_deadlines(raw: Raw) -> None:
    port = raw.handle("zx_port_create", 0)
    start = raw("zx_deadline_after", 200_000_000)
    for key in (3, 1, 2):
        timer = raw.handle("zx_timer_create", 0, 0)
        raw("zx_object_wait_async", timer, port, key, abi.ZX_TIMER_SIGNALED, 0)
        raw("zx_timer_set", timer, start + key, 0)
    seen = [packet(raw, port, FOREVER) for _ in range(3)]
    assert [entry[0] for entry in seen if isinstance(entry, tuple)] == [1, 2, 3]


# Futexes -------------------------------------------------------------------------------------


def test_futex_wakes_and_requeues(raw: Raw) -> None:
    first = raw.put(struct.pack("<I", 5), 0x1000)
    second = raw.put(struct.pack("<I", 0), 0x1100)
    wait = ("zx_futex_wait", first, 5, 0, FOREVER)
    sleepers = [Sleeper(raw.process, lambda other: other(*wait)) for _ in range(3)]
    for sleeper in sleepers:
        assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_FUTEX
    requeue = "zx_futex_requeue"
    assert raw(requeue, first, 1, 4, second, 9, 0) == abi.ZX_ERR_BAD_STATE
    assert raw(requeue, first, 1, 5, first, 9, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw(requeue, first, 1, 5, second, 9, 0) == abi.ZX_OK
    assert raw("zx_futex_wake", first, 9) == abi.ZX_OK
    assert raw("zx_futex_wake", second, 9) == abi.ZX_OK
    assert [sleeper.result() for sleeper in sleepers] == [abi.ZX_OK] * 3
    assert raw("zx_futex_wait", first, 4, 0, FOREVER) == abi.ZX_ERR_BAD_STATE
    assert raw("zx_futex_wait", first + 1, 4, 0, FOREVER) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_futex_wait", first, 5, 0, 0) == abi.ZX_ERR_TIMED_OUT


# Suspension ----------------------------------------------------------------------------------


def test_suspended_thread_goes_on_after_its_last_token(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    wait = ("zx_object_wait_one", event, SIGNALED, FOREVER, 0)
    sleeper = Sleeper(raw.process, lambda other: other(*wait))
    thread = sleeper.raw.thread
    handle = raw.process.add_handle(thread)
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_WAIT_ONE
    tokens = [raw.handle("zx_task_suspend_token", handle) for _ in range(2)]
    assert raw.signals(handle) == abi.ZX_THREAD_SUSPENDED
    assert thread.current_state() == abi.ZX_THREAD_STATE_SUSPENDED
    raw("zx_object_signal", event, 0, SIGNALED)
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_SUSPENDED  # no more in its call
    raw("zx_handle_close", tokens[0])
    assert raw.signals(handle) == abi.ZX_THREAD_SUSPENDED
    assert thread.current_state() == abi.ZX_THREAD_STATE_SUSPENDED
    raw("zx_handle_close", tokens[1])
    assert sleeper.result() == abi.ZX_OK
    assert raw.signals(handle) == abi.ZX_THREAD_RUNNING


def test_suspended_thread_starts_no_call(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)

    def close_when_suspended(other: Raw) -> int:
        tokens.append(raw.handle("zx_task_suspend", raw.process.add_handle(other.thread)))
        return other("zx_handle_close", event)

    tokens: list[int] = []
    sleeper = Sleeper(raw.process, close_when_suspended)
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_SUSPENDED
    assert raw.live(event)
    raw("zx_handle_close", tokens[0])
    assert sleeper.result() == abi.ZX_OK
    assert not raw.live(event)


def test_suspend_errors(raw: Raw) -> None:
    own = raw.process.add_handle(raw.process)
    suspend = "zx_task_suspend"
    assert raw(suspend, own, raw.page) == abi.ZX_ERR_NOT_SUPPORTED
    assert raw(suspend, raw.process.add_handle(raw.thread), raw.page) == abi.ZX_ERR_NOT_SUPPORTED
    job = raw.process.add_handle(raw.process.kernel.root_job)
    assert raw(suspend, job, raw.page) == abi.ZX_ERR_WRONG_TYPE
    poor = raw.handle("zx_handle_duplicate", own, abi.ZX_RIGHT_READ)
    assert raw(suspend, poor, raw.page) == abi.ZX_ERR_ACCESS_DENIED
    dead = raw.process.kernel.create_process("dead")
    dead_handle = raw.process.add_handle(dead)
    dead.kill()
    assert raw(suspend, dead_handle, raw.page) == abi.ZX_ERR_BAD_STATE


# Clocks --------------------------------------------------------------------------------------

V1 = 1 << abi.ZX_CLOCK_ARGS_VERSION_SHIFT
V2 = 2 << abi.ZX_CLOCK_ARGS_VERSION_SHIFT
VALUE = abi.ZX_CLOCK_UPDATE_OPTION_VALUE_VALID
RATE = abi.ZX_CLOCK_UPDATE_OPTION_RATE_ADJUST_VALID
BOUND = abi.ZX_CLOCK_UPDATE_OPTION_ERROR_BOUND_VALID
REFERENCE = abi.ZX_CLOCK_UPDATE_OPTION_REFERENCE_VALUE_VALID


def update(raw: Raw, clock: int, options: int, value: int = 0, rate: int = 0) -> int:
    args = raw.put(struct.pack("<iIqqQ", rate, 0, value, 0, 5))
    return raw("zx_clock_update", clock, V2 | options, args)


def read_clock(raw: Raw, clock: int) -> int:
    assert raw("zx_clock_read", clock, raw.page) == abi.ZX_OK
    return raw.u64()


def test_clock_before_and_after_its_start(raw: Raw) -> None:
    backstop = raw.put(struct.pack("<q", 1000))
    clock = raw.handle("zx_clock_create", V1 | abi.ZX_CLOCK_OPT_MONOTONIC, backstop)
    assert raw.signals(clock) == 0
    assert read_clock(raw, clock) == read_clock(raw, clock) == 1000
    assert update(raw, clock, RATE, rate=1) == abi.ZX_ERR_INVALID_ARGS
    assert update(raw, clock, VALUE, 999) == abi.ZX_ERR_INVALID_ARGS
    assert update(raw, clock, VALUE, 5000) == abi.ZX_OK
    assert raw.signals(clock) == abi.ZX_CLOCK_STARTED
    first = read_clock(raw, clock)
    assert 5000 <= first <= read_clock(raw, clock)
    assert update(raw, clock, VALUE, 1000) == abi.ZX_ERR_INVALID_ARGS
    assert update(raw, clock, RATE | BOUND, rate=65) == abi.ZX_OK
    assert raw("zx_clock_get_details", clock, V1, raw.page) == abi.ZX_OK
    assert (raw.u32(56), raw.u32(60)) == (1000065, 1000000)
    assert (raw.u64(64), raw.u32(104)) == (5, 4)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (0, 0),
        (abi.ZX_CLOCK_OPT_MONOTONIC | abi.ZX_CLOCK_OPT_CONTINUOUS, 0),
        (abi.ZX_CLOCK_OPT_CONTINUOUS, abi.ZX_ERR_INVALID_ARGS),
        (8, abi.ZX_ERR_INVALID_ARGS),
        (V1, abi.ZX_ERR_INVALID_ARGS),
    ],
)
def test_clock_options(raw: Raw, options: int, status: int) -> None:
    assert raw("zx_clock_create", options, 0, raw.page) == status


def test_clock_update_judges_arguments_before_the_handle(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    assert update(raw, event, 0) == abi.ZX_ERR_INVALID_ARGS
    assert update(raw, event, 16) == abi.ZX_ERR_INVALID_ARGS
    assert update(raw, event, RATE, rate=1001) == abi.ZX_ERR_INVALID_ARGS
    assert update(raw, event, RATE, rate=-1000) == abi.ZX_ERR_WRONG_TYPE
    assert raw("zx_clock_update", event, V1 | REFERENCE, raw.page) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_clock_get_details", event, V2, raw.page) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_clock_get_details", event, V1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_clock_read", event, 0) == abi.ZX_ERR_WRONG_TYPE
