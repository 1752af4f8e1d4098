"""The vDSO of the emulation: not code, but what programs can see of one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from zxio_py import abi
from zxio_py.abi import status

#: Of its VMO.
NAME = b"vdso/full"
VERSION = b"zx-harness host emulation"
VERSION_OFFSET = 64
#: What the image begins with: 64 bit, little endian, version 1.
ELF_MAGIC = b"\x7fELF\x02\x01\x01"

#: Layout in bytes: read-only data first, then the pages that would hold code.
CODE_OFFSET = abi.ZX_PAGE_SIZE
CODE_SIZE = abi.ZX_PAGE_SIZE
SIZE = CODE_OFFSET + CODE_SIZE

#: zx_system_get_features by kind.
FEATURES: Mapping[int, int] = {
    abi.ZX_FEATURE_KIND_CPU: 0,
    abi.ZX_FEATURE_KIND_HW_BREAKPOINT_COUNT: 0,
    abi.ZX_FEATURE_KIND_HW_WATCHPOINT_COUNT: 0,
    abi.ZX_FEATURE_KIND_ADDRESS_TAGGING: 0,
    abi.ZX_FEATURE_KIND_VM: 0,
}

_UNKNOWN = "(UNKNOWN)"
_NAMES = {value: name for name, value in vars(status).items() if name.startswith("ZX_")}


@cache
def image() -> bytes:
    """The contents of the vDSO."""
    data = bytearray(SIZE)
    data[: len(ELF_MAGIC)] = ELF_MAGIC
    data[VERSION_OFFSET : VERSION_OFFSET + len(VERSION)] = VERSION
    for name, offset in _strings().items():
        data[offset : offset + len(name)] = name.encode()
    return bytes(data)


@cache
def _strings() -> Mapping[str, int]:
    """Offset of every status name."""
    offset = VERSION_OFFSET + len(VERSION) + 1
    offsets = {}
    for name in (*_NAMES.values(), _UNKNOWN):
        offsets[name] = offset
        offset += len(name) + 1
    assert offset <= CODE_OFFSET
    return offsets


def status_offset(value: int) -> int:
    """Where the name of the status *value* is, a C string."""
    return _strings()[_NAMES.get(value, _UNKNOWN)]
