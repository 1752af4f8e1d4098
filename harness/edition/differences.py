"""Which of the differences between two editions' results are known.

A result of late 2022 and one of an older kernel, both in the form of late 2022, differ in some
steps.  Each difference is explained by a row of the edition's table, or it is a consequence of one
that is, or it is a divergence.

**Consequences.**  A row explains what one step does otherwise.  After it the two programs may be
in different states, and later steps tell so.  What a step leaves in another state is worked out
from the results, not declared:

* slots that are valid in one result only, and slots it stored to with another outcome (a given
  job shows what becomes of its children);
* if it succeeded in one edition only, everything it named: the objects of its handles and the
  buffers it refers to;
* nothing, if it failed in both: an error code is no state;
* rows can say that their step changes nothing even so (asking for information), or something,
  even if both results tell the same of the step (part ``nothing``).

A difference at a later step is a consequence if that step uses such a slot, an object connected
with it (the other end of a pair, a duplicate, what was sent through it, a port that waits for it,
a mapping of it) or such a buffer; or if it only lists slots as valid that are in another state.
It names the rows it follows from, and its own step may pass the other state on.  A step that uses
nothing of the kind has no excuse: what it does otherwise is a divergence.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias

from harness.compare import Difference, differences
from harness.edition.conditions import CONDITIONS
from harness.edition.connected import Connected
from harness.edition.objects import Objects
from harness.edition.view import StepView, valid_in_one
from harness.errors import InputError
from harness.program.model import Buffer, Program, Step
from harness.program.normalise import Result
from zxio_py.abi.editions import Edition

#: How a program's results compare.
VerdictKind: TypeAlias = Literal["agreement", "known edition difference", "divergence"]

_PARTS: Final = frozenset(
    ("status", "ret", "outs", "handles", "rights", "live", "fault", "ending", "steps", "nothing")
)
#: Files of an edition's table, in the order in which their rows are looked at.
_TABLE: Final = ("all", "objects", "messages", "memory", "waits", "others", "system")
#: What stands for the program's memory as a whole.
_MEMORY: Final = "memory"
_NOTHING: Final = Difference("", "", None, None)
_KEYS: Final = frozenset(("id", "text", "calls", "parts", "status", "when", "state"))


@dataclass(frozen=True, slots=True)
class Row:
    """One known difference."""

    id: str
    text: str
    calls: tuple[str, ...]
    parts: frozenset[str]
    #: Pairs of statuses: 2022, the edition.
    status: tuple[tuple[str, str], ...]
    when: tuple[str, ...]
    state: str

    def explains(self, view: StepView, difference: Difference, part: str) -> bool:
        """Whether the difference is this one."""
        return (
            part in self.parts
            and any(fnmatch.fnmatchcase(view.step.call, call) for call in self.calls)
            and any(_fits(pair, view) for pair in self.status)
            and all(CONDITIONS[name](view, difference) for name in self.when)
        )


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference and what is known of it."""

    difference: Difference
    #: Rows that explain it, or that it follows from; empty for a divergence.
    rows: tuple[str, ...]
    #: It is no row itself but follows from an earlier one.
    consequence: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one program on a kernel of another edition."""

    kind: VerdictKind
    explained: tuple[Explained, ...] = ()

    @property
    def rows(self) -> tuple[str, ...]:
        """Rows that were met, in order."""
        return tuple(dict.fromkeys(row for one in self.explained for row in one.rows))

    @property
    def divergences(self) -> tuple[Difference, ...]:
        """What nothing explains."""
        return tuple(one.difference for one in self.explained if not one.rows)


def judge(
    program: Program,
    expected: Result,
    actual: Result,
    edition: Edition,
    names: tuple[str, str] = ("2022", "older"),
) -> Verdict:
    """Hold the edition's result of *program* against that of late 2022.

    Both are normalised results in the form of late 2022 (`harness.edition.rewrite.Rewritten.
    restore` before `normalise`); *names* are what differences call them.
    """
    found = differences(expected, actual, *names)
    if not found:
        return Verdict("agreement")
    rows = load_rows(edition.name)
    explained = tuple(_Explanation(program, expected, actual, rows).all(found))
    known = all(one.rows for one in explained)
    return Verdict("known edition difference" if known else "divergence", explained)


@lru_cache(maxsize=4)
def load_rows(edition: str) -> tuple[Row, ...]:
    """The table of an edition; `InputError` if it is not well formed."""
    found: list[Row] = []
    for part in _TABLE:
        name = f"known_{edition}/{part}.toml"
        document = tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
        found += [_row(entry, f"{name}: row {i}") for i, entry in enumerate(document["row"])]
    return tuple(found)


def _row(entry: Mapping[str, Any], where: str) -> Row:
    for key in entry:
        if key not in _KEYS:
            raise InputError(f"unknown key {key!r}", where=where)
    row = Row(
        entry["id"],
        entry["text"],
        tuple(entry["calls"]),
        frozenset(entry["parts"]),
        tuple(_pair(pair) for pair in entry["status"]),
        tuple(entry.get("when", ())),
        entry.get("state", ""),
    )
    if not row.parts <= _PARTS:
        raise InputError(f"unknown part {sorted(row.parts - _PARTS)}", where=where)
    for name in row.when:
        if name not in CONDITIONS:
            raise InputError(f"unknown condition {name!r}", where=where)
    if row.state not in ("", "same", "other", "memory"):
        raise InputError(f"unknown state {row.state!r}", where=where)
    return row


def _pair(text: str) -> tuple[str, str]:
    if "->" not in text:
        return text, text
    left, _, right = text.partition("->")
    return left.strip(), right.strip()


def _fits(pair: tuple[str, str], view: StepView) -> bool:
    left, right = view.status()
    if pair[0] == "SAME":
        return left == right
    return _is(pair[0], left) and _is(pair[1], right)


def _is(pattern: str, status: str) -> bool:
    if pattern == "*":
        return True
    if pattern == "ERR":
        return status.startswith("ZX_ERR_")
    return status == ("ZX_OK" if pattern == "OK" else f"ZX_ERR_{pattern}")


class _Explanation:
    """Goes through a program's steps and keeps what is in another state by then."""

    def __init__(
        self, program: Program, expected: Result, actual: Result, rows: Sequence[Row]
    ) -> None:
        self._program = program
        self._expected = expected
        self._actual = actual
        self._rows = rows
        self._quiet = [row for row in rows if "nothing" in row.parts]
        self._objects = Objects(program)
        self._connected = Connected(program)
        #: What is in another state -> the rows that it comes from.
        self._other: dict[str, tuple[str, ...]] = {}
        self._rights: dict[str, tuple[str, str]] = {}
        self._buffers: dict[str, Buffer] = {}
        #: Threads in which something differs -> the rows.
        self._threads: dict[str, tuple[str, ...]] = {}

    def all(self, found: Sequence[Difference]) -> Iterator[Explained]:
        """Each of the differences with the rows it comes from, in their order.

        Helpers are looked at where the main thread starts them.
        """
        places: dict[tuple[str | None, int], list[Difference]] = {}
        for difference in found:
            thread, number = _place(difference, self._expected, self._actual)
            steps = self._program.steps if thread is None else self._program.threads[thread]
            places.setdefault((thread, min(number, len(steps) - 1)), []).append(difference)
        answers: dict[int, Explained] = {}
        self._given(places.get((None, -1), []), answers)
        self._thread(None, places, answers)
        for name in self._program.threads:
            self._thread(name, places, answers)
        for difference in found:
            yield answers.get(id(difference), Explained(difference, ()))

    def _given(self, found: Sequence[Difference], answers: dict[int, Explained]) -> None:
        # The given handles stand where a step's handles stand, in a result of their own.
        mine, other = (
            {"handles": result.get("given", {})} for result in (self._expected, self._actual)
        )
        view = self._view(Step("$given"), -1, None, mine, other)
        self._note_rights(mine, other)
        for difference in found:
            answers[id(difference)] = self._answer(view, difference)

    def _thread(
        self,
        thread: str | None,
        places: Mapping[tuple[str | None, int], list[Difference]],
        answers: dict[int, Explained],
    ) -> None:
        steps = self._program.steps if thread is None else self._program.threads[thread]
        expected, actual = (
            result["steps"] if thread is None else result.get("threads", {}).get(thread, [])
            for result in (self._expected, self._actual)
        )
        for number, step in enumerate(steps):
            self._remember_buffers(step)
            if step.call in ("$spawn", "$join") and step.thread is not None and thread is None:
                # A helper runs in between: what it does otherwise can come from before or after.
                self._thread(step.thread, places, answers)
            mine = expected[number] if number < len(expected) else {}
            other = actual[number] if number < len(actual) else {}
            view = self._view(step, number, thread, mine, other)
            self._note_rights(mine, other)
            view.differences = [
                one
                for one in places.get((thread, number), [])
                if id(one) not in answers or not answers[id(one)].rows
            ]
            if view.differences:
                explained = [self._answer(view, one) for one in view.differences]
                answers.update((id(one.difference), one) for one in explained)
                self._pass_on(view, explained)
            self._silent(view)

    def _silent(self, view: StepView) -> None:
        """Note what a step leaves in another state without telling."""
        for row in self._quiet:
            if row.explains(view, _NOTHING, "nothing"):
                if row.state == "memory":
                    self._add(_MEMORY, (row.id,))
                    continue
                self._put(view, (row.id,), outputs=False)
                for handle in view.handles():
                    for child in self._connected.children_of(f"slot {handle.slot}"):
                        self._add(child, (row.id,))

    def _view(
        self, step: Step, number: int, thread: str | None, mine: Result, other: Result
    ) -> StepView:
        return StepView(
            self._program,
            step,
            number,
            thread,
            mine,
            other,
            self._objects,
            self._buffers,
            self._rights,
        )

    def _remember_buffers(self, step: Step) -> None:
        for arg in step.args:
            if isinstance(arg, Buffer) and arg.name is not None:
                self._buffers[arg.name] = arg

    def _note_rights(self, mine: Result, other: Result) -> None:
        """Which rights slots have in both results: what they are good for may differ."""
        left, right = mine.get("handles", {}), other.get("handles", {})
        for slot in {**left, **right}:
            one, two = left.get(slot), right.get(slot)
            if isinstance(one, dict) and isinstance(two, dict):
                self._rights[slot] = (one.get("rights", ""), two.get("rights", ""))

    # ---- one difference --------------------------------------------------------------------

    def _answer(self, view: StepView, difference: Difference) -> Explained:
        part = _part(difference)
        before: tuple[str, ...] = ()
        if part == "live":
            before = self._from_before(view, difference)
            if before and not view.fresh:
                return Explained(difference, before, True)
        for row in self._rows:
            if row.explains(view, difference, part):
                return Explained(difference, tuple(dict.fromkeys((row.id, *before))))
        status = next((one for one in view.differences if _part(one) == "status"), None)
        if part != "status" and status is not None and len(set(view.succeeded())) == 2:
            # What a step leaves behind that succeeds in one edition only.
            first = self._answer(view, status)
            if first.rows:
                rows = tuple(dict.fromkeys((*first.rows, *before)))
                return Explained(difference, rows, first.consequence)
        rows = self._follows_from(view, difference, part)
        return Explained(difference, rows, bool(rows))

    def _follows_from(self, view: StepView, difference: Difference, part: str) -> tuple[str, ...]:
        if part == "live":
            return ()
        if view.step.call == "$join" and view.step.thread in self._threads:
            return self._threads[view.step.thread]
        if part in ("ending", "steps"):
            return ()
        used = {f"slot {handle.slot}" for handle in view.handles()}
        used |= {f"buffer {name}" for name in view.buffer_names()}
        if part in ("outs", "handles"):
            used.add(_MEMORY)
        rows: dict[str, None] = {}
        for name in sorted(used):
            for member in sorted(self._connected.with_(name)):
                rows.update(dict.fromkeys(self._other.get(member, ())))
        return tuple(rows)

    def _from_before(self, view: StepView, difference: Difference) -> tuple[str, ...]:
        """Rows of what is valid in one result only since earlier steps; `fresh` is the rest."""
        rows: dict[str, None] = {}
        fresh = set()
        for slot in sorted(valid_in_one(difference)):
            known = self._other.get(f"slot {slot}")
            if known is None:
                fresh.add(slot)
            else:
                rows.update(dict.fromkeys(known))
        view.fresh = frozenset(fresh)
        return tuple(rows)

    # ---- what comes after ------------------------------------------------------------------

    def _pass_on(self, view: StepView, explained: Sequence[Explained]) -> None:
        """Note what the step leaves in another state, and by which rows."""
        by = tuple(dict.fromkeys(row for one in explained for row in one.rows))
        if not by:
            return
        if view.thread is not None:
            self._mark_thread(view.thread, by)
        for one in explained:
            if _part(one.difference) == "live" and one.rows:
                self._mark_slots(one.difference, one.rows)
        states = {
            row.state
            for one in explained
            if not one.consequence
            for row in self._rows
            if row.id in one.rows and row.explains(view, one.difference, _part(one.difference))
        }
        if states and states <= {"same"}:
            return
        for one in explained:
            if _part(one.difference) in ("handles", "outs") and one.rows:
                self._put(view, one.rows, outputs=True)
        if len(set(view.succeeded())) == 2 or "other" in states:
            self._put(view, by, outputs=False)

    def _put(self, view: StepView, by: tuple[str, ...], *, outputs: bool) -> None:
        names = [f"slot {slot}" for slot in view.stored()]
        names += [f"buffer {name}" for name in view.buffer_names()]
        if not outputs:
            names += [f"slot {handle.slot}" for handle in view.handles()]
        for name in names:
            self._add(name, by)

    def _mark_slots(self, difference: Difference, by: tuple[str, ...]) -> None:
        for slot in valid_in_one(difference):
            self._add(f"slot {slot}", by)

    def _mark_thread(self, thread: str, by: tuple[str, ...]) -> None:
        self._threads[thread] = tuple(dict.fromkeys((*self._threads.get(thread, ()), *by)))

    def _add(self, name: str, by: tuple[str, ...]) -> None:
        for parent in self._connected.parents_of(name):
            self._other[parent] = tuple(dict.fromkeys((*self._other.get(parent, ()), *by)))
        self._other[name] = tuple(dict.fromkeys((*self._other.get(name, ()), *by)))


def _part(difference: Difference) -> str:
    """Which part of a step a difference is about."""
    path = difference.path
    if path == "error":
        return "ending"
    if path.endswith("]") or path == "steps" or path.count(".") < 1:
        return "steps"
    words = path.split(".")
    if words[-1] == "rights":
        return "rights"
    if words[0] == "given":
        return "handles"
    word = words[2] if words[0] == "threads" and len(words) > 2 else words[1]
    return {"call": "steps", "elapsed_at_least_min": "ret", "error": "ret"}.get(word, word)


def _place(difference: Difference, expected: Result, actual: Result) -> tuple[str | None, int]:
    """Thread and number of the step that a difference is about; -1 for the given handles.

    How the program ended is about the first step that one of them did not come through.
    """
    path = difference.path
    if path.startswith("given"):
        return None, -1
    thread: str | None = None
    if path.startswith("threads."):
        thread = path.removeprefix("threads.").partition("[")[0]
    if "[" in path:
        return thread, int(path.partition("[")[2].partition("]")[0])
    left, right = (
        result["steps"] if thread is None else result.get("threads", {}).get(thread, [])
        for result in (expected, actual)
    )
    return thread, min(len(left), len(right))
