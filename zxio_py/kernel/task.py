"""What jobs, processes and threads share: each refers to the one that it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py.kernel.dispatcher import Dispatcher

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel


class Task(Dispatcher):
    """A job, process or thread, for as long as it runs or something refers to it.

    That is seen from outside: a job is among the children of its parent until it is gone, and a
    handle to a dead thread keeps its process, and so the process' job and all jobs above.
    """

    __slots__ = ("_gone", "_holders")

    def __init__(self, kernel: Kernel, signals: int = 0) -> None:
        super().__init__(kernel, signals)
        #: Objects that refer to it: tasks that are in it, suspend tokens.
        self._holders = 0
        self._gone = False

    def hold(self) -> None:
        """Another object refers to it."""
        self._holders += 1

    def release(self) -> None:
        """That object is gone."""
        self._holders -= 1
        self.maybe_go()

    def maybe_go(self) -> None:
        """Be gone if it does not run and nothing refers to it any more."""
        if not (self._gone or self.handle_count or self._holders or self.is_running()):
            self._gone = True
            self.on_gone()

    def is_running(self) -> bool:
        """Whether it exists even if nothing refers to it."""
        raise NotImplementedError

    def on_gone(self) -> None:
        """Nobody can see it any more."""
        raise NotImplementedError
