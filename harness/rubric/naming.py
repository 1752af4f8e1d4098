"""R01 to R05: names of functions, macros and types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from harness.rubric.rule import Interface, Rule, is_builtin
from zxio_py.abi.model import Call

#: Kinds of objects and services, the nouns of the grammar.
NOUNS: Final = frozenset(
    "bti cache channel clock cprng debug debuglog event eventpair exception fifo framebuffer futex "
    "guest handle interrupt iob iommu ioports job ktrace msi mtrace object pager pc pci pmt port "
    "process profile resource restricted smc socket status stream system task thread ticks timer "
    "vcpu vmar vmo".split()
)

VERBS: Final = frozenset(
    "ack add allocate bind call cancel close control create destroy detach draw duplicate enable "
    "enter exit flush get init interrupt kick kill map pin protect query queue read release "
    "replace request requeue reset seek send set signal start supply suspend trigger unmap unpin "
    "update wait wake write".split()
)

#: Words that stand for longer ones or for several.
_ABBREVIATED: Final = frozenset("ack cfg init ioports ktrace mtrace op readv writev ticks".split())

_FUNCTION_CHARACTERS: Final = re.compile(r"[a-z_]*")


def _prefix(call: Call) -> Iterator[tuple[str, str]]:
    if not call.name.startswith("zx_"):
        yield "", "the name does not start with zx_"


def _macro_prefix(interface: Interface) -> Iterator[tuple[str, str]]:
    for name in interface.constants:
        if not name.startswith("ZX_"):
            yield name, "the name does not start with ZX_"


def _characters(call: Call) -> Iterator[tuple[str, str]]:
    if not _FUNCTION_CHARACTERS.fullmatch(call.name):
        yield "", "the name has other characters than a to z and _"


def _words(call: Call) -> list[str]:
    return call.name.removeprefix("zx_").split("_")


def _grammar(call: Call) -> Iterator[tuple[str, str]]:
    words = _words(call)
    if words[0] not in NOUNS:
        yield "", f"{words[0]} is not the noun of a kernel object or service"
    elif len(words) < 2:
        yield "", "the name has no verb"
    elif not words[1]:
        yield "", "the name has an empty word"
    elif words[1] not in VERBS and words[1] not in _ABBREVIATED:
        yield "", f"{words[1]} is not a verb in second place"


def _whole_words(call: Call) -> Iterator[tuple[str, str]]:
    for word in _words(call)[:2]:
        if word in _ABBREVIATED:
            yield "", f"{word} is an abbreviation or a plural"


def _types(call: Call) -> Iterator[tuple[str, str]]:
    kinds = [("", call.returns)] + [(p.name, p.type) for p in call.params]
    for name, kind in kinds:
        plain = kind.removeprefix("const ").rstrip("*")
        if not is_builtin(plain) and not (plain.startswith("zx_") and plain.endswith("_t")):
            yield name, f"type {plain} is not called zx_..._t"


RULES = (
    Rule(
        "R01",
        "must",
        "Function names start with zx_, macros with ZX_.",
        "Prefix the name: zx_ for functions, ZX_ for macros.",
        good=(
            "zx_status_t zx_event_create(uint32_t options, zx_handle_t* out)",
            "#define ZX_EVENT_X 1",
        ),
        bad=(
            "zx_status_t mx_event_create(uint32_t options, zx_handle_t* out)",
            "#define EVENT_X 1",
        ),
        check=_prefix,
        check_whole=_macro_prefix,
    ),
    Rule(
        "R02",
        "must",
        "Function names are made of lower-case letters and underscores.",
        "Spell the name with lower-case letters and single underscores.",
        good=("zx_status_t zx_event_signal(zx_handle_t handle)",),
        bad=(
            "zx_status_t zx_event_Signal(zx_handle_t handle)",
            "zx_status_t zx_event_signal2(zx_handle_t handle)",
        ),
        check=_characters,
    ),
    Rule(
        "R03",
        "must",
        "A name is zx_<noun>_<verb>, followed by the direct object if there is one.",
        "Rename it: the noun of the object first, then what is done to it, then the direct object.",
        good=(
            "zx_status_t zx_object_wait_one(zx_handle_t handle)",
            "zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle)",
        ),
        bad=(
            "zx_status_t zx_wait_object(zx_handle_t handle)",
            "zx_status_t zx_nanosleep(zx_time_t deadline)",
            "zx_status_t zx_vmo_size(zx_handle_t handle)",
        ),
        check=_grammar,
    ),
    Rule(
        "R04",
        "should",
        "Noun and verb are single, whole English words.",
        "Write the word out, in the singular.",
        good=("zx_status_t zx_stream_read(zx_handle_t handle)",),
        bad=(
            "zx_status_t zx_stream_readv(zx_handle_t handle)",
            "zx_status_t zx_interrupt_ack(zx_handle_t handle)",
        ),
        check=_whole_words,
    ),
    Rule(
        "R05",
        "must",
        "Types are called zx_..._t.",
        "Define a type zx_..._t for it.",
        good=("zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, size_t buffer_size)",),
        bad=(
            "zx_status_t zx_vmo_read(handle_t handle, void* buffer, size_t buffer_size)",
            "status zx_vmo_read(zx_handle_t handle, void* buffer, size_t buffer_size)",
        ),
        check=_types,
    ),
)
