"""``zxh boot``: a guest's console for people, and for a debugger."""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from harness.errors import InputError, MachineError
from harness.machine import debugger

if TYPE_CHECKING:
    from harness.machine.machine import Machine

#: Ctrl-A, then x: leave, as on QEMU's own console.
_ESCAPE = b"\x01"
_LEAVE = b"x"

_KEYBOARD = 0
_SCREEN = 1


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "boot",
        help="boot a guest and talk to its console",
        description="Boots an image and connects the terminal to its console. Leave with Ctrl-A x.",
    )
    parser.add_argument("image", help="name of an image (see: zxh images list) or a .toml file")
    parser.add_argument(
        "--gdb",
        action="store_true",
        help="stop before the first instruction and wait for a debugger",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Carry it out: 0 when left, 3 if the guest panicked or QEMU ended by itself."""
    from harness.machine import image
    from harness.machine.machine import Machine

    described = image.load(parsed.image)
    if described.programs == "boot files":
        raise InputError(
            f"{described.name} runs programs from boot files and takes no input; "
            f"see: zxh exec --target {described.name}"
        )
    signal.signal(signal.SIGTERM, _terminated)
    with contextlib.ExitStack() as stack:
        extra: tuple[str, ...] = ()
        if parsed.gdb:
            path, listening = stack.enter_context(debugger.door())
            extra = ("-S", *listening)
            sys.stderr.write(f"attach with: {debugger.attach(described.kernel, path)}\n")
        machine = stack.enter_context(Machine(described, extra=extra))
        sys.stderr.write(f"{described.name}: leave with Ctrl-A x\n")
        return _Terminal(machine).talk()


class _Terminal:
    """The user's terminal, connected to a machine's console."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._watched = [machine.console.fileno(), _KEYBOARD]
        self._escaped = False
        self._left = False

    def talk(self) -> int:
        """Move what is typed and what the guest says, until one side ends."""
        machine = self._machine
        machine.console.keep_unread()
        with _raw_mode():
            while not (self._left or machine.console.ended or machine.share.panicked):
                self._exchange()
            machine.console.receive()
            self._show()
        if self._left:
            return 0
        if machine.share.panicked:
            failure = machine.failure("guest panic", "the guest kernel panicked")
        else:
            failure = machine.failure("machine lost", "QEMU ended")
        sys.stderr.write(failure.text() + "\n")
        return MachineError.exit_code

    def _exchange(self) -> None:
        readable, _, _ = select.select(self._watched, [], [])
        if self._machine.console.fileno() in readable:
            self._machine.console.receive()
            self._show()
        if _KEYBOARD in readable:
            typed = os.read(_KEYBOARD, 4096)
            if not typed:
                self._watched.remove(_KEYBOARD)
            self._type(typed)

    def _show(self) -> None:
        text = self._machine.console.take()
        while text:
            text = text[os.write(_SCREEN, text) :]

    def _type(self, typed: bytes) -> None:
        for key in (typed[i : i + 1] for i in range(len(typed))):
            if self._escaped:
                self._escaped = False
                self._left = self._left or key == _LEAVE
            elif key == _ESCAPE:
                self._escaped = True
            else:
                self._machine.console.send(key)


@contextlib.contextmanager
def _raw_mode() -> Iterator[None]:
    """The terminal hands over every key as it is; the way it was comes back at the end."""
    if not os.isatty(_KEYBOARD):
        yield
        return
    before = termios.tcgetattr(_KEYBOARD)
    try:
        tty.setraw(_KEYBOARD)
        yield
    finally:
        termios.tcsetattr(_KEYBOARD, termios.TCSADRAIN, before)


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM leaves by the usual way out, so that the terminal is restored."""
    raise SystemExit(128 + signal.SIGTERM)
