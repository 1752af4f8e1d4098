"""R10 to R15: the receiver, options, and what happens to handles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.rubric.naming import NOUNS
from harness.rubric.rule import Interface, Rule
from zxio_py.abi.model import Call, Param

#: Nouns that are services of the kernel rather than objects with handles.
_SERVICES: Final = frozenset(
    {"cache", "cprng", "debug", "futex", "restricted", "status", "system", "ticks"}
)
_FLAG_NAME: Final = re.compile(r"(?:.*_)?(?:flags?|mode|disposition)(?:_.*)?$")


def _first_handle(call: Call) -> int | None:
    for index, param in enumerate(call.params):
        if param.type == "zx_handle_t":
            return index
    return None


def _receiver(call: Call) -> Param | None:
    """The handle the call is made on: the first parameter, if it is a handle."""
    if call.params and call.params[0].type == "zx_handle_t":
        return call.params[0]
    return None


def _receiver_first(call: Call) -> Iterator[tuple[str, str]]:
    words = call.name.split("_")
    noun, verb = words[1], words[2] if len(words) > 2 else ""
    if noun in NOUNS - _SERVICES and verb != "create":
        first = _first_handle(call)
        if first:
            yield call.params[first].name, "the receiver is not the first parameter"


def _receiver_name(call: Call) -> Iterator[tuple[str, str]]:
    receiver = _receiver(call)
    if receiver is not None and receiver.name != "handle":
        yield receiver.name, f"the receiver is called {receiver.name}, not handle"


#: Words that parameters are named with, and the noun of the object they stand for.
_OBJECT_WORDS: Final = {"rsrc": "resource", **{noun: noun for noun in NOUNS}}

#: Nouns that tell what a call may do rather than what it works on.
_PRIVILEGES: Final = frozenset({"job", "resource"})


def _receiver_type(call: Call) -> Iterator[tuple[str, str]]:
    receiver = _receiver(call)
    if receiver is None:
        return
    kind = receiver.object or _OBJECT_WORDS.get(receiver.name.rpartition("_")[2])
    noun = call.name.split("_")[1]
    if kind in _PRIVILEGES and kind != noun:
        yield receiver.name, f"the receiver is a {kind}, the noun says {noun}"


def _options(call: Call) -> Iterator[Param]:
    return (p for p in call.params if p.name == "options")


def _options_type(call: Call) -> Iterator[tuple[str, str]]:
    for param in _options(call):
        if param.type != "uint32_t":
            yield param.name, f"options is {param.type}, not uint32_t"


def _options_name(call: Call) -> Iterator[tuple[str, str]]:
    for param in call.params:
        if not param.is_pointer and _FLAG_NAME.fullmatch(param.name):
            yield param.name, f"a word of flags is called {param.name}, not options"


def _options_place(call: Call) -> Iterator[tuple[str, str]]:
    for index, param in enumerate(call.params):
        if param.name == "options" and index != (0 if _receiver(call) is None else 1):
            yield param.name, "options comes first, or right after the receiver"


def _consumption(call: Call) -> Iterator[tuple[str, str]]:
    for param in call.params:
        if param.handle == "mixed":
            yield param.name, "whether the handles are consumed depends on the values passed"


def _bit_flags(interface: Interface) -> Iterator[tuple[str, str]]:
    for name, value in interface.constants.items():
        if not name.startswith(interface.option_sets or ("\0",)) or name.endswith("_MASK"):
            continue
        if not 0 <= value < 1 << 64 or value & (value - 1):
            yield name, f"{value:#x} is not a single bit"


RULES = (
    Rule(
        "R10",
        "must",
        "The handle a call is made on is its first parameter.",
        "Move the handle to the front.",
        good=(
            "zx_status_t zx_job_set(zx_handle_t handle, uint32_t kind)",
            "zx_status_t zx_stream_create(uint32_t options, zx_handle_t vmo)",
        ),
        bad=("zx_status_t zx_job_set(uint32_t kind, zx_handle_t handle)",),
        check=_receiver_first,
    ),
    Rule(
        "R11",
        "must",
        "The handle a call is made on is called handle.",
        "Rename the parameter to handle.",
        good=("zx_status_t zx_job_set(zx_handle_t handle, zx_handle_t process)",),
        bad=(
            "zx_status_t zx_job_set(zx_handle_t job, zx_handle_t process)",
            "zx_status_t zx_vcpu_create(zx_handle_t guest, zx_handle_t* out)",
        ),
        check=_receiver_name,
    ),
    Rule(
        "R12",
        "must",
        "options is a uint32_t.",
        "Make it a uint32_t.",
        good=("zx_status_t zx_clock_create(uint32_t options, zx_handle_t* out)",),
        bad=("zx_status_t zx_clock_create(uint64_t options, zx_handle_t* out)",),
        check=_options_type,
    ),
    Rule(
        "R13",
        "must",
        "A word of flags is called options.",
        "Rename the parameter to options.",
        good=("zx_status_t zx_socket_set(zx_handle_t handle, uint32_t options)",),
        bad=(
            "zx_status_t zx_socket_set(zx_handle_t handle, uint32_t disposition)",
            "zx_status_t zx_socket_set(zx_handle_t handle, uint32_t write_flags)",
            "zx_status_t zx_pci_set(zx_handle_t handle, uint32_t mode)",
        ),
        check=_options_name,
    ),
    Rule(
        "R14",
        "must",
        "options comes right after the receiver, or first where there is none.",
        "Move options behind the receiver, or to the front.",
        good=(
            "zx_status_t zx_event_create(uint32_t options, zx_handle_t* out)",
            "zx_status_t zx_job_set(zx_handle_t handle, uint32_t options, uint32_t kind)",
        ),
        bad=(
            "zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out)",
            "zx_status_t zx_job_set(zx_handle_t handle, uint32_t kind, uint32_t options)",
        ),
        check=_options_place,
    ),
    Rule(
        "R15",
        "must",
        "A handle argument is always consumed or never.",
        "Split the call, or consume the handles in every case.",
        good=(
            'zx_status_t zx_handle_close(zx_handle_t handle __attribute__((release_handle("x"))))',
        ),
        bad=(
            "zx_status_t zx_channel_write(const zx_handle_t* handles "
            '__attribute__((use_handle("x"), release_handle("x"))), size_t num_handles)',
        ),
        check=_consumption,
    ),
    Rule(
        "R25",
        "should",
        "The type of the receiver is the noun.",
        "Name the call for the object it is made on, or take the privilege in another place.",
        good=(
            "zx_status_t zx_job_create(zx_handle_t parent_job, zx_handle_t* out)",
            "zx_status_t zx_vmo_read(zx_handle_t handle)",
        ),
        bad=(
            "zx_status_t zx_process_create(zx_handle_t job, zx_handle_t* out)",
            "zx_status_t zx_vmo_create_physical(zx_handle_t resource, zx_handle_t* out)",
        ),
        check=_receiver_type,
    ),
    Rule(
        "R27",
        "must",
        "Values of options are single bits that can be combined.",
        "Give each value one bit of its own.",
        good=(
            "#define ZX_STREAM_MODE_READ 1",
            "#define ZX_STREAM_MODE_APPEND 4",
            "#define ZX_OTHER 3",
        ),
        bad=("#define ZX_STREAM_MODE_BOTH 3", "#define ZX_STREAM_MODE_NEGATIVE -1"),
        check_whole=_bit_flags,
    ),
)
