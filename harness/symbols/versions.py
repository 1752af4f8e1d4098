"""Versions of dynamic symbols, from the tables that a loader reads."""

from __future__ import annotations

from struct import Struct

from harness.symbols.model import SHN_ABS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.symbols.layout import ElfImage, Names
    from harness.symbols.model import Symbol

DT_VERSYM, DT_VERDEF, DT_VERDEFNUM = 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFD
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF

_HIDDEN = 0x8000
#: Below it are "local" and "global".
_FIRST_NAMED = 2
#: As many as there can be numbers; chains in hostile files may be endless.
_MAX_ENTRIES = 1 << 15
#: A definition that stands for the file itself.
_VER_FLG_BASE = 1


class Versions:
    """Which version each symbol has, by its index."""

    __slots__ = (
        "_defined",
        "_entries_left",
        "_image",
        "_names",
        "_needed",
        "_numbers",
        "_table",
        "_tags",
    )

    def __init__(self, image: ElfImage, tags: dict[int, int], names: Names, symbols: int) -> None:
        """Read the tables that *tags* of the dynamic segment name, for *symbols* symbols."""
        self._image = image
        self._names = names
        self._entries_left = _MAX_ENTRIES
        self._table = image.mapped(tags[DT_VERSYM], 2 * symbols, "table of symbol versions")
        self._numbers = Struct(image.layout.order + "H")
        self._tags = tags
        self._defined: dict[int, str] | None = None
        self._needed: dict[int, str] | None = None

    @property
    def defined(self) -> dict[int, str]:
        """Number -> name of the versions that the file defines."""
        if self._defined is None:
            self._defined = dict(self._definitions(self._tags))
        return self._defined

    @property
    def needed(self) -> dict[int, str]:
        """Number -> name of the versions that it wants of others."""
        if self._needed is None:
            self._needed = dict(self._needs(self._tags))
        return self._needed

    def apply(self, symbol: Symbol) -> None:
        """Give *symbol* its version, if it has one."""
        number: int = self._numbers.unpack_from(self._table, 2 * symbol.index)[0]
        plain = number & ~_HIDDEN
        if plain < _FIRST_NAMED:
            return
        # A definition may have a version of another file: a copied variable has.
        if symbol.section:
            name = self.defined.get(plain) or self.needed.get(plain)
        else:
            name = self.needed.get(plain) or self.defined.get(plain)
        if name is None:
            self._image.fail(f"{symbol.name} has version {plain}, which has no name")
        if name == symbol.name and symbol.section == SHN_ABS:
            return  # stands for the version itself
        symbol.version = name
        symbol.default_version = bool(symbol.section) and number == plain

    def _definitions(self, tags: dict[int, int]) -> Iterator[tuple[int, str]]:
        form = Struct(self._image.layout.order + "HHHHIII")
        for place, fields in self._entries(tags, DT_VERDEF, DT_VERDEFNUM, form, 6):
            _, flags, number, _, _, first, _ = fields
            if not flags & _VER_FLG_BASE:
                name = self._u32(place + first)
                yield number & ~_HIDDEN, self._names.get(name)

    def _needs(self, tags: dict[int, int]) -> Iterator[tuple[int, str]]:
        order = self._image.layout.order
        need, auxiliary = Struct(order + "HHIII"), Struct(order + "IHHII")
        for place, (_, count, _, first, _) in self._entries(
            tags, DT_VERNEED, DT_VERNEEDNUM, need, 4
        ):
            at = place + first
            for _ in range(count):
                self._count_entry()
                raw = self._image.mapped(at, auxiliary.size, "table of needed versions")
                _, _, number, name, step = auxiliary.unpack(raw)
                yield number & ~_HIDDEN, self._names.get(name)
                if step == 0:
                    break
                at += step

    def _entries(
        self, tags: dict[int, int], start: int, count: int, form: Struct, link: int
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Address and fields of each entry of a chain; *link* is the field that leads on."""
        if start not in tags:
            return
        place = tags[start]
        if count not in tags:
            self._image.fail("a table of versions without its length")
        for _ in range(tags[count]):
            self._count_entry()
            fields = form.unpack(self._image.mapped(place, form.size, "table of versions"))
            yield place, fields
            if fields[link] == 0:
                return
            place += fields[link]

    def _count_entry(self) -> None:
        self._entries_left -= 1
        if self._entries_left < 0:
            self._image.fail("more versions than there can be")

    def _u32(self, address: int) -> int:
        raw = self._image.mapped(address, 4, "table of versions")
        value: int = self._image.layout.u32.unpack(raw)[0]
        return value
