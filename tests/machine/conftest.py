"""Guests for the tests of the machine: one that exits at once, one that misbehaves on request."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.build import headers
from harness.build.images import BUILD, build_floor
from harness.build.toolchain import ROOT, run_zig
from harness.machine import image
from harness.machine.machine import Machine
from harness.program.model import Arch

GUEST = Path(__file__).parent / "guest"

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")

#: The x86-64 machine enters its guest in 32-bit mode; this one stays there.
_TARGETS = {"x86_64": "x86-freestanding-none", "arm64": "aarch64-freestanding-none"}


def _build_faulty(arch: Arch, folder: Path, *options: str) -> Path:
    """Compile and link the misbehaving guest."""
    (folder / "zxh").mkdir(parents=True, exist_ok=True)
    (folder / "zxh/share.h").write_text(headers.share_header())
    source, place = GUEST / "faulty.c", GUEST / arch
    flags = ["-target", _TARGETS[arch], "-g", "-O1", "-ffreestanding", "-fno-sanitize=undefined"]
    flags += ["-gdwarf-4", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror", *options]
    flags += ["-mgeneral-regs-only", "-mno-sse"] if arch == "x86_64" else ["-mstrict-align"]
    objects = []
    for path in (place / "start.S", source):
        objects.append(str(folder / f"{path.stem}.o"))
        kinds = flags if path.suffix == ".c" else flags[:2]
        run_zig("cc", [*kinds, f"-I{folder}", f"-I{place}", "-c", str(path), "-o", objects[-1]])
    output = folder / "faulty.elf"
    script = ROOT / "guest/bench" / f"floor_{arch}.ld"
    emulation = {"x86_64": "elf_i386", "arm64": "aarch64elf"}[arch]
    run_zig("ld.lld", ["-m", emulation, "-T", str(script), *objects, "-o", str(output)])
    return output


@pytest.fixture(params=ARCHES)
def arch(request: pytest.FixtureRequest) -> Arch:
    """Each architecture in turn."""
    name: Arch = request.param
    return name


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Arch], Path]:
    """Builds "faulty", "hanging" or "floor" for an architecture, once for all workers."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # a worker's directory lies in the run's
        shared = shared.parent

    def build(name: str, arch: Arch) -> Path:
        folder = shared / f"guest-{arch}-{name}"
        folder.mkdir(exist_ok=True)
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if name == "floor":
                return build_floor(arch, BUILD / arch)
            output = folder / "faulty.elf"
            options = ["-DEVERY_REQUEST_HANGS"] if name == "hanging" else []
            return output if output.exists() else _build_faulty(arch, folder, *options)

    return build


@pytest.fixture
def faulty(arch: Arch, built: Callable[[str, Arch], Path]) -> Iterator[Machine]:
    """A ready machine with the misbehaving guest."""
    with Machine(image.load(arch), kernel=built("faulty", arch)) as machine:
        machine.wait_ready()
        yield machine
