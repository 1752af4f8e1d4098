"""Machines that start from a container, and what they say on their serial line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.machine import image
from harness.machine.machine import Machine
from harness.program.model import Arch

FirstProcess = Callable[[Arch], bytes]

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")

#: Seconds for a kernel to start; only a failing test waits so long.
LIMIT = 60.0

#: Where the container goes on arm64: QEMU loads one by itself for kernels in Linux's format only.
ARM64_ADDRESS = 0x42000000


def loading(arch: Arch, path: Path, words: str = "") -> tuple[str, tuple[str, ...]]:
    """Words of the command line, and options of QEMU that hand our kernel a container."""
    command_line = f"userboot=bin/first {words}".rstrip()
    if arch == "x86_64":
        return command_line, ("-initrd", str(path))
    return (
        f"{command_line} initrd={ARM64_ADDRESS:#x}",
        ("-device", f"loader,file={path},addr={ARM64_ADDRESS:#x},force-raw=on"),
    )


def start(
    arch: Arch, data: bytes, folder: Path, machine: str | None = None, words: str = ""
) -> Machine:
    """A machine that has been handed a container; what it says is kept."""
    path = folder / "boot.zbi"
    path.write_bytes(data)
    command_line, extra = loading(arch, path, words)
    described = replace(image.load(arch), command_line=command_line)
    if machine is not None:
        described = replace(described, machine=machine)
    started = Machine(described, extra=extra)
    started.console.keep_unread()
    return started


def wait_text(machine: Machine, expected: str) -> str:
    """What the machine says up to an expected text, and a little more."""
    end = time.monotonic() + LIMIT
    text = ""
    while expected not in text:
        left = end - time.monotonic()
        assert left > 0, f"no {expected!r}, but {text!r}"
        assert not machine.console.ended, f"QEMU ended without {expected!r}, but {text!r}"
        machine.wait(left)
        text += machine.console.take().decode()
    return text


def told(text: str) -> list[str]:
    """What the first process has told, line by line."""
    lines = [line.strip() for line in text.splitlines()]
    return [line.removeprefix("first: ") for line in lines if line.startswith("first: ")]
