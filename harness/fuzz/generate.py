"""Programs that nobody wrote: seeds changed, spliced, and built up call by call.

Every program is made from one number alone (and the seeds there are), so that a campaign with the
same seed makes the same programs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any, Final

from harness.fuzz import determined
from harness.fuzz.library import Library, Seed
from harness.fuzz.mutate import BOUNDARIES, Mutator
from harness.fuzz.program import Entry, checked, copied
from harness.fuzz.world import GIVEN_KINDS, World, noun
from harness.program.model import Program
from harness.program.parse import FUNCTIONS
from zxio_py import abi
from zxio_py.abi import CALLS, STRUCTS
from zxio_py.abi.model import SCALAR_TYPES, Call, Param

#: How often programs with helper threads are changed: they are few, and take long.
_THREADED: Final = 0.03
_ENDING: Final = re.compile(r"(_z\d+)+$")


class Generator:
    """Makes programs about some calls."""

    def __init__(
        self,
        library: Library,
        seed: int,
        wanted: Callable[[str], bool] = lambda call: True,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        """*wanted* says which calls programs are to be about; *missing* no target has."""
        self.library = library
        self._seed = seed
        self.calls = sorted(
            call
            for call in FUNCTIONS
            if wanted(call)
            and call not in determined.LEFT_OUT
            and call not in determined.WAITS
            and call not in missing
            and (call in CALLS or call in library.templates)
        )
        self._about: dict[str, list[str]] = defaultdict(list)
        for call in self.calls:
            self._about[noun(call)].append(call)
        #: Seeds to begin with, those that joined later at the end.
        self._seeds: list[Seed] = []
        for known in library.seeds:
            self._consider(known)

    def learn(self, entry: Entry) -> None:
        """Take from *entry* as well, in whatever is made from now on."""
        seed = Seed(entry)
        self.library.add(seed)
        self._consider(seed)

    def _consider(self, seed: Seed) -> None:
        chosen = set(self.calls)
        if any(step["call"] in chosen for step in seed.entry["steps"]):
            self._seeds.append(seed)

    def as_they_are(self) -> list[tuple[Entry, Program]]:
        """The seeds about these calls, unchanged but for what is not determined."""
        settled = (determined.settle(copied(seed.entry)) for seed in self._seeds)
        pairs = ((entry, checked(entry)) for entry in settled if entry is not None)
        return [(entry, program) for entry, program in pairs if program is not None]

    def program(self, number: int) -> tuple[Entry, Program]:
        """Program *number*, in JSON form and checked."""
        rng = Random(f"{self._seed}:{number}")
        while True:
            entry = self._entry(rng)
            base = _ENDING.sub("", entry["name"])[:100]
            entry["name"] = f"{base}_z{number}"
            settled = determined.settle(entry)
            program = checked(settled) if settled is not None else None
            if program is not None and program.steps:
                return entry, program

    def _entry(self, rng: Random) -> Entry:
        if self._seeds and rng.random() < 0.7:
            return self._changed(rng)
        return self._built(rng)

    # From a seed -------------------------------------------------------------------------

    def _changed(self, rng: Random) -> Entry:
        """A seed, some of it changed, with steps of others put in."""
        seed = self._pick(rng)
        entry = copied(seed.entry)
        entry.pop("note", None)
        if seed.threaded:
            return self._arguments_changed(entry, rng)
        steps: list[Entry] = entry["steps"]
        cut = len(steps) if rng.random() < 0.6 else rng.randint(0, len(steps))
        world = World({"steps": steps[:cut]})
        for _ in range(rng.choice((0, 1, 1, 2, 3, 5))):
            self._graft(world, rng)
        entry["steps"] = [*world.steps, *steps[cut:]]
        for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
            self._change(entry["steps"], rng)
        self._look(entry, rng)
        return entry

    def _pick(self, rng: Random) -> Seed:
        """A seed, rather one that joined lately."""
        while True:
            if rng.random() < 0.4:
                recent = self._seeds[-max(len(self._seeds) // 4, 1) :]
                seed = rng.choice(recent)
            else:
                seed = rng.choice(self._seeds)
            if not seed.threaded or rng.random() < _THREADED:
                return seed
            if all(other.threaded for other in self._seeds):
                return seed

    def _arguments_changed(self, entry: Entry, rng: Random) -> Entry:
        """Of a program with helpers only arguments: its order is what makes it determined."""
        steps = [s for s in entry["steps"] if not determined.times(s["call"])]
        if steps:
            step = rng.choice(steps)
            before = entry["steps"][: entry["steps"].index(step)]
            Mutator(self.library, rng).step(step, World({"steps": before}))
        return entry

    def _change(self, steps: list[Entry], rng: Random) -> None:
        """One thing, in place."""
        if not steps:
            return
        number = rng.randrange(len(steps))
        choice = rng.random()
        world = World({"steps": steps[:number]})
        if choice < 0.1 and len(steps) > 1:
            del steps[number]
        elif choice < 0.17:
            steps.insert(rng.randint(number, len(steps)), copied(steps[number]))
        elif choice < 0.25 and world.slots():
            slot = rng.choice(world.slots())
            steps.insert(number, {"call": "zx_handle_close", "args": [{"h": slot}]})
        elif choice < 0.35 and world.slots():
            slot = rng.choice(world.slots())
            steps.insert(number, _fewer_rights(slot, world.kinds[slot], rng))
        else:
            Mutator(self.library, rng).step(steps[number], world)

    # From nothing ------------------------------------------------------------------------

    def _built(self, rng: Random) -> Entry:
        """Calls one after the other, each with what it needs; some with an argument changed."""
        world = World()
        about = rng.choice(self.calls)
        self._put(about, world, rng)
        for _ in range(rng.randint(1, 8)):
            self._graft(world, rng)
        entry: Entry = {"name": _name(about), "steps": world.steps}
        for _ in range(rng.choice((0, 1, 1, 2))):
            self._change(entry["steps"], rng)
        self._look(entry, rng)
        return entry

    def _graft(self, world: World, rng: Random) -> None:
        """A call more: about what there is already, or any."""
        kinds = dict.fromkeys(world.kinds[slot] for slot in world.slots())
        about = [call for kind in kinds for call in self._about.get(kind, ())]
        call = rng.choice(about if about and rng.random() < 0.7 else self.calls)
        self._put(call, world, rng)

    def _put(self, call: str, world: World, rng: Random) -> None:
        templates = self.library.templates.get(call, ())
        if not templates or (call in CALLS and rng.random() < 0.1):
            world.add(self._from_prototype(FUNCTIONS[call], world, rng))
            return
        number = len(world.steps)
        self.library.graft(rng.choice(templates), world, rng)
        if len(world.steps) > number and rng.random() < 0.25:
            before = World({"steps": world.steps[:-1]})
            Mutator(self.library, rng).step(world.steps[-1], before)

    def _from_prototype(self, call: Call, world: World, rng: Random) -> Entry:
        """A call of which only the prototype says what it takes."""
        args = [self._typed(call, param, world, rng) for param in call.params[:8]]
        return {"call": call.name, "args": args}

    def _typed(self, call: Call, param: Param, world: World, rng: Random) -> Any:
        if param.type == "zx_handle_t":
            there = world.alike(_wanted(call, param))
            return {"h": rng.choice(there)} if there else world.wrong(rng)
        if param.is_pointer and param.pointee == "zx_handle_t" and param.handle == "acquire":
            return {"out_handle": world.fresh("n" if param.name == "out" else param.name)}
        if param.is_pointer:
            size = _size(param.pointee)
            return {"in": [{"fill": [rng.choice((0, 0, 1, 0xFF)), size]}], "edge": 1}
        if param.type in ("zx_time_t", "zx_duration_t"):
            return rng.choice((0, "ZX_TIME_INFINITE_PAST"))
        return rng.choice((0, 0, 0, 1, rng.choice(BOUNDARIES)))

    # Looking -----------------------------------------------------------------------------

    def _look(self, entry: Entry, rng: Random) -> None:
        """End with a look at signals of what is there: they tell of much that was done."""
        if "threads" in entry:
            return
        world = World(entry)
        slots = [slot for slot in world.slots() if world.kinds[slot] != "debuglog"]  # all log there
        for slot in rng.sample(slots, min(len(slots), rng.choice((0, 1, 1, 2, 3)))):
            wait = [{"h": slot}, "0xffffffff", 0, {"out": 4}]
            entry["steps"].append({"call": "zx_object_wait_one", "args": wait})


def _wanted(call: Call, param: Param) -> str:
    """The kind of object that a handle parameter is to be of."""
    if param.name in GIVEN_KINDS.values():
        return param.name
    return noun(call.name)


def _size(type: str) -> int:
    if type in STRUCTS:
        return STRUCTS[type].size
    return SCALAR_TYPES.get(type, (64, False))[0]


def _fewer_rights(slot: str, kind: str, rng: Random) -> Entry:
    """A handle exchanged for one that lacks some of its object's usual rights."""
    rights: Any = rng.choice(("ZX_RIGHT_SAME_RIGHTS", 0, "ZX_RIGHT_TRANSFER|ZX_RIGHT_WAIT"))
    usual: int = getattr(abi, f"ZX_DEFAULT_{kind.upper()}_RIGHTS", 0)
    bits = [bit for bit, _ in abi.RIGHT_BITS if usual & bit]
    if bits and rng.random() < 0.9:
        rights = usual & ~sum(rng.sample(bits, rng.randint(1, min(3, len(bits)))))
    return {"call": "zx_handle_replace", "args": [{"h": slot}, rights, {"out_handle": slot}]}


def _name(call: str) -> str:
    return call.removeprefix("zx_").lower()
