"""What a connection to a file answers (fuchsia.io/File)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.fidl.library import io
from zxio_py.fidl.library.common import StatusReply
from zxio_py.fidl.library.io_types import (
    MAX_TRANSFER_SIZE,
    FileInfo,
    FileObject,
    NodeInfoDeprecated,
    NodeProtocolKinds,
    OpenFlags,
    Operations,
    SeekOrigin,
    VmoFlags,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.services.nodes import LockableConnection
from zxio_py.services.tree import File

if TYPE_CHECKING:
    from zxio_py.services.files import FileService

_LARGEST = (1 << 64) - 1

#: Rights that a VMO's flags need.
_MEMORY_RIGHTS = (
    (VmoFlags.READ, OpenFlags.RIGHT_READABLE),
    (VmoFlags.WRITE, OpenFlags.RIGHT_WRITABLE),
    (VmoFlags.EXECUTE, OpenFlags.RIGHT_EXECUTABLE),
)


class FileConnection(LockableConnection):
    """A connection to a file, with a seek offset of its own."""

    protocol = io.FILE
    node: File
    readable = int(Operations.READ_BYTES)
    writable = int(Operations.WRITE_BYTES | Operations.UPDATE_ATTRIBUTES)
    kinds = NodeProtocolKinds.FILE

    def __init__(self, service: FileService, channel: int, node: File, flags: int) -> None:
        super().__init__(service, channel, node, flags)
        self._offset = 0

    def _stream(self) -> int | None:
        mode = abi.ZX_STREAM_MODE_READ if self.flags & OpenFlags.RIGHT_READABLE else 0
        mode |= abi.ZX_STREAM_MODE_WRITE if self.flags & OpenFlags.RIGHT_WRITABLE else 0
        mode |= abi.ZX_STREAM_MODE_APPEND if self.flags & OpenFlags.APPEND else 0
        return self.node.stream(mode)

    def describe(self) -> NodeInfoDeprecated:
        file = FileObject(event=self.node.observer(), stream=self._stream())
        return NodeInfoDeprecated(file=file)

    def Describe(self, request: None) -> FileInfo:
        appends = bool(self.flags & OpenFlags.APPEND)
        observer = self.node.observer()
        return FileInfo(is_append=appends, observer=observer, stream=self._stream())

    def SetFlags(self, request: io.NodeSetFlagsRequest) -> StatusReply:
        self.flags = self.flags & ~OpenFlags.APPEND | request.flags & OpenFlags.APPEND
        return StatusReply(abi.ZX_OK)

    # Bytes -------------------------------------------------------------------------------------

    def _read(self, count: int, offset: int) -> bytes:
        self.need(OpenFlags.RIGHT_READABLE)
        if count > MAX_TRANSFER_SIZE:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        return self.node.read(offset, count)

    def Read(self, request: io.ReadableReadRequest) -> io.DataResponse:
        data = self._read(request.count, self._offset)
        self._offset += len(data)
        return io.DataResponse(data)

    def ReadAt(self, request: io.FileReadAtRequest) -> io.DataResponse:
        return io.DataResponse(self._read(request.count, request.offset))

    def Write(self, request: io.WritableWriteRequest) -> io.ActualCountResponse:
        """With APPEND the offset moves to the end first."""
        self.need(OpenFlags.RIGHT_WRITABLE)
        if self.flags & OpenFlags.APPEND:
            self._offset = self.node.size()
        actual = self.node.write(self._offset, request.data)
        self._offset += actual
        return io.ActualCountResponse(actual)

    def WriteAt(self, request: io.FileWriteAtRequest) -> io.ActualCountResponse:
        self.need(OpenFlags.RIGHT_WRITABLE)
        return io.ActualCountResponse(self.node.write(request.offset, request.data))

    def Seek(self, request: io.FileSeekRequest) -> io.FileSeekResponse:
        base = {
            SeekOrigin.START: lambda: 0,
            SeekOrigin.CURRENT: lambda: self._offset,
            SeekOrigin.END: self.node.size,
        }[SeekOrigin(request.origin)]()
        target = base + request.offset
        if not 0 <= target <= _LARGEST:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self._offset = target
        return io.FileSeekResponse(target)

    def Resize(self, request: io.FileResizeRequest) -> None:
        self.need(OpenFlags.RIGHT_WRITABLE)
        self.node.resize(request.length)

    def GetBackingMemory(
        self, request: io.FileGetBackingMemoryRequest
    ) -> io.FileGetBackingMemoryResponse:
        """The contents as a VMO, for no more than the connection may do."""
        flags = request.flags
        for flag, right in _MEMORY_RIGHTS:
            if flags & flag:
                self.need(right, abi.ZX_ERR_ACCESS_DENIED)
        if flags & VmoFlags.PRIVATE_CLONE and flags & VmoFlags.SHARED_BUFFER:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if flags & VmoFlags.WRITE and flags & VmoFlags.EXECUTE:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        return io.FileGetBackingMemoryResponse(self.node.memory(flags))
