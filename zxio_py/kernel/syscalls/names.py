"""Names as arguments of calls."""

from __future__ import annotations

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer


def read_name(c: Caller, pointer: Pointer, size: int) -> bytes:
    """A name argument: up to 32 bytes are read, of which 31 count."""
    return c.read_name(pointer, min(size, abi.ZX_MAX_NAME_LEN))
