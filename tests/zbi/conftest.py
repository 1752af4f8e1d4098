"""A first process for the kernels to start, and how the serial line's text is read."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.build.images import LIBRARY
from harness.build.toolchain import USER_FLAGS, compile_sources, link
from harness.program.model import Arch

HERE = Path(__file__).parent

OPTIONS = ["-pie", "--no-dynamic-linker", "-e", "first", "--strip-debug"]
OPTIONS += ["-z", "max-page-size=4096", "-z", "separate-code", "-z", "text"]


def builder(folders: pytest.TempPathFactory, name: str) -> Callable[[Arch], bytes]:
    """Builds a first process for an architecture, once for all workers; returns its ELF file."""
    shared = folders.getbasetemp()
    if shared.name.startswith("popen-"):  # a worker's directory lies in the run's
        shared = shared.parent

    def build(arch: Arch) -> bytes:
        folder = shared / f"{name}-{arch}"
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            output = folder / f"{name}.elf"
            if not output.exists():
                sources = [HERE / f"{name}.c", LIBRARY / "memory.c"]
                objects = compile_sources(
                    arch, sources, folder, includes=[HERE, LIBRARY], flags=USER_FLAGS[arch]
                )
                link(arch, objects, output, OPTIONS)
            return output.read_bytes()

    return build


@pytest.fixture(scope="session")
def first_process(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Arch], bytes]:
    """Tells what it was started with."""
    return builder(tmp_path_factory, "first")


@pytest.fixture(scope="session")
def privileged_process(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Arch], bytes]:
    """Does what wants the root job and the root resource."""
    return builder(tmp_path_factory, "privileged")
