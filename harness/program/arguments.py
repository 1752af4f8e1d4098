"""Arguments of a program: their JSON forms and the checks on them.

`ArgumentReader` turns one JSON value into one `Arg` of the model and notes the names it uses in
a `Names`.  A mistake is a `BadValueError`; the caller adds the place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias, cast

from harness.program.items import ADD, XOR, ItemReader
from harness.program.model import (
    DEFAULT_SHOW,
    MAX_BUFFER_BYTES,
    MAX_ITEM_BYTES,
    MAX_NAMES,
    MAX_PROGRAM_BYTES,
    MAX_REPORT_BYTES,
    Arg,
    Buffer,
    BufferRef,
    Item,
    Number,
    OutHandles,
    Report,
    Storage,
    StoredValue,
    VdsoLayout,
)
from harness.program.values import BadValueError, Json, brief, integer
from zxio_py.abi import CALLS

_MASK64: Final = (1 << 64) - 1
_VDSO_LAYOUT: Final = ("code_off", "code_size", "size")
_NO_REPORT: Final = Report()


@lru_cache(maxsize=8192)
def _plain(value: int) -> Number:
    value &= _MASK64
    return Number(value, value)


class ArgumentReader(ItemReader):
    """Reads arguments of one program; see the module."""

    def argument(self, value: Json) -> Arg:
        """The argument *value* stands for; `BadValueError` if it stands for none."""
        kind = type(value)
        if kind is int or kind is str:
            return _plain(integer(value))
        if kind is not dict:
            raise BadValueError(f"{brief(value)} is not an argument")
        for key in value:
            form = _FORMS.get(key)
            if form is not None:
                read, options = form
                if len(value) > 1:
                    self._only(value, key, options)
                return read(self, value)
        raise BadValueError(f"unknown argument form {brief(value)}")

    def report_reference(self, value: Json) -> BufferRef:
        """A ``{"buf": ...}`` argument, the only kind that $show takes."""
        arg = self.argument(value)
        if not isinstance(arg, BufferRef) or not arg.reported:
            raise BadValueError('$show takes {"buf": name} arguments only')
        return arg

    # Forms ---------------------------------------------------------------------------------

    def _by_arch(self, value: dict[str, Json]) -> Number:
        if len(value) != 2:
            raise BadValueError("a number by architecture needs both x86_64 and arm64")
        return Number(integer(value["x86_64"]) & _MASK64, integer(value["arm64"]) & _MASK64)

    def _null(self, value: dict[str, Json]) -> Number:
        if value["null"] not in (1, True):
            raise BadValueError('a null pointer is written {"null": 1}')
        return _plain(0)

    def _out_handle(self, value: dict[str, Json]) -> OutHandles:
        self._take(4, 0, 0)
        return OutHandles((self._store_slot(value["out_handle"]),))

    def _out_handles(self, value: dict[str, Json]) -> OutHandles:
        slots = value["out_handles"]
        if type(slots) is not list or not slots:
            raise BadValueError("out_handles takes a list of slots")
        self._take(4 * len(slots), 0, 0)
        return OutHandles(tuple(self._store_slot(slot) for slot in slots))

    def _out(self, value: dict[str, Json]) -> Buffer:
        return self._buffer(value, (), integer(value["out"], 0, MAX_BUFFER_BYTES), True)

    def _in(self, value: dict[str, Json]) -> Buffer:
        items, length = self._items(value["in"])
        return self._buffer(value, items, length, False)

    def _inout(self, value: dict[str, Json]) -> Buffer:
        items, length = self._items(value["inout"])
        return self._buffer(value, items, length, True)

    def _buffer(
        self, value: dict[str, Json], items: tuple[Item, ...], length: int, reported: bool
    ) -> Buffer:
        name: str | None = None
        edge = False
        size = length
        report = _NO_REPORT
        if len(value) > 1:
            if "size" in value:
                size = max(size, integer(value["size"], 0, MAX_BUFFER_BYTES))
            if "edge" in value:
                if value["edge"] not in (0, 1, False, True):
                    raise BadValueError("edge is 0 or 1")
                edge = bool(value["edge"])
            report = self._report(value, size)
        shown = min(report.show, size) if reported else 0
        self._take(size, length if items else 0, shown)
        if "name" in value:
            name = self._name(value["name"], "buffer")
            buffers = self._names.buffers
            if len(buffers) >= MAX_NAMES and name not in buffers:
                raise BadValueError(f"more than {MAX_NAMES} named buffers")
            buffers[name] = size
        return Buffer(items, size, reported, name, edge, report)

    def _take(self, size: int, items: int, shown: int) -> None:
        names = self._names
        if size > MAX_BUFFER_BYTES:
            raise BadValueError(f"buffer of {size} bytes, more than {MAX_BUFFER_BYTES}")
        names.buffer_bytes += size
        names.item_bytes += items
        names.report_bytes += shown
        if names.buffer_bytes > MAX_PROGRAM_BYTES:
            raise BadValueError(f"the program's buffers take more than {MAX_PROGRAM_BYTES} bytes")
        if names.item_bytes > MAX_ITEM_BYTES:
            raise BadValueError(f"the program's items take more than {MAX_ITEM_BYTES} bytes")
        if names.report_bytes > MAX_REPORT_BYTES:
            raise BadValueError(f"the program reports more than {MAX_REPORT_BYTES} bytes")

    def _report(self, value: dict[str, Json], size: int) -> Report:
        show = DEFAULT_SHOW
        mask: tuple[tuple[int, int], ...] = ()
        koids: tuple[int, ...] = ()
        handles: tuple[tuple[int, str], ...] = ()
        if "show" in value:
            show = integer(value["show"], 0, MAX_BUFFER_BYTES)
        if "mask" in value:
            mask = tuple(self._span(pair, size) for pair in _listed(value["mask"], "mask"))
        if "koids" in value:
            koids = tuple(integer(off, 0, size - 8) for off in _listed(value["koids"], "koids"))
        if "handles" in value:
            handles = tuple(
                self._stored_at(pair, size) for pair in _listed(value["handles"], "handles")
            )
        if not (mask or koids or handles) and show == DEFAULT_SHOW:
            return _NO_REPORT
        return Report(show, mask, koids, handles)

    @staticmethod
    def _span(pair: Json, size: int) -> tuple[int, int]:
        if type(pair) is not list or len(pair) != 2:
            raise BadValueError(f"{brief(pair)} is not an [offset, length] pair")
        offset = integer(pair[0], 0, size)
        return offset, integer(pair[1], 1, size - offset)

    def _stored_at(self, pair: Json, size: int) -> tuple[int, str]:
        if type(pair) is not list or len(pair) != 2:
            raise BadValueError(f"{brief(pair)} is not an [offset, slot] pair")
        return integer(pair[0], 0, size - 4), self._store_slot(pair[1])

    def _addr(self, value: dict[str, Json]) -> BufferRef:
        size = self._buffer_size(value["addr"])
        if len(value) == 1:
            return BufferRef(value["addr"])
        report = self._report(value, size)
        reported = not _REPORT_OPTIONS.isdisjoint(value)
        if reported:
            self._take(0, 0, min(report.show, size))
        return BufferRef(value["addr"], self._add(value), reported, report)

    def _buf(self, value: dict[str, Json]) -> BufferRef:
        size = self._buffer_size(value["buf"])
        report = self._report(value, size)
        self._take(0, 0, min(report.show, size))
        return BufferRef(value["buf"], self._add(value), True, report)

    def _val(self, value: dict[str, Json]) -> StoredValue:
        buffer = value["val"]
        room = self._buffer_size(buffer)
        size = integer(value.get("size", 8))
        if size not in (1, 2, 4, 8):
            raise BadValueError("a stored value has 1, 2, 4 or 8 bytes")
        offset = integer(value.get("off", 0))
        if not 0 <= offset <= room - size:
            raise BadValueError(
                f"{size} bytes at offset {offset} are not inside buffer {brief(buffer)} "
                f"of {room} bytes"
            )
        function = value.get("plus_vdso")
        if function is not None:
            call = CALLS.get(function) if type(function) is str else None
            if call is None or not call.exported:
                raise BadValueError(f"unknown function {brief(function)} in plus_vdso")
        return StoredValue(buffer, offset, size, self._add(value), function)

    def _storage(self, value: dict[str, Json]) -> Storage:
        name = self._name(value["storage"], "storage")
        storages = self._names.storages
        storages[name] = None
        if len(storages) > MAX_NAMES:
            raise BadValueError(f"more than {MAX_NAMES} storages")
        return Storage(name)

    def _vdso(self, value: dict[str, Json]) -> VdsoLayout:
        which = value["vdso"]
        if which not in _VDSO_LAYOUT:
            raise BadValueError(f"{brief(which)} is not one of {' '.join(_VDSO_LAYOUT)}")
        return VdsoLayout(cast(Literal["code_off", "code_size", "size"], which))


def _listed(value: Json, what: str) -> Sequence[Json]:
    if type(value) is not list:
        raise BadValueError(f"{what} takes a list")
    return cast(Sequence[Json], value)


_REPORT_OPTIONS: Final = frozenset({"show", "mask", "koids", "handles"})
_BUFFER_OPTIONS: Final = _REPORT_OPTIONS | {"name", "size", "edge"}
_NONE: Final[frozenset[str]] = frozenset()

_Form: TypeAlias = tuple[Callable[[ArgumentReader, dict[str, Json]], Arg], frozenset[str]]

#: The key that tells an argument's form, how it is read, and the other keys it may have.
_FORMS: Final[dict[str, _Form]] = {
    "h": (ArgumentReader._handle_value, XOR),
    "out": (ArgumentReader._out, _BUFFER_OPTIONS),
    "in": (ArgumentReader._in, _BUFFER_OPTIONS),
    "inout": (ArgumentReader._inout, _BUFFER_OPTIONS),
    "out_handle": (ArgumentReader._out_handle, _NONE),
    "out_handles": (ArgumentReader._out_handles, _NONE),
    "null": (ArgumentReader._null, _NONE),
    "ptr": (ArgumentReader._pointer, ADD),
    "addr": (ArgumentReader._addr, _REPORT_OPTIONS | ADD),
    "buf": (ArgumentReader._buf, _REPORT_OPTIONS | ADD),
    "val": (ArgumentReader._val, frozenset({"off", "size", "add", "plus_vdso"})),
    "deadline": (ArgumentReader._deadline, _NONE),
    "koid": (ArgumentReader._koid, _NONE),
    "storage": (ArgumentReader._storage, _NONE),
    "vdso": (ArgumentReader._vdso, _NONE),
    "x86_64": (ArgumentReader._by_arch, frozenset({"arm64"})),
    "arm64": (ArgumentReader._by_arch, frozenset({"x86_64"})),
}
