"""Jobs: the tree that holds processes, and the policies they inherit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel import exception
from zxio_py.kernel.dispatcher import clean_name
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.task import Task

if TYPE_CHECKING:
    from zxio_py.kernel.exception import Listener
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.process import Process

#: Conditions that ZX_POL_NEW_ANY stands for.
_NEW_OBJECTS = range(abi.ZX_POL_NEW_VMO, abi.ZX_POL_NEW_PAGER + 1)

#: How many conditions there are.
_CONDITIONS = abi.ZX_POL_AMBIENT_MARK_VMO_EXEC + 1

#: Jobs below the root may be nested this deep.
MAX_HEIGHT = 32


class Job(Task):
    """A job: child jobs, processes, a policy."""

    __slots__ = (
        "children",
        "dead",
        "debuggers",
        "dying",
        "height",
        "kill_on_oom",
        "listener",
        "name",
        "parent",
        "policy",
        "processes",
        "retcode",
    )

    TYPE = abi.ZX_OBJ_TYPE_JOB
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_JOB_RIGHTS

    def __init__(self, kernel: Kernel, parent: Job | None) -> None:
        super().__init__(
            kernel, abi.ZX_JOB_NO_JOBS | abi.ZX_JOB_NO_PROCESSES | abi.ZX_JOB_NO_CHILDREN
        )
        self.parent = parent
        if parent is not None:
            parent.hold()
        self.height: int = MAX_HEIGHT if parent is None else parent.height - 1
        self.children: dict[int, Job] = {}
        self.processes: dict[int, Process] = {}
        self.policy: JobPolicy = JobPolicy() if parent is None else parent.policy
        self.name = b""
        #: Whether it was killed; it is dead when all below it is gone.
        self.dying = False
        self.dead = False
        self.retcode = 0
        self.kill_on_oom = False
        #: Who wants to know of exceptions below it.
        self.listener: Listener | None = None
        self.debuggers: list[Listener] = []

    @property
    def related_koid(self) -> int:
        return self.parent.koid if self.parent is not None else 0

    def get_name(self) -> bytes:
        return self.name

    def set_name(self, name: bytes) -> None:
        self.name = clean_name(name)

    # Tree --------------------------------------------------------------------------------

    def create_child(self) -> Job:
        """A new child job.  OUT_OF_RANGE: too deep; BAD_STATE: this job was killed."""
        if self.height == 0:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if self.dying:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        child = Job(self.kernel, self)
        self.children[child.koid] = child
        self.update_signals(abi.ZX_JOB_NO_JOBS | abi.ZX_JOB_NO_CHILDREN, 0)
        return child

    def add_process(self, process: Process) -> None:
        """Take in a new process; BAD_STATE if this job was killed."""
        if self.dying:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self.processes[process.koid] = process
        self.update_signals(abi.ZX_JOB_NO_PROCESSES | abi.ZX_JOB_NO_CHILDREN, 0)

    def remove_process(self, process: Process) -> None:
        """A process has ended."""
        if self.processes.pop(process.koid, None) is not None:
            self._show_children()
            self._finish()

    def _show_children(self) -> None:
        """Some of its children left."""
        gained = 0
        if not self.processes:
            gained |= abi.ZX_JOB_NO_PROCESSES
        if not self.children:
            gained |= abi.ZX_JOB_NO_JOBS
        if not self.processes and not self.children:
            gained |= abi.ZX_JOB_NO_CHILDREN
        self.update_signals(0, gained)

    def _leave_parent(self) -> None:
        if self.parent is not None and self.parent.children.pop(self.koid, None) is not None:
            self.parent._show_children()

    def _finish(self) -> None:
        """Once all below a killed job is gone it is dead, then perhaps its parent, and so on."""
        job: Job | None = self
        while job is not None and job.dying and not (job.dead or job.children or job.processes):
            job.dead = True
            job._drop_listeners()
            job.update_signals(0, abi.ZX_JOB_TERMINATED)
            job._leave_parent()
            job = job.parent

    def on_zero_handles(self) -> None:
        self.maybe_go()

    def is_running(self) -> bool:
        return self.parent is None

    def on_gone(self) -> None:
        parent = self.parent
        assert parent is not None
        if not self.dead:
            self._drop_listeners()
        self._leave_parent()
        parent._finish()
        parent.release()

    # Exceptions --------------------------------------------------------------------------

    def listen(self, debugger: bool, rights: int) -> Listener:
        """A channel for exceptions in it, of whoever has *rights* to it.

        BAD_STATE: it was killed; ALREADY_BOUND: there is one, or too many debuggers.
        """
        if self.dying:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if not debugger:
            type = abi.ZX_EXCEPTION_CHANNEL_TYPE_JOB
            self.listener = exception.bind(self.listener, self.kernel, type, rights)
            return self.listener
        for gone in [listener for listener in self.debuggers if not listener.is_open]:
            self.debuggers.remove(gone)
            gone.drop()
        if len(self.debuggers) == abi.JOB_DEBUGGER_CHANNELS_MAX:
            raise ZxError(abi.ZX_ERR_ALREADY_BOUND)
        type = abi.ZX_EXCEPTION_CHANNEL_TYPE_JOB_DEBUGGER
        self.debuggers.append(exception.Listener(self.kernel, type, rights))
        return self.debuggers[-1]

    def debuggers_upwards(self) -> Iterator[Listener]:
        """Its debuggers, then those of the jobs above."""
        job: Job | None = self
        while job is not None:
            yield from list(job.debuggers)
            job = job.parent

    def _drop_listeners(self) -> None:
        if self.listener is not None:
            self.listener.drop()
            self.listener = None
        while self.debuggers:
            self.debuggers.pop(0).drop()

    # Policy ------------------------------------------------------------------------------

    def set_basic_policy(self, absolute: bool, records: list[tuple[int, int, int]]) -> None:
        """Set actions: (condition, action, ZX_POL_OVERRIDE_) each, all or none of them.

        BAD_STATE, OUT_OF_RANGE, NOT_SUPPORTED (of an action), INVALID_ARGS, ALREADY_EXISTS.
        """
        self._check_childless()
        if len(records) > _CONDITIONS:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        policy = self.policy.copy()
        override_of_all: int | None = None
        for condition, action, override in records:
            if action > abi.ZX_POL_ACTION_KILL:
                raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
            if condition == abi.ZX_POL_NEW_ANY:
                # What is said of all new objects can still be said otherwise of one in this call.
                override_of_all = override
                for one in _NEW_OBJECTS:
                    policy.set(one, action, True, absolute)
                continue
            if override > abi.ZX_POL_OVERRIDE_DENY or condition >= _CONDITIONS:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            policy.set(condition, action, override == abi.ZX_POL_OVERRIDE_ALLOW, absolute)
        if override_of_all is not None:
            if override_of_all > abi.ZX_POL_OVERRIDE_DENY:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            overridable = override_of_all == abi.ZX_POL_OVERRIDE_ALLOW
            policy.overridable.update(dict.fromkeys(_NEW_OBJECTS, overridable))
        self.policy = policy

    def set_timer_slack(self, slack: int, mode: int) -> None:
        """Set the least slack (nanoseconds) and the default mode of timers."""
        self._check_childless()
        if slack < 0 or mode > abi.ZX_TIMER_SLACK_LATE:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.policy = self.policy.copy()
        self.policy.timer_slack = max(self.policy.timer_slack, slack)
        self.policy.timer_mode = mode

    def _check_childless(self) -> None:
        if self.children or self.processes:
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    # End ---------------------------------------------------------------------------------

    def kill(self, retcode: int) -> None:
        """Kill the jobs, then the processes in it, the youngest first; it takes none any more."""
        if self.dying:
            return
        self.dying = True
        self.retcode = retcode
        jobs, processes = list(self.children.values()), list(self.processes.values())
        self._finish()
        for job in reversed(jobs):
            job.kill(retcode)
        for process in reversed(processes):
            process.end(retcode, "killed with its job")


class JobPolicy:
    """What processes may do: an action per condition, and whether it may be overridden."""

    __slots__ = ("actions", "overridable", "timer_mode", "timer_slack")

    def __init__(self) -> None:
        #: Action other than ALLOW, by condition.
        self.actions: dict[int, int] = {}
        #: Whether child jobs may set a condition again; they may where nothing is said.
        self.overridable: dict[int, bool] = {}
        self.timer_slack = 0
        self.timer_mode = abi.ZX_TIMER_SLACK_CENTER

    def set(self, condition: int, action: int, overridable: bool, absolute: bool) -> None:
        """Set one action; ALREADY_EXISTS if that must be but what is set cannot be overridden."""
        if self.overridable.get(condition, True):
            self.actions[condition] = action
            self.overridable[condition] = overridable
        elif absolute and (overridable or self.actions[condition] != action):
            raise ZxError(abi.ZX_ERR_ALREADY_EXISTS)

    def copy(self) -> JobPolicy:
        """An independent copy."""
        other = JobPolicy()
        other.actions = dict(self.actions)
        other.overridable = dict(self.overridable)
        other.timer_slack = self.timer_slack
        other.timer_mode = self.timer_mode
        return other
