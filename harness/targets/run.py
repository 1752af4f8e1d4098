"""One program's life on the host emulation: its process, slots, buffers, threads.

`Run` carries out the `Op`s of a `Plan` in a fresh emulated process and collects what is seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future, wait
from functools import lru_cache
from itertools import compress
from time import monotonic_ns
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from harness.program.model import JOIN_LIMIT_NS, Report
from harness.program.observation import (
    Captured,
    Ending,
    HandleInfo,
    ProgramObservation,
    StepObservation,
    StoredHandle,
)
from harness.targets.plan import (
    EDGE_PAGE,
    PAGE,
    READONLY_PAGE,
    Memory,
    Op,
    Out,
    Plan,
)
from zxio_py import abi
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ThreadEnded, ThreadExited, ThreadKilled, UserFault, ZxError
from zxio_py.kernel.handle import Handle
from zxio_py.kernel.job import Job
from zxio_py.kernel.kernel import end_at_machine_code
from zxio_py.kernel.thread import Thread
from zxio_py.zxio.raw import ZxioRaw

VMAR_SIZE: Final = 64 << 20
#: What every program's process is called, on each target.
PROCESS_NAME: Final = "program"

_MASK64: Final = (1 << 64) - 1
_UNTOUCHED: Final = 0xA5A5A5A5
_UNTOUCHED_BYTE: Final = b"\xa5"
_UNTOUCHED_KOID: Final = _UNTOUCHED_BYTE * 8
#: Buffers by argument and handles by slot, as a step leaves them.
Looked: TypeAlias = tuple[Mapping[int, Captured], Mapping[str, StoredHandle]]
_NOTHING: Final[Looked] = ({}, {})
Fault: TypeAlias = Literal["read", "write"]
_STATES: Final = {
    _UNTOUCHED: StoredHandle("untouched"),
    0: StoredHandle("zero"),
}
_INVALID: Final = StoredHandle("invalid")


@lru_cache(maxsize=64)
def fnv1a(data: bytes) -> int:
    """64-bit FNV-1a of *data*."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & _MASK64
    return value


# Programs see the same over and over, and to find it costs less than to make it.


_captured = lru_cache(maxsize=4096)(Captured)


@lru_cache(maxsize=4096)
def _handle(number: int, type: int, rights: int, related: int) -> StoredHandle:
    """What is said of a handle."""
    return StoredHandle("handle", HandleInfo(number, type, rights, related))


class Helper:
    """A helper thread of a program: an emulated thread and the Python thread that carries it."""

    __slots__ = ("future", "joined", "seen", "thread")

    def __init__(self, run: Run, ops: tuple[Op, ...], thread: Thread) -> None:
        self.thread = thread
        self.joined = False
        self.seen: list[StepObservation] = []
        self.future: Future[None] = run.executor.submit(self._body, run, ops)

    def _body(self, run: Run, ops: tuple[Op, ...]) -> None:
        try:
            run.begin_thread(self.thread)
            run.steps(ops, self.thread.make_caller(), self.seen, False)
            run.leave_thread(self.thread)
        except ThreadExited:
            run.exited = run.exited or run.process.dead
        except ThreadEnded:
            pass
        except UserFault as error:
            run.fault(error)


class Run:
    """A program in its process."""

    def __init__(
        self,
        job: Job,
        executor: Executor,
        slots: tuple[str, ...],
        policy: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        """The process is in *job*, or in one with *policy* in it: actions by condition."""
        self.kernel = kernel = job.kernel
        #: What helper threads run on.
        self.executor = executor
        #: Handles to what the program was given, of whoever started it.
        self._kept: list[Handle] = []
        self.process = kernel.create_process(
            PROCESS_NAME, self._limited(job, policy) if policy else job
        )
        self.aspace = self.process.aspace
        self._handle_at = self.process.handles.get
        self.thread = self.process.create_thread("main")
        self.caller = self.thread.make_caller()
        self.names = slots
        #: Handle values and the koids of their objects, by slot index.
        self.slots = [0] * len(slots)
        self.koids = [0] * len(slots)
        #: Numbers of objects in results, by koid.
        self.numbers: dict[int, int] = {}
        #: (address, size) of named buffers.
        self.buffers: dict[str, tuple[int, int]] = {}
        self.helpers: dict[str, Helper] = {}
        #: Helpers started and not joined; while there are any, nothing is said about live slots.
        self.unjoined = 0
        self.job: Job | None = None
        self._given_vdso = False
        self.exited = False
        #: Why the process died of a fault; empty if it did not.
        self.faulted = ""
        self._zxio: ZxioRaw | None = None
        self.out_of_time = False
        self.threads: Mapping[str, tuple[Op, ...]] = {}
        #: Which machine code a thread came to; empty if none did.
        self.machine_code = ""
        kernel.on_machine_code = self._end_at_machine_code

    # Setting up ------------------------------------------------------------------------------

    def _limited(self, parent: Job, policy: Mapping[int, int]) -> Job:
        """A job with that policy."""
        kernel, fixed = self.kernel, abi.ZX_POL_OVERRIDE_DENY
        with kernel.lock:
            job = parent.create_child()
            self._kept.append(kernel.make_handle(job, abi.ZX_RIGHT_NONE))
            job.set_basic_policy(True, [(*setting, fixed) for setting in policy.items()])
        return job

    def map(self, memory: Memory) -> None:
        """Map and fill what the plan asks for."""
        aspace = self.aspace
        if memory.image:
            aspace.map(len(memory.image), "rw", memory.address, contents=memory.image)
        for address, contents in memory.edges:
            aspace.map(len(contents), "rw", address, contents=contents)
        if memory.readonly:
            aspace.map(PAGE, "r", READONLY_PAGE)
        if memory.edge_page:
            aspace.map(PAGE, "rw", EDGE_PAGE)

    def give(self, index: int, slot: str) -> StoredHandle:
        """Make the given slot's object and handle."""
        process, kernel = self.process, self.kernel
        made: Dispatcher
        rights: int | None = None
        if slot == "$zero":
            return _STATES[0]
        if slot == "$job":
            with kernel.lock:
                made = self.job = kernel.root_job.create_child()
        elif slot == "$vmar":
            made = process.allocate_vmar(VMAR_SIZE)
        elif slot == "$proc":
            made = process
        elif slot == "$thread":
            made = self.thread
        elif slot == "$rootvmar":
            made = process.vmar_root
        elif slot == "$rootjob":
            made = kernel.root_job
        elif slot == "$resource":
            made = kernel.root_resource
        else:
            made = kernel.vdso
            rights = made.DEFAULT_RIGHTS & ~abi.ZX_RIGHT_WRITE | abi.ZX_RIGHT_EXECUTE
            with kernel.lock:
                _ = process.vdso_base  # it is mapped, which its VMO shows
            self._given_vdso = True
        if slot not in ("$vmar", "$vdso"):
            # It is a duplicate, or the job must be ended later: whoever started the program has
            # a handle as well.
            with kernel.lock:
                self._kept.append(kernel.make_handle(made, abi.ZX_RIGHT_NONE))
        return self.stored(index, process.add_handle(made, rights))

    # Running ---------------------------------------------------------------------------------

    def steps(
        self, ops: tuple[Op, ...], caller: Caller, seen: list[StepObservation], main: bool
    ) -> None:
        """Carry out *ops* as *caller*; raises ThreadEnded if its thread does not survive."""
        thread = caller.thread
        dead = abi.ZX_THREAD_STATE_DEAD
        for op in ops:
            observation = self.step(op, caller, main)
            if thread.state == dead:
                raise ThreadKilled(self.process.end_reason)
            seen.append(observation)

    def step(self, op: Op, caller: Caller, main: bool) -> StepObservation:
        """Carry out one step."""
        min_ns = op.min_ns
        # Before deadlines are made from the time of now.
        started = 0 if min_ns is None else monotonic_ns()
        args = self._arguments(op) if op.varies else op.args
        entry, missing, fault = op.entry, False, None
        if entry is None:
            ret, missing, fault = self._other(op, caller, args)
        else:
            ret = entry(caller, *args)
            if op.repeat > 1:
                ret = self._repeat(op, caller, args)
        elapsed = None if min_ns is None else monotonic_ns() - started >= min_ns
        ret &= op.ret_bits
        if op.ret_any:
            ret = int(ret != 0)
        outs, handles = self._look(op) if op.looks and not missing else _NOTHING
        live = None
        if main and not self.unjoined:
            live = tuple(compress(self.names, map(self._handle_at, self.slots)))
        return StepObservation(ret, missing, elapsed, outs, handles, live, fault)

    def _arguments(self, op: Op) -> list[int]:
        """The step's arguments, once what they point to is there."""
        for address, size, make in op.patches:
            data = (make(self) & (1 << 8 * size) - 1).to_bytes(size, "little")
            self.aspace.write(address, data)
        for name, place in op.binds:
            self.buffers[name] = place
        args = op.args.copy()
        slots = self.slots
        for index, slot in op.slot_args:
            args[index] = slots[slot]
        for index, make in op.made_args:
            args[index] = make(self)
        return args

    def _look(self, op: Op) -> Looked:
        """Buffers and handles after a call."""
        window = op.window
        if window is None:
            stored = self._stores(op)
            return self._outs(op.outs, stored), stored
        address, size, buffers, stores = window
        if self.unjoined:
            data = self.aspace.read(address, size)
        else:  # no other thread that could change mappings: no lock
            data = self.aspace.copy_in(address, size)
        outs, handles = _NOTHING
        if buffers:
            outs = {index: _captured(data[at], length) for index, at, length in buffers}
        if stores:
            number = int.from_bytes
            handles = {name: self.stored(i, number(data[at], "little")) for at, i, name in stores}
        return outs, handles

    def _repeat(self, op: Op, caller: Caller, args: list[int]) -> int:
        """All calls but the first."""
        entry = op.entry
        assert entry is not None
        ret = 0
        for _ in range(op.repeat - 1):
            ret = entry(caller, *args)
        return ret

    def _outs(
        self, outs: tuple[Out, ...], handles: Mapping[str, StoredHandle]
    ) -> dict[int, Captured]:
        result = {}
        read = self.aspace.read
        for out in outs:
            address, size = out.address, out.size
            if address is None:
                address, size = self.buffers.get(out.buffer, (0, 0))
            data = read(address, size)
            show = out.report.show
            hashed = fnv1a(data) if size > show else 0
            data = data[:show]
            if not out.is_plain:
                data = self._reported(data, out.report, handles)
            result[out.argument] = Captured(data, size, hashed)
        return result

    def _reported(self, data: bytes, report: Report, handles: Mapping[str, StoredHandle]) -> bytes:
        """*data* without what is not to be compared as it is."""
        if not data.strip(_UNTOUCHED_BYTE):
            return data
        shown = bytearray(data)
        for offset, length in report.mask:
            shown[offset : offset + length] = bytes(len(shown[offset : offset + length]))
        for offset in report.koids:
            koid = shown[offset : offset + 8]
            if len(koid) == 8 and koid != _UNTOUCHED_KOID:
                number = self._number(int.from_bytes(koid, "little"))
                shown[offset : offset + 8] = number.to_bytes(8, "little")
        for offset, slot in report.handles:
            stored = handles.get(slot)
            if stored is not None and stored.state in ("handle", "invalid"):
                shown[offset : offset + 4] = bytes(len(shown[offset : offset + 4]))
        return bytes(shown)

    def _number(self, koid: int) -> int:
        """The number by which results name an object."""
        return self.numbers.setdefault(koid, len(self.numbers) + 1) if koid else 0

    def _stores(self, op: Op) -> dict[str, StoredHandle]:
        result = {}
        read = self.aspace.read
        for store in op.stores:
            address = store.address
            if address is None:
                address, size = self.buffers.get(store.buffer, (0, 0))
                if store.offset + 4 > size:
                    continue
                address += store.offset
            value = int.from_bytes(read(address, 4), "little")
            result[store.name] = self.stored(store.slot, value)
        return result

    def stored(self, index: int, value: int) -> StoredHandle:
        """Put *value*, found where a handle was to be stored, in the slot; what it is."""
        if value == _UNTOUCHED:
            return _STATES[_UNTOUCHED]
        self.slots[index] = value
        handle = self._handle_at(value)
        if handle is None:
            self.koids[index] = 0
            return _INVALID if value else _STATES[0]
        object = handle.object
        self.koids[index] = koid = object.koid
        number, related = self._number(koid), object.related_koid
        if related:
            related = self._number(related)
        return _handle(number, object.TYPE, handle.rights, related)

    # Steps that are no system call -------------------------------------------------------------

    def _other(self, op: Op, caller: Caller, args: list[int]) -> tuple[int, bool, Fault | None]:
        """What it returns, whether there is no such function, and what faulted."""
        call = op.call
        if call in ("$load", "$store"):
            return self._access(call, args, caller.thread)
        if call in ZxioRaw.names:
            return self._call_zxio(op, caller, args), False, None
        if call == "$spawn":
            return self._spawn(op), False, None
        if call == "$join":
            return self._join(op), False, None
        return 0, not call.startswith("$"), None

    def _call_zxio(self, op: Op, caller: Caller, args: list[int]) -> int:
        """Call the library; UserFault if it faults itself, which kills the process."""
        if self._zxio is None:
            self._zxio = ZxioRaw(self.kernel, self.thread)
        zxio = self._zxio
        if caller is not self.caller:
            zxio = zxio.for_thread(caller.thread)
        ret = 0
        for _ in range(op.repeat):
            ret = zxio.call(op.call, args)
        return ret

    def fault(self, fault: UserFault) -> None:
        """A thread faulted and nobody handles exceptions: the process dies."""
        if not self.process.dead:
            self.faulted = str(fault)
            self.process.kill(abi.ZX_TASK_RETCODE_EXCEPTION_KILL)

    def _end_at_machine_code(self, thread: Thread, address: int) -> None:
        """A thread that the program has started goes on where there is no emulation."""
        if not self.machine_code:
            self.machine_code = f"thread {thread.koid} is to run machine code at {address:#x}"
            self.process.end(abi.ZX_TASK_RETCODE_EXCEPTION_KILL, self.machine_code)

    def _access(self, call: str, args: list[int], thread: Thread) -> tuple[int, bool, Fault | None]:
        address, size = args[0], args[1]
        try:
            if call == "$load":
                data = self.aspace.read(address, size, thread)
                return int.from_bytes(data, "little"), False, None
            data = (args[2] & (1 << 8 * size) - 1).to_bytes(size, "little")
            self.aspace.store(address, data, thread)
        except UserFault:
            return 0, False, "read" if call == "$load" else "write"
        return 0, False, None

    def _spawn(self, op: Op) -> int:
        name = op.thread
        assert name is not None
        try:
            thread = self.process.create_thread(name)
        except ZxError as error:
            return error.status
        self.unjoined += 1
        self.helpers[name] = Helper(self, self.threads[name], thread)
        return abi.ZX_OK

    def _join(self, op: Op) -> int:
        helper = self.helpers.get(op.thread or "")
        if helper is None:
            return abi.ZX_ERR_BAD_STATE
        status = abi.ZX_OK
        if not wait((helper.future,), JOIN_LIMIT_NS / 1e9).done:
            self.end_thread(helper.thread)
            wait((helper.future,))
            status = abi.ZX_ERR_TIMED_OUT
        if self.process.dead:
            raise ThreadKilled(self.process.end_reason)
        if not helper.joined:
            helper.joined = True
            self.unjoined -= 1
        return status

    def begin_thread(self, thread: Thread) -> None:
        """What a helper does first; ThreadEnded."""
        with self.kernel.lock:
            thread.announce_start()

    def leave_thread(self, thread: Thread) -> None:
        """A helper has done its steps and leaves; ThreadEnded."""
        with self.kernel.lock:
            thread.announce_exit()
            thread.end()

    def end_thread(self, thread: Thread) -> None:
        """End a helper that took too long."""
        with self.kernel.lock:
            thread.end()

    # The end ---------------------------------------------------------------------------------

    def finish(self, observation: ProgramObservation) -> None:
        """Say in *observation* how it ended; the main thread is through."""
        process = self.process
        if self.exited and not process.dead:  # only its main thread has left
            wait([helper.future for helper in self.helpers.values()])
        ending: Ending = "finished"
        if self.machine_code:
            ending = "not_emulatable"
        elif self.out_of_time:
            ending = "time_limit"
        elif self.faulted:
            ending = "fault"
        elif self.exited:
            ending = "exited"
            observation.retcode = process.retcode
        elif process.dead:
            unhandled = process.retcode == abi.ZX_TASK_RETCODE_EXCEPTION_KILL
            ending = "fault" if unhandled else "killed"
        if ending != "finished":
            observation.ending = ending
            observation.error = self.faulted or process.end_reason

    def close(self) -> None:
        """End everything the program made; idempotent."""
        self.process.kill(0)
        for helper in self.helpers.values():
            helper.future.result()
        with self.kernel.lock:
            self.kernel.on_machine_code = end_at_machine_code
            if self.job is not None:
                self.job.kill(0)
            kept, self._kept = self._kept, []
            self.kernel.close_handles(kept)
            if self._given_vdso:
                self.kernel.restore_vdso()


def run_plan(run: Run, plan: Plan) -> ProgramObservation:
    """Run a program from start to end; nothing of it is left, whatever happens."""
    observation = ProgramObservation(plan.name)
    run.threads = plan.threads
    try:
        run.map(plan.memory)
        if plan.given:
            observation.given = {slot: run.give(index, slot) for index, slot in plan.given}
        try:
            run.steps(plan.main, run.caller, observation.steps, True)
        except ThreadEnded as error:
            run.exited = run.exited or isinstance(error, ThreadExited)
        except UserFault as error:
            # In the library; or the process went away under a buffer that was to be looked at.
            run.fault(error)
        run.finish(observation)
    finally:
        run.close()
    for name, helper in run.helpers.items():
        observation.threads[name] = helper.seen
    return observation
