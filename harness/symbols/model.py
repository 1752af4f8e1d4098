"""Symbols, and what a file has of them."""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.symbols.layout import AnyPath, ElfImage, Segment
    from harness.symbols.versions import Versions

BINDINGS = {0: "local", 1: "global", 2: "weak", 10: "unique"}
TYPES = {
    0: "notype",
    1: "object",
    2: "func",
    3: "section",
    4: "file",
    5: "common",
    6: "tls",
    10: "ifunc",
}
VISIBILITIES = ("default", "internal", "hidden", "protected")
SHN_ABS = 0xFFF1

_by_name = attrgetter("name", "version")


class Symbol:
    """One entry of a symbol table."""

    __slots__ = (
        "_info",
        "_other",
        "default_version",
        "index",
        "name",
        "section",
        "size",
        "value",
        "version",
    )

    def __init__(
        self, index: int, name: str, info: int, other: int, section: int, value: int, size: int
    ) -> None:
        """From the fields of the table; *info* holds binding and type, *other* the visibility."""
        #: Place in the table.
        self.index = index
        self.name = name
        self._info = info
        self._other = other
        #: Number of the section that defines it; 0 for none.
        self.section = section
        #: Value (address in the file's own space) and size in bytes.
        self.value = value
        self.size = size
        #: Name of its version; empty for none.
        self.version = ""
        #: Whether that is the version a plain reference binds to.
        self.default_version = False

    @property
    def type(self) -> str:
        """ "func", "object", "tls", "notype" ..."""
        return TYPES.get(self._info & 15) or str(self._info & 15)

    @property
    def binding(self) -> str:
        """ "global", "weak", "unique" or "local"."""
        return BINDINGS.get(self._info >> 4) or str(self._info >> 4)

    @property
    def visibility(self) -> str:
        """ "default", "internal", "hidden" or "protected"."""
        return VISIBILITIES[self._other & 3]

    @property
    def defined(self) -> bool:
        """Whether it is in the file itself."""
        return self.section != 0

    @property
    def full_name(self) -> str:
        """``NAME``, ``NAME@VERSION``, or ``NAME@@VERSION`` for a default version."""
        if not self.version:
            return self.name
        return f"{self.name}{'@@' if self.default_version else '@'}{self.version}"

    @property
    def exported(self) -> bool:
        """Whether others can bind to it."""
        return (
            self.defined
            and self.binding != "local"
            and self.visibility in ("default", "protected")
            and self.type not in ("section", "file")
        )


class SymbolFile:
    """What a loader, or for objects and archives a linker, sees of a file."""

    __slots__ = (
        "_exports",
        "_imports",
        "_load",
        "_symbols",
        "companions",
        "contradictions",
        "executable_stack",
        "image",
        "kind",
        "machine",
        "needed",
        "path",
        "search_paths",
        "segments",
        "soname",
        "tags",
        "text_relocations",
        "versions",
    )

    def __init__(
        self,
        path: AnyPath,
        kind: str,
        machine: str,
        *,
        imports: list[Symbol],
        load: Callable[[], Sequence[Symbol]],
        image: ElfImage | None = None,
    ) -> None:
        """*load* gives the whole table when it is first asked for."""
        self.path = path
        #: "shared object", "executable", "debug file", "object" or "archive".
        self.kind = kind
        #: "x86_64", "arm64" ... or the number of an unknown machine.
        self.machine = machine
        #: Headers and contents; None for an archive, which has many.
        self.image = image
        self.segments: tuple[Segment, ...] = image.segments if image else ()
        #: Tags of the dynamic segment that stand there once.
        self.tags: dict[int, int] = {}
        self.soname = ""
        #: Versions of the symbols; None if they have none.
        self.versions: Versions | None = None
        self.needed: tuple[str, ...] = ()
        #: Libraries that come in otherwise: ("DT_AUXILIARY", name) and its like.
        self.companions: tuple[tuple[str, str], ...] = ()
        #: Entries of DT_RPATH and DT_RUNPATH.
        self.search_paths: tuple[str, ...] = ()
        self.text_relocations = False
        #: Whether the stack would be executable; None if the file does not say.
        self.executable_stack: bool | None = None
        #: What sections, hash tables, relocations and segments say against each other.
        self.contradictions: tuple[str, ...] = ()
        self._imports = sorted(imports, key=_by_name)
        self._exports: list[Symbol] | None = None
        self._symbols: Sequence[Symbol] | None = None
        self._load = load

    @property
    def dynamic(self) -> bool:
        """Whether a loader takes it (rather than a linker or a debugger)."""
        return self.kind in ("shared object", "executable")

    @property
    def symbols(self) -> Sequence[Symbol]:
        """The table as a whole, with the null symbol."""
        if self._symbols is None:
            self._symbols = self._load()
        return self._symbols

    @property
    def imports(self) -> list[Symbol]:
        """Undefined symbols that something else must provide, sorted by name."""
        return self._imports

    @property
    def exports(self) -> list[Symbol]:
        """Defined symbols that others can bind to, sorted by name."""
        if self._exports is None:
            self._exports = sorted((s for s in self.symbols if s.name and s.exported), key=_by_name)
        return self._exports
