from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted import Stage

from zxio_py.kernel import Kernel
from zxio_py.zxio import System


@pytest.fixture
def kernel() -> Kernel:
    """One emulated machine."""
    return Kernel()


@pytest.fixture
def system(kernel: Kernel) -> Iterator[System]:
    """A process to make objects in; afterwards nothing may be left of it."""
    process = kernel.create_process("zxio test")
    system = System(process.create_thread("main"))
    yield system
    process.kill(0)


@pytest.fixture
def stage(kernel: Kernel, system: System) -> Iterator[Stage]:
    """A server whose answers the test chooses."""
    made = Stage(kernel, system)
    yield made
    made.server.close()
