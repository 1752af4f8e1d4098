"""Allowlists: the symbols a library may import.

One symbol a line, in groups headed by ``# name``; a heading stands at the start of the file or
after a blank line, any other ``#`` line is a comment.  A name may be followed by attributes and a
reason::

    memcpy
    memcpy@GLIBC_2.14                      only in this version
    __cxa_thread_atexit_impl  weak-ok      only weakly: it may be missing at run time
    errno_slot                tls-ok       a thread-local variable
    zx_pc_trap  arch=x86_64,x86            only there
    fopen                                  # used by the trace writer only
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.symbols.layout import MACHINES
from harness.symbols.model import Symbol
from harness.symbols.text import read_text

_REASON: Final = re.compile(r"\s#")


@dataclass(frozen=True, slots=True)
class Entry:
    """One symbol of an allowlist."""

    name: str
    #: The version it must have; empty for any.
    version: str
    group: str
    #: Line in the file, from 1.
    line: int
    #: It may be imported weakly, and only so.
    weak_ok: bool = False
    #: It may be a thread-local variable.
    tls_ok: bool = False
    #: Machines it is for; empty for all.
    machines: frozenset[str] = frozenset()
    reason: str = ""

    @property
    def full_name(self) -> str:
        """With the version it asks for."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def covers(self, symbol: Symbol, machine: str) -> bool:
        """Whether it is about this import of a library for *machine*."""
        return (
            self.name == symbol.name
            and self.version in ("", symbol.version)
            and (not self.machines or machine in self.machines)
        )


@dataclass(frozen=True, slots=True)
class Group:
    """A heading and what stands under it."""

    name: str
    #: Line of the heading, from 1; 0 for entries above any heading.
    line: int
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Allowlist:
    """An allowlist and the lines it was read from."""

    path: Path
    lines: tuple[str, ...]
    groups: tuple[Group, ...]
    #: Entries by name, in the order of the file.
    by_name: dict[str, list[Entry]]

    @property
    def entries(self) -> list[Entry]:
        """All entries in the order of the file."""
        return [entry for group in self.groups for entry in group.entries]

    def covering(self, symbol: Symbol, machine: str) -> Entry | None:
        """The first entry about an import."""
        for entry in self.by_name.get(symbol.name, ()):
            if entry.covers(symbol, machine):
                return entry
        return None

    @property
    def duplicates(self) -> list[Entry]:
        """Entries that an earlier one makes superfluous."""
        found = []
        for entries in self.by_name.values():
            seen: set[tuple[str, frozenset[str]]] = set()
            for entry in entries:
                key = entry.version, entry.machines
                if key in seen:
                    found.append(entry)
                seen.add(key)
        return found


def read_allowlist(path: Path) -> Allowlist:
    """Read an allowlist; `InputError` names file and line."""
    lines = read_text(path).splitlines()
    groups = [Group("", 0)]
    by_name: dict[str, list[Entry]] = {}
    after_blank = True
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("#"):
            if after_blank:
                groups.append(Group(text.lstrip("#").strip(), number))
        elif text:
            entry = _entry(text, groups[-1].name, number, f"{path}:{number}")
            groups[-1].entries.append(entry)
            by_name.setdefault(entry.name, []).append(entry)
        after_blank = not text
    return Allowlist(path, tuple(lines), tuple(groups), by_name)


def _entry(text: str, group: str, line: int, where: str) -> Entry:
    statement, *rest = _REASON.split(text, maxsplit=1)
    name, *attributes = statement.split()
    name, _, version = name.partition("@")
    machines: set[str] = set()
    for attribute in attributes:
        key, _, value = attribute.partition("=")
        if key == "arch":
            machines.update(value.split(","))
            unknown = machines - set(MACHINES.values())
            if unknown:
                raise InputError(f"unknown architecture {min(unknown)!r}", where=where)
        elif attribute not in ("weak-ok", "tls-ok"):
            raise InputError(f"more than one word, and {attribute!r} is no attribute", where=where)
    return Entry(
        name,
        version.lstrip("@"),
        group,
        line,
        "weak-ok" in attributes,
        "tls-ok" in attributes,
        frozenset(machines),
        "".join(rest).strip(),
    )
