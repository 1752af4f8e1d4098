"""Linker version scripts: what the linker is told to export."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Final

from harness.errors import InputError
from harness.symbols.demangle import NoDemanglerError, demangle
from harness.symbols.text import read_text


@dataclass(frozen=True, slots=True)
class Pattern:
    """One name or wildcard of a section."""

    text: str
    #: Version node it stands in; empty for the anonymous one.
    node: str
    exported: bool
    #: It is about demangled names.
    cpp: bool
    #: In quotes: no character is special.
    quoted: bool
    line: int

    @property
    def exact(self) -> bool:
        """Whether it is one name rather than a wildcard."""
        return self.quoted or not set(self.text) & set("*?[")


@dataclass
class VersionScript:
    """The nodes of a version script."""

    path: Path
    patterns: list[Pattern] = field(default_factory=list)

    @cached_property
    def names(self) -> dict[str, Pattern]:
        """Exported names of C that it spells out."""
        return {p.text: p for p in self.patterns if p.exported and p.exact and not p.cpp}

    @cached_property
    def nodes(self) -> frozenset[str]:
        """Names of its versions; empty if it has just the anonymous one."""
        return frozenset(p.node for p in self.patterns) - {""}

    @cached_property
    def _ranked(self) -> list[tuple[Pattern, re.Pattern[str] | None]]:
        """Patterns in the order they are tried, wildcards compiled.

        As GNU ld and lld have it: a name spelled out goes before a wildcard, and any wildcard
        before ``*`` alone; of the same rank, global goes before local.
        """
        order = sorted(self.patterns, key=lambda p: (_rank(p), not p.exported))
        return [(p, None if p.exact else re.compile(translate(p.text))) for p in order]

    @cached_property
    def _exact(self) -> dict[tuple[str, bool], Pattern]:
        found: dict[tuple[str, bool], Pattern] = {}
        for pattern, _ in self._ranked:
            if pattern.exact:
                found.setdefault((pattern.text, pattern.cpp), pattern)
        return found

    @cached_property
    def _wildcards(self) -> list[tuple[Pattern, re.Pattern[str]]]:
        return [(pattern, form) for pattern, form in self._ranked if form is not None]

    @property
    def needs_demangling(self) -> bool:
        """Whether it has patterns about demangled names."""
        return any(p.cpp for p in self.patterns)

    def plain_names(self, names: Iterable[str]) -> dict[str, str]:
        """Demangled names, as far as the script needs them."""
        if not self.needs_demangling:
            return {}
        try:
            return demangle(names)
        except NoDemanglerError:
            raise InputError(
                'extern "C++" needs a C++ library (libstdc++), and this machine has none',
                where=str(self.path),
            ) from None

    def match(self, name: str, plain: str | None = None) -> Pattern | None:
        """What the script says of a symbol; *plain* is its demangled name if it has one."""
        exact = self._exact.get((name, False)) or self._exact.get((plain or name, True))
        if exact is not None:
            return exact
        for pattern, form in self._wildcards:
            if form.match((plain or name) if pattern.cpp else name):
                return pattern
        return None

    def allows(self, name: str, plain: str | None = None) -> bool:
        """Whether the linker would export a symbol of this name."""
        pattern = self.match(name, plain)
        return pattern is not None and pattern.exported


def _rank(pattern: Pattern) -> int:
    if pattern.exact:
        return 0
    return 2 if pattern.text == "*" else 1


_TOKEN: Final = re.compile(
    r'(?P<skip>\s+|/\*.*?\*/|#[^\n]*)|(?P<quoted>"[^"\n]*")|(?P<mark>[{};]|:(?!:))'
    r"|(?P<word>(?:[^\s{};:\"]|::)+)",
    re.DOTALL,
)
_LANGUAGES: Final = {"C": False, "C++": True}


def read_version_script(path: Path) -> VersionScript:
    """Read a version script of one or more nodes, named or not; `InputError` names the line."""
    return _Parser(path).read()


class _Parser:
    """Goes through the tokens of a script once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._script = VersionScript(path)
        self._tokens: list[tuple[str, bool, int]] = []
        self._at = 0

    def read(self) -> VersionScript:
        """The script as a whole."""
        self._tokenize(read_text(self._path))
        if not self._tokens:
            self._fail("braces do not match: it has none")
        while self._at < len(self._tokens):
            node = "" if self._peek() == "{" else self._word("a version's name")
            self._expect("{")
            self._node(node)
            while self._peek() != ";":  # the versions it inherits from
                self._word("the end of a node (;)")
            self._expect(";")
        return self._script

    def _node(self, node: str) -> None:
        exported = True  # names before any heading are global
        while self._peek() != "}":
            quoted = self._tokens[self._at][1]
            line = self._tokens[self._at][2]
            word = self._word("a name")
            if self._peek() == ":" and not quoted:
                if word not in ("global", "local"):
                    self._fail(f"unknown section {word!r}")
                self._at += 1
                exported = word == "global"
            elif word == "extern" and not quoted:
                self._extern(node, exported)
            else:
                self._add(Pattern(word, node, exported, False, quoted, line))
                self._expect(";")
        self._expect("}")

    def _extern(self, node: str, exported: bool) -> None:
        language = self._word("a language")
        if language not in _LANGUAGES:
            self._fail(f"unknown language {language!r}")
        self._expect("{")
        while self._peek() != "}":
            _, quoted, line = self._tokens[self._at]
            words = [self._word("a name")]
            # Names of C++ may have blanks without being in quotes.
            while not quoted and self._peek() not in (";", "}"):
                words.append(self._word("a name"))
            name = " ".join(words)
            self._add(Pattern(name, node, exported, _LANGUAGES[language], quoted, line))
            if self._peek() != "}":  # the last one needs no semicolon
                self._expect(";")
        self._expect("}")
        self._expect(";")

    def _add(self, pattern: Pattern) -> None:
        self._script.patterns.append(pattern)

    def _tokenize(self, text: str) -> None:
        at, line = 0, 1
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise InputError(
                    f"cannot read {text[at : at + 10]!r}", where=f"{self._path}:{line}"
                )
            if match.lastgroup == "quoted":
                self._tokens.append((match.group()[1:-1], True, line))
            elif match.lastgroup != "skip":
                self._tokens.append((match.group(), False, line))
            line += match.group().count("\n")
            at = match.end()

    def _peek(self) -> str:
        if self._at == len(self._tokens):
            self._fail("braces do not match, or the last semicolon is missing")
        text, quoted, _ = self._tokens[self._at]
        return f'"{text}"' if quoted else text

    def _word(self, what: str) -> str:
        if self._peek() in ("{", "}", ";", ":"):
            self._fail(f"{self._peek()!r} where {what} should be")
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _expect(self, mark: str) -> None:
        if self._peek() != mark:
            self._fail(f"{self._peek()!r} where {mark!r} should be")
        self._at += 1

    def _fail(self, why: str) -> None:
        index = min(self._at, len(self._tokens) - 1)
        line = self._tokens[index][2] if self._tokens else 1
        raise InputError(why, where=f"{self._path}:{line}")
