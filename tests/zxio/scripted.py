"""A server whose answers a test chooses, and which notes what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zxio_py.fidl import Method
from zxio_py.fidl.library import io
from zxio_py.fidl.library.common import StatusReply
from zxio_py.fidl.library.io_types import FileInfo, NodeAttributes
from zxio_py.fidl.library.pty import DEVICE
from zxio_py.fidl.library.unknown import QueryableQueryResponse
from zxio_py.kernel import Kernel, ZxError
from zxio_py.services import Connection, Server
from zxio_py.zxio import System, Zxio
from zxio_py.zxio.directory import directory_init
from zxio_py.zxio.file import file_init
from zxio_py.zxio.node import node_init
from zxio_py.zxio.ops import Storage
from zxio_py.zxio.tty import tty_init

#: What a method answers: a response, or a function of the request that raises or returns one.
Answers = dict[str, Any]


class Scripted(Connection):
    """Answers by a table; a method that is not in it is refused."""

    def __init__(self, server: Server, channel: int, protocol: Any, answers: Answers) -> None:
        self.protocol = protocol
        super().__init__(server, channel)
        self._answers: Answers = {"Query": QueryableQueryResponse(protocol.name.encode())} | answers
        #: Name and request of every call, in order.
        self.asked: list[tuple[str, Any]] = []

    def failure(self, method: Method, status: int) -> Any:
        return StatusReply(status)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.protocol.methods:
            raise AttributeError(name)

        def handle(request: Any) -> Any:
            self.asked.append((name, request))
            if name == "Close":
                self.close_after_reply()
                return None
            answer = self._answers[name]
            return answer(request) if isinstance(answer, Callable) else answer

        return handle

    def calls(self, name: str) -> list[Any]:
        """The requests of one method."""
        return [request for asked, request in self.asked if asked == name]


class Stage:
    """A server, and objects in a process that it serves."""

    def __init__(self, kernel: Kernel, system: System) -> None:
        self.server = Server(kernel, "scripted")
        self.system = system

    def channel(self, protocol: Any, answers: Answers | None = None) -> tuple[Scripted, int]:
        """A scripted connection, and the other end of its channel in the client's process."""
        near, far = self.server.system.channel_create()
        with self.server.lock:
            connection = Scripted(self.server, near, protocol, answers or {})
            self.server.add(connection)
            return connection, self.server.give(far, self.system.process)

    def node(self, **answers: Any) -> tuple[Scripted, Zxio]:
        """A node object."""
        connection, channel = self.channel(io.NODE, answers)
        storage = Storage(self.system)
        node_init(storage, channel)
        return connection, storage.io

    def file(self, event: int = 0, stream: int = 0, **answers: Any) -> tuple[Scripted, Zxio]:
        """A file object; *event* and *stream* are handles of the client's process."""
        connection, channel = self.channel(io.FILE, answers)
        storage = Storage(self.system)
        file_init(storage, channel, event, stream)
        return connection, storage.io

    def tty(self, event: int = 0, **answers: Any) -> tuple[Scripted, Zxio]:
        """A terminal object; *event* is a handle of the client's process."""
        connection, channel = self.channel(DEVICE, answers)
        storage = Storage(self.system)
        tty_init(storage, channel, event)
        return connection, storage.io

    def directory(self, **answers: Any) -> tuple[Scripted, Zxio]:
        """A directory object."""
        connection, channel = self.channel(io.DIRECTORY, answers)
        storage = Storage(self.system)
        directory_init(storage, channel)
        return connection, storage.io


def attributes(mode: int, **values: int) -> io.NodeGetAttrResponse:
    """The answer to GetAttr."""
    given = dict.fromkeys(
        ("id", "content_size", "storage_size", "link_count", "creation_time", "modification_time"),
        0,
    )
    return io.NodeGetAttrResponse(0, NodeAttributes(mode=mode, **{**given, **values}))


def failing(status: int) -> Callable[[Any], Any]:
    """A handler that answers with an error."""

    def handle(request: Any) -> Any:
        raise ZxError(status)

    return handle


NO_INFO = FileInfo()
