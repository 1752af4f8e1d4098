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
import socket
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

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


def _wait(work: Coroutine[Any, Any, _T], limit: float) -> _T:
    """Run *work* on the background loop and wait for it."""
    future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, limit), _loop())
    return future.result()


class Qmp:
    """One connection.  Every failure is a `MachineError`."""

    def __init__(self, line: socket.socket) -> None:
        """Connect over *line* and negotiate."""
        self._client = QMPClient("zxh")
        self._events: list[Event] = []
        self._news = threading.Condition()
        self._client.logger.setLevel("CRITICAL")  # failures are raised, not logged
        self._call(self._connect(line), "connect")

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
        with self._news:
            return tuple(self._events)

    def wait_event(self, name: str, limit: float = COMMAND_LIMIT) -> Event:
        """Wait until an event called *name* has been announced and return the first one."""
        with self._news:
            if not self._news.wait_for(lambda: any(e.name == name for e in self._events), limit):
                raise MachineError(f"QMP: no {name} event within {limit:g} s")
            return next(e for e in self._events if e.name == name)

    def close(self) -> None:
        """Disconnect; idempotent, and quiet if QEMU is gone."""
        with contextlib.suppress(
            QMPError, OSError, EOFError, TimeoutError, concurrent.futures.CancelledError
        ):
            _wait(self._client.disconnect(), COMMAND_LIMIT)

    def _call(self, work: Coroutine[Any, Any, _T], what: str) -> _T:
        try:
            return _wait(work, COMMAND_LIMIT)
        except TimeoutError as error:
            raise MachineError(f"QMP: {what}: no answer within {COMMAND_LIMIT:g} s") from error
        except (QMPError, OSError, EOFError, concurrent.futures.CancelledError) as error:
            raise MachineError(f"QMP: {what}: {error or type(error).__name__}") from error

    async def _connect(self, line: socket.socket) -> None:
        self._client.register_listener(_Recorder(self._heard))
        await self._client.connect(line)

    def _heard(self, event: Event) -> None:
        with self._news:
            self._events.append(event)
            self._news.notify_all()


class _Recorder(EventListener):
    """Hands every event on and queues none."""

    def __init__(self, heard: Callable[[Event], None]) -> None:
        super().__init__()
        self._heard = heard

    def accept(self, event: Message) -> bool:
        data: Any = event.get("data", {})
        self._heard(Event(str(event["event"]), dict(data)))
        return False
