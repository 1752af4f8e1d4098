"""Errors that end a command: one clear line for the user and an exit code, never a traceback."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar


class ZxhError(Exception):
    """Root of all errors that the command line reports; its text is the line shown."""

    exit_code: ClassVar[int] = 3


class InputError(ZxhError):
    """Bad input or usage: a file, a program or an option is not as it must be.

    The text names the file, the program, the step and the argument as far as they are known,
    then the problem: ``a.json: program 3 "x": step 2 (zx_event_create): argument 0: ...``.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, problem: str, *, where: str = "") -> None:
        """*where* is the place, from the outside in, parts joined by ``": "``."""
        super().__init__(f"{where}: {problem}" if where else problem)
        self.problem = problem
        self.where = where


class MachineError(ZxhError):
    """A machine could not be started or kept alive."""

    exit_code: ClassVar[int] = 3


class SessionEndedError(ZxhError):
    """The program behind a session is no more: it exited, faulted or was killed."""
