"""Threads: on whose behalf calls are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel import exception, registers
from zxio_py.kernel.aspace import USER_TOP
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.dispatcher import clean_name
from zxio_py.kernel.errors import ThreadKilled, ZxError
from zxio_py.kernel.task import Task
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.exception import Listener, ThreadException
    from zxio_py.kernel.process import Process


class Thread(Task):
    """An emulated thread.

    Mostly some Python thread runs its calls.  One that is started at an address is to run machine
    code: it stays in front of its first instruction, which may be suspended or fault, and where
    an instruction would have to be run the kernel says so (`Kernel.on_machine_code`).
    """

    __slots__ = (
        "_registers",
        "_resumptions",
        "_sent_to",
        "_suspensions",
        "cpu_mask",
        "exception",
        "exiting",
        "fp_registers",
        "halted",
        "listener",
        "name",
        "process",
        "restricted_state",
        "sleeps",
        "state",
        "vector_registers",
    )

    TYPE = abi.ZX_OBJ_TYPE_THREAD
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_THREAD_RIGHTS

    def __init__(self, process: Process, name: bytes) -> None:
        super().__init__(process.kernel)
        self.process = process
        process.hold()
        self.name = clean_name(name)
        #: ZX_THREAD_STATE_NEW, RUNNING or DEAD; sleeping shows in `sleeps`.
        self.state: int = abi.ZX_THREAD_STATE_NEW
        #: Processors it is to run on, as profiles say; it is only told again.
        self.cpu_mask = 1
        #: Whether it must not run: dead or suspended.
        self.halted = False
        self._suspensions = 0
        self._resumptions: list[Waiter] = []
        #: Sleeps under way, with the state they show.
        self.sleeps: dict[Waiter, int] = {}
        #: The exception it is stopped in, and who wants to know of its exceptions.
        self.exception: ThreadException | None = None
        self.listener: Listener | None = None
        #: Whether it is leaving by itself, and has told its debugger so.
        self.exiting = False
        #: General registers; None as long as it does not stand at an instruction.
        self._registers: bytes | None = None
        #: ZX_THREAD_STATE_FP_REGS and _VECTOR_REGS: no call of the emulation changes them.
        self.fp_registers = registers.INITIAL_FP
        self.vector_registers = registers.INITIAL_VECTOR
        #: What restricted mode is to be entered with.
        self.restricted_state = registers.NO_RESTRICTED_STATE
        #: Where a handler wants it to go on, out of a call that a Python thread makes for it.
        self._sent_to: int | None = None

    @property
    def related_koid(self) -> int:
        return self.process.koid

    def make_caller(self) -> Caller:
        """Who makes its calls at the raw door.

        Whoever wants to make some keeps it: a thread that kept it itself would never go by itself,
        but only with Python's garbage collector, and its process with it.
        """
        return Caller(self, self.process.aspace.copy_in, self.process.aspace.copy_out)

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    def current_state(self) -> int:
        """ZX_THREAD_STATE_ as ZX_INFO_THREAD shows it."""
        if self.exiting and self.state == abi.ZX_THREAD_STATE_RUNNING:
            return abi.ZX_THREAD_STATE_DYING
        if self.is_suspended:
            return abi.ZX_THREAD_STATE_SUSPENDED
        if self.exception is not None:
            return abi.ZX_THREAD_STATE_BLOCKED_EXCEPTION
        if self.state == abi.ZX_THREAD_STATE_RUNNING and self.sleeps:
            return next(iter(self.sleeps.values()))
        return self.state

    def start(self) -> None:
        """Let it run calls."""
        self.process.threads[self.koid] = self
        self.state = abi.ZX_THREAD_STATE_RUNNING
        self._suspensions += self.process.suspensions
        self._show_suspension()

    def check_start(self, entry: int) -> None:
        """Whether it may be started at *entry*.

        BAD_STATE: the process is dead; INVALID_ARGS: *entry* is no user address; BAD_STATE: it
        was started before.
        """
        if self.process.dead:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if entry >= USER_TOP:  # 0 is as good as any other address it will fault at
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.state != abi.ZX_THREAD_STATE_NEW:
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    def start_at(self, entry: int, stack: int, arguments: tuple[int, int]) -> None:
        """Let it run machine code from *entry* on; the first thread starts its process."""
        is_first = not self.process.started
        if is_first:
            self.process.start()
        self._registers = registers.initial(entry, stack, arguments)
        self.start()
        debuggers = self.process.job.debuggers_upwards() if is_first else iter(())
        exception.tell(self, abi.ZX_EXCP_PROCESS_STARTING, debuggers, self._announce)

    def _announce(self, answer: int) -> None:
        """Tell the debugger, before the first instruction."""
        debugger = self.process.debugger
        exception.tell(self, abi.ZX_EXCP_THREAD_STARTING, [debugger], lambda answer: self._run())

    def announce_start(self) -> None:
        """The same for a thread that a Python thread runs, by itself; ThreadKilled."""
        exception.tell_and_wait(self, abi.ZX_EXCP_THREAD_STARTING, self.process.debugger)

    def announce_exit(self) -> None:
        """Tell the debugger that it leaves, by itself; ThreadKilled."""
        self.exiting = True
        exception.tell_and_wait(self, abi.ZX_EXCP_THREAD_EXITING, self.process.debugger)

    def _run(self) -> None:
        """Come to the instruction it stands at, if nothing keeps it from that."""
        if self._registers is None or self.halted or self.exception is not None:
            return
        address = registers.program_counter(self._registers)
        if self.process.aspace.is_executable(address):
            self.kernel.on_machine_code(self, address)
            return
        context = exception.page_fault_context(address, exception.FAULT_FETCH)
        fault = exception.begin(self, abi.ZX_EXCP_FATAL_PAGE_FAULT, context, self._go_on)
        fault.offer()

    def _go_on(self, answer: int) -> None:
        """An exception at its instruction was answered."""
        if answer == abi.ZX_EXCEPTION_STATE_HANDLED:
            self._run()
        elif answer == abi.ZX_EXCEPTION_STATE_THREAD_EXIT:
            self.process.exit_thread(self)
        else:
            self.process.end(abi.ZX_TASK_RETCODE_EXCEPTION_KILL, "no code to execute")

    # Registers ---------------------------------------------------------------------------

    def check_stopped(self) -> None:
        """BAD_STATE if it is neither suspended nor in an exception."""
        if not self.is_suspended and self.exception is None:
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    @property
    def registers(self) -> bytes:
        """ZX_THREAD_STATE_GENERAL_REGS of a thread that is stopped."""
        return self._registers or self._in_a_call()

    def write_registers(self, written: bytes) -> None:
        """Change them; INVALID_ARGS."""
        accepted = registers.accepted(written)
        if self._registers is not None:
            self._registers = accepted
        elif accepted != self._in_a_call():
            self._sent_to = registers.program_counter(accepted)

    def leave_stop(self) -> None:
        """A reason to be stopped is gone: if it was the last, it goes where it was sent to."""
        if self._sent_to is not None and not self.halted and self.exception is None:
            self.kernel.on_machine_code(self, self._sent_to)
        self._run()

    def _in_a_call(self) -> bytes:
        """Of a thread that some Python thread runs: nothing is known but that it is in the vDSO."""
        return registers.initial(self.process.vdso_base, 0, (0, 0))

    # Suspension --------------------------------------------------------------------------

    def suspend(self) -> None:
        """Count one more reason to be suspended; BAD_STATE if it is dead or leaving."""
        if self.state == abi.ZX_THREAD_STATE_DEAD or self.exiting:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self._suspensions += 1
        self._show_suspension()

    def resume(self) -> None:
        """One reason less."""
        self._suspensions -= 1
        self._show_suspension()
        self.leave_stop()

    @property
    def is_suspended(self) -> bool:
        """Whether it has started and is suspended."""
        return self.state == abi.ZX_THREAD_STATE_RUNNING and self._suspensions > 0

    def _show_suspension(self) -> None:
        if self.state == abi.ZX_THREAD_STATE_RUNNING:
            self.halted = self._suspensions > 0
            shown = abi.ZX_THREAD_SUSPENDED if self.halted else abi.ZX_THREAD_RUNNING
            self.update_signals(abi.ZX_THREAD_RUNNING | abi.ZX_THREAD_SUSPENDED, shown)
            if not self.halted:
                for waiter in self._resumptions:
                    waiter.wake()
                self._resumptions.clear()

    def go_on(self) -> None:
        """What a halted thread does before it goes on: end, or wait until it is resumed."""
        if self.state == abi.ZX_THREAD_STATE_DEAD:
            raise ThreadKilled(self.process.end_reason)
        waiter = Waiter()
        self._resumptions.append(waiter)
        waiter.block(self, abi.ZX_TIME_INFINITE, abi.ZX_THREAD_STATE_SUSPENDED)

    def policy_error(self, code: int, what: str) -> None:
        """It breaks a limit in a call: ZX_EXCP_POLICY_CODE_*.  Raises ThreadKilled.

        Comes back if a handler lets it go on.
        """
        exception.policy_error(self, code, what)

    def listen(self, debugger: bool, rights: int) -> Listener:
        """A channel for its exceptions, of whoever has *rights* to it.

        INVALID_ARGS: threads have no debuggers; BAD_STATE: it is dead; ALREADY_BOUND.
        """
        if debugger:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.state == abi.ZX_THREAD_STATE_DEAD:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        type = abi.ZX_EXCEPTION_CHANNEL_TYPE_THREAD
        self.listener = exception.bind(self.listener, self.kernel, type, rights)
        return self.listener

    def _drop_listener(self) -> None:
        if self.listener is not None:
            self.listener.drop()
            self.listener = None

    # Life --------------------------------------------------------------------------------

    def end(self) -> None:
        """It is dead; whatever it sleeps in is over."""
        if self.state != abi.ZX_THREAD_STATE_DEAD:
            debugger = self.process.debugger
            if debugger is not None and not self.exiting:  # killed: it is told, not waited for
                exception.tell(self, abi.ZX_EXCP_THREAD_EXITING, [debugger], lambda answer: None)
            self.state = abi.ZX_THREAD_STATE_DEAD
            self.halted = True
            if self.kernel.running is self:
                self.kernel.running = None
            gone = abi.ZX_THREAD_RUNNING | abi.ZX_THREAD_SUSPENDED
            self.exception = None
            self._drop_listener()
            self.update_signals(gone, abi.ZX_THREAD_TERMINATED)
            for waiter in list(self.sleeps):
                waiter.wake(abi.ZX_ERR_INTERNAL_INTR_KILLED)
            self.process.forget_thread(self)
            self.maybe_go()

    def on_zero_handles(self) -> None:
        self.maybe_go()

    def is_running(self) -> bool:
        return self.state == abi.ZX_THREAD_STATE_RUNNING

    def on_gone(self) -> None:
        self._drop_listener()
        self.retire()
        self.process.release()
