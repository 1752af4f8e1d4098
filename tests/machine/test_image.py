"""Image descriptions: what is read, what is refused and how."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.machine import image, layout
from harness.machine.qemu import Descriptors, command_line

GOOD = """\
description = "a guest"
architecture = "x86_64"
machine = "microvm"
cpu = "max"
memory_mib = 64
kernel = "k.elf"
command_line = "a=b"
devices = ["pvpanic"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_every_shipped_description_is_valid() -> None:
    ours = {"x86_64", "x86_64-q35", "arm64"}
    assert ours <= set(image.names())
    described = {name: image.load(name) for name in image.names()}
    assert all(described[name].memory_mib <= 64 for name in ours)


def test_a_description_by_path(tmp_path: Path) -> None:
    described = image.load(str(written(tmp_path, GOOD)))
    assert described.name == "mine"
    assert described.kernel == tmp_path / "k.elf"
    assert described.devices == ("pvpanic",)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('cpu = "max"\n', "", "cpu: missing"),
        ('cpu = "max"', "cpu = 5", "cpu: a string is wanted"),
        ("memory_mib = 64", "memory_mib = true", "memory_mib: a whole number is wanted"),
        ("memory_mib = 64", "memory_mib = 8", "memory_mib: 8 is not in 16..1024"),
        ('["pvpanic"]', '["pvpanic", 1]', "devices: a list of strings is wanted"),
        ("x86_64", "sparc", "architecture: 'sparc' is not one of x86_64, arm64"),
        ("cpu", 'programs = "floppy"\ncpu', "programs: 'floppy' is not one of shared memory, boot"),
        ("cpu", 'edition = "1995"\ncpu', "edition: '1995' is not one of 2018, 2022"),
        ("cpu", "cpus = 1\ncpu", "unknown key: cpus"),
        ("=", "", "mine.toml: "),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, old: str, new: str, problem: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        image.parse(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(InputError, match=r"no image called 'vax'; there are: .*arm64.*x86_64"):
        image.load("vax")


def test_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        image.load(str(tmp_path / "none.toml"))


def test_the_command_line_follows_the_description(tmp_path: Path) -> None:
    described = image.parse(written(tmp_path, GOOD))
    words = command_line(described, "qemu", described.kernel, Descriptors(3, 4, 5))
    for pair in (
        ("-sandbox", "on"),
        ("-nic", "none"),
        ("-accel", "tcg"),
        ("-machine", "microvm,memory-backend=ram"),
        ("-m", "64M"),
        ("-append", f"share={layout.SHARE_SIZE} a=b"),
        ("-device", "pvpanic"),
        ("-serial", "chardev:s0"),
    ):
        assert pair in list(itertools.pairwise(words))
    assert {"-nodefaults", "-no-user-config"} <= set(words)
    assert "socket,id=s0,fd=4" in words
    assert "socket,id=q0,fd=5" in words
