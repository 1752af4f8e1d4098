"""What nodes, directories and files have in common: a channel to a server of fuchsia.io."""

from __future__ import annotations

from dataclasses import dataclass
from stat import S_IFDIR, S_IFMT, S_IFREG, S_IRUSR, S_IWUSR, S_IXUSR
from typing import Any

from zxio_py import abi
from zxio_py.abi.zxio import (
    ADVISORY_LOCK_EXCLUSIVE,
    ADVISORY_LOCK_SHARED,
    ADVISORY_LOCK_UNLOCK,
    ZXIO_NODE_PROTOCOL_DIRECTORY,
    ZXIO_NODE_PROTOCOL_FILE,
    ZXIO_NODE_PROTOCOL_NONE,
    ZXIO_OPERATION_ENUMERATE,
    ZXIO_OPERATION_EXECUTE,
    ZXIO_OPERATION_GET_ATTRIBUTES,
    ZXIO_OPERATION_MODIFY_DIRECTORY,
    ZXIO_OPERATION_READ_BYTES,
    ZXIO_OPERATION_TRAVERSE,
    ZXIO_OPERATION_UPDATE_ATTRIBUTES,
    ZXIO_OPERATION_WRITE_BYTES,
)
from zxio_py.fidl import Method
from zxio_py.fidl.library import io_types
from zxio_py.fidl.library.io import (
    ADVISORY_LOCKING,
    NODE,
    AdvisoryLockingAdvisoryLockRequest,
    NodeCloneRequest,
    NodeSetAttrRequest,
    NodeSetFlagsRequest,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.zxio.ops import Zxio
from zxio_py.zxio.owned import OwnedHandle
from zxio_py.zxio.transport import call, check, send
from zxio_py.zxio.types import AdvisoryLockRequest, NodeAttributes

#: A node of no type that POSIX has.
_MODE_TYPE_SERVICE = io_types.MODE_TYPE_SERVICE


@dataclass(slots=True)
class Remote:
    """What such an object owns; handles are ZX_HANDLE_INVALID where it has none."""

    channel: OwnedHandle
    #: An event with the signals of a file.
    event: int = abi.ZX_HANDLE_INVALID
    #: The short way to the bytes of a file.
    stream: int = abi.ZX_HANDLE_INVALID


def ask(io: Zxio, method: Method, request: Any = None) -> Any:
    """Make a call of the object's protocol; its answer."""
    remote: Remote = io.state
    return call(io.system, remote.channel.value, method, request)


def remote_close(io: Zxio) -> None:
    """Tell the server, unless the channel was released; the handles go in every case."""
    remote: Remote = io.state
    try:
        if remote.channel.value != abi.ZX_HANDLE_INVALID:
            ask(io, NODE["Close"])
    finally:
        for handle in (remote.channel.take(), remote.event, remote.stream):
            io.system.handle_close(handle)


def remote_release(io: Zxio) -> int:
    """A second release gives the invalid handle, and ZX_OK."""
    remote: Remote = io.state
    return remote.channel.take()


def remote_borrow(io: Zxio) -> int:
    """The channel."""
    remote: Remote = io.state
    return remote.channel.value


def remote_clone(io: Zxio) -> int:
    """Another connection with the same rights; nobody waits for it to come about."""
    remote: Remote = io.state
    near, far = io.system.channel_create()
    request = NodeCloneRequest(io_types.OpenFlags.CLONE_SAME_RIGHTS, far)
    try:
        send(io.system, remote.channel.value, NODE["Clone"], request)
    except ZxError:
        io.system.handle_close(near)
        raise
    return near


def remote_sync(io: Zxio) -> None:
    """Have the server write back."""
    ask(io, NODE["Sync"])


def protocols_of_mode(mode: int) -> int:
    """What the type in a POSIX mode is spoken to as."""
    if mode & io_types.MODE_TYPE_MASK == _MODE_TYPE_SERVICE:
        return ZXIO_NODE_PROTOCOL_FILE
    types = {S_IFDIR: ZXIO_NODE_PROTOCOL_DIRECTORY, S_IFREG: ZXIO_NODE_PROTOCOL_FILE}
    return types.get(S_IFMT(mode), ZXIO_NODE_PROTOCOL_NONE)


def abilities_of_mode(mode: int, directory: bool) -> int:
    """What the owner's bits allow; attributes can always be had and set."""
    read = ZXIO_OPERATION_ENUMERATE if directory else ZXIO_OPERATION_READ_BYTES
    write = ZXIO_OPERATION_MODIFY_DIRECTORY if directory else ZXIO_OPERATION_WRITE_BYTES
    execute = ZXIO_OPERATION_TRAVERSE if directory else ZXIO_OPERATION_EXECUTE
    abilities = ZXIO_OPERATION_GET_ATTRIBUTES | ZXIO_OPERATION_UPDATE_ATTRIBUTES
    abilities |= read if mode & S_IRUSR else 0
    abilities |= write if mode & S_IWUSR else 0
    return abilities | (execute if mode & S_IXUSR else 0)


def attributes_of(reply: io_types.NodeAttributes, directory: bool) -> NodeAttributes:
    """All eight attributes from what a server says."""
    return NodeAttributes(
        protocols=protocols_of_mode(reply.mode),
        abilities=abilities_of_mode(reply.mode, directory),
        id=reply.id,
        content_size=reply.content_size,
        storage_size=reply.storage_size,
        link_count=reply.link_count,
        creation_time=reply.creation_time,
        modification_time=reply.modification_time,
    )


def remote_attr_get(io: Zxio) -> NodeAttributes:
    """Attributes of a file or a node."""
    reply = ask(io, NODE["GetAttr"])
    check(reply.s)
    return attributes_of(reply.attributes, directory=False)


def remote_attr_set(io: Zxio, attributes: NodeAttributes) -> None:
    """Set times; NOT_SUPPORTED if anything else is marked."""
    flags = 0
    if attributes.creation_time is not None:
        flags |= io_types.NodeAttributeFlags.CREATION_TIME
    if attributes.modification_time is not None:
        flags |= io_types.NodeAttributeFlags.MODIFICATION_TIME
    times = NodeAttributes(
        creation_time=attributes.creation_time, modification_time=attributes.modification_time
    )
    if attributes != times:
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
    wanted = io_types.NodeAttributes(
        mode=0,
        id=0,
        content_size=0,
        storage_size=0,
        link_count=0,
        creation_time=attributes.creation_time or 0,
        modification_time=attributes.modification_time or 0,
    )
    check(ask(io, NODE["SetAttr"], NodeSetAttrRequest(flags, wanted)).s)


def remote_flags_get(io: Zxio) -> int:
    """The flags of the connection."""
    reply = ask(io, NODE["GetFlags"])
    check(reply.s)
    flags: int = reply.flags
    return flags


def remote_flags_set(io: Zxio, flags: int) -> None:
    """Change them as far as they can be."""
    check(ask(io, NODE["SetFlags"], NodeSetFlagsRequest(flags)).s)


_LOCK_TYPES = {
    ADVISORY_LOCK_SHARED: io_types.AdvisoryLockType.READ,
    ADVISORY_LOCK_EXCLUSIVE: io_types.AdvisoryLockType.WRITE,
    ADVISORY_LOCK_UNLOCK: io_types.AdvisoryLockType.UNLOCK,
}


def remote_advisory_lock(io: Zxio, request: AdvisoryLockRequest) -> None:
    """Lock or unlock the whole node; INTERNAL for a type that there is not."""
    type = _LOCK_TYPES.get(request.type)
    if type is None:
        raise ZxError(abi.ZX_ERR_INTERNAL)
    wanted = io_types.AdvisoryLockRequest(type=type, wait=request.wait)
    ask(io, ADVISORY_LOCKING["AdvisoryLock"], AdvisoryLockingAdvisoryLockRequest(wanted))
