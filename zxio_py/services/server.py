"""A server: one process, one port, one thread that answers on any number of channels."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from struct import Struct
from typing import Any, TypeVar, cast

from zxio_py import abi
from zxio_py.closing import Closing
from zxio_py.fidl import (
    Call,
    Encoded,
    FidlError,
    HandleInfo,
    Method,
    Protocol,
    encode_epitaph,
    receive_request,
)
from zxio_py.kernel import Door, Kernel, ZxError
from zxio_py.kernel.process import Process
from zxio_py.zxio import System
from zxio_py.zxio.transport import discard

C = TypeVar("C", bound="Connection")

#: The key in a zx_port_packet_t.
_KEY = Struct("<Q")
#: The key of the packet that ends the thread; those of connections begin behind it.
_END = 0
#: Most messages that one connection is served before the next has its turn.
_TURN = 16

#: What a handler returns if the answer comes later, by `Connection.reply`.
LATER = object()


class Connection:
    """A channel on which a server speaks a protocol.

    A request is answered by the method of its FIDL name: it takes the request (None if there are no
    arguments) and returns the response.  A `ZxError` becomes the error of the answer.
    """

    #: What is spoken.
    protocol: Protocol

    def __init__(self, server: Server, channel: int) -> None:
        """Serve *channel*, a handle of the server's process, which is consumed."""
        self.server = server
        self.channel = channel
        #: What a later answer has to repeat.
        self.txid = 0
        self._closing = False

    @property
    def open(self) -> bool:
        """Whether the client can still be spoken to."""
        return self.channel != abi.ZX_HANDLE_INVALID

    # For handlers ----------------------------------------------------------------------------

    def reply(self, method: Method, txid: int, value: Any) -> None:
        """Answer a call."""
        self._send(method.encode_reply(value, txid, self.server.system))

    def reply_error(self, method: Method, txid: int, status: int) -> None:
        """Answer a call with a failing status."""
        if method.error is not None:
            self._send(method.encode_error(status, txid))
        else:
            self.reply(method, txid, self.failure(method, status))

    def send_event(self, method: Method, value: Any) -> None:
        """Say something unasked."""
        self._send(method.encode_request(value, owner=self.server.system))

    def close_after_reply(self) -> None:
        """Close once the call that is being answered is."""
        self._closing = True

    def close(self, epitaph: int | None = None) -> None:
        """End the connection, with a last word if there is one."""
        if not self.open:
            return
        if epitaph is not None:
            self._send(Encoded(encode_epitaph(epitaph), []))
        channel, self.channel = self.channel, abi.ZX_HANDLE_INVALID
        if channel != abi.ZX_HANDLE_INVALID:
            self.server.system.handle_close(channel)
            self.ended()

    # For types of connections ----------------------------------------------------------------

    def failure(self, method: Method, status: int) -> Any:
        """The response of a method that begins with a status; none is known here."""
        raise ZxError(status)

    def ended(self) -> None:
        """The client is gone."""

    # For the server --------------------------------------------------------------------------

    def serve(self) -> bool:
        """Answer what has come, up to a limit; whether the connection is still there."""
        for _ in range(_TURN):
            try:
                data, handles = self.server.system.channel_read(self.channel)
            except ZxError as error:
                if error.status != abi.ZX_ERR_SHOULD_WAIT:
                    self.close()
                return self.open
            self._receive(data, handles)
            if not self.open:
                return False
        return True

    def _receive(self, data: bytes, handles: list[HandleInfo]) -> None:
        try:
            call = receive_request(self.protocol, data, handles, self.server.system)
        except FidlError:
            self.close()
            return
        if isinstance(call, Call):
            self._answer(call)
        elif call.reply is not None:
            self._send(Encoded(call.reply, []))

    def _answer(self, call: Call) -> None:
        method, self.txid = call.method, call.txid
        handler: Callable[[Any], Any] | None = getattr(self, method.name, None)
        try:
            if handler is None:
                self._refuse(call)
                return
            answer = handler(call.value)
            if call.txid and answer is not LATER:
                self.reply(method, call.txid, answer)
        except ZxError as error:
            self._fail(call, error.status)
        if self._closing:
            self.close()

    def _refuse(self, call: Call) -> None:
        """Nobody handles this method: its handles go, and the caller is told if there is a way."""
        if call.value is not None:
            discard(self.server.system, call.value)
        self._fail(call, abi.ZX_ERR_NOT_SUPPORTED)

    def _fail(self, call: Call, status: int) -> None:
        if not call.txid:
            self.close(status)
            return
        try:
            self.reply_error(call.method, call.txid, status)
        except ZxError:
            self.close(status)

    def _send(self, message: Encoded) -> None:
        try:
            self.server.system.channel_write(self.channel, message.data, message.handles)
        except ZxError:
            self.close()


class Server(Closing):
    """A process of *kernel* with connections, and the thread that serves them; `with` ends it.

    Handlers run on that thread, one at a time.
    """

    def __init__(self, kernel: Kernel, name: str = "server") -> None:
        self.process = kernel.create_process(name)
        thread = self.process.create_thread("main")
        #: The process's calls, as zxio makes them and as methods.
        self.system = System(thread)
        self.zx = Door(self.process, thread)
        #: Held while a handler runs.
        self.lock = threading.RLock()
        self._port = cast("int", self.zx.port_create(0))
        self._keys = count(_END + 1)
        self._connections: dict[int, Connection] = {}
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, then the process: clients find their channels closed."""
        if self.process.dead:
            self._thread.join()
        else:
            self.zx.port_queue(self._port, bytes(abi.STRUCTS["zx_port_packet_t"].size))
            self._thread.join()
            for connection in list(self._connections.values()):
                connection.close()
            self.ended()
            self.process.kill(0)

    def ended(self) -> None:
        """No connection is left."""

    def add(self, connection: C) -> C:
        """Serve a connection from now on."""
        if connection.open:
            key = next(self._keys)
            self._connections[key] = connection
            self._arm(key, connection)
        return connection

    def give(self, handle: int, process: Process) -> int:
        """Move a handle of the server's to another process; its value there."""
        with self.process.kernel.lock:
            moved = self.process.handles.remove(handle)
            if moved is None:
                raise ZxError(abi.ZX_ERR_BAD_HANDLE)
            return process.handles.add(moved)

    def _arm(self, key: int, connection: Connection) -> None:
        signals = abi.ZX_CHANNEL_READABLE | abi.ZX_CHANNEL_PEER_CLOSED
        self.zx.object_wait_async(connection.channel, self._port, key, signals, 0)

    def _run(self) -> None:
        """Serve; a handler's mistake is the end of the process, so that nobody waits for it."""
        done = False
        try:
            self._take_packets()
            done = True
        finally:
            if not done:
                self.process.kill(abi.ZX_TASK_RETCODE_EXCEPTION_KILL)

    def _take_packets(self) -> None:
        """Take packets from the port until the one that ends it."""
        while True:
            packet = cast("bytes", self.zx.port_wait(self._port, abi.ZX_TIME_INFINITE))
            (key,) = _KEY.unpack_from(packet)
            if key == _END:
                return
            with self.lock:
                connection = self._connections[key]
                if connection.open and connection.serve():
                    self._arm(key, connection)
                else:
                    del self._connections[key]
