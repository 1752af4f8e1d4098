"""Waiting for objects in an asyncio event loop."""

from __future__ import annotations

import asyncio
import threading
from itertools import count
from struct import Struct
from types import TracebackType
from typing import cast

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.objects.client import Client
from zxio_py.objects.flags import Signals
from zxio_py.objects.object import Data, Object

#: Head of a zx_port_packet_t for a wait: key, type, status; trigger and observed signals.
_PACKET = Struct("<QIiII")

#: The key of the packet that ends the thread; those of waits begin behind it.
_END = 0


class Reactor:
    """One port and one thread, which wait for any number of objects on behalf of an event loop.

    `async with` starts and ends it.  An object must not be closed while it is waited for: the
    kernel then tells nobody.
    """

    def __init__(self, client: Client) -> None:
        """For objects of *client*, in the event loop that runs when it is entered."""
        self._zx = client.zx
        self._keys = count(_END + 1)
        self._waiting: dict[int, asyncio.Future[int]] = {}

    async def __aenter__(self) -> Reactor:
        self._loop = asyncio.get_running_loop()
        self._port = cast("int", self._zx.port_create(0))
        self._thread = threading.Thread(target=self._run, name="zxio reactor", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Those who still wait take their waits back while the thread ends, before the port does.
        for future in self._waiting.values():
            future.cancel()
        self._zx.port_queue(self._port, bytes(abi.STRUCTS["zx_port_packet_t"].size))
        await asyncio.to_thread(self._thread.join)
        self._zx.handle_close(self._port)

    def _run(self) -> None:
        """Take packets from the port until the one that ends it."""
        while True:
            packet = cast("bytes", self._zx.port_wait(self._port, abi.ZX_TIME_INFINITE))
            key, _, _, _, observed = _PACKET.unpack_from(packet)
            if key == _END:
                return
            self._loop.call_soon_threadsafe(self._tell, key, observed)

    def _tell(self, key: int, observed: int) -> None:
        future = self._waiting.pop(key, None)
        if future is not None and not future.done():
            future.set_result(observed)

    async def wait(self, target: Object, signals: Signals) -> Signals:
        """Wait until one of *signals* is asserted, and say which of them are."""
        handle, mask = target.wait_begin(signals)
        if handle == abi.ZX_HANDLE_INVALID:
            raise ZxError(abi.ZX_ERR_BAD_HANDLE if target.closed else abi.ZX_ERR_NOT_SUPPORTED)
        key = next(self._keys)
        future = self._waiting[key] = self._loop.create_future()
        try:
            self._zx.object_wait_async(handle, self._port, key, mask, 0)
            observed = await future
        except asyncio.CancelledError:
            self._forget(handle, key)
            raise
        finally:
            self._waiting.pop(key, None)
        return target.wait_end(observed) & signals

    def _forget(self, handle: int, key: int) -> None:
        """Take a wait back; its packet may be under way already."""
        try:
            self._zx.port_cancel(self._port, handle, key)
        except ZxError as error:
            if error.status != abi.ZX_ERR_NOT_FOUND:
                raise

    async def read(self, target: Object, size: int) -> bytes:
        """Read at most *size* bytes, waiting while there are none; no bytes at the end."""
        while True:
            try:
                return target.read(size)
            except ZxError as error:
                if error.status in (abi.ZX_ERR_PEER_CLOSED, abi.ZX_ERR_BAD_STATE):
                    return b""
                if error.status != abi.ZX_ERR_SHOULD_WAIT:
                    raise
            await self.wait(target, Signals.READABLE | Signals.PEER_CLOSED | Signals.READ_DISABLED)

    async def write(self, target: Object, data: Data) -> None:
        """Write all of *data*, waiting while there is no room."""
        left = memoryview(data).cast("B")
        while left:
            try:
                left = left[target.write(left) :]
            except ZxError as error:
                if error.status != abi.ZX_ERR_SHOULD_WAIT:
                    raise
                await self.wait(
                    target, Signals.WRITABLE | Signals.PEER_CLOSED | Signals.WRITE_DISABLED
                )
