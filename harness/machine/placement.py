"""On which processors the host and its QEMU run.

While the host waits for a single program, host, QEMU's main loop and the thread of its CPU take
turns: none ever runs beside another.  Spread over processors each turn has to wake a sleeping one,
which in a virtual machine takes longer than a small program; on one processor it is a plain switch
of threads.  A batch is different: there the host prepares and decodes while the guest runs.

Only Linux lets a process say such things; elsewhere, and on a single processor, all this does
nothing.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Seconds for which a program may keep the host waiting before QEMU is spread out again: what runs
#: longer gains nothing, and may want a processor that is idle.
BRIEF = 0.002


class Placement:
    """Where the threads of one QEMU may run; as a context, the calling thread beside them."""

    def __init__(self, pid: int) -> None:
        """*pid* is that of a QEMU that this process has just started."""
        self._pid = pid
        #: The processor that all of QEMU's threads are on; None while they are spread.
        self._processor: int | None = None
        self._everywhere = _processors()
        #: Where the calling thread was allowed to run before it was kept beside QEMU.
        self._before: set[int] | None = None

    def gather(self) -> None:
        """Put QEMU's threads on the processor that the caller runs on.

        They hand work to each other there and none has to interrupt another for that, which
        `SCHED_BATCH` says.  Spread out they must: a busy guest would hold the main loop up.
        """
        if len(self._everywhere) > 1:
            processor = _current_processor()
            if processor != self._processor:
                self._move({processor}, os.SCHED_BATCH)
                self._processor = processor

    def spread(self) -> None:
        """Let QEMU's threads run anywhere again."""
        if self._processor is not None:
            self._move(self._everywhere, os.SCHED_OTHER)
            self._processor = None

    def __enter__(self) -> None:
        """Keep the calling thread on the one processor that QEMU's are gathered on."""
        self._before = None
        if self._processor is not None:
            self._before = os.sched_getaffinity(0)
            _place(0, {self._processor})

    def __exit__(self, *_exception: object) -> None:
        if self._before is not None:
            _place(0, self._before)

    def _move(self, processors: set[int], policy: int) -> None:
        try:
            threads = [int(path.name) for path in Path(f"/proc/{self._pid}/task").iterdir()]
        except OSError:
            return  # it has ended
        for thread in threads:
            _place(thread, processors)
            with suppress(OSError):
                os.sched_setscheduler(thread, policy, os.sched_param(0))


def _place(thread: int, processors: set[int]) -> None:
    """Set the processors of a thread; one that has ended, or may not be moved, stays."""
    try:
        os.sched_setaffinity(thread, processors)
    except OSError:
        return


def _processors() -> set[int]:
    """Those that this process may use; none where nobody can choose."""
    return os.sched_getaffinity(0) if sys.platform == "linux" else set()


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _current_processor() -> int:
    """The one that the calling thread runs on."""
    return int(_libc().sched_getcpu())
