"""Opening targets by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from harness.errors import InputError
from harness.targets.base import Target

#: Every target; the first one is the reference where no recorded result exists.
TARGETS = ("host", "x86_64", "arm64")


def open_target(name: str) -> Target:
    """Start one target; guests boot on their own while the caller goes on."""
    if name == "host":
        from harness.targets.host import HostTarget

        return HostTarget()
    if name in TARGETS:
        from harness.machine import image
        from harness.machine.machine import Machine

        machine = Machine(image.load(name))  # boots while the rest is imported
        from harness.targets.guest import GuestTarget

        return GuestTarget(name, machine=machine)
    raise InputError(f"no target called {name!r}; there are: {', '.join(TARGETS)}")


@contextmanager
def open_targets(names: Sequence[str]) -> Iterator[list[Target]]:
    """Start several targets, those that boot first, and close them all at the end."""
    with ExitStack() as stack:
        opened = {}
        for name in sorted(names, key=lambda name: name == "host"):
            opened[name] = stack.enter_context(open_target(name))
        yield [opened[name] for name in names]
