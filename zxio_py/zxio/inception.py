"""Creation where the storage is asked for once it is known what for, as fdio does."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, TypeAlias

from zxio_py import abi
from zxio_py.abi.zxio import (
    ZXIO_OBJECT_TYPE_DEBUGLOG,
    ZXIO_OBJECT_TYPE_NONE,
    ZXIO_OBJECT_TYPE_PIPE,
    ZXIO_OBJECT_TYPE_VMO,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.create import zxio_create_with_info
from zxio_py.zxio.ops import Storage
from zxio_py.zxio.system import System

#: Gives storage for an object of a type: status, storage, and a context of its own choice.
StorageAllocator: TypeAlias = Callable[[int], tuple[int, Storage | None, Any]]

_TYPES = {
    abi.ZX_OBJ_TYPE_DEBUGLOG: ZXIO_OBJECT_TYPE_DEBUGLOG,
    abi.ZX_OBJ_TYPE_SOCKET: ZXIO_OBJECT_TYPE_PIPE,
    abi.ZX_OBJ_TYPE_VMO: ZXIO_OBJECT_TYPE_VMO,
}
#: The type in a zx_info_handle_basic_t.
_TYPE = Struct("<12xI")


def _type_of(handle: int, info: bytes, system: System) -> int:
    """ZXIO_OBJECT_TYPE_ of the object to come; what is behind a channel is asked for it."""
    (kind,) = _TYPE.unpack_from(info)
    if kind == abi.ZX_OBJ_TYPE_CHANNEL:
        from zxio_py.zxio.described import query_type  # for those who have channels only

        return query_type(system, handle)
    return _TYPES.get(kind, ZXIO_OBJECT_TYPE_NONE)


def zxio_create_with_allocator(
    handle: int, allocator: StorageAllocator, system: System
) -> tuple[int, Any]:
    """Build the object for a handle of *system*'s process; status, and the allocator's context.

    The handle is consumed in every case.  An allocator that fails or gives no storage is
    ZX_ERR_NO_MEMORY, whatever it said; its context comes back all the same.
    """
    try:
        info = system.object_get_info_handle_basic(handle)
        type = _type_of(handle, info, system)
    except ZxError as error:
        system.handle_close(handle)
        return error.status, None
    status, storage, context = allocator(type)
    if status != abi.ZX_OK or storage is None:
        system.handle_close(handle)
        return abi.ZX_ERR_NO_MEMORY, context
    return zxio_create_with_info(handle, info, storage), context
