"""What zx_process_start and zx_thread_start refuse, in which order."""

from __future__ import annotations

from typing import Any

from agent_programs import Run

from zxio_py import abi

NAME = {"in": {"str": "x"}}
NOT_USER = 1 << 63  # an address


def process(slot: str) -> list[tuple[str, list[Any]]]:
    """Makes a process and its first thread, neither of them started."""
    made = [{"out_handle": slot}, {"out_handle": f"{slot}_vmar"}]
    return [
        ("zx_process_create", [{"h": "$job"}, NAME, 1, 0, *made]),
        ("zx_thread_create", [{"h": slot}, NAME, 1, 0, {"out_handle": f"{slot}_thread"}]),
    ]


def start(handle: str, thread: str, argument: str) -> tuple[str, list[Any]]:
    """Starts a process where no code can be."""
    return "zx_process_start", [{"h": handle}, {"h": thread}, NOT_USER, 0, {"h": argument}, 0]


def statuses(run: Run, calls: list[tuple[str, list[Any]]], last: int) -> list[int]:
    """What the *last* calls answer."""
    seen = run(*({"call": call, "args": args} for call, args in calls))
    returned = [step.ret & 0xFFFFFFFF for step in seen.steps[-last:]]
    return [ret - (1 << 32) if ret & 0x80000000 else ret for ret in returned]


def test_the_argument_may_be_the_handle_that_is_started(run: Run) -> None:
    """It is looked up before it leaves, and gone in any case."""
    calls = [
        *process("p"),
        start("p", "p_thread", "p"),
        ("zx_handle_close", [{"h": "p"}]),
        *process("q"),
        start("q", "q_thread", "q_thread"),
        ("zx_handle_close", [{"h": "q_thread"}]),
        start("q", "q_thread", "q_vmar"),
        ("zx_handle_close", [{"h": "q_vmar"}]),
    ]
    answers = statuses(run, calls, len(calls))
    refused = [abi.ZX_ERR_INVALID_ARGS, abi.ZX_ERR_BAD_HANDLE]
    assert answers == [0, 0, *refused, 0, 0, *refused, abi.ZX_ERR_BAD_HANDLE, abi.ZX_ERR_BAD_HANDLE]


def test_the_state_of_the_process_counts_before_the_entry(run: Run) -> None:
    calls = [
        *process("p"),
        ("zx_thread_start", [{"h": "p_thread"}, NOT_USER, 0, 0, 0]),
        ("zx_task_kill", [{"h": "p"}]),
        ("zx_thread_start", [{"h": "p_thread"}, NOT_USER, 0, 0, 0]),
        start("p", "p_thread", "$zero"),
    ]
    bad = abi.ZX_ERR_BAD_STATE
    assert statuses(run, calls, 4) == [abi.ZX_ERR_INVALID_ARGS, 0, bad, bad]
