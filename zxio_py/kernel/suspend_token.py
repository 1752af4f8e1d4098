"""Suspend tokens: a task stays suspended while they exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher

if TYPE_CHECKING:
    from zxio_py.kernel.process import Process
    from zxio_py.kernel.thread import Thread


class SuspendToken(Dispatcher):
    """A reason for a process or thread to be suspended."""

    __slots__ = ("task",)

    TYPE = abi.ZX_OBJ_TYPE_SUSPEND_TOKEN
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_SUSPEND_TOKEN_RIGHTS
    WAITABLE = False

    def __init__(self, task: Process | Thread) -> None:
        """A token for *task*, which has been suspended once for it."""
        super().__init__(task.kernel)
        self.task = task
        task.hold()

    def on_zero_handles(self) -> None:
        self.task.resume()
        self.task.release()
