"""Interface files: the exports a library promises.

The text form of llvm-ifs, versions 1 to 3, in YAML as that tool writes it; and the plain form
that came before it, one name a line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.symbols.text import read_text


@dataclass(frozen=True, slots=True)
class InterfaceSymbol:
    """One symbol of an interface."""

    name: str
    #: "func", "object", "tls", "notype", "unknown"; empty where the file does not say.
    type: str
    #: None where the file does not say.
    weak: bool | None
    #: Bytes, or None where not given.
    size: int | None
    #: First and last line in the file, from 1.
    line: int
    last: int


@dataclass(slots=True)
class Interface:
    """The exports a library promises."""

    path: Path
    soname: str = ""
    symbols: dict[str, InterfaceSymbol] = field(default_factory=dict)
    #: Libraries it needs; None where the file does not say.
    needed: list[str] | None = None
    #: "x86_64" or as llvm-ifs calls it; empty for any.
    machine: str = ""
    #: Whether it is the plain form.
    plain: bool = False
    #: Whether symbols are a mapping, as in version 1.
    mapping: bool = False


_START: Final = re.compile(r"--- !(?:experimental-)?ifs-v[123]\s*$")
_HEADER: Final = re.compile(r"(?P<key>\w+):\s*(?P<value>.*?)\s*$")
_FLOW_ENTRY: Final = re.compile(r"\s*- \{(?P<fields>.*)\}\s*$")
_MAP_ENTRY: Final = re.compile(
    r"\s+(?P<name>'[^']*'|\"[^\"]*\"|[^\s:]+)\s*:\s*\{(?P<fields>.*)\}\s*$"
)
_ITEM: Final = re.compile(r"\s*- (?P<value>[^{].*?)\s*$")
_BLOCK_FIELD: Final = re.compile(r"\s+(?P<field>\w+:.*?)\s*$")
_FIELD: Final = re.compile(
    r"\s*(?P<key>\w+)\s*:\s*(?P<value>'[^']*'|\"[^\"]*\"|[^,'\"]*?)\s*(?:,|$)"
)
_PLAIN: Final = re.compile(r"[^\s:{}]+$")

_TYPES: Final = ("NoType", "Func", "Object", "TLS", "Unknown")
_FIELDS: Final = frozenset(("Name", "Type", "Size", "Undefined", "Weak", "Warning"))
_HEADERS: Final = frozenset(
    ("IfsVersion", "SoName", "Target", "Triple", "ObjectFileFormat", "Arch", "Symbols",
     "NeededLibs", "Endianness", "BitWidth", "ObjectFormat")
)  # fmt: skip
#: The newest version that can be read.
_NEWEST: Final = 3


def read_interface(path: Path) -> Interface:
    """Read an interface file; `InputError` names file and line."""
    lines = read_text(path).splitlines()
    if lines and not lines[0].startswith("---") and all(map(_is_plain, lines)):
        return _read_plain(path, lines)
    return _Parser(path, lines).read()


def _is_plain(line: str) -> bool:
    text = line.strip()
    return not text or text.startswith("#") or bool(_PLAIN.match(text))


def _read_plain(path: Path, lines: list[str]) -> Interface:
    interface = Interface(path, plain=True)
    for number, line in enumerate(lines, 1):
        name = line.strip()
        if name and not name.startswith("#"):
            _add(interface, InterfaceSymbol(name, "", None, None, number, number))
    return interface


def _add(interface: Interface, symbol: InterfaceSymbol) -> None:
    if symbol.name in interface.symbols:
        raise InputError(
            f"{symbol.name} stands there twice", where=f"{interface.path}:{symbol.line}"
        )
    interface.symbols[symbol.name] = symbol


class _Parser:
    """Goes through the lines of an interface file once."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self._lines = lines
        self._interface = Interface(path)
        self._section = ""
        #: Fields of the entry being read that stands on several lines, and its first line.
        self._block: dict[str, str] = {}
        self._block_line = 0
        self._block_last = 0

    def read(self) -> Interface:
        """The interface as a whole."""
        if not self._lines or not _START.match(self._lines[0]):
            raise self._error(1, "does not begin with --- !ifs-v1")
        for number, line in enumerate(self._lines[1:], 2):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            if line.strip() == "...":
                break
            self._line(number, line)
        self._end_block()
        return self._interface

    def _error(self, number: int, why: str) -> InputError:
        return InputError(why, where=f"{self._interface.path}:{number}")

    def _line(self, number: int, line: str) -> None:
        in_symbols = self._section == "Symbols"
        if header := _HEADER.match(line):
            self._end_block()
            self._header(number, header["key"], header["value"])
        elif in_symbols and (entry := _FLOW_ENTRY.match(line)):
            self._end_block()
            self._symbol(number, number, self._fields(number, entry["fields"]))
        elif in_symbols and (entry := _MAP_ENTRY.match(line)):
            self._end_block()
            name = {"Name": _unquote(entry["name"])}
            self._symbol(number, number, name | self._fields(number, entry["fields"]))
            self._interface.mapping = True
        elif item := _ITEM.match(line):
            self._end_block()
            self._item(number, item["value"])
        elif self._block and (part := _BLOCK_FIELD.match(line)):
            self._block |= self._fields(number, part["field"])
            self._block_last = number
        else:
            raise self._error(number, f"cannot read {line.strip()!r}")

    def _header(self, number: int, key: str, value: str) -> None:
        self._section = key
        if key not in _HEADERS:
            raise self._error(number, f"unknown heading {key!r}")
        if key == "IfsVersion":
            major = value.split(".")[0]
            if not major.isdigit() or int(major) > _NEWEST:
                raise self._error(number, f"version {value} is not supported")
        elif key == "SoName":
            self._interface.soname = _unquote(value)
        elif key in ("Target", "Triple", "Arch"):
            self._interface.machine = self._machine(number, value)
        elif key == "NeededLibs":
            self._interface.needed = [
                _unquote(item.strip()) for item in value.strip("[]").split(",") if item.strip()
            ]
        elif key == "Symbols" and value not in ("", "[]", "{}", "[  ]", "{  }"):
            raise self._error(number, f"cannot read {value!r}")

    def _machine(self, number: int, value: str) -> str:
        if value.startswith("{"):
            return self._fields(number, value.strip("{} ")).get("Arch", "")
        return _unquote(value).split("-")[0]

    def _item(self, number: int, value: str) -> None:
        if self._section == "NeededLibs" and self._interface.needed is not None:
            self._interface.needed.append(_unquote(value))
        elif self._section == "Symbols":
            self._block = self._fields(number, value)
            self._block_line = self._block_last = number
        else:
            raise self._error(number, f"cannot read {value!r}")

    def _end_block(self) -> None:
        if self._block:
            self._symbol(self._block_line, self._block_last, self._block)
            self._block = {}

    def _fields(self, number: int, text: str) -> dict[str, str]:
        fields = {}
        at = 0
        while at < len(text.rstrip()):
            match = _FIELD.match(text, at)
            if match is None or (match["key"] not in _FIELDS and self._section == "Symbols"):
                raise self._error(number, f"cannot read {text[at:].strip()!r}")
            fields[match["key"]] = _unquote(match["value"])
            at = match.end()
        return fields

    def _symbol(self, number: int, last: int, fields: dict[str, str]) -> None:
        if not fields.get("Name") or "Type" not in fields:
            raise self._error(number, "a symbol needs Name and Type")
        if fields["Type"] not in _TYPES:
            raise self._error(number, f"Type is {fields['Type']!r}")
        for key in ("Undefined", "Weak"):
            if fields.get(key, "false") not in ("true", "false"):
                raise self._error(number, f"{key} is {fields[key]!r}")
        size = fields.get("Size")
        if size is not None and not re.fullmatch(r"\d+|0x[0-9a-fA-F]+", size):
            raise self._error(number, f"Size is {size!r}")
        if fields.get("Undefined") == "true":
            return  # what the library imports is not its interface
        weak = fields.get("Weak") == "true"
        count = int(size, 16 if size.startswith("0x") else 10) if size is not None else None
        kind = fields["Type"].lower()
        symbol = InterfaceSymbol(fields["Name"], kind, weak, count, number, last)
        _add(self._interface, symbol)


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
