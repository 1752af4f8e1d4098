"""R20 to R23 and R26: outputs, what is returned, and how many parameters there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.rubric.rule import Rule
from zxio_py.abi.model import Call

_MAX_PARAMS: Final = 8

#: Calls that report an amount through their status, known from the kernel's behaviour.
_POSITIVE_STATUS: Final = frozenset({"zx_debuglog_read"})


def _outputs_last(call: Call) -> Iterator[tuple[str, str]]:
    last_input = max(
        (index for index, p in enumerate(call.params) if p.direction == "in"), default=-1
    )
    for param in call.params[: max(last_input, 0)]:
        if param.direction == "out" and param.count is None and param.pointee != "void":
            yield param.name, "an output comes before an input"


def _one_direction(call: Call) -> Iterator[tuple[str, str]]:
    for param in call.params:
        if param.direction == "inout":
            yield param.name, "it is input and output"


def _status(call: Call) -> Iterator[tuple[str, str]]:
    if call.returns != "zx_status_t" and any(p.is_pointer for p in call.params):
        yield "", f"it can fail (a pointer may be bad), but returns {call.returns}"


def _only_errors(call: Call) -> Iterator[tuple[str, str]]:
    if call.name in _POSITIVE_STATUS:
        yield "", "it returns an amount as a positive status"


def _few_parameters(call: Call) -> Iterator[tuple[str, str]]:
    if len(call.params) > _MAX_PARAMS:
        yield "", f"{len(call.params)} parameters: there are registers for {_MAX_PARAMS}"


_NINE = ", ".join(f"uint32_t p{number}" for number in "abcdefghi")

RULES = (
    Rule(
        "R20",
        "must",
        "Outputs come last.",
        "Move the outputs behind the last input.",
        good=("zx_status_t zx_vmo_get(zx_handle_t handle, uint64_t* size)",),
        bad=("zx_status_t zx_vmo_get(zx_handle_t handle, uint64_t* size, uint32_t kind)",),
        check=_outputs_last,
    ),
    Rule(
        "R21",
        "must",
        "An output is not an input as well.",
        "Split the parameter into an input and an output.",
        good=("zx_status_t zx_vmo_get(zx_handle_t handle, uint64_t* size)",),
        bad=("zx_status_t zx_vmo_get(zx_handle_t handle, uint64_t* inout_size)",),
        check=_one_direction,
    ),
    Rule(
        "R22",
        "must",
        "What can fail returns zx_status_t.",
        "Return zx_status_t, and what is returned now through an output.",
        good=(
            "zx_time_t zx_clock_get_monotonic(void)",
            "zx_status_t zx_clock_read(zx_handle_t handle, zx_time_t* now)",
        ),
        bad=("void zx_cprng_draw(void* buffer, size_t buffer_size)",),
        check=_status,
    ),
    Rule(
        "R23",
        "must",
        "A zx_status_t carries nothing but errors and ZX_OK.",
        "Return the amount through an output.",
        good=("zx_status_t zx_debuglog_write(zx_handle_t handle)",),
        bad=("zx_status_t zx_debuglog_read(zx_handle_t handle)",),
        check=_only_errors,
    ),
    Rule(
        "R26",
        "abi",
        "A call has at most eight parameters.",
        "Put what belongs together into a structure.",
        good=("zx_status_t zx_vmo_get(zx_handle_t handle, uint64_t* size)",),
        bad=(f"zx_status_t zx_vmo_set({_NINE})",),
        check=_few_parameters,
    ),
)
