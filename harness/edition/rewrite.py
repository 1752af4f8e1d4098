"""Programs of late 2022 in the calls of another edition, and their results brought back.

Only what has another shape is rewritten: the order and number of arguments, numbers that moved,
records with another layout.  What the other kernel *does* differently is no matter of rewriting;
`differences` knows it.

New handles have more rights in 2018 (row H11).  So that a program meets the checks it was written
for, each is replaced by one with the rights that both editions give, directly after the step that
made it; the result of that step then tells the narrowed rights.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from harness.edition.defects import defect
from harness.edition.draft import CannotRewriteError, Draft, Scratch, refuse
from harness.edition.objects import GIVEN, MADE, Objects, stored_slots
from harness.edition.restore import Restore
from harness.edition.shapes import SHAPES, Shape, check_policy
from harness.program.model import (
    GIVEN_SLOTS,
    MAX_ARGS,
    Arg,
    Buffer,
    HandleValue,
    Number,
    OutHandles,
    Program,
    Report,
    Step,
    StoredValue,
)
from harness.program.observation import ProgramObservation, StepObservation, StoredHandle
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2022, Edition

_PLAIN: Final = Shape()
_WAITS: Final = frozenset({"zx_object_wait_one", "zx_object_wait_many", "zx_port_wait"})
#: Topics of 2018 that want READ of the handle, which narrowed handles of some types have not.
_READ_TOPICS: Final = frozenset({3, 10, 11, 12, 13, 14, 15, 19, 20, 21})
_READ: Final = abi.CONSTANTS["ZX_RIGHT_READ"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a program cannot be run on a kernel of the edition."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Back:
    """Where a step's result is, and how it is put back."""

    #: Its number among the rewritten steps.
    index: int
    #: Argument numbers of the edition -> of late 2022.
    outs: Mapping[int, int] | None = None
    #: Argument numbers of the edition's own buffers -> their names.
    scratch: Mapping[int, str] = dataclasses.field(default_factory=dict)
    restores: tuple[Restore, ...] = ()
    #: Steps after it that narrowed its handles.
    narrowed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A program in the edition's calls."""

    original: Program
    program: Program
    edition: Edition
    #: Steps before the first that narrow given handles.
    _given: int
    _main: tuple[_Back, ...]
    _threads: Mapping[str, tuple[_Back, ...]]
    #: Given slots that only the rewritten program mentions.
    _added: frozenset[str] = frozenset()

    def restore(self, seen: ProgramObservation) -> ProgramObservation:
        """What was seen of `program`, as if the original had run: `normalise` it as that."""
        given = dict(seen.given)
        for step in seen.steps[: self._given]:
            given.update(_stored(step))
        for slot in self._added:
            given.pop(slot, None)
        return dataclasses.replace(
            seen,
            given=given,
            steps=_restored(self._main, seen.steps, self._added),
            threads={
                name: _restored(self._threads[name], steps, self._added)
                for name, steps in seen.threads.items()
            },
        )


def rewrite(
    program: Program, edition: Edition, *, avoid_defects: bool = False
) -> Rewritten | Refusal:
    """*program* for a kernel of *edition*, or why it cannot be.

    With *avoid_defects* a program that would take such a kernel down by a defect of its own is
    refused as well; some are refused in any case.
    """
    found = defect(program, avoid=avoid_defects)
    if found is not None:
        return Refusal(f"the edition's own defect: {found}")
    try:
        return _Rewriter(program, edition).rewritten()
    except CannotRewriteError as error:
        return Refusal(str(error))


class _Rewriter:
    def __init__(self, program: Program, edition: Edition) -> None:
        self._program = program
        self._edition = edition
        self._objects = Objects(program)
        self._keep = _READ if _asks_for_read(program) else 0
        self._needs: set[str] = set()
        self._job_waits: dict[tuple[int, int], int] = {}

    def rewritten(self) -> Rewritten:
        program = self._program
        check_policy(program.policy)
        if "$rootjob" in program.slots:
            refuse("the root job of the edition is in another")
        if _waits_for_a_started_process(program):
            refuse("a process that faults stays, where nobody handles its exceptions")
        given: list[Step] = []
        for slot in program.given:
            given += self._narrow(slot, GIVEN.get(slot, ""))
        main, backs = self._steps(program.steps, given)
        threads: dict[str, tuple[Step, ...]] = {}
        thread_backs: dict[str, tuple[_Back, ...]] = {}
        for name, steps in program.threads.items():
            threads[name], thread_backs[name] = self._steps(steps, [])
        added = frozenset(self._needs.difference(program.slots))
        slots = (
            *(slot for slot in GIVEN_SLOTS if slot in added or slot in program.slots),
            *(slot for slot in program.slots if not slot.startswith("$")),
        )
        rewritten = dataclasses.replace(program, steps=main, threads=threads, slots=slots)
        return Rewritten(program, rewritten, self._edition, len(given), backs, thread_backs, added)

    def _steps(
        self, steps: Sequence[Step], before: list[Step]
    ) -> tuple[tuple[Step, ...], tuple[_Back, ...]]:
        made = list(before)
        backs = []
        for number, step in enumerate(steps):
            try:
                rewritten, back = self._step(step, len(made))
            except CannotRewriteError as error:
                raise CannotRewriteError(f"step {number}: {error}") from None
            made.append(rewritten)
            first = len(made)
            types = MADE.get(step.call, ())
            for slot, kind in zip(stored_slots(step), types, strict=False):
                made += self._narrow(slot, kind)
            if len(made) > first:
                back = dataclasses.replace(back, narrowed=tuple(range(first, len(made))))
            backs.append(back)
        return tuple(made), tuple(backs)

    def _narrow(self, slot: str, kind: str) -> list[Step]:
        """The step that leaves a new handle the rights that both editions give, if it has more."""
        ours = EDITION_2022.default_rights(kind)
        theirs = self._edition.default_rights(kind)
        both = theirs & (ours | self._keep)
        if not ours or both == theirs:
            return []
        args = (HandleValue(slot), Number(both, both), OutHandles((slot,)))
        return [Step("zx_handle_replace", args)]

    def _step(self, step: Step, index: int) -> tuple[Step, _Back]:
        if step.is_pseudo:
            args = tuple(self._function_offsets(arg) for arg in step.args)
            return dataclasses.replace(step, args=args), _Back(index)
        if step.is_zxio:
            refuse("the zxio library speaks to a kernel of late 2022")
        shape = SHAPES.get(step.call, _PLAIN)
        args = tuple(self._function_offsets(arg) for arg in step.args)
        draft = Draft(
            step,
            self._edition,
            self._objects,
            list(args),
            shape.call or step.call,
            shape.order,
            job_waits=self._job_waits,
        )
        if not self._edition.has(draft.call):
            refuse(f"{step.call}: there is no such call")
        for rule in shape.rules:
            rule(draft)
        self._needs |= draft.needs
        return _ordered(draft, index)

    def _function_offsets(self, arg: Arg) -> Arg:
        """A function's offset in the vDSO is that of the function it is said by."""
        if not isinstance(arg, StoredValue) or arg.plus_vdso is None:
            return arg
        shape = SHAPES.get(arg.plus_vdso, _PLAIN)
        name = shape.call or arg.plus_vdso
        if not self._edition.has(name):
            refuse(f"the place of {arg.plus_vdso}, which there is not")
        return dataclasses.replace(arg, plus_vdso=name)


def _waits_for_a_started_process(program: Program) -> bool:
    """A process is started, and something waited for after that."""
    calls = [step.call for step in program.steps]
    if "zx_process_start" not in calls:
        return False
    return any(call in _WAITS for call in calls[calls.index("zx_process_start") :])


def _asks_for_read(program: Program) -> bool:
    for step in program.all_steps():
        if step.call == "zx_object_get_info" and len(step.args) > 1:
            topic = step.args[1]
            if isinstance(topic, Number) and topic.x86_64 & 0x0FFFFFFF in _READ_TOPICS:
                return True
    return False


def _ordered(draft: Draft, index: int) -> tuple[Step, _Back]:
    """The step with its arguments in the edition's order, and the way back."""
    step = draft.step
    if draft.order is None:
        rewritten = dataclasses.replace(step, call=draft.call, args=tuple(draft.args))
        return rewritten, _Back(index, restores=tuple(draft.restores))
    parameters = len(abi.CALLS[step.call].params)
    if any(not isinstance(arg, Number) for arg in draft.args[parameters:]):
        refuse(f"{step.call}: arguments beyond its parameters")
    args: list[Arg] = []
    outs: dict[int, int] = {}
    scratch: dict[int, str] = {}
    for source in draft.order:
        if isinstance(source, Scratch):
            scratch[len(args)] = source.name
            args.append(Buffer((), source.size, True, report=Report(show=source.size)))
        elif isinstance(source, Number):
            args.append(source)
        else:
            outs[len(args)] = source
            args.append(draft.arg(source))
    used = set(outs.values())
    for number, arg in enumerate(draft.args):
        if number not in used and isinstance(arg, Buffer | OutHandles):
            refuse(f"{step.call}: a buffer for an argument that there is not")
    assert len(args) <= MAX_ARGS
    rewritten = dataclasses.replace(step, call=draft.call, args=tuple(args))
    return rewritten, _Back(index, outs, scratch, tuple(draft.restores))


# ---- results -------------------------------------------------------------------------------


def _stored(step: StepObservation) -> dict[str, StoredHandle]:
    """Handles that a step stored; none where it failed."""
    return {slot: stored for slot, stored in step.handles.items() if stored.state == "handle"}


def _restored(
    backs: Sequence[_Back], seen: Sequence[StepObservation], added: frozenset[str]
) -> list[StepObservation]:
    return [_restored_step(back, seen, added) for back in backs if back.index < len(seen)]


def _restored_step(
    back: _Back, seen: Sequence[StepObservation], added: frozenset[str]
) -> StepObservation:
    step = seen[back.index]
    if added and step.live is not None:
        live = tuple(slot for slot in step.live if slot not in added)
        step = dataclasses.replace(step, live=live)
    outs = step.outs
    scratch: dict[str, bytes] = {}
    if back.outs is not None:
        scratch = {name: outs[index].data for index, name in back.scratch.items() if index in outs}
        outs = {
            back.outs[index]: captured
            for index, captured in sorted(outs.items(), key=lambda out: _rank(back, out[0]))
            if index in back.outs
        }
    step = dataclasses.replace(step, outs=outs)
    for restore in back.restores:
        restore.apply(step, scratch)
    if back.narrowed:
        handles = dict(step.handles)
        stored = _stored(step)  # what lay in the slots before is not this step's
        for index in back.narrowed:
            if index < len(seen):
                found = _stored(seen[index])
                handles.update({slot: found[slot] for slot in found if slot in stored})
        step.handles = handles
    return step


def _rank(back: _Back, index: int) -> int:
    assert back.outs is not None
    return back.outs.get(index, MAX_ARGS)
