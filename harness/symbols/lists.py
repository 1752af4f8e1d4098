"""Reading allowlists, ``.ifs`` interface files and linker version scripts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from harness.errors import InputError


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read it: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text", where=str(path)) from None


# ---- allowlist -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allowlist:
    """Symbols that may be imported: one per line, in groups headed by ``# name`` lines."""

    path: Path
    #: Symbol -> the heading it stands under.
    entries: dict[str, str]
    #: Symbols that stand there more than once.
    duplicates: tuple[str, ...]


def read_allowlist(path: Path) -> Allowlist:
    """Read an allowlist; `InputError` names file and line."""
    entries: dict[str, str] = {}
    duplicates = []
    group = ""
    for number, line in enumerate(_text(path).splitlines(), 1):
        word = line.strip()
        if word.startswith("#"):
            group = word.lstrip("#").strip()
        elif word:
            if len(word.split()) != 1:
                raise InputError("more than one word", where=f"{path}:{number}")
            if word in entries:
                duplicates.append(word)
            entries.setdefault(word, group)
    return Allowlist(path, entries, tuple(duplicates))


# ---- interface -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InterfaceSymbol:
    """One symbol of an interface; type in lower case, size in bytes or None where not given."""

    name: str
    type: str
    weak: bool
    size: int | None


@dataclass(frozen=True, slots=True)
class Interface:
    """The exports a library promises."""

    path: Path
    soname: str
    symbols: dict[str, InterfaceSymbol]


_IFS_START: Final = re.compile(r"--- !(?:experimental-)?ifs-v[123]\s*$")
_IFS_LIST_ENTRY: Final = re.compile(r"\s*- \{(?P<fields>.*)\}\s*$")
_IFS_MAP_ENTRY: Final = re.compile(r"\s+(?P<name>[^\s:]+)\s*:\s*\{(?P<fields>.*)\}\s*$")
_IFS_HEADER: Final = re.compile(r"(?P<key>\w+):\s*(?P<value>.*?)\s*$")


def read_interface(path: Path) -> Interface:
    """Read an ``.ifs`` file (text form of llvm-ifs, versions 1 to 3)."""
    lines = _text(path).splitlines()
    if not lines or not _IFS_START.match(lines[0]):
        raise InputError("does not begin with --- !ifs-v1", where=f"{path}:1")
    soname = ""
    symbols: dict[str, InterfaceSymbol] = {}
    for number, line in enumerate(lines[1:], 2):
        entry = _IFS_LIST_ENTRY.match(line) or _IFS_MAP_ENTRY.match(line)
        if entry is not None:
            symbol = _interface_symbol(entry, f"{path}:{number}")
            if symbol is not None:
                symbols[symbol.name] = symbol
        elif header := _IFS_HEADER.match(line):
            if header["key"] == "SoName":
                soname = header["value"]
        elif line.strip() not in ("", "..."):
            raise InputError(f"cannot read {line.strip()!r}", where=f"{path}:{number}")
    return Interface(path, soname, symbols)


def _interface_symbol(entry: re.Match[str], where: str) -> InterfaceSymbol | None:
    """The symbol of one entry; None for an undefined one."""
    fields = {}
    for part in filter(str.strip, entry["fields"].split(",")):
        key, colon, value = part.partition(":")
        if not colon:
            raise InputError(f"cannot read {part.strip()!r}", where=where)
        fields[key.strip()] = value.strip().strip("'\"")
    name = fields.get("Name", entry.groupdict().get("name"))
    if not name or "Type" not in fields:
        raise InputError("a symbol needs Name and Type", where=where)
    if fields.get("Undefined") == "true":
        return None
    size = fields.get("Size")
    try:
        number = int(size, 0) if size is not None else None
    except ValueError:
        raise InputError(f"Size is {size!r}", where=where) from None
    return InterfaceSymbol(name, fields["Type"].lower(), fields.get("Weak") == "true", number)


# ---- version script ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VersionScript:
    """What the linker is told to export."""

    path: Path
    #: Names of the global section, without wildcards.
    names: frozenset[str]
    #: Names with wildcards.
    patterns: tuple[str, ...]

    def allows(self, name: str) -> bool:
        """Whether the linker would export a symbol of this name."""
        return name in self.names or any(fnmatchcase(name, p) for p in self.patterns)


_COMMENT: Final = re.compile(r"/\*.*?\*/|#[^\n]*", re.DOTALL)
_TOKEN: Final = re.compile(r'\s*([{};:]|"[^"]*"|[^\s{};:]+)')


def read_version_script(path: Path) -> VersionScript:
    """Read a version script of one or more nodes, named or not."""
    text = _COMMENT.sub(" ", _text(path))
    tokens = _TOKEN.findall(text)
    names: set[str] = set()
    patterns = []
    depth = 0
    exporting = False
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if token == "{":
            depth += 1
            exporting = True  # names before any heading are global
            if depth > 1:
                raise InputError("extern blocks are not supported", where=str(path))
        elif token == "}":
            depth -= 1
        elif following == ":":
            if token not in ("global", "local"):
                raise InputError(f"unknown section {token!r}", where=str(path))
            exporting = token == "global"
        elif depth == 1 and token not in (";", ":") and exporting:
            name = token.strip('"')
            if set(name) & set("*?["):
                patterns.append(name)
            else:
                names.add(name)
    if depth != 0 or not tokens:
        raise InputError("braces do not match", where=str(path))
    return VersionScript(path, frozenset(names), tuple(patterns))
