"""What a rule is: a statement, a check, and examples that are its tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from harness.errors import InputError
from zxio_py import abi
from zxio_py.abi.model import SCALAR_TYPES, Call, Direction, Param

Severity: TypeAlias = Literal["must", "should", "abi"]


@dataclass(frozen=True, slots=True)
class Interface:
    """What is judged: calls, named constants, and the sets of flags among these."""

    calls: Mapping[str, Call]
    constants: Mapping[str, int]
    #: Prefixes of constants that are values of an ``options`` parameter.
    option_sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation."""

    rule: str
    #: The call, or the constant.
    function: str
    #: Name of the parameter, empty where the whole call is meant.
    parameter: str
    message: str


CallCheck: TypeAlias = Callable[[Call], Iterator[tuple[str, str]]]
ConstantCheck: TypeAlias = Callable[[Interface], Iterator[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the rubric.

    `check` looks at one call and yields (parameter, why); `check_constants` at the constants and
    yields (constant, why).  Examples are C prototypes or ``NAME = value`` definitions.
    """

    id: str
    severity: Severity
    statement: str
    good: tuple[str, ...]
    bad: tuple[str, ...]
    check: CallCheck | None = None
    check_constants: ConstantCheck | None = None

    def apply(self, interface: Interface) -> Iterator[Finding]:
        """Every violation in an interface, in its order."""
        if self.check is not None:
            for call in interface.calls.values():
                for parameter, message in self.check(call):
                    yield Finding(self.id, call.name, parameter, message)
        if self.check_constants is not None:
            for constant, message in self.check_constants(interface):
                yield Finding(self.id, constant, "", message)


def our_interface() -> Interface:
    """The exported, stable calls of this project's own definition."""
    unstable = {"testonly", "next"}
    calls = {
        name: call
        for name, call in abi.CALLS.items()
        if call.exported and not call.attributes & unstable
    }
    return Interface(calls, abi.CONSTANTS, OPTION_SETS)


#: Prefixes of our own constants that are combined into an options word.
OPTION_SETS: Final = (
    "ZX_BTI_PERM_",
    "ZX_CACHE_FLUSH_",
    "ZX_CHANNEL_READ_",
    "ZX_CHANNEL_WRITE_",
    "ZX_CLOCK_OPT_",
    "ZX_CLOCK_UPDATE_OPTION_",
    "ZX_INTERRUPT_BIND_",
    "ZX_SOCKET_DATAGRAM",
    "ZX_SOCKET_PEEK",
    "ZX_STREAM_APPEND",
    "ZX_STREAM_MODE_",
    "ZX_VM_",
    "ZX_VMO_CHILD_",
    "ZX_WAIT_ASYNC_",
)


# ---- C prototypes --------------------------------------------------------------------------

_PROTOTYPE: Final = re.compile(
    r"\s*(?P<returns>[\w ]+?[\s*]+)(?P<name>\w+)\s*\((?P<params>[^()]*)\)\s*;?\s*", re.ASCII
)
_PARAM: Final = re.compile(r"\s*(?P<type>(?:const\s+)?[\w ]+?(?:\s*\*)?)\s*(?P<name>\w+)\s*$")
_COUNT_NAME: Final = re.compile(r"(?:num_\w+|\w*_?(?:size|len|count))$")


def parse_prototype(text: str) -> Call:
    """A call from its C prototype; `InputError` if it is none.

    A pointer that is not const is an output; one called inout_... is both.  The number after a
    buffer counts it if its name says so.
    """
    match = _PROTOTYPE.fullmatch(text)
    if match is None:
        raise InputError(f"not a C prototype: {text.strip()!r}")
    params = [
        _parse_param(part, text)
        for part in match["params"].split(",")
        if part.strip() not in ("", "void")
    ]
    return Call(match["name"], _squeeze(match["returns"]), tuple(_with_counts(params)))


def _parse_param(part: str, text: str) -> Param:
    match = _PARAM.fullmatch(part)
    if match is None:
        raise InputError(f"cannot read parameter {part.strip()!r} of {text.strip()!r}")
    kind, name = _squeeze(match["type"]), match["name"]
    direction: Direction = "in"
    if kind.endswith("*") and not kind.startswith("const "):
        direction = "inout" if name.startswith("inout") else "out"
    return Param(name, kind, direction)


def _with_counts(params: list[Param]) -> Iterator[Param]:
    """Bind each buffer to its count: ``num_<buffer>``, ``<buffer>_size``, or the next number."""
    numbers = [p for p in params if not p.is_pointer and _COUNT_NAME.fullmatch(p.name)]
    for index, param in enumerate(params):
        if not param.is_pointer:
            yield param
            continue
        own = [p for p in numbers if param.name in p.name]
        after = params[index + 1] if index + 1 < len(params) else None
        if own:
            yield replace(param, count=own[0].name)
        elif after in numbers and param.pointee in ("void", "char"):
            yield replace(param, count=after.name if after else None)
        else:
            yield param


def _squeeze(kind: str) -> str:
    return re.sub(r"\s*\*", "*", " ".join(kind.split()))


def is_builtin(kind: str) -> bool:
    """Whether a type's name (without const and ``*``) is C's own."""
    return kind in ("void", "char", "bool", "int", "short", "long", "float", "double") or (
        kind in SCALAR_TYPES and not kind.startswith("zx_")
    )
