"""R16 to R19: buffers and their sizes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.rubric.rule import Rule
from zxio_py.abi.model import Call, Param

_UNTYPED: Final = frozenset({"void", "char"})


def _buffers(call: Call) -> list[Param]:
    return [p for p in call.params if p.is_pointer and p.count is not None]


def _index(call: Call, name: str) -> int:
    return next(index for index, param in enumerate(call.params) if param.name == name)


def _counted(call: Call) -> Iterator[tuple[str, str]]:
    if call.returns in ("char*", "const char*"):
        yield "", "nothing says how long the returned string is"
    for param in call.params:
        if param.is_pointer and param.pointee in _UNTYPED and param.count is None:
            yield param.name, "nothing says how long the buffer is"


def _count_follows(call: Call) -> Iterator[tuple[str, str]]:
    counts = {p.count for p in _buffers(call)}
    for buffer in _buffers(call):
        assert buffer.count is not None
        place, count = _index(call, buffer.name), _index(call, buffer.count)
        between = call.params[place + 1 : count]
        if count < place:
            yield buffer.count, f"it comes before {buffer.name}, which it counts"
        elif any(p.name not in counts and p.count is None for p in between):
            yield buffer.count, f"it does not follow {buffer.name}, which it counts"


def _amount(call: Call) -> Iterator[tuple[str, str]]:
    written = [p for p in _buffers(call) if p.direction != "in"]
    amounts = [
        p for p in call.params if p.is_pointer and p.direction == "out" and _is_amount(p.name)
    ]
    if written and not amounts:
        yield written[0].name, "nothing says how much of the buffer was written"


def _is_amount(name: str) -> bool:
    return name.startswith("actual") or name == "output_count"


def _order(call: Call) -> Iterator[tuple[str, str]]:
    buffers = _buffers(call)
    counts = [p.count for p in buffers if p.count is not None]
    places = [_index(call, name) for name in counts]
    if places != sorted(places):
        yield counts[0], "buffers and their counts appear in different orders"


RULES = (
    Rule(
        "R16",
        "must",
        "Every array, buffer and string comes with its size.",
        "Add a size_t behind it that says how long it is.",
        good=("zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, size_t buffer_size)",),
        bad=(
            "zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer)",
            "zx_status_t zx_object_set(zx_handle_t handle, const char* name)",
            "const char* zx_status_get_string(zx_status_t status)",
        ),
        check=_counted,
    ),
    Rule(
        "R17",
        "must",
        "The size of a buffer follows it; several sizes may follow several buffers.",
        "Move the size behind the buffer, or all sizes behind all buffers.",
        good=(
            "zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, size_t buffer_size)",
            "zx_status_t zx_fifo_read(zx_handle_t handle, void* a, void* b, size_t a_size, "
            "size_t b_size)",
        ),
        bad=(
            "zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, uint64_t offset, "
            "size_t buffer_size)",
            "zx_status_t zx_vmo_read(zx_handle_t handle, size_t buffer_size, void* buffer)",
        ),
        check=_count_follows,
    ),
    Rule(
        "R18",
        "must",
        "A buffer that is written comes with an output that says how much was written.",
        "Add an output size_t* actual.",
        good=(
            "zx_status_t zx_socket_read(zx_handle_t handle, void* buffer, size_t buffer_size, "
            "size_t* actual)",
            "zx_status_t zx_socket_write(zx_handle_t handle, const void* buffer, "
            "size_t buffer_size)",
        ),
        bad=("zx_status_t zx_debuglog_read(zx_handle_t handle, void* buffer, size_t buffer_size)",),
        check=_amount,
    ),
    Rule(
        "R19",
        "must",
        "Several buffers and their sizes appear in one order.",
        "Give the sizes the order of the buffers.",
        good=(
            "zx_status_t zx_fifo_read(zx_handle_t handle, void* a, void* b, size_t a_size, "
            "size_t b_size)",
        ),
        bad=(
            "zx_status_t zx_fifo_read(zx_handle_t handle, void* a, void* b, size_t b_size, "
            "size_t a_size)",
        ),
        check=_order,
    ),
)
