"""How a C function of the interface looks from Python: one rule for every door.

* Parameters in C order; scalars, handles and addresses without a size as ``int``.
* An input buffer is given as ``bytes`` (a handle array as ``list[int]``, a missing one as
  ``None``), and the parameter that counts it is dropped.
* An output buffer is dropped and returned, as ``bytes`` or ``list[int]``; the parameter that
  counts it stays, as the room to offer.  If the call tells how much it wrote (``actual``,
  ``actual_bytes`` ...), the buffer is cut to that, and the number is not returned on its own.
* A buffer that is both is given and returned.
* Any other output is dropped and returned: ``int``, or ``bytes`` for a structure.
* Several results make a tuple in C order, none ``None``.  A failing status is an exception.

So ``zx_channel_create(options, out0, out1)`` is ``channel_create(options) -> (int, int)`` and
``zx_vmo_read(handle, buffer, offset, buffer_size)`` is ``vmo_read(handle, offset, buffer_size) ->
bytes``.  Where a call has an ``avail`` beside ``actual`` (zx_object_get_info), both count records,
and the answer is ``(bytes, actual, avail)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

from zxio_py.abi import CALLS, STRUCTS
from zxio_py.abi.model import SCALAR_TYPES, Call, Param

#: What a bound function takes for one parameter, and gives for one output.
Value: TypeAlias = int | bytes | Sequence[int] | None
Output: TypeAlias = int | bytes | list[int]
Result: TypeAlias = Output | tuple[Output, ...] | None

_Role: TypeAlias = Literal["scalar", "count_in", "in", "inout", "out_buffer", "out"]

_BYTE_TYPES: Final = frozenset({"void", "char"})
_ACTUAL_NAMES: Final = ("actual", "actual_count", "output_count")


@dataclass(frozen=True, slots=True)
class Passed:
    """A buffer to pass: its initial contents and its size in bytes.

    What lies beyond the initial contents nobody will see.
    """

    data: bytes
    size: int
    #: Whether its contents are wanted after the call.
    wanted: bool


@dataclass(frozen=True, slots=True)
class _Slot:
    """One C parameter's part in the rule."""

    param: Param
    role: _Role
    #: Bytes of one element of the buffer; 0 where the parameter ``elem_size`` tells.
    element: int = 1
    handles: bool = False
    #: C index of the parameter that counts the buffer, or that tells how much was written.
    count: int | None = None
    actual: int | None = None


class Binding:
    """The Python signature of one call, and the conversions both ways."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._index = {param.name: index for index, param in enumerate(call.params)}
        self._slots = tuple(self._slot(param) for param in call.params)
        self._hidden = {slot.actual for slot in self._slots if slot.actual is not None}
        #: Names of the Python parameters, in order.
        self.parameters = tuple(
            slot.param.name for slot in self._slots if slot.role in ("scalar", "in", "inout")
        )

    def _slot(self, param: Param) -> _Slot:
        if not param.is_pointer:
            counted = [p for p in self.call.params if p.count == param.name]
            given = any(p.direction != "out" for p in counted)
            return _Slot(param, "count_in" if given else "scalar")
        element = _element_size(param)
        handles = param.pointee == "zx_handle_t"
        if param.count is None:
            if element is None or (param.direction == "in" and param.pointee == "zx_futex_t"):
                # Nobody can tell its size, or its place matters: an address.
                return _Slot(param, "in" if param.direction == "in" else "scalar")
            if param.direction == "out":
                return _Slot(param, "out", element)
            return _Slot(param, param.direction, element)
        if "elem_size" in self._index and param.pointee in _BYTE_TYPES:
            element = 0
        role: _Role = "out_buffer" if param.direction == "out" else param.direction
        actual = self._actual_of(param) if param.direction == "out" else None
        return _Slot(
            param,
            role,
            1 if element is None else element,
            handles,
            self._index[param.count],
            actual,
        )

    def _actual_of(self, buffer: Param) -> int | None:
        """C index of the output that tells how many elements of *buffer* were written."""
        if "avail" in self._index:
            return None
        own = self._index.get(f"actual_{buffer.name}")
        if own is not None:
            return own
        buffers = [p for p in self.call.params if p.direction == "out" and p.count is not None]
        if len(buffers) == 1:
            for name in _ACTUAL_NAMES:
                if name in self._index:
                    return self._index[name]
        return None

    def encode(self, args: Sequence[Value], named: Mapping[str, Value]) -> list[int | Passed]:
        """The C arguments for a Python call, in C order; TypeError or ValueError if they are wrong.

        Addresses of the `Passed` buffers are the door's business.
        """
        given = self._match(args, named)
        result: list[int | Passed] = [0] * len(self._slots)
        for index, slot in enumerate(self._slots):
            name = slot.param.name
            if slot.role == "scalar":
                result[index] = _integer(self, name, given[name])
            elif slot.role in ("in", "inout"):
                result[index] = self._encode_buffer(slot, given[name], given, result)
            elif slot.role == "out":
                result[index] = Passed(bytes(slot.element), slot.element, True)
        for index, slot in enumerate(self._slots):
            if slot.role == "out_buffer" and slot.count is not None:
                count = result[slot.count]
                assert isinstance(count, int)
                element = slot.element or _integer(self, "elem_size", given["elem_size"])
                size = count * element
                data = bytes(size) if slot.actual is None else b""
                result[index] = Passed(data, size, True) if count else 0
        return result

    def _match(self, args: Sequence[Value], named: Mapping[str, Value]) -> dict[str, Value]:
        if len(args) > len(self.parameters):
            raise TypeError(f"{self} takes {len(self.parameters)} arguments, not {len(args)}")
        given = dict(zip(self.parameters, args, strict=False))
        for name, value in named.items():
            if name not in self.parameters:
                raise TypeError(f"{self} has no parameter {name}")
            if name in given:
                raise TypeError(f"{self} got {name} twice")
            given[name] = value
        for name in self.parameters:
            if name not in given:
                raise TypeError(f"{self} lacks {name}")
        return given

    def _encode_buffer(
        self,
        slot: _Slot,
        value: Value,
        given: Mapping[str, Value],
        result: list[int | Passed],
    ) -> int | Passed:
        """A given buffer; also fills in the parameter that counts it."""
        name = slot.param.name
        if value is None or isinstance(value, int):
            if slot.count is not None and value is not None:
                raise TypeError(f"{self}: {name} is bytes, a list or None")
            return value or 0
        if isinstance(value, bytes | bytearray | memoryview):
            data = bytes(value)
        elif slot.handles:
            data = b"".join((handle & 0xFFFFFFFF).to_bytes(4, "little") for handle in value)
        else:
            raise TypeError(f"{self}: {name} is bytes, not {type(value).__name__}")
        element = slot.element or _integer(self, "elem_size", given["elem_size"])
        if slot.count is not None:
            result[slot.count] = len(data) // element if element else 0
        elif len(data) < slot.element:
            raise ValueError(f"{self}: {name} has {len(data)} bytes, needs {slot.element}")
        return Passed(data, len(data), slot.role == "inout")

    def decode(self, ret: int, outs: Mapping[int, bytes], args: Sequence[int | Passed]) -> Result:
        """The Python results of a call that succeeded.

        *ret* is the raw 64-bit return value, *outs* the contents of wanted buffers by C index,
        *args* what `encode` gave.
        """
        results: list[Output] = []
        if self.call.returns not in ("zx_status_t", "void"):
            results.append(_scalar(self.call.returns, ret))
        for index, slot in enumerate(self._slots):
            if slot.role == "out":
                if index not in self._hidden:
                    results.append(_output(slot.param, outs.get(index, b"")))
            elif slot.role in ("inout", "out_buffer"):
                data = outs.get(index, b"")
                if slot.actual is not None:
                    element = slot.element or self._element(args)
                    data = data[: int.from_bytes(outs[slot.actual], "little") * element]
                results.append(_handles(data) if slot.handles else data)
        if not results:
            return None
        return results[0] if len(results) == 1 else tuple(results)

    def _element(self, args: Sequence[int | Passed]) -> int:
        size = args[self._index["elem_size"]]
        assert isinstance(size, int)
        return size

    def __str__(self) -> str:
        return f"{self.call.short_name}({', '.join(self.parameters)})"


@cache
def binding(short_name: str) -> Binding:
    """The binding of the call ``zx_<short_name>``; AttributeError if there is none."""
    call = CALLS.get(f"zx_{short_name}")
    if call is None or not call.exported:
        raise AttributeError(f"the interface has no call zx_{short_name}")
    return Binding(call)


def _element_size(param: Param) -> int | None:
    """Bytes of what *param* points to; None where the type does not tell."""
    pointee = param.pointee
    if pointee in SCALAR_TYPES:
        return SCALAR_TYPES[pointee][0]
    struct = STRUCTS.get(pointee)
    if struct is not None:
        return struct.size
    return 1 if pointee == "char" and param.count is not None else None


def _integer(bound: Binding, name: str, value: Value) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{bound}: {name} is a number, not {type(value).__name__}")
    return value & 0xFFFFFFFFFFFFFFFF


def _scalar(c_type: str, value: int) -> int:
    size, signed = SCALAR_TYPES.get(c_type, (8, False))
    bits = 8 * size
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _output(param: Param, data: bytes) -> Output:
    if param.pointee in SCALAR_TYPES:
        return _scalar(param.pointee, int.from_bytes(data, "little"))
    return data


def _handles(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data) - 3, 4)]
