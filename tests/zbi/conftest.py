"""A first process for the kernels to start, and how the serial line's text is read."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.build.toolchain import USER_FLAGS, compile_sources, link
from harness.program.model import Arch

SOURCE = Path(__file__).with_name("first.c")


@pytest.fixture(scope="session")
def first_process(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Arch], bytes]:
    """Builds the first process of an architecture, once for all workers; returns its ELF file."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # a worker's directory lies in the run's
        shared = shared.parent

    def build(arch: Arch) -> bytes:
        folder = shared / f"first-{arch}"
        folder.mkdir(exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            output = folder / "first.elf"
            if not output.exists():
                objects = compile_sources(
                    arch, [SOURCE], folder, includes=[], flags=USER_FLAGS[arch]
                )
                options = ["-pie", "--no-dynamic-linker", "-e", "first", "--strip-debug"]
                options += ["-z", "max-page-size=4096", "-z", "separate-code", "-z", "text"]
                link(arch, objects, output, options)
            return output.read_bytes()

    return build
