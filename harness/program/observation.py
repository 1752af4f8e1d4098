"""What a target saw while it ran a program: raw values, before normalisation.

Every target (host emulation, guest kernels, a real kernel) yields these; `normalise` turns them
into the comparable ``zx-result/1`` form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

#: How a program ended: by itself, or by what.
Ending = Literal[
    "finished",  # ran all its steps
    "fault",  # a thread took a fatal exception
    "exited",  # it called zx_process_exit or its main thread ended
    "killed",  # its process was killed (policy, a call not through the vDSO, task_kill)
    "time_limit",  # it was still running after its limit of guest time
    "leak",  # it ended, but kernel objects, handles or pages were left
    "lost",  # the machine was lost while it ran
    "not_emulatable",  # a thread came to machine code, which the target does not run
    "refused",  # it never ran: the target's edition of the interface has no words for it
]


# Named tuples, because a host that runs thousands of programs a second makes many of these.


class HandleInfo(NamedTuple):
    """ZX_INFO_HANDLE_BASIC of one handle.

    Objects have numbers instead of koids, from 1, in the order in which the program's results met
    them, so that equal runs have equal observations; 0 is no object.
    """

    koid: int
    type: int
    rights: int
    related_koid: int


class StoredHandle(NamedTuple):
    """A handle that a step stored to a slot; *info* only if the state is "handle"."""

    state: Literal["handle", "untouched", "zero", "invalid"]
    info: HandleInfo | None = None


class Captured(NamedTuple):
    """Contents of a buffer after a call: the first bytes, the true size, the hash of all.

    What a `Report` masks is 0 in *data*, and koids it names are numbers as in `HandleInfo`; but a
    buffer that nobody wrote to is as it was.
    """

    data: bytes
    size: int
    #: 64-bit FNV-1a of the whole buffer; only computed (non-zero) if it is longer than *data*.
    fnv1a: int = 0


@dataclass(slots=True)
class StepObservation:
    """One step's outcome.  A step that was never reached has no observation at all."""

    #: Raw 64-bit return value.
    ret: int = 0
    #: The target has no such function.
    missing: bool = False
    elapsed_at_least_min: bool | None = None
    #: By argument index.
    outs: Mapping[int, Captured] = field(default_factory=dict)
    #: By slot, in order of appearance in the step.
    handles: Mapping[str, StoredHandle] = field(default_factory=dict)
    #: Set slots whose handle is still valid, in the program's slot order; None if not reported.
    live: tuple[str, ...] | None = None
    #: $load and $store: what faulted.
    fault: Literal["read", "write", "execute"] | None = None


@dataclass(slots=True)
class ProgramObservation:
    """One program's outcome on one target."""

    name: str
    given: Mapping[str, StoredHandle] = field(default_factory=dict)
    steps: list[StepObservation] = field(default_factory=list)
    threads: dict[str, list[StepObservation]] = field(default_factory=dict)
    ending: Ending = "finished"
    #: For endings other than "finished": what happened, in words (fault kind, address, retcode).
    #: It differs from target to target; what is compared is made from the fields below.
    error: str = ""
    #: Ending "exited": the process's return code.
    retcode: int | None = None
    #: Registers by name at a fault.
    registers: Mapping[str, int] = field(default_factory=dict)
    #: Last lines of the console where that helps.
    console: tuple[str, ...] = ()
