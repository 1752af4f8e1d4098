"""Seeds taken apart: for each call the steps in which seeds make it, with what those stand on.

A step is taken out of its seed together with the steps that made what it uses, unless the program
that takes it has something of the same kind.  So a call comes with arguments that make sense, its
buffers with the masks that keep its result determined, and no call needs a hand-written recipe.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from harness.fuzz.program import Entry, copied, made, used
from harness.fuzz.world import World, made_kinds

#: How likely a step uses what the program has of the kind it needs, rather than a new one.
_SHARED: Final = 0.75
#: Steps that one step may bring with it.
_LONGEST: Final = 12


@dataclass(frozen=True, slots=True)
class Template:
    """One step of a seed."""

    seed: Seed
    number: int

    @property
    def step(self) -> Entry:
        """The step itself; not to be changed."""
        step: Entry = self.seed.entry["steps"][self.number]
        return step


class Seed:
    """A program to take from."""

    __slots__ = ("_makers", "entry", "kinds")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        #: Kinds of its slots, meanings of its buffers.
        self.kinds: dict[str, str] = {}
        #: By step: which step made each name that it uses.
        self._makers: list[Mapping[str, int]] = []
        latest: dict[str, int] = {}
        for number, step in enumerate(entry["steps"]):
            names = set(used(step)) | set(_storages(step))
            self._makers.append({name: latest[name] for name in names if name in latest})
            self.kinds |= made_kinds(step, self.kinds)
            latest |= dict.fromkeys((*made(step), *_storages(step)), number)

    @property
    def threaded(self) -> bool:
        """Whether helper threads take part, whose steps mean nothing elsewhere."""
        return "threads" in self.entry

    def makers(self, number: int) -> Mapping[str, int]:
        """The step that made each name that step *number* uses."""
        return self._makers[number]


class Library:
    """All seeds, by what is in them."""

    def __init__(self, seeds: Iterable[Seed]) -> None:
        self.seeds: list[Seed] = []
        self.templates: dict[str, list[Template]] = defaultdict(list)
        #: Plain numbers and constants by call and argument.
        self._values: dict[tuple[str, int], dict[Any, None]] = defaultdict(dict)
        for seed in seeds:
            self.add(seed)

    def add(self, seed: Seed) -> None:
        """One seed more."""
        self.seeds.append(seed)
        if seed.threaded:
            return
        for number, step in enumerate(seed.entry["steps"]):
            self.templates[step["call"]].append(Template(seed, number))
            for index, arg in enumerate(step.get("args", [])):
                if isinstance(arg, int | str):
                    self._values[step["call"], index][arg] = None

    def values(self, call: str, index: int) -> Sequence[Any]:
        """Numbers and constants that seeds pass there."""
        return list(self._values.get((call, index), ()))

    def graft(self, template: Template, world: World, rng: Random) -> bool:
        """Put a step of a seed, and what it stands on, behind the steps of *world*.

        False if that would be too much; *world* may have got some of it by then.
        """
        return _Graft(template.seed, world, rng).step(template.number)


class _Graft:
    """A part of a seed on its way into a program."""

    def __init__(self, seed: Seed, world: World, rng: Random) -> None:
        self._seed = seed
        self._world = world
        self._rng = rng
        #: Names of the seed and what they are called in the program.
        self._names: dict[str, str] = {}
        #: Steps that are there already.
        self._done: set[int] = set()

    def step(self, number: int) -> bool:
        if number in self._done:
            return True
        self._done.add(number)
        if len(self._done) > _LONGEST:
            return False
        step = self._seed.entry["steps"][number]
        for name, maker in self._seed.makers(number).items():
            if name not in self._names:
                there = self._world.alike(self._seed.kinds.get(name, ""))
                if there and self._rng.random() < _SHARED:
                    self._names[name] = (
                        there[-1] if self._rng.random() < 0.7 else self._rng.choice(there)
                    )
                    continue
            if self._names.get(name) not in self._world.kinds and not self.step(maker):
                return False
        for name in (*made(step), *_storages(step)):
            if name not in self._names or name in made(step):
                self._names[name] = self._world.fresh(name)
        self._world.add(_renamed(copied(step), self._names))
        return True


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """*value*, whose names are changed in place."""
    if isinstance(value, list):
        for inner in value:
            _renamed(inner, names)
    elif isinstance(value, dict):
        for key in ("h", "koid", "addr", "buf", "val", "out_handle", "name", "storage"):
            if isinstance(value.get(key), str):
                value[key] = names.get(value[key], value[key])
        if isinstance(value.get("out_handles"), list):
            value["out_handles"] = [names.get(slot, slot) for slot in value["out_handles"]]
        if isinstance(value.get("handles"), list):
            value["handles"] = [
                [offset, names.get(slot, slot)] for offset, slot in value["handles"]
            ]
        _renamed([inner for key, inner in value.items() if key != "handles"], names)
    return value


def _storages(step: Entry) -> list[str]:
    """Storages of zxio objects that a step is about: each stands on the steps before it."""
    return [a["storage"] for a in step.get("args", []) if isinstance(a, dict) and "storage" in a]
