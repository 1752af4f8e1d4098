"""An emulated machine with one process, and its two doors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kernel_calls import Raw

from zxio_py.kernel import Door, Kernel, Process


@pytest.fixture
def kernel() -> Kernel:
    return Kernel()


@pytest.fixture
def process(kernel: Kernel) -> Iterator[Process]:
    before = kernel.counts()
    process = kernel.create_process("test")
    yield process
    process.kill()
    assert kernel.counts()[1:] == before[1:]


@pytest.fixture
def raw(process: Process) -> Raw:
    return Raw(process)


@pytest.fixture
def door(process: Process) -> Door:
    return Door(process)
