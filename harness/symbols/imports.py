"""The rules about what a library imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.symbols.allowlist import Allowlist, Entry
from harness.symbols.demangle import PREFIX, readable
from harness.symbols.elf import read_elf
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.report import Finding
from harness.symbols.text import nearest, one_line, printable
from harness.symbols.uses import uses_of
from zxio_py.abi import CALLS
from zxio_py.abi.editions import EDITIONS, calls_of

#: The group of an allowlist that the kernel provides.
VDSO_GROUP: Final = "vdso"
#: Unused entries that a warning names.
_FEW: Final = 4
#: Similar names are looked for this often; it takes a while, and no more is read.
_MAX_HINTS: Final = 200


@dataclass(frozen=True, slots=True)
class Providers:
    """Who supplies the groups of an allowlist."""

    #: Group -> the file that supplies it.
    files: Mapping[str, Path] = field(default_factory=dict)
    #: Group -> names that it exports.
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def supplier(self, name: str) -> tuple[str, str]:
        """Group and description of who exports a name; empty if nobody is known to."""
        for group, names in self.names.items():
            if name in names:
                path = self.files.get(group)
                return group, f"{path} ({group})" if path else group
        if name in vdso_names():
            return VDSO_GROUP, VDSO_GROUP
        return "", ""


def read_providers(options: Iterable[str]) -> Providers:
    """Providers from ``GROUP=FILE`` words; several files of one group add up."""
    files: dict[str, Path] = {}
    names: dict[str, frozenset[str]] = {}
    for option in options:
        group, mark, path = option.partition("=")
        if not mark or not path:
            raise InputError("a provider is GROUP=FILE", where=option)
        files[group] = Path(path)
        exports = frozenset(symbol.name for symbol in read_elf(Path(path)).exports)
        names[group] = names.get(group, frozenset()) | exports
    return Providers(files, names)


def vdso_names() -> frozenset[str]:
    """What the vDSO of any known edition exports."""
    calls = {call.name for call in CALLS.values() if call.exported}
    for edition in EDITIONS:
        calls |= calls_of(edition)
    return frozenset(calls | {f"_{name}" for name in calls})


def check_imports(
    file: SymbolFile, allowlist: Allowlist, providers: Providers, strict: bool
) -> Iterator[Finding]:
    """Hold what *file* imports against its allowlist, and the list against its providers."""
    bad = {s.name for s in file.imports if not allowlist.covering(s, file.machine) or _is_cpp(s)}
    hinted = frozenset(sorted(bad)[:_MAX_HINTS])
    context = _Context(file, allowlist, providers, uses_of(file, bad), readable(bad), hinted)
    used: set[int] = set()
    for symbol in file.imports:
        entry = allowlist.covering(symbol, file.machine)
        if entry is not None:
            used.add(entry.line)
        yield from context.judge(symbol, entry)
    for entry in allowlist.duplicates:
        yield _about(allowlist, entry, "duplicate", "is listed more than once", not strict)
        used.add(entry.line)
    unused = []
    for entry in allowlist.entries:
        elsewhere = entry.machines and file.machine not in entry.machines
        if entry.line not in used and not elsewhere:
            unused.append(entry)
        if entry.name.startswith(PREFIX):
            yield _about(allowlist, entry, "cpp", "is a C++ symbol and cannot be allowed", False)
        if not entry.weak_ok and not elsewhere:
            yield from _provided(allowlist, entry, providers, not strict and entry.line not in used)
    if strict:
        for entry in unused:
            yield _about(allowlist, entry, "unused", "is listed, but not imported", False)
    elif unused:
        names = ", ".join(entry.full_name for entry in unused[:_FEW])
        names += ", ..." if len(unused) > _FEW else ""
        message = f"{len(unused)} of {len(allowlist.entries)} symbols are not imported: {names}"
        yield Finding("unused", "", message, True, file=allowlist.path)


def _is_cpp(symbol: Symbol) -> bool:
    return symbol.name.startswith(PREFIX)


def _about(allowlist: Allowlist, entry: Entry, rule: str, what: str, warning: bool) -> Finding:
    message = f"{printable(entry.full_name)} {what}"
    return Finding(rule, entry.full_name, message, warning, file=allowlist.path, line=entry.line)


def _provided(
    allowlist: Allowlist, entry: Entry, providers: Providers, warning: bool
) -> Iterator[Finding]:
    group = entry.group
    if group in providers.names:
        if entry.name not in providers.names[group]:
            what = f"stands under {group}, but {providers.files[group]} does not export it"
            yield _about(allowlist, entry, "provider", what, warning)
    elif group.lower() == VDSO_GROUP and entry.name not in vdso_names():
        # Whether a vDSO we do not know has it cannot be told, so it never fails a check.
        what = "stands under vdso, but no known vDSO exports it"
        yield _about(allowlist, entry, "provider", what, True)


@dataclass(frozen=True, slots=True)
class _Context:
    """What is known when one import is judged."""

    file: SymbolFile
    allowlist: Allowlist
    providers: Providers
    uses: Mapping[str, tuple[str, ...]]
    plain: Mapping[str, str]
    #: The names for which a similar one is looked for.
    hinted: frozenset[str]

    def judge(self, symbol: Symbol, entry: Entry | None) -> Iterator[Finding]:
        name = printable(symbol.full_name)
        if symbol.visibility != "default" or symbol.binding == "local":
            how = symbol.visibility if symbol.visibility != "default" else symbol.binding
            message = f"{name} is undefined, but {how}: no other library can supply it"
            yield Finding("visibility", symbol.full_name, message)
        if _is_cpp(symbol):
            yield self._refusal("cpp", symbol, f"{name} is imported, but a C++ symbol", False)
        elif entry is None:
            yield self._unlisted(symbol, name)
        elif entry.weak_ok and symbol.binding != "weak":
            message = f"{name} is imported, but may be missing (weak-ok): it must be weak"
            yield Finding("weak", symbol.full_name, message)
        if entry is not None and symbol.type == "tls" and not entry.tls_ok:
            message = f"{name} is a thread-local variable of another library (no tls-ok)"
            yield Finding("tls", symbol.full_name, message)

    def _unlisted(self, symbol: Symbol, name: str) -> Finding:
        entries = self.allowlist.by_name.get(symbol.name)
        if entries:
            message = f"{name} is imported, but {self._mismatch(symbol, entries)}"
            return self._refusal("import", symbol, message, False)
        return self._refusal("import", symbol, f"{name} is imported, but not on the allowlist")

    def _mismatch(self, symbol: Symbol, entries: list[Entry]) -> str:
        """Why none of the entries of the same name is about this import."""
        versions = sorted({e.version for e in entries if e.version})
        if versions and all(e.version not in ("", symbol.version) for e in entries):
            return f"listed in version {', '.join(versions)} only"
        machines = sorted({machine for e in entries for machine in e.machines})
        return f"listed for {', '.join(machines)} only"

    def _refusal(self, rule: str, symbol: Symbol, message: str, fixable: bool = True) -> Finding:
        plain = self.plain.get(symbol.name)
        if plain:
            message += f": {one_line(plain)}"
        hint = fixable and symbol.name in self.hinted
        group, provider = self.providers.supplier(symbol.name)
        fix = ""
        if fixable:
            under = f' under "# {group}"' if group else ""
            fix = f"to allow it, add the line {symbol.name!r} to {self.allowlist.path}{under}"
        return Finding(
            rule,
            symbol.full_name,
            message,
            nearest=nearest(symbol.name, self.allowlist.by_name) if hint else "",
            uses=self.uses.get(symbol.name, ()),
            provider=provider,
            fix=fix,
        )
