"""Reading symbols, against the tool that everyone uses for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.bench.figure import Figure, interleaved, seconds
from harness.machine import image
from harness.symbols.elf import read_elf
from harness.symbols.images import library_paths

#: Milliseconds that reading may take in a warm process: the largest library, a small one.
LARGE, SMALL = 5.0, 0.1

#: Reads of the small library per round.
_REPEATED = 100
#: What the installed command runs.
_ENTRY = "import sys; from harness.cli import main; sys.exit(main())"
_DIRECTORIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib")


def measure(rounds: int) -> Iterator[Figure]:
    """All undefined symbols of a small library and of the largest that this machine has."""
    small = library_paths()[0]
    if not image.directory().is_dir() or not small.exists():
        return
    times = interleaved(rounds, small=lambda: seconds(lambda: _repeat(small)) / _REPEATED)
    name = f"imports of {small.name}, warm"
    yield Figure(name, "symbols", 1e3 * times["small"], "ms", SMALL)
    large = largest_library()
    if large is None:
        return
    command = [sys.executable, "-c", _ENTRY, "symbols", "list", "--imports", str(large)]
    peer = [shutil.which("nm") or "", "-D", "-u", str(large)]
    work = {"warm": lambda: seconds(lambda: read_elf(large).imports)}
    work["command"] = lambda: _run(command)
    if peer[0]:
        work["peer"] = lambda: _run(peer)
    read_elf(large)  # the file comes into memory
    times = interleaved(rounds, **work)
    count = len(read_elf(large).symbols)
    note = f"{count:,} dynamic symbols"
    yield Figure(f"imports of {large.name}, warm", "symbols", 1e3 * times["warm"], "ms", LARGE,
                 note=note)  # fmt: skip
    yield Figure("zxh symbols list --imports of it", "symbols", 1e3 * times["command"], "ms")
    if peer[0]:
        yield Figure("nm -D -u of it", "symbols", 1e3 * times["peer"], "ms")
        ratio = times["command"] / times["peer"]
        yield Figure("zxh symbols list / nm -D -u", "symbols", ratio, "x", 1.0)


def _repeat(library: Path) -> None:
    for _ in range(_REPEATED):
        read_elf(library)


def _run(command: list[str]) -> float:
    # An installed package has its bytecode; a checkout gets it unless this forbids it.
    unset = "PYTHONDONTWRITEBYTECODE"
    environment = {name: value for name, value in os.environ.items() if name != unset}

    def work() -> None:
        subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=True)

    return seconds(work)


def largest_library() -> Path | None:
    """The shared library of this machine whose file is the largest; LLVM's if it is there."""
    found = [
        path
        for directory in map(Path, _DIRECTORIES)
        for pattern in ("*.so*", "*/*.so*")
        for path in directory.glob(pattern)
        if path.is_file() and not path.is_symlink()
    ]
    llvm = [path for path in found if path.name.startswith("libLLVM")]
    return max(llvm or found, key=lambda path: path.stat().st_size, default=None)
