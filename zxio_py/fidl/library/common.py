"""Types and payloads that several libraries share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from zxio_py.fidl.types import INT32, Enum
from zxio_py.fidl.values import Bool, Struct, Uint8, Uint32, Uint64

#: The error of methods declared with ``error zx.Status``.
STATUS_ERROR = INT32

#: The error of methods declared with ``error fuchsia.posix.Errno``: Linux's numbers, strict.
ERRNO_ERROR = Enum("Errno", INT32, set(range(1, 134)) - {41, 58}, strict=True)

#: A zx_status_t.
Status: TypeAlias = Annotated[int, INT32]


class Empty(Struct):
    """What a union member without a value is."""


class StatusReply(Struct):
    """The answer of methods that have only a status."""

    s: Status


class BoolValue(Struct):
    """A bool."""

    value: Bool


class Uint8Value(Struct):
    """A small number."""

    value: Uint8


class Uint32Value(Struct):
    """A number."""

    value: Uint32


class Uint64Value(Struct):
    """A large number."""

    value: Uint64
