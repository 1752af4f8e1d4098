"""Arguments and buffer items of a program: their JSON forms and the checks on them.

`ArgumentReader` turns one JSON value into one `Arg` of the model and notes the names it uses in
a `Names`.  A mistake is a `BadValueError`; the caller adds the place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, Literal, TypeAlias, cast, get_args

from harness.program.model import (
    DEFAULT_SHOW,
    GIVEN_SLOTS,
    MAX_BUFFER_BYTES,
    MAX_ITEM_BYTES,
    MAX_NAMES,
    MAX_PROGRAM_BYTES,
    MAX_REPORT_BYTES,
    Address,
    Arg,
    Buffer,
    BufferRef,
    Bytes,
    Deadline,
    HandleValue,
    Item,
    Koid,
    Number,
    OutHandles,
    Pointer,
    PointerKind,
    Report,
    Sized,
    Storage,
    StoredValue,
    VdsoLayout,
)
from harness.program.values import BadValueError, Json, brief, integer
from zxio_py.abi import CALLS

_MASK64: Final = (1 << 64) - 1
_POINTER_KINDS: Final = frozenset(get_args(PointerKind))
_VDSO_LAYOUT: Final = ("code_off", "code_size", "size")
_SIZED: Final = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
_MAX_NAME: Final = 64
_NO_REPORT: Final = Report()


@lru_cache(maxsize=8192)
def _plain(value: int) -> Number:
    value &= _MASK64
    return Number(value, value)


@lru_cache(maxsize=4096)
def _sized(size: int, value: int) -> Sized:
    value &= (1 << (8 * size)) - 1
    return Sized(size, Number(value, value))


@lru_cache(maxsize=4096)
def _handle(slot: str) -> HandleValue:
    return HandleValue(slot)


class Names:
    """The names a program has used, in order of first appearance, and what was defined so far."""

    def __init__(self) -> None:
        self.slots: dict[str, None] = {}
        self.storages: dict[str, None] = {}
        #: Named buffers with the sizes they were last made with, in order of first definition.
        self.buffers: dict[str, int] = {}
        self.buffer_bytes = 0
        self.item_bytes = 0
        self.report_bytes = 0
        #: Slots stored to by the step being read.
        self.stored: list[str] = []
        #: Slots used by the step being read.
        self.used: list[str] = []


class ArgumentReader:
    """Reads arguments of one program; see the module."""

    def __init__(self, names: Names) -> None:
        self._names = names

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

    # Names ---------------------------------------------------------------------------------

    @staticmethod
    def _name(value: Json, what: str) -> str:
        if type(value) is not str or not value or len(value) > _MAX_NAME or not value.isprintable():
            raise BadValueError(f"{brief(value)} is not a name of a {what}")
        return value

    def _use_slot(self, value: Json) -> str:
        slots = self._names.slots
        if type(value) is not str or value not in slots:
            self._name(value, "slot")
            self._add_slot(value)
        self._names.used.append(value)
        return cast(str, value)

    def _store_slot(self, value: Json) -> str:
        slot = self._name(value, "slot")
        if slot.startswith("$"):
            raise BadValueError(f"{brief(slot)} is a given slot: no call can store to it")
        if slot not in self._names.slots:
            self._add_slot(slot)
        self._names.stored.append(slot)
        return slot

    def _add_slot(self, slot: str) -> None:
        slots = self._names.slots
        if slot.startswith("$") and slot not in GIVEN_SLOTS:
            raise BadValueError(f"{brief(slot)} is not one of {' '.join(GIVEN_SLOTS)}")
        if len(slots) >= MAX_NAMES:
            raise BadValueError(f"more than {MAX_NAMES} slots")
        slots[slot] = None

    def _buffer_size(self, value: Json) -> int:
        size = self._names.buffers.get(value) if type(value) is str else None
        if size is None:
            raise BadValueError(f"buffer {brief(value)} is used before a step makes it")
        return size

    # Forms ---------------------------------------------------------------------------------

    @staticmethod
    def _only(value: dict[str, Json], form: str, options: frozenset[str]) -> None:
        for key in value:
            if key not in options and key != form:
                raise BadValueError(f"{brief(key)} does not go with {brief(form)}")

    @staticmethod
    def _add(value: dict[str, Json]) -> int:
        add = value.get("add")
        return 0 if add is None else integer(add)

    def _handle_value(self, value: dict[str, Json]) -> HandleValue:
        slot = self._use_slot(value["h"])
        if "xor" in value:
            return HandleValue(slot, integer(value["xor"], 0, 0xFFFFFFFF))
        return _handle(slot)

    def _by_arch(self, value: dict[str, Json]) -> Number:
        if len(value) != 2:
            raise BadValueError("a number by architecture needs both x86_64 and arm64")
        return Number(integer(value["x86_64"]) & _MASK64, integer(value["arm64"]) & _MASK64)

    def _koid(self, value: dict[str, Json]) -> Koid:
        return Koid(self._use_slot(value["koid"]))

    def _deadline(self, value: dict[str, Json]) -> Deadline:
        return Deadline(integer(value["deadline"], -(1 << 63), (1 << 63) - 1))

    def _null(self, value: dict[str, Json]) -> Number:
        if value["null"] not in (1, True):
            raise BadValueError('a null pointer is written {"null": 1}')
        return _plain(0)

    def _pointer(self, value: dict[str, Json]) -> Pointer:
        kind = value["ptr"]
        if type(kind) is not str or kind not in _POINTER_KINDS:
            raise BadValueError(
                f"{brief(kind)} is no pointer kind ({' '.join(get_args(PointerKind))})"
            )
        return Pointer(cast(PointerKind, kind), self._add(value))

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
        if function is not None and (type(function) is not str or function not in CALLS):
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

    # Items ---------------------------------------------------------------------------------

    def _items(self, value: Json) -> tuple[tuple[Item, ...], int]:
        """The items and how many bytes they take."""
        if type(value) is not list:
            value = [value]
        items: list[Item] = []
        length = 0
        for number, entry in enumerate(value):
            try:
                item, taken = self._item(entry)
            except BadValueError as error:
                raise BadValueError(f"item {number}: {error}") from None
            length += taken
            if length > MAX_BUFFER_BYTES:
                raise BadValueError(f"items take more than {MAX_BUFFER_BYTES} bytes")
            items.append(item)
        return tuple(items), length

    def _item(self, value: Json) -> tuple[Item, int]:
        if type(value) is str:
            data = _hex(value)
            return Bytes(data, data), len(data)
        if type(value) is not dict or not value:
            raise BadValueError(f"{brief(value)} is not an item")
        for key in value:
            entry = _ITEMS.get(key)
            if entry is not None:
                read, options = entry
                if len(value) > 1:
                    self._only(value, key, options)
                return read(self, value, key)
        raise BadValueError(f"unknown item {brief(value)}")

    def _sized_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        size = _SIZED[key]
        number = value[key]
        least, most = -(1 << (8 * size - 1)), (1 << (8 * size)) - 1
        if type(number) is dict:
            if number.keys() != {"x86_64", "arm64"}:
                raise BadValueError("a number by architecture needs both x86_64 and arm64")
            return Sized(
                size,
                Number(
                    integer(number["x86_64"], least, most) & most,
                    integer(number["arm64"], least, most) & most,
                ),
            ), size
        return _sized(size, integer(number, least, most)), size

    def _text_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        text = value[key]
        if type(text) is not str:
            raise BadValueError(f"{brief(text)} is not text")
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise BadValueError("text with half a surrogate pair") from None
        return Bytes(data, data), len(data)

    def _hex_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        text = value[key]
        if type(text) is dict:
            if text.keys() != {"x86_64", "arm64"}:
                raise BadValueError("bytes by architecture need both x86_64 and arm64")
            x86_64, arm64 = _hex(text["x86_64"]), _hex(text["arm64"])
            if len(x86_64) != len(arm64):
                raise BadValueError("bytes by architecture must have one length")
            return Bytes(x86_64, arm64), len(x86_64)
        data = _hex(text)
        return Bytes(data, data), len(data)

    def _zero_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        data = bytes(integer(value[key], 0, MAX_BUFFER_BYTES))
        return Bytes(data, data), len(data)

    def _fill_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        pair = value[key]
        if type(pair) is not list or len(pair) != 2:
            raise BadValueError(f"{brief(pair)} is not a [byte, count] pair")
        data = bytes((integer(pair[0], 0, 255),)) * integer(pair[1], 0, MAX_BUFFER_BYTES)
        return Bytes(data, data), len(data)

    def _handle_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        return self._handle_value(value), 4

    def _koid_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        return self._koid(value), 8

    def _deadline_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        return self._deadline(value), 8

    def _address_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        self._buffer_size(value["addr"])
        return Address(value["addr"], self._add(value)), 8

    def _pointer_item(self, value: dict[str, Json], key: str) -> tuple[Item, int]:
        return self._pointer(value), 8


def _listed(value: Json, what: str) -> Sequence[Json]:
    if type(value) is not list:
        raise BadValueError(f"{what} takes a list")
    return cast(Sequence[Json], value)


def _hex(value: Json) -> bytes:
    if type(value) is not str:
        raise BadValueError(f"{brief(value)} is not hexadecimal text")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise BadValueError(f"{brief(value)} is not hexadecimal text") from None


_REPORT_OPTIONS: Final = frozenset({"show", "mask", "koids", "handles"})
_BUFFER_OPTIONS: Final = _REPORT_OPTIONS | {"name", "size", "edge"}
_ADD: Final = frozenset({"add"})
_XOR: Final = frozenset({"xor"})
_NONE: Final[frozenset[str]] = frozenset()

_Form: TypeAlias = tuple[Callable[[ArgumentReader, dict[str, Json]], Arg], frozenset[str]]
_ItemForm: TypeAlias = tuple[
    Callable[[ArgumentReader, dict[str, Json], str], tuple[Item, int]], frozenset[str]
]

#: The key that tells an argument's form, how it is read, and the other keys it may have.
_FORMS: Final[dict[str, _Form]] = {
    "h": (ArgumentReader._handle_value, _XOR),
    "out": (ArgumentReader._out, _BUFFER_OPTIONS),
    "in": (ArgumentReader._in, _BUFFER_OPTIONS),
    "inout": (ArgumentReader._inout, _BUFFER_OPTIONS),
    "out_handle": (ArgumentReader._out_handle, _NONE),
    "out_handles": (ArgumentReader._out_handles, _NONE),
    "null": (ArgumentReader._null, _NONE),
    "ptr": (ArgumentReader._pointer, _ADD),
    "addr": (ArgumentReader._addr, _REPORT_OPTIONS | _ADD),
    "buf": (ArgumentReader._buf, _REPORT_OPTIONS | _ADD),
    "val": (ArgumentReader._val, frozenset({"off", "size", "add", "plus_vdso"})),
    "deadline": (ArgumentReader._deadline, _NONE),
    "koid": (ArgumentReader._koid, _NONE),
    "storage": (ArgumentReader._storage, _NONE),
    "vdso": (ArgumentReader._vdso, _NONE),
    "x86_64": (ArgumentReader._by_arch, frozenset({"arm64"})),
    "arm64": (ArgumentReader._by_arch, frozenset({"x86_64"})),
}

_ITEMS: Final[dict[str, _ItemForm]] = {
    "u8": (ArgumentReader._sized_item, _NONE),
    "u16": (ArgumentReader._sized_item, _NONE),
    "u32": (ArgumentReader._sized_item, _NONE),
    "u64": (ArgumentReader._sized_item, _NONE),
    "str": (ArgumentReader._text_item, _NONE),
    "hex": (ArgumentReader._hex_item, _NONE),
    "zero": (ArgumentReader._zero_item, _NONE),
    "fill": (ArgumentReader._fill_item, _NONE),
    "h": (ArgumentReader._handle_item, _XOR),
    "koid": (ArgumentReader._koid_item, _NONE),
    "deadline": (ArgumentReader._deadline_item, _NONE),
    "addr": (ArgumentReader._address_item, _ADD),
    "ptr": (ArgumentReader._pointer_item, _ADD),
}
