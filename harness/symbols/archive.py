"""Archives of objects (``.a``): what their members together import and export."""

from __future__ import annotations

from harness.symbols.dynamic import machine_name
from harness.symbols.layout import ET_REL, ElfError, ElfImage
from harness.symbols.model import Symbol, SymbolFile
from harness.symbols.static import static_symbols

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.symbols.layout import AnyPath, Data

MAGIC = b"!<arch>\n"
THIN_MAGIC = b"!<thin>\n"
_HEADER = 60
_INDEXES = frozenset(("/", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64"))
_LONG_NAMES = "//"


def read_archive(data: Data, path: AnyPath) -> SymbolFile:
    """Symbols of all members, less the undefined ones that another member defines."""
    machines: set[str] = set()
    members: list[Symbol] = []
    for image in member_images(data, path):
        if image.type != ET_REL:
            image.fail("not a relocatable object")
        machines.add(machine_name(image))
        members += static_symbols(image)
    if len(machines) > 1:
        raise ElfError(f"objects for {', '.join(sorted(machines))}", where=str(path))
    defined = {s.name for s in members if s.defined and s.binding != "local"}
    return SymbolFile(
        path,
        "archive",
        machines.pop() if machines else "none",
        imports=_strongest(
            s for s in members if s.name and not s.defined and s.name not in defined
        ),
        load=lambda: _strongest(s for s in members if s.name and s.exported),
    )


def _strongest(symbols: Iterator[Symbol]) -> list[Symbol]:
    """One symbol per name, one that is not weak if there is one."""
    found: dict[str, Symbol] = {}
    for symbol in symbols:
        if symbol.name not in found or found[symbol.name].binding == "weak":
            found[symbol.name] = symbol
    return list(found.values())


def member_images(data: Data, path: AnyPath) -> Iterator[ElfImage]:
    """The ELF objects of an archive; errors name the member."""
    for name, content in _members(data, str(path)):
        where = f"{path}({name})"
        if content[:4] in (b"BC\xc0\xde", b"\xde\xc0\x17\x0b"):
            raise ElfError("LLVM bitcode, which has no ELF symbols", where=where)
        yield ElfImage(content, where)


def _members(data: Data, where: str) -> Iterator[tuple[str, bytes]]:
    """Name and contents of each member that is no index."""
    if data[: len(MAGIC)] == THIN_MAGIC:
        raise ElfError("a thin archive: its members are in other files", where=where)
    long_names = b""
    at = len(MAGIC)
    while at < len(data):
        header = data[at : at + _HEADER]
        if len(header) < _HEADER or header[58:] != b"`\n":
            raise ElfError("a damaged archive", where=where)
        digits = header[48:58].strip()
        if not digits.isdigit() or at + _HEADER + int(digits) > len(data):
            raise ElfError("truncated or damaged: a member lies outside the file", where=where)
        content = data[at + _HEADER : at + _HEADER + int(digits)]
        at += _HEADER + int(digits) + int(digits) % 2
        name = header[:16].decode("latin-1").rstrip()
        if name == _LONG_NAMES:
            long_names = content
            continue
        if name.startswith("#1/") and name[3:].isdigit():
            length = int(name[3:])
            name = content[:length].rstrip(b"\0").decode("latin-1")
            content = content[length:]
        elif name.startswith("/") and name[1:].isdigit():
            start = int(name[1:])
            name = long_names[start : start + 4096].split(b"\n")[0].decode("latin-1")
        if name not in _INDEXES:
            yield name.rstrip("/"), content
