"""Programs in their JSON form, as generating and shrinking change them: who makes and uses what.

The JSON form and not the checked one, because half-changed programs need not be right:
`harness.program.parse` says afterwards which are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from harness.errors import InputError
from harness.program.model import Program
from harness.program.parse import parse_program

#: A program or a step as decoded JSON.
Entry: TypeAlias = dict[str, Any]


class Place(NamedTuple):
    """Where a step stands: the helper's name, empty for the main thread, and its number."""

    thread: str
    number: int


def checked(entry: Entry) -> Program | None:
    """The program, or None if it is none (a slot used before it is set, too many bytes ...)."""
    try:
        return parse_program(entry)
    except InputError:
        return None


def lists(entry: Entry) -> dict[str, list[Entry]]:
    """The lists of steps by thread, the main thread's under the empty name."""
    return {"": entry["steps"], **entry.get("threads", {})}


def places(entry: Entry) -> list[Place]:
    """Every step's place: main steps, then those of helpers."""
    return [Place(t, i) for t, steps in lists(entry).items() for i in range(len(steps))]


def made(step: Entry) -> Iterator[str]:
    """Names of slots and buffers that a step sets."""
    for node in _nodes(step.get("args", [])):
        if "out_handle" in node:
            yield node["out_handle"]
        yield from node.get("out_handles", ())
        yield from (slot for _, slot in node.get("handles", ()))
        if "name" in node:
            yield node["name"]


def used(step: Entry) -> Iterator[str]:
    """Names of slots and buffers that a step needs; given slots are there anyway."""
    for node in _nodes(step.get("args", [])):
        for key in ("h", "koid", "addr", "buf", "val"):
            name = node.get(key)
            if isinstance(name, str) and not name.startswith("$"):
                yield name


def without(entry: Entry, dropped: frozenset[Place]) -> Entry:
    """*entry* without some steps and without what cannot be without them."""
    kept = {
        thread: [step for i, step in enumerate(steps) if Place(thread, i) not in dropped]
        for thread, steps in lists(entry).items()
    }
    while True:
        smaller = _without_orphans(kept)
        if smaller == kept:
            break
        kept = smaller
    result = {key: value for key, value in entry.items() if key not in ("steps", "threads")}
    result["steps"] = kept.pop("")
    return {**result, "threads": kept} if kept else result


def _without_orphans(kept: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
    """Without steps whose slots or buffers nobody sets, and helpers that nobody starts."""
    helpers = {name for thread, steps in kept.items() if thread for s in steps for name in made(s)}
    main = {name for step in kept[""] for name in made(step)}
    spawned: set[str] = set()
    result: dict[str, list[Entry]] = {}
    for thread, steps in kept.items():
        if thread and thread not in spawned:
            continue
        there = set(main if thread else helpers)
        remaining = []
        for step in steps:
            named = step["args"][0] if step["call"] in ("$spawn", "$join") else None
            if step["call"] == "$spawn" and named in kept:
                spawned.add(named)
            if there.issuperset(used(step)) and (named is None or named in spawned):
                remaining.append(step)
                there.update(made(step))
        result[thread] = remaining
    return result


def _nodes(value: Any) -> Iterator[Entry]:
    """Every JSON object inside *value*."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)
