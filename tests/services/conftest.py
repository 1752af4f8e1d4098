from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zxio_py.kernel import Kernel
from zxio_py.objects import Client, Directory
from zxio_py.services import FileService, HostDirectory, MemoryDirectory
from zxio_py.zxio import System

Roots = dict[str, Callable[[System], MemoryDirectory | HostDirectory]]


@pytest.fixture
def client() -> Iterator[Client]:
    """A process on a machine of its own; all handles must go with it and its servers."""
    kernel = Kernel()
    before = kernel.counts().handles
    with Client(kernel) as made:
        yield made
    assert kernel.counts().handles == before


@pytest.fixture(params=["memory", "streams", "host"])
def service(
    request: pytest.FixtureRequest, client: Client, tmp_path: Path
) -> Iterator[FileService]:
    """An empty tree of each kind."""
    roots: Roots = {
        "memory": lambda system: MemoryDirectory.root(system, streams=False),
        "streams": MemoryDirectory.root,
        "host": lambda system: HostDirectory.at(tmp_path, system),
    }
    with FileService(client.kernel, roots[request.param]) as made:
        yield made


@pytest.fixture
def root(client: Client, service: FileService) -> Directory:
    """Its root, for reading and writing."""
    return client.directory(service.connect(client.process))
