"""What a release changed: the symbols and needs of two builds of a library."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.symbols.demangle import readable
from harness.symbols.elf import read_elf
from harness.symbols.exports import kind
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.scan import find_raw_calls
from harness.symbols.text import one_line, printable


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    #: "added", "removed" or "changed".
    change: str
    #: "import", "export", "needed", "soname" ...
    what: str
    name: str
    #: What else there is to say, for example "func, was object".
    text: str = ""
    #: Users of the old library may not work with the new one, or its needs may not be met.
    breaking: bool = False

    @property
    def line(self) -> str:
        """One line of text."""
        mark = {"added": "+", "removed": "-", "changed": "~"}[self.change]
        more = f": {self.text}" if self.text else ""
        name = printable(self.name) if self.what in ("import", "export") else one_line(self.name)
        return f"{mark} {self.what} {name}{more}".rstrip()

    def as_json(self) -> dict[str, object]:
        """As JSON values."""
        return {
            "change": self.change,
            "what": self.what,
            "name": self.name,
            "text": self.text,
            "breaking": self.breaking,
        }


def compare_files(old_path: Path, new_path: Path) -> list[Difference]:
    """All differences between two files; `harness.errors.InputError` if one cannot be read."""
    old, new = read_elf(old_path), read_elf(new_path)
    found = [
        *_values("machine", old.machine, new.machine),
        *_values("soname", old.soname, new.soname),
        *_sets("needed", old.needed, new.needed, breaking="added"),
        *_sets("search path", old.search_paths, new.search_paths, breaking=""),
        *_flag("text relocations", old.text_relocations, new.text_relocations),
        *_flag("executable stack", old.executable_stack, new.executable_stack),
        *_symbols("import", old.imports, new.imports, breaking="added"),
        *_symbols("export", old.exports, new.exports, breaking="removed"),
        *_sets("raw call", _calls(old), _calls(new), breaking="added"),
    ]
    plain = readable(difference.name.partition("@")[0] for difference in found)
    return [_with_plain_name(difference, plain) for difference in found]


def _with_plain_name(difference: Difference, plain: Mapping[str, str]) -> Difference:
    text = plain.get(difference.name.partition("@")[0])
    if text is None or difference.what not in ("import", "export"):
        return difference
    parts = filter(None, (difference.text, text))
    return Difference(
        difference.change, difference.what, difference.name, "; ".join(parts), difference.breaking
    )


def _values(what: str, old: str, new: str) -> Iterator[Difference]:
    if old != new:
        yield Difference("changed", what, new or "none", f"was {old or 'none'}", True)


def _flag(what: str, old: bool | None, new: bool | None) -> Iterator[Difference]:
    if bool(old) != bool(new):
        yield Difference("added" if new else "removed", what, "", breaking=bool(new))


def _sets(
    what: str, old: tuple[str, ...], new: tuple[str, ...], *, breaking: str
) -> Iterator[Difference]:
    for change, one, other in (("removed", old, new), ("added", new, old)):
        for name in (Counter(one) - Counter(other)).elements():
            yield Difference(change, what, name, breaking=change == breaking)


def _calls(file: SymbolFile) -> tuple[str, ...]:
    """Own system calls by what does not move: instruction and function."""
    return tuple(
        f"{call.instruction} in {call.symbol or 'unnamed code'}"
        for call in find_raw_calls(file)
        if not call.inside
    )


def _symbols(
    what: str, old: list[Symbol], new: list[Symbol], *, breaking: str
) -> Iterator[Difference]:
    before = {symbol.full_name: symbol for symbol in old}
    after = {symbol.full_name: symbol for symbol in new}
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            text = _description(before[name])
            yield Difference("removed", what, name, text, breaking == "removed")
        elif name not in before:
            text = _description(after[name])
            harmless = after[name].binding == "weak"
            yield Difference("added", what, name, text, breaking == "added" and not harmless)
        else:
            yield from _changes(what, before[name], after[name])


def _description(symbol: Symbol) -> str:
    if not symbol.defined:
        return "weak" if symbol.binding == "weak" else ""
    words = ["weak"] if symbol.binding == "weak" else []
    words += ["protected"] if symbol.visibility == "protected" else []
    return " ".join([*words, kind(symbol)])


def _changes(what: str, old: Symbol, new: Symbol) -> Iterator[Difference]:
    if _description(old) != _description(new):
        was = _description(old) or "strong"
        # A function that becomes weak, or protected, still serves its callers.
        breaking = kind(old) != kind(new) if new.defined else old.binding == "weak"
        text = f"{_description(new) or 'strong'}, was {was}"
        yield Difference("changed", what, new.full_name, text, breaking)
    if new.defined and old.size != new.size and kind(new) in ("object", "tls"):
        # Executables copy variables by the size they were linked with.
        text = f"{new.size} bytes, was {old.size}"
        yield Difference("changed", what, new.full_name, text, True)
