"""Processes: a handle table, an address space, threads."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel import exception
from zxio_py.kernel.aspace import CAN_MAP_MASK, SHARED_BASE, USER_BASE, AddressSpace
from zxio_py.kernel.channel import end_unreachable
from zxio_py.kernel.dispatcher import Dispatcher, clean_name
from zxio_py.kernel.errors import ThreadKilled, ZxError
from zxio_py.kernel.futex import FutexTable
from zxio_py.kernel.handle import HandleTable, spread
from zxio_py.kernel.task import Task
from zxio_py.kernel.thread import Thread
from zxio_py.kernel.vmar import Vmar

if TYPE_CHECKING:
    from zxio_py.kernel.exception import Listener
    from zxio_py.kernel.job import Job
    from zxio_py.kernel.kernel import Kernel


class Sharing:
    """What several processes have in common: handles, futexes, half of their addresses."""

    __slots__ = ("aspace", "futexes", "handles", "processes")

    def __init__(self, aspace: AddressSpace, handles: HandleTable, futexes: FutexTable) -> None:
        self.aspace = aspace
        self.handles = handles
        self.futexes = futexes
        #: How many processes have it; it is gone when none does.
        self.processes = 1

    def check(self) -> None:
        """BAD_STATE if it is gone."""
        if not self.processes:
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    def leave(self) -> bool:
        """One less; whether it was the last."""
        self.processes -= 1
        return not self.processes


class Process(Task):
    """A process."""

    __slots__ = (
        "_critical_if_nonzero",
        "_critical_to",
        "_ended",
        "_root_vmar",
        "aspace",
        "break_on_load",
        "dead",
        "debug_addr",
        "debugger",
        "end_reason",
        "futexes",
        "handles",
        "has_vdso",
        "job",
        "listener",
        "name",
        "policy",
        "restricted",
        "retcode",
        "sharing",
        "start_time",
        "started",
        "suspensions",
        "threads",
    )

    TYPE = abi.ZX_OBJ_TYPE_PROCESS
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_PROCESS_RIGHTS

    def __init__(
        self,
        kernel: Kernel,
        job: Job,
        name: bytes,
        shareable: bool = False,
        sharing: Sharing | None = None,
    ) -> None:
        """A process in *job*, which has not started; BAD_STATE if that was killed.

        *shareable*: others may share its part of the addresses; *sharing*: it shares this, which
        is not gone, and has the rest for itself.
        """
        super().__init__(kernel)
        job.add_process(self)
        self.job = job
        job.hold()
        self.name = clean_name(name)
        self.policy = job.policy
        self.sharing = sharing
        #: The part of its addresses that it has for itself, where it shares the rest.
        self.restricted: AddressSpace | None = None
        if sharing is None:
            base = SHARED_BASE if shareable else USER_BASE
            self.aspace: AddressSpace = AddressSpace(kernel, base)
            self.handles: HandleTable = HandleTable(kernel, spread(self.koid))
            self.futexes = FutexTable()
            if shareable:
                self.sharing = Sharing(self.aspace, self.handles, self.futexes)
        else:
            self.aspace = sharing.aspace
            self.handles = sharing.handles
            self.futexes = sharing.futexes
            sharing.processes += 1
            self.restricted = AddressSpace(kernel, USER_BASE, SHARED_BASE)
        #: Threads that have started and not ended.
        self.threads: dict[int, Thread] = {}
        self.started = False
        #: Suspend tokens for it.
        self.suspensions = 0
        self.dead = False
        #: Whether all that follows from its death is done.
        self._ended = False
        self.retcode = 0
        self.start_time = 0
        self.debug_addr = 0
        self.break_on_load = 0
        #: Who wants to know of the exceptions of its threads.
        self.listener: Listener | None = None
        self.debugger: Listener | None = None
        #: Why it is dead, in words.
        self.end_reason = ""
        self._critical_to: Job | None = None
        self._critical_if_nonzero = False
        #: Whether the vDSO is there without anybody mapping it: it is mapped when it is needed.
        self.has_vdso = False
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

    def aspace_at(self, address: int) -> AddressSpace:
        """The address space that has, or would have, *address*."""
        restricted = self.restricted
        return restricted if restricted is not None and address < SHARED_BASE else self.aspace

    @property
    def aspaces(self) -> tuple[AddressSpace, ...]:
        """All it has, by address."""
        return (self.aspace,) if self.restricted is None else (self.restricted, self.aspace)

    @property
    def vdso_base(self) -> int:
        """Where the vDSO is mapped; 0 if it is not."""
        if self.dead:
            return 0
        if self.has_vdso:
            self.has_vdso = False
            self.aspace.map_vdso(self.kernel.vdso.memory)
        return self.aspace.vdso_base

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    def set_debug_addr(self, address: int) -> None:
        """ZX_PROP_PROCESS_DEBUG_ADDR: the loader sets it once; ACCESS_DENIED after that."""
        if address == 0:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.debug_addr not in (0, abi.ZX_PROCESS_DEBUG_ADDR_BREAK_ON_SET):
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        self.debug_addr = address

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
                object, object.initial_rights if rights is None else rights
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
        return Thread(self, name)

    def forget_thread(self, thread: Thread) -> None:
        """A thread ended."""
        self.threads.pop(thread.koid, None)

    def start(self) -> None:
        """Let its threads run."""
        self.started = True
        self.start_time = monotonic_ns()

    def suspend(self) -> None:
        """Suspend its threads, those to come as well; BAD_STATE if it is dead."""
        if self.dead:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self.suspensions += 1
        for thread in list(self.threads.values()):
            thread.suspend()

    def resume(self) -> None:
        """Undo one suspension."""
        self.suspensions -= 1
        for thread in list(self.threads.values()):
            thread.resume()

    def listen(self, debugger: bool, rights: int) -> Listener:
        """A channel for exceptions of its threads, of whoever has *rights* to it.

        BAD_STATE: it is dead; ALREADY_BOUND.
        """
        if self.dead:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if debugger:
            type = abi.ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER
            self.debugger = exception.bind(self.debugger, self.kernel, type, rights)
            return self.debugger
        type = abi.ZX_EXCEPTION_CHANNEL_TYPE_PROCESS
        self.listener = exception.bind(self.listener, self.kernel, type, rights)
        return self.listener

    def end(self, retcode: int, reason: str) -> None:
        """End the process for good with *retcode*."""
        if self.dead:
            return
        self.dead = True
        self.retcode = retcode
        self.end_reason = reason
        for thread in list(self.threads.values()):
            thread.end()
        for listener in (self.listener, self.debugger):
            if listener is not None:
                listener.drop()
        self.listener = self.debugger = None
        if self.sharing is None or self.sharing.leave():
            self.kernel.close_handles(self.handles.clear())
            if self.kernel.carriers:
                end_unreachable(self.kernel)
            self.aspace.destroy()
        if self.restricted is not None:
            self.restricted.destroy()
        self._root_vmar = None
        self.update_signals(0, abi.ZX_PROCESS_TERMINATED)
        self.job.remove_process(self)
        if self._critical_to is not None and (retcode != 0 or not self._critical_if_nonzero):
            self._critical_to.kill(abi.ZX_TASK_RETCODE_CRITICAL_PROCESS_KILL)
        self._ended = True
        self.maybe_go()

    def set_critical_to(self, job: Job, if_nonzero: bool) -> None:
        """Let *job* be killed when this process ends (with *if_nonzero*: other than with 0).

        INVALID_ARGS: the job is no ancestor; ALREADY_BOUND: it is critical already.
        """
        if self._critical_to is not None:
            raise ZxError(abi.ZX_ERR_ALREADY_BOUND)
        ancestor: Job | None = self.job
        while ancestor is not None and ancestor is not job:
            ancestor = ancestor.parent
        if ancestor is None:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self._critical_to = job
        self._critical_if_nonzero = if_nonzero

    def exit_thread(self, thread: Thread) -> None:
        """One of its threads has left; the last one takes the process with it."""
        thread.end()
        if not self.threads:
            self.end(0, "its last thread exited")

    def policy_end(self, condition: int) -> ThreadKilled:
        """End the process for what its job's policy kills for; what its thread is to raise."""
        self.end(abi.ZX_TASK_RETCODE_POLICY_KILL, f"killed by job policy on condition {condition}")
        return ThreadKilled(self.end_reason)

    def on_zero_handles(self) -> None:
        if not self.started:
            self.end(0, "never started")
        self.maybe_go()

    def is_running(self) -> bool:
        return not self._ended

    def on_gone(self) -> None:
        self.retire()
        self.job.release()
