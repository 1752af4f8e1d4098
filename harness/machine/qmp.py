"""Control of a QEMU over QMP, by the ``qemu.qmp`` library.

The library is asynchronous; its event loop runs in one background thread of this process, which
starts when the first machine is controlled.  Nothing here lies on the way from a machine's start
to its first result: the connection is made when it is first needed.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import select
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from qemu.qmp import EventListener, QMPClient, QMPError
from qemu.qmp.message import Message

from harness.errors import MachineError

_T = TypeVar("_T")

#: Seconds until a command that QEMU does not answer is given up.
COMMAND_LIMIT = 10.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something QEMU announced by itself: GUEST_PANICKED, RESET, SHUTDOWN, STOP ..."""

    name: str
    data: dict[str, Any]


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="qmp", daemon=True).start()
    return loop


class Listened(Protocol):
    """What the guest says, to be taken in while somebody waits for QEMU."""

    ended: bool

    def fileno(self) -> int:
        """For `select`."""

    def receive(self) -> bool:
        """Take in what has arrived, without waiting; False if there was nothing new."""


class Qmp:
    """One connection.  Every failure is a `MachineError`.

    Whoever waits here listens to the console meanwhile: a guest that prints while nobody reads
    soon blocks, and all of QEMU with it (a socket holds some 280 writes of one byte).
    """

    def __init__(self, line: socket.socket, console: Listened) -> None:
        """Connect over *line* and negotiate."""
        self._client = QMPClient("zxh")
        self._client.logger.setLevel("CRITICAL")  # failures are raised, not logged
        self._client.register_listener(_Recorder(self._heard))
        self._console = console
        self._events: list[Event] = []
        #: A byte arrives when there may be something new for the waiting thread.
        self._news, self._tell = socket.socketpair()
        self._news.setblocking(False)
        self._tell.setblocking(False)
        try:
            self._call(self._client.connect(line), "connect")
        except MachineError:
            self.close()
            raise

    @property
    def version(self) -> tuple[int, int, int]:
        """QEMU's version, from its greeting."""
        greeting = self._client.greeting
        if greeting is None:
            raise MachineError("QMP: no greeting")
        numbers: Any = greeting.QMP.version["qemu"]
        return numbers["major"], numbers["minor"], numbers["micro"]

    def execute(self, command: str, **arguments: object) -> Any:
        """Run one command and return what it returned."""
        return self._call(self._client.execute(command, arguments or None), command)

    def monitor(self, line: str) -> str:
        """Run one command of the human monitor and return its text."""
        return str(self.execute("human-monitor-command", **{"command-line": line}))

    def status(self) -> str:
        """QEMU's run state: "running", "guest-panicked", "paused" ..."""
        return str(self.execute("query-status")["status"])

    def events(self) -> tuple[Event, ...]:
        """Everything announced since the connection was made."""
        return tuple(self._events)

    def wait_event(self, name: str, limit: float = COMMAND_LIMIT) -> Event:
        """Wait until an event called *name* has been announced and return the first one."""
        if not self._wait(lambda: any(event.name == name for event in self._events), limit):
            raise MachineError(f"QMP: no {name} event within {limit:g} s")
        return next(event for event in self._events if event.name == name)

    def close(self) -> None:
        """Disconnect; quiet if QEMU is gone."""
        with contextlib.suppress(MachineError):
            self._call(self._client.disconnect(), "disconnect")
        self._news.close()
        self._tell.close()

    def _call(self, work: Coroutine[Any, Any, _T], what: str) -> _T:
        """Run *work* on the background loop and wait for it."""
        future = asyncio.run_coroutine_threadsafe(work, _loop())
        future.add_done_callback(lambda _: self._wake())
        if not self._wait(future.done, COMMAND_LIMIT):
            future.cancel()
            raise MachineError(f"QMP: {what}: no answer within {COMMAND_LIMIT:g} s")
        try:
            return future.result()
        except (QMPError, OSError, EOFError, concurrent.futures.CancelledError) as error:
            raise MachineError(f"QMP: {what}: {error or type(error).__name__}") from error

    def _wait(self, done: Callable[[], bool], limit: float) -> bool:
        """Wait up to *limit* seconds until *done*, taking in what the guest prints."""
        end = time.monotonic() + limit
        while not done():
            watched: list[socket.socket | Listened] = [self._news]
            if not self._console.ended:
                watched.append(self._console)
            left = end - time.monotonic()
            if left <= 0:
                return False
            ready, _, _ = select.select(watched, [], [], left)
            if self._console in ready:
                self._console.receive()
            if self._news in ready:
                self._news.recv(4096)
        return True

    def _wake(self) -> None:
        # A full pair already holds enough bytes to wake; a closed one has nobody waiting.
        with contextlib.suppress(OSError):
            self._tell.send(b"!")

    def _heard(self, event: Event) -> None:
        self._events.append(event)
        self._wake()


class _Recorder(EventListener):
    """Hands every event on and queues none."""

    def __init__(self, heard: Callable[[Event], None]) -> None:
        super().__init__()
        self._heard = heard

    def accept(self, event: Message) -> bool:
        data: Any = event.get("data", {})
        self._heard(Event(str(event["event"]), dict(data)))
        return False
