"""QEMU processes: start, control, reset, end, and what is left when things are killed."""

from __future__ import annotations

import dataclasses
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import MachineError
from harness.machine import image, layout
from harness.machine.machine import Machine, MachineLost
from harness.machine.qemu import QemuProcess, find_qemu
from harness.program.model import Arch

Built = Callable[[str, Arch], Path]


def test_the_floor_guest_leaves_at_once(arch: Arch, built: Built) -> None:
    process = QemuProcess(image.load(arch), kernel=built("floor", arch))
    assert process.wait(30) == {"x86_64": 1, "arm64": 0}[arch]
    process.close()


def test_a_ready_machine_answers_control_and_reset(faulty: Machine) -> None:
    assert faulty.qmp.status() == "running"
    assert faulty.qmp.version >= (7, 2, 0)
    faulty.reset()
    assert faulty.share.ready
    assert faulty.qmp.wait_event("RESET").data["guest"] is False
    assert "PC" in faulty.registers() or "EIP" in faulty.registers()


def test_quit_ends_qemu_and_closes_the_console(faulty: Machine) -> None:
    faulty.qmp.execute("quit")
    assert faulty.process.wait(30) == 0
    while not faulty.console.ended:
        assert faulty.wait(30)


def test_an_unknown_command_is_an_error_and_the_connection_lives(faulty: Machine) -> None:
    with pytest.raises(MachineError, match="no-such-command"):
        faulty.qmp.execute("no-such-command")
    assert faulty.qmp.status() == "running"


def test_reset_forgets_what_the_guest_wrote(faulty: Machine) -> None:
    faulty.share.write(layout.SLOTS_OFFSET, b"\x07\0\0\0\x07\0\0\0")
    faulty.reset()
    assert faulty.share.read(layout.SLOTS_OFFSET, 8) == bytes(8)


def test_nothing_has_a_name_in_the_file_system(faulty: Machine) -> None:
    descriptors = Path(f"/proc/{faulty.process.pid}/fd").iterdir()
    links = [str(path.readlink()) for path in descriptors]
    named = [link for link in links if link.startswith(("/dev/shm", "/tmp", "/run"))]
    assert [link for link in named if "(deleted)" not in link] == []
    assert any(link.startswith("/memfd:zxh-ram") for link in links)


def test_close_ends_qemu_and_may_be_repeated(arch: Arch, built: Built) -> None:
    machine = Machine(image.load(arch), kernel=built("faulty", arch))
    pid = machine.process.pid
    machine.close()
    machine.close()
    assert not Path(f"/proc/{pid}").exists()


def test_a_guest_that_leaves_early_is_a_lost_machine(arch: Arch, built: Built) -> None:
    with Machine(image.load(arch), kernel=built("floor", arch)) as machine:
        with pytest.raises(MachineLost) as lost:
            machine.wait_ready()
        assert lost.value.failure.verdict == "machine lost"
        assert lost.value.exit_code == 3


def test_a_missing_kernel_is_named(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"nowhere\.elf: no such guest kernel"):
        Machine(image.load("x86_64"), kernel=tmp_path / "nowhere.elf")


def test_missing_qemu_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(MachineError, match=r"apt install qemu-system-x86 .* dnf .* brew"):
        find_qemu("qemu-system-x86_64")


def test_an_old_qemu_is_named_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, built: Built
) -> None:
    old = tmp_path / "qemu-system-x86_64"
    old.write_text(
        "#!/bin/sh\n"
        '[ "$1" = --version ] && echo "QEMU emulator version 4.2.1" && exit\n'
        'echo "-sandbox: invalid option" >&2; exit 1\n'
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Machine(image.load("x86_64"), kernel=built("floor", "x86_64")) as machine:
        with pytest.raises(MachineLost, match=r"version 4\.2; 7\.2 or newer is needed") as lost:
            machine.wait_ready()
        assert "-sandbox: invalid option" in lost.value.failure.errors


def test_a_device_qemu_does_not_have_is_reported_in_its_words(built: Built) -> None:
    described = dataclasses.replace(image.load("x86_64"), devices=("no-such-device",))
    with (
        Machine(described, kernel=built("floor", "x86_64")) as machine,
        pytest.raises(MachineLost, match="'no-such-device' is not a valid device"),
    ):
        machine.wait_ready()


@pytest.mark.parametrize("moment", ["at once", "ready"])
def test_a_killed_parent_leaves_no_qemu(arch: Arch, built: Built, moment: str) -> None:
    program = textwrap.dedent(f"""
        import os, signal, sys
        from pathlib import Path
        from harness.machine import image
        from harness.machine.machine import Machine
        machine = Machine(image.load({arch!r}), kernel=Path({str(built("faulty", arch))!r}))
        print(machine.process.pid, flush=True)
        if {moment == "ready"}:
            machine.wait_ready()
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    run = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=60, check=False
    )
    assert run.returncode == -signal.SIGKILL
    pid = int(run.stdout)
    assert _ended(pid, 10), f"QEMU {pid} outlived its parent"


def _ended(pid: int, limit: float) -> bool:
    """Wait up to *limit* seconds for the end of a process that is no child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    ended = poll.poll(limit * 1000)
    os.close(descriptor)
    return bool(ended)
