"""Smaller programs: for a program in JSON form, what to try next, the greatest gain first.

Each pass yields candidates; whoever runs them takes the first that still shows the divergence and
asks again.  Removing steps is delta debugging over chunks that halve; a step takes with it what
cannot be without it.  Numbers come down bit by bit, which finds the least one in as many tries as
it has bits if smaller ones behave alike.  What decides how a buffer is reported (masks, koids) is
never touched, and a buffer that gets shorter ends where its mapping does: without a mask any
program would differ, and what lies behind a buffer is not determined.

No library does this: candidates must be programs (most random cuts are none), and they are tried
in batches, which is how the machines take them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from harness.fuzz.program import Entry, Place, lists, places, without

Pass = Callable[[Entry], Iterator[Entry]]

_SIZED: Final = ("u8", "u16", "u32", "u64")
#: Arguments that are memory of the program.
_BUFFERS: Final = ("out", "in", "inout")
#: Options of arguments that only say how they are reported, or that later steps rely on.
_KEPT: Final = frozenset({"mask", "koids", "handles", "name", "show"})


def fewer_threads(entry: Entry) -> Iterator[Entry]:
    """Without a helper; or with its steps done by the main thread where it is started."""
    for thread, body in entry.get("threads", {}).items():
        yield without(entry, frozenset(p for p in places(entry) if _belongs(entry, p, thread)))
        start = next(
            i for i, s in enumerate(entry["steps"]) if s == {"call": "$spawn", "args": [thread]}
        )
        steps = [*entry["steps"][:start], *body, *entry["steps"][start + 1 :]]
        steps = [s for s in steps if s != {"call": "$join", "args": [thread]}]
        rest = {name: other for name, other in entry["threads"].items() if name != thread}
        yield without({**entry, "steps": steps, "threads": rest}, frozenset())


def _belongs(entry: Entry, place: Place, thread: str) -> bool:
    if place.thread:
        return place.thread == thread
    step = entry["steps"][place.number]
    return step["call"] in ("$spawn", "$join") and step["args"] == [thread]


def fewer_steps(entry: Entry) -> Iterator[Entry]:
    """Without chunks of steps, large ones first, from the end, where what was seen last stands."""
    all_places = places(entry)
    size = len(all_places)
    while size:
        for end in range(len(all_places), 0, -size):
            yield without(entry, frozenset(all_places[max(end - size, 0) : end]))
        size //= 2


def simpler_steps(entry: Entry) -> Iterator[Entry]:
    """Steps called once, without a look at the clock, with simpler arguments."""
    for place in places(entry):
        step = lists(entry)[place.thread][place.number]
        for smaller in _steps(step, timed="threads" in entry):
            yield _replaced(entry, place, smaller)


def plainer(entry: Entry) -> Iterator[Entry]:
    """Without what says where it is compared, and without a policy, or with less of one."""
    for key in ("arch", "policy"):
        yield from _optional(entry, key)
    policy = entry.get("policy", {})
    if len(policy) > 1:
        for condition in policy:
            yield {**entry, "policy": {c: policy[c] for c in policy if c != condition}}


#: In the order in which they are tried.
PASSES: Final[tuple[Pass, ...]] = (fewer_steps, fewer_threads, simpler_steps, plainer)


def _replaced(entry: Entry, place: Place, step: Entry) -> Entry:
    def put(steps: list[Entry]) -> list[Entry]:
        return [*steps[: place.number], step, *steps[place.number + 1 :]]

    if not place.thread:
        return {**entry, "steps": put(entry["steps"])}
    threads = entry["threads"]
    return {**entry, "threads": {**threads, place.thread: put(threads[place.thread])}}


def _steps(step: Entry, timed: bool) -> Iterator[Entry]:
    for number in _numbers(step.get("repeat", 1) - 1):
        yield {**step, "repeat": number + 1}
    if "min_ns" in step:
        yield {key: value for key, value in step.items() if key != "min_ns"}
    args = step.get("args", [])
    if step["call"] in ("$spawn", "$join"):
        return
    for index, arg in enumerate(args):
        if step["call"] == "$buf" and len(args) > 1:
            yield {**step, "args": [*args[:index], *args[index + 1 :]]}
        for smaller in _arguments(arg, timed):
            yield {**step, "args": [*args[:index], smaller, *args[index + 1 :]]}


def _arguments(arg: Any, timed: bool) -> Iterator[Any]:
    """Simpler ones for an argument; *timed*: how long it waits lets other threads go on."""
    if isinstance(arg, int):
        yield from _numbers(arg)
    elif isinstance(arg, str):
        yield from _constants(arg)
    elif "h" in arg:
        if arg != {"h": "$zero"}:
            yield {"h": "$zero"}
        if "xor" in arg:
            yield {"h": arg["h"]}
            yield from ({**arg, "xor": n} for n in _numbers(arg["xor"]) if n)
    elif "deadline" in arg:
        if not timed:
            yield from ({"deadline": n} for n in _numbers(arg["deadline"]))
    elif "out_handles" in arg:
        slots = arg["out_handles"]
        yield from ({"out_handles": slots[:n]} for n in range(1, len(slots)))
    elif any(key in arg for key in _BUFFERS):
        yield from _buffers(arg, timed)
    elif "x86_64" in arg:
        yield 0
    else:
        yield from _optional(arg, "add")


def _buffers(arg: Entry, timed: bool) -> Iterator[Entry]:
    if not _KEPT & arg.keys():
        yield {"null": 1}
    for key in ("out", "size"):
        if isinstance(arg.get(key), int) and not _KEPT & arg.keys() - {"name"}:
            yield from ({**arg, key: n, "edge": 1} for n in _numbers(arg[key]))
    for key in ("in", "inout"):
        if key in arg:
            items = arg[key] if isinstance(arg[key], list) else [arg[key]]
            for smaller in _items(items, timed):
                yield {**arg, key: smaller}


def _items(items: list[Any], timed: bool) -> Iterator[list[Any]]:
    size = len(items)
    while size:
        for end in range(len(items), 0, -size):
            yield items[: max(end - size, 0)] + items[end:]
        size //= 2
    for index, item in enumerate(items):
        for smaller in _item(item, timed):
            yield [*items[:index], smaller, *items[index + 1 :]]


def _item(item: Any, timed: bool) -> Iterator[Any]:
    """Simpler ones for an item.  What is behind it keeps its place, except behind text."""
    if isinstance(item, str):
        item = {"hex": item}
    if isinstance(item.get("hex"), str):
        data = bytes.fromhex(item["hex"])
        if any(data):
            yield {"zero": len(data)}
        for length in _numbers(len(data)):
            yield {"hex": data[:length].hex()}
        return
    if "str" in item:
        yield from ({"str": item["str"][:n]} for n in _numbers(len(item["str"])))
    for key in (*_SIZED, "zero"):
        if isinstance(item.get(key), int):
            yield from ({key: n} for n in _numbers(item[key]))
        elif isinstance(item.get(key), str):
            yield from ({key: n} for n in _constants(item[key]))
    if "fill" in item:
        byte, count = item["fill"]
        yield {"zero": count}
        yield from ({"fill": [byte, n]} for n in _numbers(count))
    if "h" in item or "deadline" in item:
        yield from _arguments(item, timed)
    elif "koid" not in item:
        yield from _optional(item, "add")


def _optional(value: Entry, key: str) -> Iterator[Entry]:
    if key in value:
        yield {other: what for other, what in value.items() if other != key}


def _constants(text: str) -> Iterator[Any]:
    """Nothing, or one name less; a number in words is a number."""
    names = text.split("|")
    if len(names) == 1 and text[:1].isdigit():
        yield int(text, 0)
        return
    yield 0
    for index in range(len(names) if len(names) > 1 else 0):
        yield "|".join(names[:index] + names[index + 1 :])


def _numbers(number: int) -> Iterator[int]:
    """Smaller ones: nothing, one, then with ever less taken away."""
    if number < 0:
        yield from (0, -1) if number != -1 else (0,)
        return
    if number > 0:
        yield 0
    if number > 1:
        yield 1
    yield from (
        number - (1 << bit)
        for bit in reversed(range(number.bit_length()))
        if number - (1 << bit) > 1
    )
