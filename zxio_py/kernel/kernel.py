"""The emulated machine: its lock, its handles, its root job."""

from __future__ import annotations

from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Collection, Sequence
from itertools import count
from typing import NamedTuple

from zxio_py import abi
from zxio_py.kernel import vdso
from zxio_py.kernel.channel import Channel
from zxio_py.kernel.debuglog import KernelLog
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.event import Event
from zxio_py.kernel.handle import Handle, spread
from zxio_py.kernel.job import Job
from zxio_py.kernel.process import Process
from zxio_py.kernel.raw import ENTRIES, IMPLEMENTED
from zxio_py.kernel.resource import Resource
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.timer import TimerQueue
from zxio_py.kernel.vmo import Vmo, VmObject

_SERIAL_BYTES = 65536
_SYSTEM_EVENTS = range(
    abi.ZX_SYSTEM_EVENT_OUT_OF_MEMORY, abi.ZX_SYSTEM_EVENT_IMMINENT_OUT_OF_MEMORY + 1
)


def end_at_machine_code(thread: Thread, address: int) -> None:
    """End the process of a thread that came to what the emulation cannot do."""
    reason = f"thread {thread.koid} is to run machine code at {address:#x}, which is not emulated"
    thread.process.end(abi.ZX_TASK_RETCODE_EXCEPTION_KILL, reason)


class Counts(NamedTuple):
    """What exists now; equal before and after if nothing leaked."""

    objects: int
    handles: int
    processes: int
    threads: int


class Kernel:
    """One emulated machine.

    The kernel is a monitor: every call runs with `lock` held from its first check to its last
    copy, and gives it up only to sleep.  Python runs one thread at a time anyway, so finer locks
    would cost time and order without letting anything run in parallel.  (Channel explains the one
    way past the lock.)
    """

    def __init__(self, debugging_calls: bool = False) -> None:
        """A machine; *debugging_calls* is Zircon's option kernel.enable-debugging-syscalls."""
        self.lock = allocate_lock()
        #: On whose behalf the lock is held, if it matters: who sleeps if a page has to come.
        self.running: Thread | None = None
        self.debugging_calls = debugging_calls
        #: Types of the objects that exist, by koid.
        self.alive: dict[int, type[Dispatcher]] = {}
        self.next_koid = count(abi.ZX_KOID_FIRST).__next__
        self.next_handle_base = map(spread, count(1)).__next__
        self._handle_count = 0
        # Objects whose last handle is gone, waiting for their end; see close_handles.
        self._ending: deque[Dispatcher] = deque()
        self._draining = False
        self._next_frame = 1
        #: Told, lock held, of a thread that would have to run machine code at an address.
        self.on_machine_code: Callable[[Thread, int], None] = end_at_machine_code
        self.timers = TimerQueue(self.lock)
        self.log = KernelLog()
        #: The last of what programs wrote to the serial line.
        self.serial: deque[int] = deque(maxlen=_SERIAL_BYTES)
        #: Channel ends with handles in messages that were not read, by koid.
        self.carriers: dict[int, Channel] = {}
        #: Resources that have handles, by koid.
        self.resources: dict[int, Resource] = {}
        self.root_job = Job(self, None)
        self.root_job.name = b"root"
        self.root_resource = Resource(self, abi.ZX_RSRC_KIND_ROOT, 0, 0, 0, b"root")
        #: How fast the processor runs: its number, then a fixed-point number, 1 at full rate.
        self.performance: tuple[int, int, int] = (0, 1, 0)
        #: What the display shows, if there were one.
        self.framebuffer: VmObject | None = None
        #: Events of memory pressure, by ZX_SYSTEM_EVENT_: there never is any.
        self.system_events = {kind: Event(self) for kind in _SYSTEM_EVENTS}
        normal = self.system_events[abi.ZX_SYSTEM_EVENT_MEMORY_PRESSURE_NORMAL]
        normal.update_signals(0, abi.ZX_EVENT_SIGNALED)
        self.vdso = Vmo(self, VmObject.create(self, vdso.SIZE))
        self.vdso.memory.name = vdso.NAME
        self.vdso.memory.write(0, vdso.image())
        self.vdso.memory.store.wired = True
        self.vdso.handle_count = 1  # as if the kernel had a handle: it stays

    @property
    def implemented(self) -> frozenset[str]:
        """Names of the calls it has."""
        return IMPLEMENTED

    def create_process(self, name: str, job: Job | None = None) -> Process:
        """A started process in *job* (default: the root job), without handles or threads."""
        with self.lock:
            process = Process(self, job or self.root_job, name.encode())
            process.has_vdso = True
            process.start()
            return process

    def restore_vdso(self) -> None:
        """Undo what a program did to the vDSO's VMO, which all of them share."""
        self.vdso.set_name(vdso.NAME)
        self.vdso.update_signals(abi.ZX_USER_SIGNAL_ALL, 0)

    def syscall(self, thread: Thread, name: str, args: Sequence[int]) -> int:
        """Make a call as a program does, with the numbers that would be in its registers.

        Arguments are unsigned 64-bit numbers, missing ones count as 0; each is cut to its C type.
        Returns the result as C reads it (a status is signed).  Raises ThreadEnded where the
        thread does not come back from the call, KeyError for a call that is not implemented.
        """
        return ENTRIES[name](thread.make_caller(), *args)

    def take_frames(self, count: int, alignment: int = 1) -> int:
        """Number of the first of *count* page frames of the machine that follow one another."""
        first = -(-self._next_frame // alignment) * alignment
        self._next_frame = first + count
        return first

    def counts(self) -> Counts:
        """Count what exists."""
        kinds = list(self.alive.values())
        objects = len(kinds)
        if self.framebuffer is not None and self.framebuffer.dispatcher is None:
            objects += 1  # a VMO to which there is no handle any more
        return Counts(objects, self._handle_count, kinds.count(Process), kinds.count(Thread))

    # Handles: kernel lock held ---------------------------------------------------------------

    def make_handle(self, object: Dispatcher, rights: int) -> Handle:
        """A new handle to *object*, in no table yet."""
        object.handle_count += 1
        self._handle_count += 1
        return Handle(object, rights, self.next_handle_base())

    def forget_handles(self, count: int) -> None:
        """*count* handles went with the object they referred to: nobody could reach either."""
        self._handle_count -= count

    def close_handle(self, handle: Handle) -> None:
        """Close a handle that is in no table any more."""
        self.close_handles((handle,))

    def close_handles(self, handles: Collection[Handle]) -> None:
        """Close handles that are in no table any more.

        Objects that lose their last handle end one after the other, not one inside the other:
        a channel end holds messages, these hold handles to channels with messages, and so on
        without bound.
        """
        if not handles:
            return
        for handle in handles:
            object = handle.object
            if object.observers:
                object.cancel(handle)
            self._handle_count -= 1
            object.handle_count -= 1
            if object.handle_count == 0:
                self._ending.append(object)
        if not self._draining:
            self._draining = True
            while self._ending:
                self._ending.popleft().on_zero_handles()
            self._draining = False
