"""What only holders of the root job and the root resource may do, in the guest kernels."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from booting import ARCHES, LIMIT, FirstProcess, start, told, wait_text

from harness.machine.machine import Machine
from harness.program.model import Arch
from harness.zbi import container
from zxio_py import abi

ENDED = "userboot: bin/first has ended"
DEBUGGING = "kernel.enable-debugging-syscalls=true"


def begin(
    arch: Arch, process: FirstProcess, folder: Path, words: str = "", machine: str | None = None
) -> Machine:
    data = container.make_bootdata({"bin/first": process(arch)}, edition="2018")
    return start(arch, data, folder, machine, words)


def numbers(text: str) -> dict[str, int]:
    """What was told: numbers by name, the last of each."""
    pairs = [line.rpartition(" ") for line in told(text) if " " in line]
    return {name: int(number, 16) for name, _, number in pairs}


def status(number: int) -> int:
    return number - (1 << 32) if number >> 31 else number


def statuses(text: str, *names: str) -> list[str]:
    found = numbers(text)
    return [
        abi.status_name(status(found[n])).removeprefix("ZX_").removeprefix("ERR_") for n in names
    ]


@pytest.mark.parametrize("arch", ARCHES)
def test_profiles_and_devices(arch: Arch, privileged_process: FirstProcess, tmp_path: Path) -> None:
    with begin(arch, privileged_process, tmp_path) as machine:
        text = wait_text(machine, ENDED)
    assert "first: done" in text
    names = ("profile", "profile applied", "profile closed", "bad profile", "firmware", "ports")
    ports = "OK" if arch == "x86_64" else "NOT_SUPPORTED"
    assert statuses(text, *names) == ["OK", "OK", "OK", "INVALID_ARGS", "OK", ports]
    found = numbers(text)
    assert found["mask"] == 6
    assert (found["acpi"], found["smbios"]) == (0, 0)
    if arch == "x86_64":
        assert (found["scratch"], found["low port"], found["low port read"]) == (0x5A, 0, 1)
        assert found["returned"] == 0
    else:
        assert found["clock"] == 0x31  # the first byte of a PL031's number
    assert statuses(text, "command", "trace stop", "kernel", "payload") == ["NOT_SUPPORTED"] * 4


def test_firmware_tables(privileged_process: FirstProcess, tmp_path: Path) -> None:
    with begin("x86_64", privileged_process, tmp_path, machine="q35") as machine:
        found = numbers(wait_text(machine, ENDED))
    assert (found["acpi"], found["smbios"]) == (ord("R"), ord("_"))  # "RSD PTR ", "_SM_"


def test_a_returned_port_is_out_of_reach(privileged_process: FirstProcess, tmp_path: Path) -> None:
    with begin("x86_64", privileged_process, tmp_path, "end=ports") as machine:
        text = wait_text(machine, ENDED)
    assert numbers(text)["returned"] == 0
    assert "first: done" not in text


@pytest.mark.parametrize("arch", ARCHES)
def test_calls_for_debugging(arch: Arch, privileged_process: FirstProcess, tmp_path: Path) -> None:
    with begin(arch, privileged_process, tmp_path, DEBUGGING) as machine:
        text = wait_text(machine, ENDED)
    expected = {
        "command": "NOT_SUPPORTED",
        "long command": "INVALID_ARGS",
        "no root": "WRONG_TYPE",
        "trace start": "NOT_SUPPORTED",
        "trace stop": "OK",
        "trace probe": "INVALID_ARGS",
        "trace read": "NOT_SUPPORTED",
        "trace write": "OK",
        "counters": "NOT_SUPPORTED",
        "kernel": "NOT_SUPPORTED",
        "no kernel": "WRONG_TYPE",
        "payload": "OK",
        "short payload": "INTERNAL",
    }
    assert statuses(text, *expected) == list(expected.values())
    assert numbers(text)["payload type"] == 0x544F4F42  # "BOOT"


@pytest.mark.parametrize("arch", ARCHES)
def test_the_machine_starts_again(
    arch: Arch, privileged_process: FirstProcess, tmp_path: Path
) -> None:
    with begin(arch, privileged_process, tmp_path, "end=reboot") as machine:
        for _ in range(2):
            text = wait_text(machine, "first: ports")
            assert "first: rebooted" not in text


def test_the_machine_is_switched_off(privileged_process: FirstProcess, tmp_path: Path) -> None:
    with begin("arm64", privileged_process, tmp_path, "end=off") as machine:
        end = time.monotonic() + LIMIT
        while not machine.console.ended:
            assert time.monotonic() < end
            machine.wait(end - time.monotonic())
        assert ENDED not in machine.console.take().decode()


def test_a_machine_without_a_switch(privileged_process: FirstProcess, tmp_path: Path) -> None:
    with begin("x86_64", privileged_process, tmp_path, "end=off") as machine:
        assert statuses(wait_text(machine, ENDED), "off") == ["NOT_SUPPORTED"]
