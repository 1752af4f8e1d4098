"""From a container to a running process: on our guest kernels, and on given real ones."""

from __future__ import annotations

import os
import random
import selectors
import subprocess
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from booting import ARCHES, LIMIT, FirstProcess, loading, start, told, wait_text

from harness.machine import image
from harness.machine.machine import Machine
from harness.program.model import Arch
from harness.zbi import bootfs, container, storage

#: What our kernel says when the first process has ended.
ENDED = "userboot: bin/first has ended, return code 7\r\n"

#: Types of the handles every first process gets: its message's number, then the object's type.
HANDLES = {
    "1": "process",
    "2": "thread",
    "3": "job",
    "4": "vmar",
    "11": "vmo",
    "13": "vmo",
    "1a": "vmo",
    "1b": "vmo",
    "3f": "resource",
}
OBJECT_TYPES = {"process": "1", "thread": "2", "vmo": "3", "resource": "f", "job": "11"}
OBJECT_TYPES["vmar"] = "12"


def boot_files(first: bytes) -> dict[str, bytes]:
    """The first process, and files that compress in all kinds of ways."""
    noise = random.Random(1).randbytes(150_000)
    return {
        "bin/first": first,
        "data/empty": b"",
        "data/noise": noise,
        "data/text": b"".join(b"line %d of many\n" % i for i in range(20_000)),
        "data/zeros": bytes(300_000),
        "data/mixed": noise[:1000] * 40 + bytes(5000) + noise[:70_000] * 2,
    }


def expected_files(files: dict[str, bytes]) -> set[str]:
    return {f"file {name} {len(data):x} {zlib.crc32(data):x}" for name, data in files.items()}


def check_told(lines: list[str], files: dict[str, bytes], length: int) -> None:
    """Hold what a first process tells against the container it was started from."""
    assert lines[-1] == "done"
    assert "message 0 4150585d 0" in lines
    handles = [line.split()[1:] for line in lines if line.startswith("handle ")]
    types = dict(handles)
    assert {info: types.get(info) for info in HANDLES} == {
        info: OBJECT_TYPES[kind] for info, kind in HANDLES.items()
    }
    assert len(types) == len(handles)
    assert "environment userboot=bin/first" in lines
    (bootdata,) = (line.split()[1:] for line in lines if line.startswith("bootdata "))
    # Loaders may add items of their own behind ours.
    assert int(bootdata.pop(1), 16) >= length - 32
    assert bootdata == ["544f4f42", "58534642"]
    assert f"bootfs {len(bootfs.write(files)):x}" in lines
    assert {line for line in lines if line.startswith("file ")} == expected_files(files)


@pytest.mark.parametrize("arch", ARCHES)
def test_our_kernel_starts_the_first_process(
    arch: Arch, first_process: FirstProcess, tmp_path: Path
) -> None:
    files = boot_files(first_process(arch))
    data = container.make_bootdata(files, edition="2018")
    with start(arch, data, tmp_path) as machine:
        text = wait_text(machine, ENDED)
        check_told(told(text), files, len(data))
        machine.qmp.execute("system_reset")  # the loader puts the container there again
        check_told(told(wait_text(machine, ENDED)), files, len(data))


@pytest.mark.parametrize("arch", ARCHES)
def test_a_file_system_that_is_not_compressed(
    arch: Arch, first_process: FirstProcess, tmp_path: Path
) -> None:
    files = boot_files(first_process(arch))
    item = container.bootfs_item(files, edition="2022", method="none")
    data = container.write([item, container.Item(container.TYPE_CMDLINE, b"odd")])
    with start(arch, data, tmp_path) as machine:
        check_told(told(wait_text(machine, ENDED)), files, len(data))


def test_the_other_x86_machine(first_process: FirstProcess, tmp_path: Path) -> None:
    files = boot_files(first_process("x86_64"))
    data = container.make_bootdata(files, edition="2018")
    with start("x86_64", data, tmp_path, "q35") as machine:
        check_told(told(wait_text(machine, ENDED)), files, len(data))


@pytest.mark.parametrize("arch", ARCHES)
def test_without_being_told_the_kernel_starts_its_own_agent(arch: Arch, tmp_path: Path) -> None:
    path = tmp_path / "boot.zbi"
    path.write_bytes(container.make_bootdata({}, edition="2018"))
    with Machine(image.load(arch), extra=loading(arch, path)[1]) as machine:
        machine.wait_ready()


def broken(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes([data[offset] ^ 0xFF]) + data[offset + 1 :]


GOOD = container.make_bootdata({"other": b"no program"}, edition="2018")
BAD_CONTAINERS = {
    "not a container": (broken(GOOD, 24), "is no container of boot items"),
    "a broken item": (broken(GOOD, 56), "broken boot item at offset 20"),
    "an item too long": (broken(GOOD, 0x27), "broken boot item at offset 20"),
    "a container too long": (broken(GOOD, 7), "bytes: too many"),
    "no file system": (container.write([]), "no boot file system in the container"),
    "a broken frame": (broken(GOOD, 0x40), "is not a sound LZ4 frame of 8192 bytes"),
    "a content too large": (broken(GOOD, 0x2B), "no memory for the boot file system of"),
    "a zstd frame": (
        container.make_bootdata({}, edition="2022"),
        "is not a sound LZ4 frame of 4096 bytes",
    ),
    "no such file": (GOOD, "userboot: bin/first: status -25"),
    "no program": (
        container.make_bootdata({"bin/first": b"#!"}, edition="2018"),
        "userboot: bin/first: status ",
    ),
    "a broken directory": (
        container.write([container.storage_item(container.TYPE_BOOTFS, bytes(4096), "lz4")]),
        "userboot: bin/first: status -42",
    ),
}


@pytest.mark.parametrize("what", BAD_CONTAINERS)
def test_what_our_kernel_says_of_a_bad_container(what: str, tmp_path: Path) -> None:
    data, text = BAD_CONTAINERS[what]
    with start("x86_64", data, tmp_path) as machine:
        assert text in wait_text(machine, "thread")


def test_what_our_kernel_says_without_a_container() -> None:
    described = replace(image.load("x86_64"), command_line="userboot=bin/first")
    with Machine(described) as machine:
        machine.console.keep_unread()
        assert "no container of boot items in memory" in wait_text(machine, "thread")


# ---- real kernels -----------------------------------------------------------------------------

#: How QEMU starts one: architecture, variable that names the kernel, options, command line.
REAL = {
    "x86_64": (
        "ZXH_ZIRCON_X64",
        "qemu-system-x86_64 -machine q35 -cpu Haswell,+smap,-check,-fsgsbase -m 512",
        "kernel.serial=legacy userboot=bin/first kernel.halt-on-panic=true",
    ),
    "arm64": (
        "ZXH_ZIRCON_ARM64",
        "qemu-system-aarch64 -machine virt,gic-version=3 -cpu cortex-a53 -m 192",
        "userboot=bin/first kernel.halt-on-panic=true",
    ),
}


@pytest.mark.parametrize("arch", ARCHES)
def test_a_real_kernel_starts_the_first_process(
    arch: Arch, first_process: FirstProcess, tmp_path: Path
) -> None:
    variable, options, command_line = REAL[arch]
    kernel = os.environ.get(variable)
    if not kernel:
        pytest.skip(f"no real kernel: {variable} is not set")
    files = boot_files(first_process(arch))
    path = tmp_path / "boot.zbi"
    path.write_bytes(container.make_bootdata(files, edition="2018"))
    command = [*options.split(), "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio"]
    command += ["-kernel", kernel, "-initrd", str(path), "-append", command_line]
    text = _output_of(command, "first: done")
    check_told(told(text), files, path.stat().st_size)


def _output_of(command: list[str], last: str) -> str:
    """What a machine says on its serial line up to *last*; then it is stopped."""
    text = b""
    end = time.monotonic() + LIMIT
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while last.encode() not in text:
                    assert selector.select(end - time.monotonic()), f"no {last!r}, but {text!r}"
                    more = os.read(process.stdout.fileno(), 65536)
                    assert more, f"QEMU ended without {last!r}, but {text!r}"
                    text += more
        finally:
            process.kill()
    return text.decode("utf-8", "replace")


def test_the_frames_our_kernel_reads_have_matches_and_stored_blocks() -> None:
    # Else the tests above would not try the kernel's LZ4 code.
    data = bootfs.write(boot_files(b""))
    assert len(storage.compress(data, "lz4")) < 0.7 * len(data)
