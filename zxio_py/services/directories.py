"""What a connection to a directory answers (fuchsia.io/Directory)."""

from __future__ import annotations

from collections.abc import Hashable
from struct import Struct
from typing import TYPE_CHECKING, cast

from zxio_py import abi
from zxio_py.fidl.library import io
from zxio_py.fidl.library.common import StatusReply
from zxio_py.fidl.library.io_types import (
    MAX_TRANSFER_SIZE,
    MODE_TYPE_DIRECTORY,
    MODE_TYPE_MASK,
    OPEN_FLAGS_ALLOWED_WITH_NODE_REFERENCE,
    OPEN_RIGHTS,
    DirectoryObject,
    DirentType,
    NodeInfoDeprecated,
    NodeProtocolKinds,
    OpenFlags,
    Operations,
    UnlinkFlags,
    WatchEvent,
)
from zxio_py.kernel.errors import ZxError
from zxio_py.services.contents import FileConnection
from zxio_py.services.nodes import LockableConnection, NodeConnection
from zxio_py.services.tree import Directory, Entry, File, Node, check_name, split_path

if TYPE_CHECKING:
    from zxio_py.services.files import FileService, Opened

#: What stands before a name in a listing: inode, size, type.
_DIRENT = Struct("<QBB")
#: The koid in a zx_info_handle_basic_t.
_KOID = Struct("<Q")

_POSIX = (
    (OpenFlags.POSIX_WRITABLE, OpenFlags.RIGHT_WRITABLE),
    (OpenFlags.POSIX_EXECUTABLE, OpenFlags.RIGHT_EXECUTABLE),
)


def check_flags(flags: int) -> None:
    """Refuse flags of Open that contradict one another: INVALID_ARGS."""
    reference = flags & OpenFlags.NODE_REFERENCE
    wrong = (
        bool(reference and flags & ~OPEN_FLAGS_ALLOWED_WITH_NODE_REFERENCE),
        bool(flags & OpenFlags.DIRECTORY and flags & OpenFlags.NOT_DIRECTORY),
        bool(flags & OpenFlags.CREATE_IF_ABSENT and not flags & OpenFlags.CREATE),
        bool(flags & OpenFlags.TRUNCATE and not flags & OpenFlags.RIGHT_WRITABLE),
        bool(flags & OpenFlags.CLONE_SAME_RIGHTS),
    )
    if any(wrong):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)


class DirectoryConnection(LockableConnection):
    """A connection to a directory, with a place in its listing."""

    protocol = io.DIRECTORY
    node: Directory
    readable = int(Operations.READ_BYTES | Operations.ENUMERATE | Operations.TRAVERSE)
    writable = int(
        Operations.WRITE_BYTES | Operations.MODIFY_DIRECTORY | Operations.UPDATE_ATTRIBUTES
    )
    kinds = NodeProtocolKinds.DIRECTORY

    def __init__(self, service: FileService, channel: int, node: Directory, flags: int) -> None:
        super().__init__(service, channel, node, flags)
        #: What a listing still has to tell; None before it begins.
        self._listing: list[bytes] | None = None
        self._token = abi.ZX_HANDLE_INVALID
        self._token_koid = 0

    def ended(self) -> None:
        if self._token:
            del self.service.tokens[self._token_koid]
            self.server.system.handle_close(self._token)
        super().ended()

    def describe(self) -> NodeInfoDeprecated:
        return NodeInfoDeprecated(directory=DirectoryObject())

    # Opening -----------------------------------------------------------------------------------

    def Open(self, request: io.OpenableOpenRequest) -> None:
        """Open what a path leads to, on another channel."""

        def find() -> Opened:
            return self._open(request.flags, request.mode, request.path)

        self.service.answer_open(request.object, request.flags, find)

    def _open(self, flags: int, mode: int, path: str) -> Opened:
        check_flags(flags)
        names, must_be_directory = split_path(path)
        if must_be_directory:
            flags |= OpenFlags.DIRECTORY
            check_flags(flags)
        if flags & OPEN_RIGHTS & ~self.flags:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        node = self._find(names, flags, mode)
        try:
            return self._kept(node, flags)
        except ZxError:
            node.close()
            raise

    def _find(self, names: list[str], flags: int, mode: int) -> Node:
        """The node at the end of a path, made if that is wanted."""
        if not names:
            if flags & OpenFlags.CREATE_IF_ABSENT:
                raise ZxError(abi.ZX_ERR_ALREADY_EXISTS)
            return self.node.share()
        parent = self._walk(names[:-1])
        try:
            return self._find_or_make(parent, names[-1], flags, mode)
        finally:
            parent.close()

    def _walk(self, names: list[str]) -> Directory:
        here = self.node.share()
        for name in names:
            try:
                child = here.find(name, writable=False)
            finally:
                here.close()
            if not isinstance(child, Directory):
                child.close()
                raise ZxError(abi.ZX_ERR_NOT_DIR)
            here = child
        return here

    def _find_or_make(self, parent: Directory, name: str, flags: int, mode: int) -> Node:
        try:
            node = parent.find(name, writable=bool(flags & OpenFlags.RIGHT_WRITABLE))
        except ZxError as error:
            if error.status != abi.ZX_ERR_NOT_FOUND or not flags & OpenFlags.CREATE:
                raise
        else:
            if flags & OpenFlags.CREATE_IF_ABSENT:
                node.close()
                raise ZxError(abi.ZX_ERR_ALREADY_EXISTS)
            return node
        self.need(OpenFlags.RIGHT_WRITABLE, abi.ZX_ERR_ACCESS_DENIED)
        directory = flags & OpenFlags.DIRECTORY or mode & MODE_TYPE_MASK == MODE_TYPE_DIRECTORY
        made = parent.make_directory(name) if directory else parent.make_file(name)
        self.service.tell(parent, WatchEvent.ADDED, name)
        return made

    def _kept(self, node: Node, flags: int) -> Opened:
        """The kind of connection that a node gets, and the flags that it keeps."""
        if isinstance(node, Directory):
            if flags & OpenFlags.NOT_DIRECTORY:
                raise ZxError(abi.ZX_ERR_NOT_FILE)
            if flags & (OpenFlags.TRUNCATE | OpenFlags.APPEND):
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        elif flags & OpenFlags.DIRECTORY:
            raise ZxError(abi.ZX_ERR_NOT_DIR)
        if flags & OpenFlags.NODE_REFERENCE:
            return NodeConnection, node, OpenFlags.NODE_REFERENCE
        if isinstance(node, Directory):
            rights = flags & OPEN_RIGHTS
            for wish, right in _POSIX:
                rights |= right if flags & wish else 0
            return DirectoryConnection, node, rights & self.flags
        if flags & OpenFlags.TRUNCATE:
            cast("File", node).resize(0)
        return FileConnection, node, flags & (OPEN_RIGHTS | OpenFlags.APPEND)

    # Listing -----------------------------------------------------------------------------------

    def Rewind(self, request: None) -> StatusReply:
        self._listing = None
        return StatusReply(abi.ZX_OK)

    def ReadDirents(
        self, request: io.DirectoryReadDirentsRequest
    ) -> io.DirectoryReadDirentsResponse:
        """What was there when the listing began, as much as fits; nothing at its end.

        OUT_OF_RANGE for more than a message takes; BUFFER_TOO_SMALL if not one entry fits.
        """
        room = request.max_bytes
        if room > MAX_TRANSFER_SIZE:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if self._listing is None:
            this = Entry(b".", self.node.attributes().id, DirentType.DIRECTORY)
            self._listing = [_pack(entry) for entry in [this, *self.node.entries()]]
        count = size = 0
        for record in self._listing:
            if size + len(record) > room:
                break
            count += 1
            size += len(record)
        if self._listing and not count:
            raise ZxError(abi.ZX_ERR_BUFFER_TOO_SMALL)
        records, self._listing = self._listing[:count], self._listing[count:]
        return io.DirectoryReadDirentsResponse(abi.ZX_OK, b"".join(records))

    # Changing ----------------------------------------------------------------------------------

    def Unlink(self, request: io.DirectoryUnlinkRequest) -> None:
        self.need(OpenFlags.RIGHT_WRITABLE, abi.ZX_ERR_ACCESS_DENIED)
        check_name(request.name)
        flags = request.options.flags or 0
        child = self._watched_child(request.name)
        self.node.remove(request.name, bool(flags & UnlinkFlags.MUST_BE_DIRECTORY))
        self.service.tell(self.node, WatchEvent.REMOVED, request.name)
        if child is not None:
            self.service.tell_deleted(child)

    def _watched_child(self, name: str) -> Hashable:
        """The identity of a child directory, to be told that it is gone."""
        try:
            child = self.node.find(name, writable=False)
        except ZxError:
            return None  # whatever it is, it is not a directory that is watched
        identity = child.identity if isinstance(child, Directory) else None
        child.close()
        return identity

    def GetToken(self, request: None) -> io.DirectoryGetTokenResponse:
        """An event that names this directory, while the connection lasts."""
        self.need(OpenFlags.RIGHT_WRITABLE)
        system = self.server.system
        if not self._token:
            self._token = cast("int", self.server.zx.event_create(0))
            (self._token_koid,) = _KOID.unpack_from(
                system.object_get_info_handle_basic(self._token)
            )
            self.service.tokens[self._token_koid] = self
        token = system.handle_duplicate(self._token, abi.ZX_RIGHT_SAME_RIGHTS)
        return io.DirectoryGetTokenResponse(abi.ZX_OK, token)

    def _directory_of(self, token: int) -> Directory:
        """The directory that a token names, which is consumed.  NOT_FOUND."""
        system = self.server.system
        try:
            (koid,) = _KOID.unpack_from(system.object_get_info_handle_basic(token))
        finally:
            system.handle_close(token)
        connection = self.service.tokens.get(koid)
        if connection is None:
            raise ZxError(abi.ZX_ERR_NOT_FOUND)
        return connection.node

    def Rename(self, request: io.DirectoryRenameRequest) -> None:
        directory = self._directory_of(request.dst_parent_token)
        self.need(OpenFlags.RIGHT_WRITABLE)
        check_name(request.src)
        check_name(request.dst)
        if directory.identity == self.node.identity and request.src == request.dst:
            self.node.find(request.src, writable=False).close()
            return
        replaced = self.node.move(request.src, directory, request.dst)
        if replaced:
            self.service.tell(directory, WatchEvent.REMOVED, request.dst)
        self.service.tell(self.node, WatchEvent.REMOVED, request.src)
        self.service.tell(directory, WatchEvent.ADDED, request.dst)

    def Link(self, request: io.DirectoryLinkRequest) -> StatusReply:
        directory = self._directory_of(request.dst_parent_token)
        self.need(OpenFlags.RIGHT_WRITABLE)
        check_name(request.src)
        check_name(request.dst)
        self.node.link(request.src, directory, request.dst)
        self.service.tell(directory, WatchEvent.ADDED, request.dst)
        return StatusReply(abi.ZX_OK)

    # Watching ----------------------------------------------------------------------------------

    def Watch(self, request: io.DirectoryWatchRequest) -> StatusReply:
        """Tell a channel of changes, those that are made through this service."""
        if request.options or not request.mask:
            self.server.system.handle_close(request.watcher)
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.service.watch(self.node, request.mask, request.watcher)
        return StatusReply(abi.ZX_OK)


def _pack(entry: Entry) -> bytes:
    return _DIRENT.pack(entry.inode, len(entry.name), entry.type) + entry.name
