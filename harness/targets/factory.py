"""Opening targets by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness.targets.base import Target

if TYPE_CHECKING:
    from harness.machine.machine import Machine

#: Every target that is always there; the first one is the reference where no recorded result
#: exists.
TARGETS = ("host", "x86_64", "arm64")

#: Targets on kernels that the user brings, and the environment variables that may name them.
KERNEL_VARIABLES = {"zircon-x64": "ZXH_ZIRCON_X64", "zircon-arm64": "ZXH_ZIRCON_ARM64"}

#: Targets on our own kernels that check themselves (``zxh images build --sanitize``).
SANITIZED_TARGETS = ("x86_64-sanitize", "arm64-sanitize")

ALL_TARGETS = (*TARGETS, *SANITIZED_TARGETS, *KERNEL_VARIABLES)


@dataclass(frozen=True, slots=True)
class Kernels:
    """Kernels that the user brings, and how they are used."""

    #: By target.
    paths: Mapping[str, Path] = field(default_factory=dict)
    #: Leave out programs that would meet a known defect of the kernel's edition.
    avoid_defects: bool = False


def open_target(name: str, kernels: Kernels | None = None) -> Target:
    """Start one target; a guest boots on its own while the caller goes on."""
    (target,) = _open([name], kernels or Kernels())
    return target


@contextmanager
def open_targets(names: Sequence[str], kernels: Kernels | None = None) -> Iterator[list[Target]]:
    """Start several targets and close them all at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(target) for target in _open(names, kernels or Kernels())]


def kernel_of(name: str, kernels: Kernels | None = None) -> Path:
    """The kernel that the user brings for the target *name*.

    It is the given one, or that of the environment, or that of the image's description;
    `InputError` if there is none or it cannot be one.
    """
    from harness.machine import image
    from harness.targets.zircon import check_kernel

    described = image.load(name)
    variable = KERNEL_VARIABLES[name]
    named = os.environ.get(variable, "")
    path = (kernels or Kernels()).paths.get(name) or (Path(named) if named else described.kernel)
    if path == image.NO_KERNEL:
        raise InputError(
            f"{name} needs a kernel of your own: give it with --{name} PATH, in {variable}, or as "
            f"`kernel` in the image description {name}.toml"
        )
    check_kernel(path, described.architecture)
    return path


def _open(names: Sequence[str], kernels: Kernels) -> list[Target]:
    unknown = [name for name in names if name not in ALL_TARGETS]
    if unknown:
        raise InputError(f"no target called {unknown[0]!r}; there are: {', '.join(ALL_TARGETS)}")
    brought = {name: kernel_of(name, kernels) for name in names if name in KERNEL_VARIABLES}
    with ExitStack() as failed:
        # The machines boot while the rest is imported.
        guests = [name for name in names if name != "host" and name not in brought]
        machines = {name: failed.enter_context(_start(name)) for name in guests}
        opened: dict[str, Target] = {}
        if machines:
            from harness.targets.guest import Decoded, GuestTarget

            decoded = Decoded()
            for name, machine in machines.items():
                opened[name] = GuestTarget(name, machine=machine, decoded=decoded)
        if "host" in names:
            from harness.targets.host import HostTarget

            opened["host"] = HostTarget()
        for name, path in brought.items():
            opened[name] = _zircon(name, path, kernels.avoid_defects)
        failed.pop_all()  # from now on the targets close their machines
        return [opened[name] for name in names]


def _start(name: str) -> Machine:
    from harness.machine import image
    from harness.machine.machine import Machine

    return Machine(image.load(name))


def _zircon(name: str, kernel: Path, avoid_defects: bool) -> Target:
    from harness.machine import image
    from harness.targets.zircon import ZirconTarget

    return ZirconTarget(
        name, described=image.load(name), kernel=kernel, avoid_defects=avoid_defects
    )
