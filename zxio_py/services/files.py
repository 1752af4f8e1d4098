"""A service of fuchsia.io: one tree of directories and files."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import ExitStack

from zxio_py import abi
from zxio_py.fidl import encode_epitaph
from zxio_py.fidl.library.io import NODE, NodeOnOpenEvent
from zxio_py.fidl.library.io_types import OpenFlags, WatchEvent, WatchMask
from zxio_py.kernel import Kernel
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.process import Process
from zxio_py.services.directories import DirectoryConnection
from zxio_py.services.locks import Lock
from zxio_py.services.nodes import NodeConnection
from zxio_py.services.server import Server
from zxio_py.services.tree import Directory, Node
from zxio_py.services.watchers import Watchers
from zxio_py.zxio.system import System

#: What a connection is to be made of: its kind, its node, its flags.
Opened = tuple[type[NodeConnection], Node, int]

READ_WRITE = OpenFlags.RIGHT_READABLE | OpenFlags.RIGHT_WRITABLE


class FileService(Server):
    """A tree, served to whoever is connected."""

    def __init__(
        self, kernel: Kernel, make_root: Callable[[System], Directory], name: str = "files"
    ) -> None:
        """Serve the tree whose root *make_root* makes, for the process of its argument."""
        super().__init__(kernel, name)
        self._root: Directory | None = None
        self._locks: dict[Hashable, Lock] = {}
        self._watchers: dict[Hashable, Watchers] = {}
        #: Directories that can be named by a token, by the token's koid.
        self.tokens: dict[int, DirectoryConnection] = {}
        with ExitStack() as undo:
            undo.callback(self.close)
            self._root = make_root(self.system)
            undo.pop_all()

    def connect(self, process: Process, rights: int = READ_WRITE) -> int:
        """A channel to the root, in *process*: the most that can be done through it is *rights*."""
        assert self._root is not None
        with self.lock:
            near, far = self.system.channel_create()
            self.add(DirectoryConnection(self, near, self._root.share(), rights))
            return self.give(far, process)

    def ended(self) -> None:
        for watchers in self._watchers.values():
            watchers.close()
        if self._root is not None:
            self._root.close()

    # Opening -------------------------------------------------------------------------------

    def answer_open(self, server_end: int, flags: int, make: Callable[[], Opened]) -> None:
        """Serve on *server_end* what *make* finds, or say there what it raises."""
        describe = bool(flags & OpenFlags.DESCRIBE)
        try:
            kind, node, kept = make()
        except ZxError as error:
            self._refuse(server_end, error.status, describe)
            return
        connection = kind(self, server_end, node, kept)
        if describe:
            try:
                info = connection.describe()
            except ZxError as error:
                connection.close(error.status)
                return
            connection.send_event(NODE["OnOpen"], NodeOnOpenEvent(abi.ZX_OK, info))
        self.add(connection)

    def _refuse(self, server_end: int, status: int, describe: bool) -> None:
        try:
            if describe:
                event = NODE["OnOpen"].encode_request(NodeOnOpenEvent(status, None))
                self.system.channel_write(server_end, *event)
            self.system.channel_write(server_end, encode_epitaph(status), [])
        except ZxError as error:
            if error.status != abi.ZX_ERR_PEER_CLOSED:
                raise
        finally:
            self.system.handle_close(server_end)

    # Locks ---------------------------------------------------------------------------------

    def lock_of(self, connection: NodeConnection) -> Lock:
        """The lock of a connection's node."""
        return self._locks.setdefault(connection.node.identity, Lock())

    def unlock(self, connection: NodeConnection, *, waiting: bool = True) -> None:
        """Give up what a connection has locked, and, if *waiting*, what it waits for."""
        identity = connection.node.identity
        lock = self._locks.get(identity)
        if lock is not None:
            (lock.forget if waiting else lock.release)(connection)
            if lock.unused:
                del self._locks[identity]

    # Watchers ------------------------------------------------------------------------------

    def watch(self, directory: Directory, mask: int, channel: int) -> None:
        """Tell *channel* of changes of a directory; first of what is there."""
        watchers = self._watchers.setdefault(directory.identity, Watchers(self.system))
        names = [b"."]
        if mask & WatchMask.EXISTING:
            names += [entry.name for entry in directory.entries()]
        watchers.add(mask, channel, names)

    def tell(self, directory: Directory, event: WatchEvent, name: str) -> None:
        """Something happened to a name in a directory."""
        watchers = self._watchers.get(directory.identity)
        if watchers is not None:
            watchers.tell(event, [name.encode()])
            if not watchers:
                del self._watchers[directory.identity]

    def tell_deleted(self, identity: Hashable) -> None:
        """A directory is no more: those who watch it hear that last."""
        watchers = self._watchers.pop(identity, None)
        if watchers is not None:
            watchers.tell(WatchEvent.DELETED, [b"."])
            watchers.close()
