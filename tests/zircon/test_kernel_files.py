"""Which kernel a target gets, and what is said of a file that cannot be one."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.machine import image
from harness.targets.factory import KERNEL_VARIABLES, Kernels, kernel_of, open_target
from harness.targets.zircon import check_kernel
from harness.zbi import container

PROGRAM = """{"name": "event_create", "steps": [
  {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}]}"""


def x64_kernel(path: Path) -> Path:
    """A file that begins as a kernel for x86-64 does."""
    kernel = struct.unpack("<I", b"KRNL")[0]
    path.write_bytes(container.write([container.Item(kernel, bytes(256))]))
    return path


def arm64_kernel(path: Path) -> Path:
    """A file of machine code."""
    path.write_bytes(bytes.fromhex("d503201f") * 64)
    return path


@pytest.fixture(autouse=True)
def no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KERNEL_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def test_a_file_of_the_other_architecture(tmp_path: Path) -> None:
    x64, arm64 = x64_kernel(tmp_path / "x64"), arm64_kernel(tmp_path / "arm64")
    check_kernel(x64, "x86_64")
    check_kernel(arm64, "arm64")
    with pytest.raises(InputError, match="x64: no Zircon kernel for arm64: a file like"):
        check_kernel(x64, "arm64")
    with pytest.raises(InputError, match="arm64: no Zircon kernel for x86-64: a file like"):
        check_kernel(arm64, "x86_64")


@pytest.mark.parametrize("contents", [b"", b"\x7fELF" + bytes(100), b"short"])
def test_files_that_are_no_kernel(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(contents)
    for architecture in ("x86_64", "arm64"):
        with pytest.raises(InputError, match="no Zircon kernel"):
            check_kernel(path, architecture)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the kernel: No such file"):
        check_kernel(tmp_path / "none", "arm64")
    with pytest.raises(InputError, match="cannot read the kernel: Is a directory"):
        check_kernel(tmp_path, "arm64")


def test_the_option_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = x64_kernel(tmp_path / "one"), x64_kernel(tmp_path / "two")
    monkeypatch.setenv("ZXH_ZIRCON_X64", str(two))
    assert kernel_of("zircon-x64") == two
    assert kernel_of("zircon-x64", Kernels({"zircon-x64": one})) == one
    assert kernel_of("zircon-x64", Kernels({"zircon-arm64": one})) == two


@pytest.mark.parametrize("name", list(KERNEL_VARIABLES))
def test_no_kernel_at_all(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} needs a kernel of your own: .*--{name} PATH"):
        open_target(name)


def test_descriptions_name_no_kernel() -> None:
    for name in KERNEL_VARIABLES:
        described = image.load(name)
        assert described.kernel == image.NO_KERNEL
        assert (described.programs, described.edition) == ("boot files", "2018")


def test_a_description_may_name_one(tmp_path: Path) -> None:
    text = (image.directory() / "zircon-x64.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text + 'kernel = "zircon.bin"\n')
    assert image.parse(path).kernel == tmp_path / "zircon.bin"
    path.write_text(text.replace('"boot files"', '"floppy"') + 'kernel = "zircon.bin"\n')
    with pytest.raises(InputError, match="programs: 'floppy' is not one of"):
        image.parse(path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["exec", "-t", "zircon-arm64"], "zxh: zircon-arm64 needs a kernel of your own"),
        (
            ["exec", "-t", "zircon-x64", "--zircon-x64", "/nowhere/kernel"],
            "zxh: /nowhere/kernel: cannot read the kernel: No such file",
        ),
        (
            ["run", "-q", "--zircon-arm64", "/nowhere/kernel", "-o", "OUT"],
            "zxh: /nowhere/kernel: cannot read the kernel: No such file",
        ),
        (["bench", "-t", "zircon-x64", "--part", "machines"], "zxh: zircon-x64 needs a kernel"),
        (["boot", "zircon-x64"], "zxh: zircon-x64 runs programs from boot files"),
    ],
)
def test_one_clear_error(tmp_path: Path, words: list[str], message: str) -> None:
    file = tmp_path / "program.json"
    file.write_text(f"[{PROGRAM}]")
    words = [str(tmp_path / word) if word == "OUT" else word for word in words]
    files = [str(file)] if words[0] in ("exec", "run") else []
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words, *files],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
