"""Rewriting lists so that a library keeps them: groups, comments and order stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from harness.errors import InputError
from harness.program.results import write_atomically
from harness.symbols.allowlist import Allowlist, Group, read_allowlist
from harness.symbols.demangle import PREFIX
from harness.symbols.elf import read_elf
from harness.symbols.imports import Providers
from harness.symbols.interface import read_interface
from harness.symbols.interface_text import interface_text, updated_interface
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.text import printable, read_text

#: The group of symbols that nobody is known to supply.
_UNKNOWN = "other"


@dataclass(frozen=True, slots=True)
class Change:
    """A list and what becomes of it."""

    path: Path
    old: str
    new: str

    @property
    def difference(self) -> str:
        """The change as a unified diff; empty if there is none."""
        old, new = self.old.splitlines(keepends=True), self.new.splitlines(keepends=True)
        return "".join(unified_diff(old, new, str(self.path), str(self.path)))

    def write(self) -> None:
        """Put the new text in place of the old."""
        if self.new != self.old:
            write_atomically(self.path, self.new.encode())


@dataclass(frozen=True, slots=True)
class Update:
    """All that an update does and what it cannot do."""

    changes: tuple[Change, ...]
    #: C++ symbols, which no list can allow.
    refused: tuple[str, ...]


def update_lists(
    library: Path,
    *,
    imports: Path | None = None,
    exports: Path | None = None,
    providers: Providers | None = None,
    prune: bool = False,
    bare: bool = False,
) -> Update:
    """What has to change in the lists for *library* to keep them; nothing is written yet.

    A list that does not exist is made.  With *prune*, entries that are not imported go.  With
    *bare*, entries have no attributes: Fuchsia's scripts know none.
    """
    file = read_elf(library)
    changes = []
    refused: tuple[str, ...] = ()
    if imports:
        old = read_text(imports) if imports.exists() else ""
        allowlist = read_allowlist(imports) if old else Allowlist(imports, (), (), {})
        refused = tuple(s.full_name for s in file.imports if s.name.startswith(PREFIX))
        new = _updated_allowlist(file, allowlist, providers or Providers(), prune, bare)
        changes.append(Change(imports, old, new))
    if exports:
        old = read_text(exports) if exports.exists() else ""
        if old:
            new = updated_interface(old, read_interface(exports), file)
        else:
            new = interface_text(file, size=False)
        changes.append(Change(exports, old, new))
    return Update(tuple(changes), refused)


def _updated_allowlist(
    file: SymbolFile, allowlist: Allowlist, providers: Providers, prune: bool, bare: bool
) -> str:
    gone = set(_superfluous(file, allowlist)) if prune else set()
    after: dict[int, list[str]] = {}
    fresh: dict[str, list[str]] = {}
    for symbol in file.imports:
        if symbol.name.startswith(PREFIX) or allowlist.covering(symbol, file.machine):
            continue
        _check_name(symbol, allowlist.path)
        supplier = providers.supplier(symbol.name)[0]
        text = symbol.name if bare else symbol.name + _attributes(symbol, bool(supplier))
        name = supplier or _UNKNOWN
        group = next((g for g in allowlist.groups if g.name == name), None)
        if group is None:
            fresh.setdefault(name, []).append(text)
        else:
            after.setdefault(_place(group, symbol.name), []).append(text)
    lines = after.pop(0, [])
    for number, line in enumerate(allowlist.lines, 1):
        lines += [line] if number not in gone else []
        lines += after.get(number, [])
    for name, texts in fresh.items():
        if lines and lines[-1].strip():
            lines.append("")
        lines += [f"# {name}", *texts]
    return "\n".join(lines) + "\n" if lines else ""


def _superfluous(file: SymbolFile, allowlist: Allowlist) -> Iterator[int]:
    """Lines of entries for this machine that no import needs."""
    used = {
        entry.line
        for symbol in file.imports
        if (entry := allowlist.covering(symbol, file.machine)) is not None
    }
    for entry in allowlist.entries:
        elsewhere = entry.machines and file.machine not in entry.machines
        if entry.line not in used and not elsewhere:
            yield entry.line


def _check_name(symbol: Symbol, path: Path) -> None:
    if any(c.isspace() or c in "#@" for c in symbol.name) or not symbol.name.isprintable():
        raise InputError(
            f"no list can have a symbol named {printable(symbol.name)}", where=str(path)
        )


def _attributes(symbol: Symbol, supplied: bool) -> str:
    words = ["weak-ok"] if symbol.binding == "weak" and not supplied else []
    words += ["tls-ok"] if symbol.type == "tls" else []
    return "".join(f"  {word}" for word in words)


def _place(group: Group, name: str) -> int:
    """The line after which a new entry of a group goes."""
    names = [entry.name for entry in group.entries]
    if not names:
        return group.line
    if names == sorted(names):
        earlier = [entry.line for entry in group.entries if entry.name < name]
        return earlier[-1] if earlier else group.entries[0].line - 1
    return group.entries[-1].line
