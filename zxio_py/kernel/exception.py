"""Exceptions: what a thread did that it may not, and who is asked about it.

An exception is offered in turn to whoever listens, each time as a message with an exception
object; closing its last handle is the answer (ZX_PROP_EXCEPTION_STATE).

    the process' debugger, the thread's channel, the process' channel, the debugger again (if it
    asked for a second chance), then job by job upwards its channel

If nobody takes it, the process dies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.channel import Channel
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ThreadKilled, ZxError
from zxio_py.kernel.records import record
from zxio_py.kernel.waiter import Waiter

if TYPE_CHECKING:
    from zxio_py.kernel.handle import Handle
    from zxio_py.kernel.job import Job
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.thread import Thread

#: Told of what an exception came to: a ZX_EXCEPTION_STATE_.
Done = Callable[[int], None]


class ThreadException(Dispatcher):
    """One exception of one thread, on its way from handler to handler."""

    __slots__ = (
        "_done",
        "_listeners",
        "channel",
        "excp_type",
        "process_rights",
        "report",
        "single_shot",
        "state",
        "strategy",
        "thread",
        "thread_rights",
    )

    TYPE = abi.ZX_OBJ_TYPE_EXCEPTION
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_EXCEPTION_RIGHTS
    WAITABLE = False

    def __init__(self, thread: Thread, excp_type: int, context: bytes, done: Done) -> None:
        """*context* is a zx_exception_context_t; *done* is told the last answer."""
        super().__init__(thread.kernel)
        self.thread = thread
        thread.hold()
        self.excp_type = excp_type
        size = abi.STRUCTS["zx_exception_report_t"].size
        header = record("zx_exception_header_t", size=size, type=excp_type)
        #: The zx_exception_report_t.
        self.report = header + context
        self._done: Done | None = done
        self._listeners = self._in_order()
        #: Whether each listener is told, whatever the one before answers.
        self.single_shot = False
        #: ZX_EXCEPTION_CHANNEL_TYPE_ of the channel that it is offered to.
        self.channel = abi.ZX_EXCEPTION_CHANNEL_TYPE_NONE
        #: What closing it means, and whether the debugger is to be asked again.
        self.state = abi.ZX_EXCEPTION_STATE_TRY_NEXT
        self.strategy = abi.ZX_EXCEPTION_STRATEGY_FIRST_CHANCE
        #: Of the handles that it gives; the task's process is nobody's through a thread's channel.
        self.thread_rights = 0
        self.process_rights = 0

    def _in_order(self) -> Iterator[Listener | None]:
        """Who is asked, each looked up when it is its turn."""
        thread, process = self.thread, self.thread.process
        yield process.debugger
        yield thread.listener
        yield process.listener
        if self.strategy == abi.ZX_EXCEPTION_STRATEGY_SECOND_CHANCE:
            yield process.debugger
        job: Job | None = process.job
        while job is not None:
            yield job.listener
            job = job.parent

    def tell_only(self, listeners: Iterable[Listener | None]) -> None:
        """Let it go to all of these and to nobody else."""
        self._listeners = iter(listeners)
        self.single_shot = True

    def offer(self) -> None:
        """Send it to the next who listens; without one, it is done."""
        for listener in self._listeners:
            if listener is not None and listener.is_open:
                self.state = abi.ZX_EXCEPTION_STATE_TRY_NEXT
                listener.send(self)
                return
        self._finish(abi.ZX_EXCEPTION_STATE_TRY_NEXT)

    def on_zero_handles(self) -> None:
        """The answer of the one it was offered to."""
        if self.thread.exception is not self:  # the thread has ended meanwhile
            self._release()
        elif self.single_shot or self.state == abi.ZX_EXCEPTION_STATE_TRY_NEXT:
            self.offer()
        else:
            self._finish(self.state)

    def _finish(self, answer: int) -> None:
        done = self._done
        assert done is not None
        self.thread.exception = None
        self._release()
        done(answer)

    def _release(self) -> None:
        self._done = None
        self.thread.release()

    def set_state(self, state: int) -> None:
        """ZX_PROP_EXCEPTION_STATE; INVALID_ARGS."""
        if state > abi.ZX_EXCEPTION_STATE_THREAD_EXIT:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.state = state

    def check_debugger(self) -> None:
        """BAD_STATE if it is not a debugger's, to whom alone its strategy is open."""
        if self.channel != abi.ZX_EXCEPTION_CHANNEL_TYPE_DEBUGGER:
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    def set_strategy(self, strategy: int) -> None:
        """ZX_PROP_EXCEPTION_STRATEGY, after `check_debugger`; INVALID_ARGS."""
        if strategy > abi.ZX_EXCEPTION_STRATEGY_SECOND_CHANCE:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.strategy = strategy


class Listener:
    """The kernel's end of a channel that tells of a task's exceptions."""

    __slots__ = ("_end", "_handle", "_rights", "_type")

    def __init__(self, kernel: Kernel, type: int, rights: int) -> None:
        """A channel of *type* (ZX_EXCEPTION_CHANNEL_TYPE_) of whoever has *rights* to the task."""
        self._type = type
        self._rights = rights
        self._end, _ = Channel.create(kernel)
        self._handle: Handle = kernel.make_handle(self._end, abi.ZX_RIGHT_NONE)

    @property
    def is_open(self) -> bool:
        """Whether the user's end exists."""
        return self._end.peer is not None

    @property
    def user_end(self) -> Channel:
        """The other end, as long as nobody has closed it."""
        peer = self._end.peer
        assert isinstance(peer, Channel)
        return peer

    def send(self, exception: ThreadException) -> None:
        """Tell of an exception; `is_open`."""
        thread = exception.thread
        exception.channel = self._type
        exception.thread_rights = self._rights
        of_thread = self._type == abi.ZX_EXCEPTION_CHANNEL_TYPE_THREAD
        exception.process_rights = 0 if of_thread else self._rights
        info = record(
            "zx_exception_info_t",
            pid=thread.process.koid,
            tid=thread.koid,
            type=exception.excp_type,
        )
        handle = thread.kernel.make_handle(exception, exception.initial_rights)
        self._end.write((len(info), info, [handle]), thread)

    def drop(self) -> None:
        """Close the kernel's end: the task is dead."""
        self._end.kernel.close_handle(self._handle)


def bind(bound: Listener | None, kernel: Kernel, type: int, rights: int) -> Listener:
    """A new listener in the place of *bound*; ALREADY_BOUND if that one still listens."""
    if bound is not None:
        if bound.is_open:
            raise ZxError(abi.ZX_ERR_ALREADY_BOUND)
        bound.drop()
    return Listener(kernel, type, rights)


def begin(thread: Thread, excp_type: int, context: bytes, done: Done) -> ThreadException:
    """An exception that its thread is stopped in; `offer` sets it on its way."""
    exception = ThreadException(thread, excp_type, context, done)
    thread.exception = exception
    return exception


def policy_error(thread: Thread, code: int, what: str) -> None:
    """ZX_EXCP_POLICY_ERROR of the thread that makes a call, with *code* as its synth_code.

    Comes back if a handler lets the thread go on.  Raises ThreadKilled.
    """
    context = record("zx_exception_context_t", synth_code=code)
    raise_in_call(thread, abi.ZX_EXCP_POLICY_ERROR, context, f"policy exception {what}")


def page_fault(thread: Thread, address: int, code: int, what: str) -> None:
    """The same for a fault at *address* in the vDSO's code; *code* is as x86-64 has it."""
    raise_in_call(thread, abi.ZX_EXCP_FATAL_PAGE_FAULT, page_fault_context(address, code), what)


#: Error codes of page faults in user mode where no page is: a store, the fetch of an instruction.
FAULT_STORE, FAULT_FETCH = 6, 20
_PAGE_FAULT_VECTOR = 14


def page_fault_context(address: int, code: int) -> bytes:
    """The zx_exception_context_t of a page fault: vector, error code, address."""
    arch = b"".join(n.to_bytes(8, "little") for n in (_PAGE_FAULT_VECTOR, code, address))
    return record("zx_exception_context_t", arch=arch)


def raise_in_call(thread: Thread, excp_type: int, context: bytes, what: str) -> None:
    """Stop the thread that makes a call in an exception until it is answered.

    Raises ThreadKilled where that is the end of the thread, or of its process because nobody
    took it.
    """
    answer = _wait(thread, lambda done: begin(thread, excp_type, context, done).offer())
    process = thread.process
    if answer == abi.ZX_EXCEPTION_STATE_TRY_NEXT:
        process.end(abi.ZX_TASK_RETCODE_EXCEPTION_KILL, what)
    elif answer == abi.ZX_EXCEPTION_STATE_THREAD_EXIT:
        process.exit_thread(thread)
    thread.leave_stop()
    if thread.state == abi.ZX_THREAD_STATE_DEAD:
        raise ThreadKilled(process.end_reason)


def tell(thread: Thread, excp_type: int, listeners: Iterable[Listener | None], done: Done) -> None:
    """Tell debuggers what a thread is about to do; *done* once all of them have answered."""
    exception = begin(thread, excp_type, record("zx_exception_context_t"), done)
    exception.tell_only(listeners)
    exception.offer()


def tell_and_wait(thread: Thread, excp_type: int, debugger: Listener | None) -> None:
    """The same for one debugger, by the thread itself; ThreadKilled if it was killed meanwhile."""
    if debugger is not None and debugger.is_open:
        _wait(thread, lambda done: tell(thread, excp_type, [debugger], done))


def _wait(thread: Thread, start: Callable[[Done], None]) -> int:
    """Keep the calling thread from going on until an exception is done; the answer."""
    waiter = Waiter()
    answers: list[int] = []

    def done(answer: int) -> None:
        answers.append(answer)
        waiter.wake()

    start(done)
    waiter.block(thread, abi.ZX_TIME_INFINITE, abi.ZX_THREAD_STATE_BLOCKED_EXCEPTION)
    return answers[0]
