"""Programs in their JSON form, as generating and shrinking change them: who makes and uses what.

The JSON form and not the checked one, because half-changed programs need not be right:
`harness.program.parse` says afterwards which are.
"""

from __future__ import annotations

import marshal
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


def made(step: Entry) -> list[str]:
    """Names of slots and buffers that a step sets."""
    return [name for arg in step.get("args", ()) if type(arg) is dict for name in made_by(arg)]


def made_by(arg: Entry) -> list[str]:
    """Those that one argument sets."""
    names = []
    if "out_handle" in arg:
        names.append(arg["out_handle"])
    names += arg.get("out_handles", ())
    names += [slot for _, slot in arg.get("handles", ())]
    if "name" in arg:
        names.append(arg["name"])
    return names


def used(step: Entry) -> list[str]:
    """Names of slots and buffers that a step needs; given slots are there anyway."""
    names = []
    for arg in step.get("args", ()):
        if type(arg) is dict:
            names += _named(arg)
            for key in ("in", "inout"):
                items = arg.get(key, ())
                for item in items if type(items) is list else (items,):
                    if type(item) is dict:
                        names += _named(item)
    return names


def _named(node: Entry) -> list[str]:
    names = (node.get(key) for key in ("h", "koid", "addr", "buf", "val"))
    return [name for name in names if name is not None and not name.startswith("$")]


def copied(entry: Entry) -> Entry:
    """A copy that can be changed; for JSON this is many times faster than `copy.deepcopy`."""
    result: Entry = marshal.loads(marshal.dumps(entry))
    return result


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
