"""The host target: programs on the emulation in `zxio_py.kernel`, through its raw door."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic_ns

from harness.errors import InputError, SessionEndedError
from harness.program.model import GIVEN_SLOTS, MAX_THREADS, TIME_LIMIT_NS, Arch, Program, Step
from harness.program.observation import ProgramObservation, StepObservation
from harness.program.parse import FUNCTIONS
from harness.targets.plan import Entry, Plan, Planner, make_plan
from harness.targets.run import Run, run_plan
from zxio_py.abi.rights import ZX_RIGHT_NONE
from zxio_py.closing import Closing
from zxio_py.kernel import Counts, Kernel
from zxio_py.kernel.errors import ThreadEnded, UserFault
from zxio_py.kernel.job import Job
from zxio_py.kernel.raw import ENTRIES, IMPLEMENTED
from zxio_py.zxio.raw import ZxioRaw


class _Emulated:
    """An emulated machine, and what there is on it between programs."""

    def __init__(self, debugging_calls: bool = False) -> None:
        self._kernel = kernel = Kernel(debugging_calls)
        with kernel.lock:
            #: In which programs run.
            self.jobs = kernel.root_job.create_child()
            kernel.make_handle(self.jobs, ZX_RIGHT_NONE)  # it stays
        self.baseline = kernel.counts()

    @property
    def ended(self) -> bool:
        """Whether the root job was killed, with which a machine ends."""
        return self.jobs.dying

    def settled_counts(self) -> Counts:
        """What exists now, after Python's garbage collector had its say where it is needed."""
        counts = self._kernel.counts()
        for generation in range(3):
            if counts == self.baseline:
                break
            gc.collect(generation)
            counts = self._kernel.counts()
        return counts


class HostTarget(Closing):
    """Runs programs in this Python process; see `harness.targets.base.Target`."""

    name: str = "host"
    arch: Arch = "x86_64"
    runs_code: bool = False

    def __init__(self, time_limit_ns: int = TIME_LIMIT_NS) -> None:
        """A program that runs longer than *time_limit_ns* is ended."""
        self._machine = _Emulated()
        #: Where programs with calls for debugging run, once there is one.
        self._debugging: _Emulated | None = None
        self._plans: dict[int, tuple[Program, Plan]] = {}
        self._executor = ThreadPoolExecutor(MAX_THREADS, "helper")
        self._watchdog = Watchdog(time_limit_ns)
        self._batch: Sequence[Program] = ()

    def missing_calls(self) -> frozenset[str]:
        """Functions of the ABI (and zxio) that the host does not implement."""
        return frozenset(FUNCTIONS) - IMPLEMENTED - ZxioRaw.names

    def start(self, programs: Sequence[Program]) -> None:
        """Take a batch; it runs in `finish`."""
        self._batch = programs

    def finish(self) -> list[ProgramObservation]:
        """Run the batch: one observation per program, in order."""
        batch, self._batch = self._batch, ()
        try:
            return [self.run(program) for program in batch]
        finally:
            self._watchdog.watch(None)

    def run(self, program: Program) -> ProgramObservation:
        """Run one program in a fresh process."""
        plan = self._plan(program)
        machine = self._debugged() if program.debugging else self._machine
        observation = self._run(plan, machine)
        self._watchdog.watch(None)
        if machine.ended:
            self.reset()
            return ProgramObservation(
                program.name, ending="lost", error="machine lost: the root job was killed"
            )
        counts = machine.settled_counts()
        if counts != machine.baseline:
            if observation.ending == "finished":
                observation.ending = "leak"
            observation.error = f"left behind: {counts} instead of {machine.baseline}"
            self.reset()
        return observation

    def _debugged(self) -> _Emulated:
        if self._debugging is None:
            self._debugging = _Emulated(debugging_calls=True)
        return self._debugging

    def _run(self, plan: Plan, machine: _Emulated) -> ProgramObservation:
        run = Run(machine.jobs, self._executor, plan.slots, plan.policy)
        self._watchdog.watch(run)
        return run_plan(run, plan)

    def _plan(self, program: Program) -> Plan:
        # By identity, because hashing a program costs more than running it.
        known = self._plans.get(id(program))
        if known is not None and known[0] is program:
            return known[1]
        plan = make_plan(program, entry_of)
        if len(self._plans) >= 4096:
            self._plans.clear()
        self._plans[id(program)] = (program, plan)
        return plan

    def limit_time(self, limit_ns: int) -> None:
        """From the next batch on end programs that run longer."""
        self._watchdog.limit(limit_ns)

    def open_session(self) -> HostSession:
        """Start a program that takes its steps one by one."""
        if self._machine.ended:  # by the session before
            self.reset()
        return HostSession(self._machine.jobs, self._executor, self._watchdog)

    def reset(self) -> None:
        """Start over with a new emulated machine."""
        self._machine = _Emulated()
        self._debugging = None

    def close(self) -> None:
        """End the helper threads; idempotent."""
        self._watchdog.close()
        self._executor.shutdown()


def entry_of(name: str) -> Entry | None:
    """The raw door's entry for a function; None if it is not implemented."""
    return ENTRIES.get(name)


class HostSession:
    """A program on the host that is fed step by step; see `harness.targets.base.Session`."""

    def __init__(self, job: Job, executor: ThreadPoolExecutor, watchdog: Watchdog) -> None:
        """Its process is in *job*.  Each step may take as long as *watchdog* allows a program."""
        self._run = Run(job, executor, ())
        self._watchdog = watchdog
        self._planner = Planner((), entry_of)
        self._open = True

    def step(self, step: Step) -> StepObservation:
        """Run one step; SessionEndedError if the program does not live any more."""
        if not self._open:
            raise SessionEndedError("the session is closed")
        if step.thread is not None:
            raise InputError("a session has no helper threads")
        run = self._run
        op = self._planner.op(step)
        self._grow()
        memory = self._planner.take_memory()
        run.map(memory)
        seen: list[StepObservation] = []
        self._watchdog.watch(run)
        try:
            run.steps((op,), run.caller, seen, True)
        except (ThreadEnded, UserFault) as error:
            if isinstance(error, UserFault):
                run.fault(error)
            reason = "time_limit" if run.out_of_time else run.faulted or run.process.end_reason
            reason = reason or "its thread exited"
            self.close()
            raise SessionEndedError(f"{step.call} ended the program: {reason}") from None
        finally:
            self._watchdog.watch(None)
        if memory.image and not op.binds and not self._planner.storages:
            run.aspace.unmap(memory.address, len(memory.image))
        return seen[0]

    def _grow(self) -> None:
        run = self._run
        for index in range(len(run.slots), len(self._planner.slots)):
            slot = self._planner.slots[index]
            run.slots.append(0)
            run.koids.append(0)
            if slot in GIVEN_SLOTS:
                run.give(index, slot)
        run.names = self._planner.slots

    def close(self) -> None:
        """End the program's process; idempotent."""
        if self._open:
            self._open = False
            self._run.close()


class Watchdog:
    """Ends a run that takes too long.

    Being told of a run costs next to nothing: the thread behind it looks at the run of the moment
    only when the limit of the one it looked at last is over.
    """

    def __init__(self, limit_ns: int) -> None:
        self._limit_ns = limit_ns
        self._current: tuple[Run, int] | None = None
        self._condition = threading.Condition()
        self._idle = False
        self._closed = False
        self._thread: threading.Thread | None = None

    def limit(self, limit_ns: int) -> None:
        """How long runs may take that are watched from now on."""
        with self._condition:
            self._limit_ns = limit_ns
            self._condition.notify()  # it sleeps until the old limit is over

    def watch(self, run: Run | None) -> None:
        """From now on *run* is the one to watch; None for nothing."""
        if run is None:
            self._current = None
            return
        self._current = (run, monotonic_ns() + self._limit_ns)
        if self._thread is None:
            self._thread = threading.Thread(target=self._body, name="time limit", daemon=True)
            self._thread.start()
        elif self._idle:
            with self._condition:
                self._condition.notify()

    def close(self) -> None:
        """End the thread; idempotent."""
        with self._condition:
            self._closed = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _body(self) -> None:
        with self._condition:
            while not self._closed:
                self._condition.wait(self._check())

    def _check(self) -> float | None:
        """End the current run if its time is over; seconds until the next look."""
        self._idle = True
        current = self._current
        if current is None or current[0].out_of_time:
            return None
        run, deadline = current
        left = deadline - monotonic_ns()
        if left <= 0:
            run.out_of_time = True
            run.process.kill()
            return None
        self._idle = False
        return left / 1e9
