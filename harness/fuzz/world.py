"""What a program that is being written has by now: which handle is what, which buffer means what.

The kind of a handle follows from the interface alone: the call and the parameter it came from.  The
meaning of a buffer is the call and parameter that filled it, so that an out-value flows to where
such a value is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final

from harness.fuzz.program import Entry, made_by
from harness.program.model import GIVEN_SLOTS
from zxio_py.abi import CALLS
from zxio_py.abi.model import Param

#: Kinds of the given slots.
GIVEN_KINDS: Final[Mapping[str, str]] = {
    "$zero": "none",
    "$job": "job",
    "$proc": "process",
    "$vmar": "vmar",
    "$thread": "thread",
    "$rootvmar": "vmar",
    "$resource": "resource",
    "$vdso": "vmo",
    "$rootjob": "job",
}

#: Given slots whose objects are the same on every machine.
_ALIKE_EVERYWHERE: Final = tuple(slot for slot in GIVEN_SLOTS if slot not in ("$rootjob", "$vdso"))

#: A handle of which nothing more is known: it came in a message.
ANY: Final = "any"
#: Calls whose result is a handle to the object of their first argument.
_SAME_OBJECT: Final = ("zx_handle_duplicate", "zx_handle_replace")
#: Objects made by calls that are named after another one, by the end of the parameter's or
#: call's name.
_BY_PARAMETER: Final = {"vmar_handle": "vmar", "child_vmar": "vmar", "token": "suspend_token"}
_BY_ENDING: Final = {
    "_create_vmo": "vmo",
    "_create_exception_channel": "channel",
    "_get_thread": "thread",
    "_get_process": "process",
    "_get_event": "event",
    "_get_child": ANY,
    "_bti_pin": "pmt",
    "_msi_allocate": "msi",
    "_suspend_token": "suspend_token",
    "_test_handle_create": "event",
}


def noun(call: str) -> str:
    """What a call is about: "channel" of zx_channel_write."""
    return call.removeprefix("zx_").partition("_")[0]


def made_kinds(step: Entry, kinds: Mapping[str, str]) -> dict[str, str]:
    """The kind of each slot, and the meaning of each named buffer, that a step sets.

    *kinds* are those of the slots there were before.
    """
    call = step["call"]
    params = CALLS[call].params if call in CALLS else ()
    result: dict[str, str] = {}
    for index, arg in enumerate(step.get("args", [])):
        if not isinstance(arg, dict):
            continue
        param = params[index].name if index < len(params) else ""
        if "out_handle" in arg:
            result[arg["out_handle"]] = _out_kind(step, param, kinds)
        for name in made_by(arg):
            result.setdefault(name, f"{call}.{index}" if name == arg.get("name") else ANY)
    return result


def _out_kind(step: Entry, param: str, kinds: Mapping[str, str]) -> str:
    call, args = step["call"], step["args"]
    source = args[0].get("h", "") if args and isinstance(args[0], dict) else ""
    kind = kinds.get(source, GIVEN_KINDS.get(source, ANY))
    if call in _SAME_OBJECT:
        return kind
    if param in _BY_PARAMETER:
        return _BY_PARAMETER[param]
    for ending, kind in _BY_ENDING.items():
        if call.endswith(ending):
            return kind
    return noun(call)


def given_away(step: Entry) -> Iterator[str]:
    """Slots whose handles a step closes or moves, as far as its prototype says."""
    call = CALLS.get(step["call"])
    if call is None:
        return
    for param, arg in zip(call.params, step.get("args", []), strict=False):
        if param.handle in ("release", "mixed") and isinstance(arg, dict):
            yield from _handles_in(arg, param)


def _handles_in(arg: Entry, param: Param) -> Iterator[str]:
    if not param.is_pointer:
        if "h" in arg and "xor" not in arg:
            yield arg["h"]
        return
    for items in (arg.get("in", []), arg.get("inout", [])):
        for item in items if isinstance(items, list) else [items]:
            if isinstance(item, dict) and "h" in item:
                yield item["h"]


class World:
    """Names of one program and what is behind them."""

    def __init__(self, entry: Entry | None = None) -> None:
        """What there is after the steps of *entry*."""
        self.steps: list[Entry] = []
        #: Kinds of slots and meanings of buffers, also of slots whose handles are gone.
        self.kinds: dict[str, str] = {}
        self.gone: set[str] = set()
        self._slots: dict[str, None] = {}
        self._numbers = 0
        for step in entry["steps"] if entry is not None else ():
            self.add(step)

    def add(self, step: Entry) -> None:
        """A step more."""
        self.steps.append(step)
        kinds = made_kinds(step, self.kinds)
        self.gone.update(given_away(step))
        for name, kind in kinds.items():
            self.kinds[name] = kind
            self.gone.discard(name)
            if "." not in kind:
                self._slots[name] = None

    def fresh(self, like: str) -> str:
        """A name that is not taken, for what a seed calls *like*."""
        name = like
        while name in self.kinds:
            self._numbers += 1
            name = f"{like.rstrip('0123456789')}{self._numbers}"
        return name

    def alike(self, kind: str) -> list[str]:
        """Names of this kind or meaning whose handles are there as far as one knows."""
        return [
            name for name, other in self.kinds.items() if other == kind and name not in self.gone
        ]

    def slots(self) -> list[str]:
        """Every slot that was set, also those whose handles are gone."""
        return list(self._slots)

    def wrong(self, rng: Random) -> Any:
        """A handle argument that is most likely not what is wanted."""
        choice = rng.random()
        slots = self.slots()
        if slots and choice < 0.45:
            return {"h": rng.choice(slots)}
        if slots and choice < 0.6:
            return {"h": rng.choice(slots), "xor": rng.choice((1, 2, 3, 1 << 31))}
        return {"h": rng.choice(_ALIKE_EVERYWHERE)}
