"""What buffers of a program are filled with: the JSON forms of items, and the names they use.

A mistake is a `BadValueError`; the caller adds the place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias, cast, get_args

from harness.program.model import (
    GIVEN_SLOTS,
    MAX_BUFFER_BYTES,
    MAX_NAMES,
    Address,
    Bytes,
    Deadline,
    HandleValue,
    Item,
    Koid,
    Number,
    Pointer,
    PointerKind,
    Sized,
)
from harness.program.values import BadValueError, Json, brief, integer

_POINTER_KINDS: Final = frozenset(get_args(PointerKind))
_SIZED: Final = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}
_MAX_NAME: Final = 64

#: Other keys that the forms of pointers and of handles may have.
ADD: Final = frozenset({"add"})
XOR: Final = frozenset({"xor"})
_NONE: Final[frozenset[str]] = frozenset()


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


class ItemReader:
    """Reads items of one program, and the forms that are arguments as well."""

    def __init__(self, names: Names) -> None:
        self._names = names

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

    def _koid(self, value: dict[str, Json]) -> Koid:
        return Koid(self._use_slot(value["koid"]))

    def _deadline(self, value: dict[str, Json]) -> Deadline:
        return Deadline(integer(value["deadline"], -(1 << 63), (1 << 63) - 1))

    def _pointer(self, value: dict[str, Json]) -> Pointer:
        kind = value["ptr"]
        if type(kind) is not str or kind not in _POINTER_KINDS:
            raise BadValueError(
                f"{brief(kind)} is no pointer kind ({' '.join(get_args(PointerKind))})"
            )
        return Pointer(cast(PointerKind, kind), self._add(value))

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


def _hex(value: Json) -> bytes:
    if type(value) is not str:
        raise BadValueError(f"{brief(value)} is not hexadecimal text")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise BadValueError(f"{brief(value)} is not hexadecimal text") from None


_ItemForm: TypeAlias = tuple[
    Callable[[ItemReader, dict[str, Json], str], tuple[Item, int]], frozenset[str]
]

#: The key that tells an item's form, how it is read, and the other keys it may have.
_ITEMS: Final[dict[str, _ItemForm]] = {
    "u8": (ItemReader._sized_item, _NONE),
    "u16": (ItemReader._sized_item, _NONE),
    "u32": (ItemReader._sized_item, _NONE),
    "u64": (ItemReader._sized_item, _NONE),
    "str": (ItemReader._text_item, _NONE),
    "hex": (ItemReader._hex_item, _NONE),
    "zero": (ItemReader._zero_item, _NONE),
    "fill": (ItemReader._fill_item, _NONE),
    "h": (ItemReader._handle_item, XOR),
    "koid": (ItemReader._koid_item, _NONE),
    "deadline": (ItemReader._deadline_item, _NONE),
    "addr": (ItemReader._address_item, ADD),
    "ptr": (ItemReader._pointer_item, ADD),
}
