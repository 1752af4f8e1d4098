"""What in a program has to do with what: slots and buffers that one object stands behind.

Two names are connected if a call makes or puts them together: ends of a pair, duplicates, a child
and its parent, what goes through a channel, a port and what it waits for, a mapping and its
address.  Given handles connect nothing: everything would have to do with everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from harness.edition.objects import handles_in, stored_slots
from harness.program.model import Buffer, BufferRef, HandleValue, OutHandles, Program, Step
from zxio_py import abi

#: Calls that make children of a job.
_CHILDREN: Final = frozenset(("zx_job_create", "zx_process_create"))
#: Calls that take or make more handles than one, and so connect everything they name.
_CONNECT: Final = frozenset(
    name
    for name, call in abi.CALLS.items()
    if sum(param.handle != "none" for param in call.params) > 1
)


class Connected:
    """Groups of connected names ("slot a", "buffer x") of one program."""

    def __init__(self, program: Program) -> None:
        self._group: dict[str, set[str]] = {}
        #: Jobs and processes -> the given job they are children of, which shows whether they live.
        self._parents: dict[str, str] = {}
        buffers: dict[str, Buffer] = {}
        for step in program.all_steps():
            for arg in step.args:
                if isinstance(arg, Buffer) and arg.name is not None:
                    buffers[arg.name] = arg
            parent = step.args[0] if step.args else None
            if step.call in _CHILDREN and isinstance(parent, HandleValue):
                for slot in stored_slots(step):
                    self._parents[f"slot {slot}"] = f"slot {parent.slot}"
            if step.call in _CONNECT:
                self._join(_names(step, buffers))

    def with_(self, name: str) -> Iterable[str]:
        """Every name connected with *name*, itself included."""
        return self._group.get(name, {name})

    def parents_of(self, name: str) -> Iterable[str]:
        """Given jobs whose children are connected with *name*."""
        return {
            self._parents[other]
            for other in self.with_(name)
            if self._parents.get(other, "").startswith("slot $")
        }

    def children_of(self, name: str) -> Iterable[str]:
        """What is made in a given job."""
        return [child for child, parent in self._parents.items() if parent == name]

    def _join(self, names: Iterable[str]) -> None:
        together: set[str] = set()
        for name in names:
            together |= self._group.get(name, {name})
        for name in together:
            self._group[name] = together


def _names(step: Step, buffers: Mapping[str, Buffer]) -> list[str]:
    names: list[str] = []
    for arg in step.args:
        if isinstance(arg, HandleValue):
            names.append(arg.slot)
        elif isinstance(arg, OutHandles):
            names += arg.slots
        elif isinstance(arg, Buffer | BufferRef):
            names += [handle.slot for handle in handles_in(arg, buffers, set())]
            names += [slot for _, slot in arg.report.handles]
    found = [f"slot {slot}" for slot in names if not slot.startswith("$")]
    if step.call == "zx_vmar_map":
        found += [
            f"buffer {arg.name if isinstance(arg, Buffer) else arg.buffer}"
            for arg in step.args
            if isinstance(arg, Buffer | BufferRef)
        ]
    return found
