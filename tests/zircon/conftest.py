"""Our own guest kernels as kernels that take their programs from boot files."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.machine import image
from harness.machine.image import Image
from harness.program.model import Arch
from harness.targets.factory import KERNEL_VARIABLES

#: Where QEMU puts the files on arm64, where it does not place them itself.
ARM64_ADDRESS = 0x42000000


@pytest.fixture(scope="session")
def own_kernel() -> Callable[[Arch], Image]:
    """The image of our own kernel with its programs in boot files, by architecture."""

    def described(arch: Arch) -> Image:
        words, address = "userboot=bin/agent", 0
        if arch == "arm64":
            words, address = f"{words} initrd={ARM64_ADDRESS:#x}", ARM64_ADDRESS
        return replace(
            image.load(arch), programs="boot files", command_line=words, initrd_address=address
        )

    return described


@pytest.fixture(params=list(KERNEL_VARIABLES))
def real_kernel(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """A target on a real kernel and its path; skipped where the environment names none."""
    name: str = request.param
    path = os.environ.get(KERNEL_VARIABLES[name])
    if not path:
        pytest.skip(f"no real kernel: {KERNEL_VARIABLES[name]} is not set")
    return name, Path(path)
