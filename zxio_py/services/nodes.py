"""What every connection to a node answers (fuchsia.io/Node)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from zxio_py import abi
from zxio_py.fidl import Method
from zxio_py.fidl.library import io
from zxio_py.fidl.library.common import StatusReply
from zxio_py.fidl.library.io_types import (
    MAX_FILENAME,
    MAX_FS_NAME_BUFFER,
    OPEN_RIGHTS,
    AdvisoryLockRequest,
    AdvisoryLockType,
    ConnectionInfo,
    FilesystemInfo,
    ImmutableNodeAttributes,
    MutableNodeAttributes,
    NodeAttributeFlags,
    NodeAttributes,
    NodeAttributesQuery,
    NodeInfoDeprecated,
    NodeProtocolKinds,
    OpenFlags,
    Operations,
    Service,
)
from zxio_py.fidl.library.unknown import QueryableQueryResponse
from zxio_py.kernel.errors import ZxError
from zxio_py.services.server import LATER, Connection
from zxio_py.services.tree import Node

if TYPE_CHECKING:
    from zxio_py.services.files import FileService

_NO_ATTRIBUTES = NodeAttributes(0, 0, 0, 0, 0, 0, 0)

#: Responses that begin with a status, for a status that is a failure.
_FAILURES: dict[Any, Callable[[int], Any]] = {
    StatusReply: StatusReply,
    io.NodeGetAttrResponse: lambda status: io.NodeGetAttrResponse(status, _NO_ATTRIBUTES),
    io.NodeGetFlagsResponse: lambda status: io.NodeGetFlagsResponse(status, 0),
    io.NodeQueryFilesystemResponse: lambda status: io.NodeQueryFilesystemResponse(status, None),
    io.DirectoryReadDirentsResponse: lambda status: io.DirectoryReadDirentsResponse(status, b""),
    io.DirectoryGetTokenResponse: lambda status: io.DirectoryGetTokenResponse(status, None),
}

_ALWAYS = Operations.CONNECT | Operations.GET_ATTRIBUTES


class NodeConnection(Connection):
    """A connection to a node; by itself a mere reference, which has no rights."""

    protocol = io.NODE
    #: What a connection for reading, and for writing, may do.
    readable: ClassVar[int] = 0
    writable: ClassVar[int] = 0
    kinds: ClassVar[int] = NodeProtocolKinds.CONNECTOR

    def __init__(self, service: FileService, channel: int, node: Node, flags: int) -> None:
        """Serve *node*, which the connection closes; *flags*: rights and APPEND."""
        super().__init__(service, channel)
        self.service = service
        self.node = node
        self.flags = flags

    @property
    def rights(self) -> int:
        """OpenFlags that are rights."""
        return self.flags & OPEN_RIGHTS

    def need(self, right: int, status: int = abi.ZX_ERR_BAD_HANDLE) -> None:
        """Refuse what the connection may not do."""
        if not self.flags & right:
            raise ZxError(status)

    def failure(self, method: Method, status: int) -> Any:
        make = _FAILURES.get(method.response)
        return make(status) if make else super().failure(method, status)

    def ended(self) -> None:
        self.service.unlock(self)
        self.node.close()

    def describe(self) -> NodeInfoDeprecated:
        """What OnOpen tells; its handles are the receiver's."""
        return NodeInfoDeprecated(service=Service())

    # fuchsia.unknown ---------------------------------------------------------------------------

    def Close(self, request: None) -> None:
        self.close_after_reply()

    def Query(self, request: None) -> QueryableQueryResponse:
        return QueryableQueryResponse(self.protocol.name.encode())

    # Connections -------------------------------------------------------------------------------

    def Clone(self, request: io.NodeCloneRequest) -> None:
        """Another connection, with the same rights or those that are named."""
        self.service.answer_open(request.object, request.flags, lambda: self._clone(request.flags))

    def _clone(self, flags: int) -> tuple[type[NodeConnection], Node, int]:
        kind: type[NodeConnection] = type(self)
        if flags & OpenFlags.CLONE_SAME_RIGHTS:
            if flags & OPEN_RIGHTS:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            kept = self.flags
        else:
            if flags & OPEN_RIGHTS & ~self.rights:
                raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
            kept = flags & OPEN_RIGHTS | self.flags & OpenFlags.APPEND
        if flags & OpenFlags.NODE_REFERENCE:
            kind, kept = NodeConnection, OpenFlags.NODE_REFERENCE
        return kind, self.node.share(), kept

    def DescribeDeprecated(self, request: None) -> io.NodeDescribeDeprecatedResponse:
        return io.NodeDescribeDeprecatedResponse(self.describe())

    def GetFlags(self, request: None) -> io.NodeGetFlagsResponse:
        return io.NodeGetFlagsResponse(abi.ZX_OK, self.flags)

    def SetFlags(self, request: io.NodeSetFlagsRequest) -> StatusReply:
        """Nothing but APPEND of a file can change."""
        raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

    def GetConnectionInfo(self, request: None) -> ConnectionInfo:
        return ConnectionInfo(rights=self._operations())

    def _operations(self) -> int:
        operations = int(_ALWAYS)
        operations |= self.readable if self.flags & OpenFlags.RIGHT_READABLE else 0
        operations |= self.writable if self.flags & OpenFlags.RIGHT_WRITABLE else 0
        executable = self.flags & OpenFlags.RIGHT_EXECUTABLE
        return operations | (int(Operations.EXECUTE) if executable else 0)

    # Attributes --------------------------------------------------------------------------------

    def GetAttr(self, request: None) -> io.NodeGetAttrResponse:
        return io.NodeGetAttrResponse(abi.ZX_OK, self.node.attributes())

    def SetAttr(self, request: io.NodeSetAttrRequest) -> StatusReply:
        self.need(OpenFlags.RIGHT_WRITABLE)
        attributes = request.attributes
        creation = request.flags & NodeAttributeFlags.CREATION_TIME
        modification = request.flags & NodeAttributeFlags.MODIFICATION_TIME
        self.node.set_times(
            attributes.creation_time if creation else None,
            attributes.modification_time if modification else None,
        )
        return StatusReply(abi.ZX_OK)

    def GetAttributes(self, request: io.NodeGetAttributesRequest) -> io.NodeAttributes2:
        """Those that are asked for."""
        found = self.node.attributes()
        query = request.query
        mutable, immutable = MutableNodeAttributes(), ImmutableNodeAttributes()
        if query & NodeAttributesQuery.PROTOCOLS:
            immutable.protocols = self.kinds
        if query & NodeAttributesQuery.ABILITIES:
            immutable.abilities = int(_ALWAYS) | self.readable | self.writable
        if query & NodeAttributesQuery.CONTENT_SIZE:
            immutable.content_size = found.content_size
        if query & NodeAttributesQuery.STORAGE_SIZE:
            immutable.storage_size = found.storage_size
        if query & NodeAttributesQuery.LINK_COUNT:
            immutable.link_count = found.link_count
        if query & NodeAttributesQuery.ID:
            immutable.id = found.id
        if query & NodeAttributesQuery.CREATION_TIME:
            mutable.creation_time = found.creation_time
        if query & NodeAttributesQuery.MODIFICATION_TIME:
            mutable.modification_time = found.modification_time
        return io.NodeAttributes2(mutable, immutable)

    def UpdateAttributes(self, request: MutableNodeAttributes) -> None:
        self.need(OpenFlags.RIGHT_WRITABLE)
        self.node.set_times(request.creation_time, request.modification_time)

    def Sync(self, request: None) -> None:
        self.node.sync()

    def QueryFilesystem(self, request: None) -> io.NodeQueryFilesystemResponse:
        name = list(b"zxio_py".ljust(MAX_FS_NAME_BUFFER, b"\0"))
        info = FilesystemInfo(0, 0, 0, 0, 0, 0, 0, MAX_FILENAME, 0, 0, name)
        return io.NodeQueryFilesystemResponse(abi.ZX_OK, info)


class LockableConnection(NodeConnection):
    """A connection to a node that can be locked."""

    def AdvisoryLock(self, request: io.AdvisoryLockingAdvisoryLockRequest) -> Any:
        """Lock the whole node on behalf of this connection.

        SHOULD_WAIT if someone else has it and the request is not to wait; NOT_SUPPORTED for ranges.
        """
        wanted: AdvisoryLockRequest = request.request
        if wanted.type is None:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if wanted.range is not None:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if wanted.type == AdvisoryLockType.UNLOCK:
            self.service.unlock(self, waiting=False)
            return None
        write = wanted.type == AdvisoryLockType.WRITE
        lock = self.service.lock_of(self)
        if lock.take(self, write):
            return None
        if not wanted.wait:
            raise ZxError(abi.ZX_ERR_SHOULD_WAIT)
        method, txid = self.protocol["AdvisoryLock"], self.txid
        lock.wait(self, write, lambda: self.reply(method, txid, None))
        return LATER
