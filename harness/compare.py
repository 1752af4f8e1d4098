"""Comparing normalised results of one program: what differs, where, in words.

Two targets agree on a program when their results are equal; the console, which is evidence and
no observation, and a missing function, which is nothing to compare, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from harness.program.model import Arch, Program
from harness.program.normalise import NO_SUCH_FUNCTION, Result

#: Pieces of a reported buffer: a named koid, a masked byte, untouched bytes, the hash, a byte.
_PIECES: Final = re.compile(r"<koid [^>]*>|\?\?|\.\d+|\.\.\.\[.*\]|[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two results say differently."""

    #: Where: ``steps[3].outs.2``, as in the result file.
    path: str
    #: What differs, in words, with the names of both sides.
    reason: str
    left: Any
    right: Any


def applies(program: Program, arch: Arch) -> bool:
    """Whether *program* is compared on a target that takes the numbers of *arch*."""
    return not program.arch or arch in program.arch


def missing_functions(result: Result) -> frozenset[str]:
    """Functions that the target lacks, of those that the program reached."""
    return frozenset(
        step["call"]
        for steps in (result["steps"], *result.get("threads", {}).values())
        for step in steps
        if step.get("error") == NO_SUCH_FUNCTION
    )


def differences(
    left: Result, right: Result, left_name: str = "left", right_name: str = "right"
) -> list[Difference]:
    """Everything that two results of one program say differently; empty if they agree."""
    if left == right:
        return []
    return list(_Comparison(left_name, right_name).programs(left, right))


class _Comparison:
    def __init__(self, left_name: str, right_name: str) -> None:
        self._left = left_name
        self._right = right_name

    def programs(self, left: Result, right: Result) -> Iterator[Difference]:
        """Differences in order: how it ended comes last, after the step that shows why."""
        yield from self._handles("given", "given", left.get("given", {}), right.get("given", {}))
        yield from self._steps("steps", "step", left["steps"], right["steps"])
        mine, other = left.get("threads", {}), right.get("threads", {})
        for thread in {**mine, **other}:
            yield from self._steps(
                f"threads.{thread}",
                f"thread {thread}: step",
                mine.get(thread, []),
                other.get(thread, []),
            )
        if left.get("error") != right.get("error"):
            yield self._difference(
                "error",
                "the program",
                left.get("error", "finished"),
                right.get("error", "finished"),
            )

    def _difference(self, path: str, what: str, left: Any, right: Any) -> Difference:
        return Difference(
            path, f"{what}: {self._left} {_show(left)}, {self._right} {_show(right)}", left, right
        )

    def _steps(
        self, path: str, words: str, left: list[Result], right: list[Result]
    ) -> Iterator[Difference]:
        for number, (mine, other) in enumerate(zip(left, right, strict=False)):
            if mine != other:
                yield from self._step(
                    f"{path}[{number}]", f"{words} {number} ({mine['call']})", mine, other
                )
        if len(left) != len(right):
            yield self._difference(path, f"{words}s carried out", f"{len(left)}", f"{len(right)}")

    def _step(self, path: str, words: str, left: Result, right: Result) -> Iterator[Difference]:
        if left["call"] != right["call"]:
            yield self._difference(f"{path}.call", words, left["call"], right["call"])
            return
        if NO_SUCH_FUNCTION in (left.get("error"), right.get("error")):
            return
        if left.get("status") != right.get("status"):
            yield self._difference(
                f"{path}.status",
                words,
                left.get("status_name", "no status"),
                right.get("status_name", "no status"),
            )
        for key, what in (("ret", "returned"), ("fault", "fault"), ("error", "error")):
            if left.get(key) != right.get(key):
                yield self._difference(
                    f"{path}.{key}",
                    f"{words}: {what}",
                    left.get(key, "none"),
                    right.get(key, "none"),
                )
        if left.get("elapsed_at_least_min") != right.get("elapsed_at_least_min"):
            yield self._difference(
                f"{path}.elapsed_at_least_min",
                f"{words}: took at least min_ns",
                left.get("elapsed_at_least_min"),
                right.get("elapsed_at_least_min"),
            )
        yield from self._outs(f"{path}.outs", words, left.get("outs", {}), right.get("outs", {}))
        yield from self._handles(
            f"{path}.handles", words, left.get("handles", {}), right.get("handles", {})
        )
        yield from self._live(f"{path}.live", words, left.get("live"), right.get("live"))

    def _outs(
        self, path: str, words: str, left: Mapping[str, str], right: Mapping[str, str]
    ) -> Iterator[Difference]:
        for index in {**left, **right}:
            mine, other = left.get(index), right.get(index)
            if mine == other:
                continue
            what = f"{words}: argument {index}"
            if mine is not None and other is not None:
                what += f", from byte {_first_difference(mine, other)} on"
            yield self._difference(f"{path}.{index}", what, mine, other)

    def _handles(
        self, path: str, words: str, left: Mapping[str, Any], right: Mapping[str, Any]
    ) -> Iterator[Difference]:
        for slot in {**left, **right}:
            mine, other = left.get(slot), right.get(slot)
            if mine == other:
                continue
            what = f"{words}: handle {slot}"
            if not isinstance(mine, dict) or not isinstance(other, dict):
                yield self._difference(f"{path}.{slot}", what, mine, other)
                continue
            for key in ("type", "rights", "related"):
                if mine.get(key) != other.get(key):
                    yield self._difference(
                        f"{path}.{slot}.{key}",
                        f"{what}: {key}",
                        mine.get(key, "none"),
                        other.get(key, "none"),
                    )

    def _live(
        self, path: str, words: str, left: list[str] | None, right: list[str] | None
    ) -> Iterator[Difference]:
        if left == right:
            return
        if left is None or right is None:
            yield self._difference(path, f"{words}: valid handles", left, right)
            return
        only_left = [slot for slot in left if slot not in right]
        only_right = [slot for slot in right if slot not in left]
        parts = [
            f"{' '.join(slots)} valid on {name} only"
            for slots, name in ((only_left, self._left), (only_right, self._right))
            if slots
        ]
        yield Difference(
            path, f"{words}: {'; '.join(parts) or 'order of valid handles'}", left, right
        )


def _show(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else str(value)


def _first_difference(left: str, right: str) -> int:
    """Offset in bytes at which two reported buffers begin to differ."""
    offset = 0
    pieces = zip(_PIECES.findall(left), _PIECES.findall(right), strict=False)
    for mine, other in pieces:
        if mine != other:
            break
        if mine.startswith("<"):
            offset += 8
        elif mine.startswith("...["):
            break
        elif mine.startswith("."):
            offset += int(mine[1:])
        else:
            offset += 1
    return offset
