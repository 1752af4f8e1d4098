"""Opening targets by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness.targets.base import Target

if TYPE_CHECKING:
    from harness.machine.machine import Machine

#: Every target; the first one is the reference where no recorded result exists.
TARGETS = ("host", "x86_64", "arm64")


def open_target(name: str) -> Target:
    """Start one target; a guest boots on its own while the caller goes on."""
    (target,) = _open([name])
    return target


@contextmanager
def open_targets(names: Sequence[str]) -> Iterator[list[Target]]:
    """Start several targets and close them all at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(target) for target in _open(names)]


def _open(names: Sequence[str]) -> list[Target]:
    unknown = [name for name in names if name not in TARGETS]
    if unknown:
        raise InputError(f"no target called {unknown[0]!r}; there are: {', '.join(TARGETS)}")
    with ExitStack() as failed:
        # The machines boot while the rest is imported.
        machines = {name: failed.enter_context(_start(name)) for name in names if name != "host"}
        opened: dict[str, Target] = {}
        if machines:
            from harness.targets.guest import Decoded, GuestTarget

            decoded = Decoded()
            for name, machine in machines.items():
                opened[name] = GuestTarget(name, machine=machine, decoded=decoded)
        if "host" in names:
            from harness.targets.host import HostTarget

            opened["host"] = HostTarget()
        failed.pop_all()  # from now on the targets close their machines
        return [opened[name] for name in names]


def _start(name: str) -> Machine:
    from harness.machine import image
    from harness.machine.machine import Machine

    return Machine(image.load(name))
