"""What a rule is: a statement, a check, and examples that are its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from zxio_py.abi.model import SCALAR_TYPES, Call, Property

Severity: TypeAlias = Literal["must", "should", "abi"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is defined."""

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Interface:
    """What is judged: calls, named constants, and the sets of flags among these."""

    calls: Mapping[str, Call]
    constants: Mapping[str, int]
    #: Prefixes of constants that are values of an ``options`` parameter.
    option_sets: tuple[str, ...] = ()
    properties: Sequence[Property] = ()
    #: Where calls and constants are defined, as far as that is known.
    places: Mapping[str, Place] = field(default_factory=dict)
    #: Folder of the documentation (``syscalls.md`` and a page per call); None: not judged.
    docs: Path | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One violation."""

    rule: str
    #: The call, the constant or the property.
    function: str
    #: Name of the parameter, empty where the whole call is meant.
    parameter: str
    #: Why it violates the rule.
    message: str
    place: Place | None = None


CallCheck: TypeAlias = Callable[[Call], Iterator[tuple[str, str]]]
InterfaceCheck: TypeAlias = Callable[[Interface], Iterator[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the rubric.

    `check` looks at one call and yields (parameter, why); `check_whole` at the interface and
    yields (name of what is wrong there, why).  Examples are lines of C: prototypes or ``#define``.
    """

    id: str
    severity: Severity
    statement: str
    #: What to do about a violation.
    fix: str
    good: tuple[str, ...]
    bad: tuple[str, ...]
    check: CallCheck | None = None
    check_whole: InterfaceCheck | None = None

    def apply(self, interface: Interface) -> Iterator[Finding]:
        """Every violation in an interface, in its order."""
        places = interface.places
        if self.check is not None:
            for name, call in interface.calls.items():
                for parameter, message in self.check(call):
                    yield Finding(self.id, name, parameter, message, places.get(name))
        if self.check_whole is not None:
            for name, message in self.check_whole(interface):
                yield Finding(self.id, name, "", message, places.get(name))


def is_builtin(kind: str) -> bool:
    """Whether a type's name (without const and ``*``) is C's own."""
    return kind in ("void", "char", "bool", "int", "short", "long", "float", "double") or (
        kind in SCALAR_TYPES and not kind.startswith("zx_")
    )
