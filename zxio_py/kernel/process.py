"""Processes: a handle table, an address space, threads."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.aspace import CAN_MAP_MASK, AddressSpace
from zxio_py.kernel.dispatcher import Dispatcher, clean_name
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.handle import HandleTable, spread
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.vmar import Vmar

if TYPE_CHECKING:
    from zxio_py.kernel.job import Job
    from zxio_py.kernel.kernel import Kernel


class Process(Dispatcher):
    """A process."""

    __slots__ = (
        "_root_vmar",
        "aspace",
        "break_on_load",
        "dead",
        "debug_addr",
        "end_reason",
        "handles",
        "job",
        "name",
        "policy",
        "retcode",
        "start_time",
        "started",
        "threads",
    )

    TYPE = abi.ZX_OBJ_TYPE_PROCESS
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_PROCESS_RIGHTS

    def __init__(self, kernel: Kernel, job: Job, name: bytes) -> None:
        super().__init__(kernel)
        job.add_process(self)
        self.job = job
        self.name = clean_name(name)
        self.policy = job.policy
        self.aspace: AddressSpace = AddressSpace(kernel)
        self.handles: HandleTable = HandleTable(kernel, spread(self.koid))
        self.threads: dict[int, Thread] = {}
        self.started = False
        self.dead = False
        self.retcode = 0
        self.start_time = 0
        self.debug_addr = 0
        self.break_on_load = 0
        #: Why it is dead, in words.
        self.end_reason = ""
        self._root_vmar: Vmar | None = None

    @property
    def related_koid(self) -> int:
        return self.job.koid

    @property
    def vmar_root(self) -> Vmar:
        """The object for the root region of the address space."""
        if self._root_vmar is None:
            self._root_vmar = Vmar(self.kernel, self.aspace.root)
        return self._root_vmar

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    # For those who set programs up: these take the kernel lock ------------------------------

    def create_thread(self, name: str = "") -> Thread:
        """A started thread."""
        with self.kernel.lock:
            thread = self.add_thread(name.encode())
            thread.start()
            return thread

    def add_handle(self, object: Dispatcher, rights: int | None = None) -> int:
        """Give the process a handle to *object* (default: the type's rights); its value."""
        with self.kernel.lock:
            handle = self.kernel.make_handle(
                object, object.DEFAULT_RIGHTS if rights is None else rights
            )
            return self.handles.add(handle)

    def allocate_vmar(self, size: int, flags: int = CAN_MAP_MASK) -> Vmar:
        """A new child region of the root VMAR; *size* in bytes, *flags* ZX_VM_CAN_MAP_."""
        with self.kernel.lock:
            return Vmar(self.kernel, self.vmar_root.allocate(flags, 0, size))

    def kill(self, retcode: int = abi.ZX_TASK_RETCODE_SYSCALL_KILL) -> None:
        """End it: handles closed, memory dropped, blocked threads thrown out of their calls."""
        with self.kernel.lock:
            self.end(retcode, "killed")

    # Kernel lock held ------------------------------------------------------------------------

    def add_thread(self, name: bytes) -> Thread:
        """A thread that has not started; BAD_STATE if the process is dead."""
        if self.dead:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        thread = Thread(self, name)
        self.threads[thread.koid] = thread
        return thread

    def forget_thread(self, thread: Thread) -> None:
        """A thread ended, or will never start."""
        self.threads.pop(thread.koid, None)

    def start(self) -> None:
        """Let its threads run."""
        self.started = True
        self.start_time = monotonic_ns()

    def end(self, retcode: int, reason: str) -> None:
        """End the process for good with *retcode*."""
        if self.dead:
            return
        self.dead = True
        self.retcode = retcode
        self.end_reason = reason
        for thread in list(self.threads.values()):
            thread.end()
        self.kernel.close_handles(self.handles.clear())
        self.aspace.destroy()
        self._root_vmar = None
        self.job.remove_process(self)
        self.update_signals(0, abi.ZX_PROCESS_TERMINATED)
        if not self.handle_count:
            self.retire()

    def on_zero_handles(self) -> None:
        if self.dead:
            self.retire()
        elif not self.started:
            self.end(0, "never started")
