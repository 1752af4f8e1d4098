"""R06 to R09: types of numbers, sizes, addresses and times."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.rubric.rule import Rule
from zxio_py.abi.model import Call

_VARIABLE_SIZE: Final = frozenset(
    {"int", "unsigned", "short", "long", "bool", "unsigned int", "unsigned long", "zx_futex_t"}
)
_SIZE_NAME: Final = re.compile(r"(?:len|size|count|num_\w+|\w+_(?:len|size|count))$")
_AMOUNT_NAME: Final = re.compile(r"(?:actual|avail)\w*$")
_REGISTER_NAME: Final = re.compile(r"arg\d*$")


def _fixed_size(call: Call) -> Iterator[tuple[str, str]]:
    for name, kind in [("", call.returns)] + [(p.name, p.type) for p in call.params]:
        plain = kind.removeprefix("const ").rstrip("*")
        if plain in _VARIABLE_SIZE:
            yield name, f"{plain} has no fixed size"


def _sizes(call: Call) -> Iterator[tuple[str, str]]:
    counts = {p.count for p in call.params if p.count}
    for param in call.params:
        size = not param.is_pointer and (param.name in counts or _SIZE_NAME.match(param.name))
        amount = param.type.endswith("*") and _AMOUNT_NAME.match(param.name)
        kind = param.pointee if amount else param.type
        if (size or amount) and kind != "size_t":
            yield param.name, f"{kind} counts bytes or elements: size_t"


def _pointers(call: Call) -> Iterator[tuple[str, str]]:
    for param in call.params:
        if param.type == "uintptr_t" and not _REGISTER_NAME.match(param.name):
            yield param.name, "a number for a pointer: void* here, zx_vaddr_t elsewhere"
        if param.type == "uint64_t" and param.name in ("addr", "address", "vaddr", "paddr"):
            yield param.name, "a number for an address: zx_vaddr_t or zx_paddr_t"


def _times(call: Call) -> Iterator[tuple[str, str]]:
    for param in call.params:
        kind = param.pointee or param.type
        if param.name == "deadline" and kind != "zx_time_t":
            yield param.name, "a deadline is an absolute zx_time_t"
        if param.name in ("slack", "duration", "nanoseconds") and kind != "zx_duration_t":
            yield param.name, "an amount of time is a zx_duration_t"
        if param.name == "timeout":
            yield param.name, "a wait ends at a deadline, not after a timeout"


RULES = (
    Rule(
        "R06",
        "must",
        "Numbers have a fixed size.",
        "Use int32_t, uint32_t, uint64_t and the like.",
        good=("zx_status_t zx_job_set(zx_handle_t handle, uint32_t kind)",),
        bad=(
            "zx_status_t zx_job_set(zx_handle_t handle, int kind)",
            "bool zx_job_get(zx_handle_t handle)",
            "zx_status_t zx_futex_wake(const zx_futex_t* value)",
        ),
        check=_fixed_size,
    ),
    Rule(
        "R07",
        "must",
        "Lengths of buffers, sizes of elements and counts are size_t.",
        "Make it a size_t.",
        good=("zx_status_t zx_fifo_read(zx_handle_t handle, void* data, size_t data_size)",),
        bad=(
            "zx_status_t zx_fifo_read(zx_handle_t handle, void* data, uint32_t data_size)",
            "zx_status_t zx_fifo_read(zx_handle_t handle, uint32_t* actual)",
            "zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size)",
        ),
        check=_sizes,
    ),
    Rule(
        "R08",
        "must",
        "Pointers into the caller's memory are void*, addresses elsewhere zx_vaddr_t, zx_paddr_t.",
        "Use void* for memory of the caller, zx_vaddr_t or zx_paddr_t for other address spaces.",
        good=(
            "zx_status_t zx_vmar_map(zx_handle_t handle, zx_vaddr_t addr)",
            "zx_status_t zx_thread_start(zx_handle_t handle, uintptr_t arg1)",
        ),
        bad=(
            "zx_status_t zx_vmar_map(zx_handle_t handle, uint64_t addr)",
            "zx_status_t zx_restricted_enter(uintptr_t context)",
        ),
        check=_pointers,
    ),
    Rule(
        "R09",
        "must",
        "Deadlines are absolute times (zx_time_t), amounts of time zx_duration_t.",
        "Take a zx_time_t called deadline; for amounts of time take a zx_duration_t.",
        good=(
            "zx_status_t zx_timer_set(zx_handle_t handle, zx_time_t deadline, zx_duration_t slack)",
        ),
        bad=(
            "zx_status_t zx_port_wait(zx_handle_t handle, uint64_t deadline)",
            "zx_status_t zx_port_wait(zx_handle_t handle, zx_duration_t timeout)",
        ),
        check=_times,
    ),
)
