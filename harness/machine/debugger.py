"""A debugger's way into a machine: a socket that only this user can reach."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def door() -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Where a debugger can attach, and QEMU's options for it to listen there."""
    with _private_directory() as directory:
        path = directory / "gdb"
        chardev = f"socket,id=g0,path={path},server=on,wait=off"
        yield path, ("-gdb", "chardev:g0", "-chardev", chardev)


def attach(kernel: Path, path: Path, commands: Sequence[str] = ()) -> str:
    """The command that attaches a debugger and has it carry out *commands*."""
    words = [f"target remote {path}", *commands]
    return " ".join((f"gdb {kernel}", *(f"-ex {shlex.quote(word)}" for word in words)))


@contextlib.contextmanager
def _private_directory() -> Iterator[Path]:
    """A directory for the debugger's socket that only this user can enter (mode 0700).

    Those of runs that were killed are removed on the way.
    """
    from platformdirs import user_runtime_path

    base = user_runtime_path("zxh")
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in base.glob("gdb-*"):
        pid = old.name.split("-")[1]
        if not (pid.isdecimal() and Path(f"/proc/{pid}").exists()):
            shutil.rmtree(old, ignore_errors=True)
    path = Path(tempfile.mkdtemp(prefix=f"gdb-{os.getpid()}-", dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
