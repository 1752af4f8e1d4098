"""Records that callers of zxio own."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zxio_py.zxio.ops import Zxio

_ATTRIBUTE_NAMES: Final = (
    "protocols",
    "abilities",
    "id",
    "content_size",
    "storage_size",
    "link_count",
    "creation_time",
    "modification_time",
)
_ATTRIBUTES: Final = Struct("<8Q8?")


@dataclass(slots=True)
class NodeAttributes:
    """Attributes of a node; None where an attribute is absent.

    Sizes in bytes, times in nanoseconds since the Unix epoch.
    """

    protocols: int | None = None
    abilities: int | None = None
    id: int | None = None
    content_size: int | None = None
    storage_size: int | None = None
    link_count: int | None = None
    creation_time: int | None = None
    modification_time: int | None = None

    def pack(self) -> bytes:
        """The zxio_node_attributes_t (72 bytes): absent values are zero."""
        values = [getattr(self, name) for name in _ATTRIBUTE_NAMES]
        return _ATTRIBUTES.pack(*(v or 0 for v in values), *(v is not None for v in values))

    @classmethod
    def unpack(cls, data: bytes) -> NodeAttributes:
        """The attributes that a zxio_node_attributes_t marks as present."""
        fields = _ATTRIBUTES.unpack(data)
        values = zip(fields[:8], fields[8:], strict=True)
        return cls(*(value if has else None for value, has in values))


@dataclass(frozen=True, slots=True)
class AdvisoryLockRequest:
    """What to do to the lock of a node: its *type* is an ADVISORY_LOCK_ constant."""

    type: int
    #: Whether to wait for those who have it.
    wait: bool = False


@dataclass(slots=True)
class Dirent:
    """One directory entry; *name* is the caller's buffer, None for a null pointer."""

    name: bytearray | None
    name_length: int = 0
    protocols: int | None = None
    abilities: int | None = None
    id: int | None = None


@dataclass(slots=True)
class DirentIterator:
    """A walk through a directory; *io* is None before it begins and after its end."""

    io: Zxio | None = None
    #: Entries that the server has sent and that were not given out.
    pending: bytes = b""
