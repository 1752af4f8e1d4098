"""Arguments and steps changed a little, by what the interface says of each parameter."""

from __future__ import annotations

import copy
from random import Random
from typing import Any, Final

from harness.fuzz import determined
from harness.fuzz.library import Library
from harness.fuzz.program import Entry
from harness.fuzz.world import World
from zxio_py.abi import CALLS, RIGHT_BITS
from zxio_py.abi.model import Param
from zxio_py.abi.zxio import ZXIO_CALLS

#: Numbers next to which things change: nothing, one, sizes of records, pages, widths of types.
BOUNDARIES: Final = (
    *(0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 63, 64, 65, 100),
    *(127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 2032, 2048),
    *(4095, 4096, 4097, 8191, 8192, 8193, 12288, 16384, 65535, 65536, 65537, 262144, 1 << 20),
    *(1 << 31, (1 << 31) - 1, (1 << 32) - 1, 1 << 32, (1 << 32) + 1),
    *(1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 4096, (1 << 64) - 1),
)
_POINTERS: Final = ("unmapped", "kernel", "readonly", "edge", "noncanon", "null")
_RIGHTS: Final = tuple(f"ZX_RIGHT_{name}" for _, name in RIGHT_BITS)
_TIMES: Final[tuple[Any, ...]] = (0, "ZX_TIME_INFINITE_PAST", 1, {"deadline": -1})
_TIMER_TIMES: Final[tuple[Any, ...]] = (
    *_TIMES,
    "ZX_TIME_INFINITE",
    {"deadline": 2 * determined.FAR},
)
_BUFFERS: Final = ("out", "in", "inout")
_SIZED: Final = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}


class Mutator:
    """Changes steps of a program; what it picks comes from its random numbers alone."""

    def __init__(self, library: Library, rng: Random) -> None:
        self._library = library
        self._rng = rng

    def step(self, step: Entry, world: World) -> None:
        """Change one argument of *step*, in place; *world* is what there is before it."""
        args = step.get("args", [])
        if not args or step["call"] in ("$spawn", "$join", "$show"):
            return
        index = self._rng.randrange(len(args))
        before = args[index]
        args[index] = self._argument(step["call"], index, copy.deepcopy(before), world)
        if args[index] != before:
            determined.unreported(step, index)

    def _argument(self, call: str, index: int, arg: Any, world: World) -> Any:
        param = _param(call, index)
        if isinstance(arg, int | str):
            return self._number(call, index, arg, param)
        if "h" in arg:
            return world.wrong(self._rng)
        if "out_handle" in arg or "out_handles" in arg:
            return self._pointer() if self._rng.random() < 0.5 else arg
        if any(key in arg for key in _BUFFERS):
            return self._buffer(arg, world)
        if "deadline" in arg:
            return self._time(call)
        if ("addr" in arg or "buf" in arg) and self._rng.random() < 0.3:
            return self._pointer()
        if "val" in arg:
            return {**arg, "add": self._rng.choice((1, 4, 4095, 4096, 8192, -4096))}
        return arg

    def _number(self, call: str, index: int, arg: int | str, param: Param | None) -> Any:
        rng = self._rng
        if index in determined.times(call):
            return self._time(call)
        if param is not None and param.type == "zx_rights_t":
            return "|".join(rng.sample(_RIGHTS, rng.randint(1, 5)))
        choice = rng.random()
        known = self._library.values(call, index)
        if known and choice < 0.35:
            return rng.choice(known)
        if isinstance(arg, str):
            names = arg.split("|")
            if len(names) > 1 and choice < 0.6:
                names.remove(rng.choice(names))
                return "|".join(names)
            if known and choice < 0.8:
                other = rng.choice([value for value in known if isinstance(value, str)])
                return "|".join(dict.fromkeys((*names, *other.split("|"))))
            return rng.choice(BOUNDARIES)
        if choice < 0.65:
            return rng.choice(BOUNDARIES)
        if choice < 0.9:
            return max(0, arg + rng.choice((-1, 1, -8, 8, -4096, 4096)))
        return arg ^ 1 << rng.randrange(64 if arg >> 32 else 32)

    def _time(self, call: str) -> Any:
        return self._rng.choice(_TIMER_TIMES if call == "zx_timer_set" else _TIMES)

    def _pointer(self) -> Any:
        kind = self._rng.choice(_POINTERS)
        if kind == "edge" and self._rng.random() < 0.6:
            return {"ptr": kind, "add": -self._rng.choice((1, 2, 4, 8, 16))}
        return {"ptr": kind}

    def _buffer(self, arg: Entry, world: World) -> Any:
        rng = self._rng
        choice = rng.random()
        if choice < 0.35 and "name" not in arg and "handles" not in arg:
            return self._pointer()
        if choice < 0.5:
            return {**arg, "edge": 1}
        if isinstance(arg.get("out"), int):
            masked = any(key in arg for key in ("mask", "koids", "handles"))
            return arg if masked else {**arg, "out": min(rng.choice(BOUNDARIES), 8192), "edge": 1}
        key = "in" if "in" in arg else "inout"
        items = arg[key] if isinstance(arg[key], list) else [arg[key]]
        if items:
            at = rng.randrange(len(items))
            items[at] = self._item(items[at], world)
        return {**arg, key: items}

    def _item(self, item: Any, world: World) -> Any:
        if not isinstance(item, dict):
            return item
        rng = self._rng
        for key, bits in _SIZED.items():
            if key in item:
                number = item[key]
                if isinstance(number, int) and rng.random() < 0.3:
                    return {key: number ^ 1 << rng.randrange(bits)}
                return {key: rng.choice(BOUNDARIES) & ((1 << bits) - 1)}
        if "h" in item:
            return world.wrong(rng)
        if "addr" in item and rng.random() < 0.4:
            return self._pointer()
        return item


def _param(call: str, index: int) -> Param | None:
    function = CALLS.get(call) or ZXIO_CALLS.get(call)
    if function is None or index >= len(function.params):
        return None
    return function.params[index]
