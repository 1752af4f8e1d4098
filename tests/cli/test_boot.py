"""``zxh boot``: a console for people, a socket for a debugger, and nothing left behind."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path

import pexpect
import pytest

from harness.machine import image
from harness.machine.console import Console
from harness.machine.expect import ConsoleSpawn
from harness.machine.machine import Machine

LIMIT = 60


def spawn(*words: str, **environment: str) -> pexpect.spawn:
    return pexpect.spawn(
        sys.executable,
        ["-m", "harness", "boot", *words],
        env=os.environ | environment,
        timeout=LIMIT,
    )


@pytest.mark.parametrize("name", ["x86_64", "x86_64-q35", "arm64"])
def test_every_image_boots_and_is_left_with_ctrl_a_x(name: str) -> None:
    boot = spawn(name)
    boot.expect("leave with Ctrl-A x")
    boot.send("\x01x")
    boot.expect(pexpect.EOF)
    boot.close()
    assert boot.exitstatus == 0


def test_the_debugger_waits_in_a_private_directory(tmp_path: Path) -> None:
    boot = spawn("x86_64", "--gdb", XDG_RUNTIME_DIR=str(tmp_path), HOME=str(tmp_path))
    boot.expect(r"attach with: gdb (\S+) -ex 'target remote (\S+)'")
    kernel, path = (Path(os.fsdecode(group)) for group in boot.match.groups())
    boot.expect("leave with Ctrl-A x")
    assert kernel == image.load("x86_64").kernel
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    boot.send("\x01x")
    boot.expect(pexpect.EOF)
    boot.close()
    assert boot.exitstatus == 0
    assert not path.parent.exists()


def test_an_ended_command_restores_the_terminal_and_leaves_nothing(tmp_path: Path) -> None:
    boot = spawn("x86_64", "--gdb", XDG_RUNTIME_DIR=str(tmp_path), HOME=str(tmp_path))
    boot.expect("leave with Ctrl-A x")
    os.kill(boot.pid, signal.SIGTERM)
    boot.expect(pexpect.EOF)
    boot.close()
    assert boot.exitstatus == 128 + signal.SIGTERM
    assert list(tmp_path.rglob("gdb-*")) == []


def test_an_unknown_image_is_one_line() -> None:
    boot = spawn("vax")
    boot.expect("no image called 'vax'")
    boot.expect(pexpect.EOF)
    boot.close()
    assert boot.exitstatus == 2


def test_the_console_can_be_followed_with_pexpect() -> None:
    with Machine(image.load("x86_64")) as machine:
        machine.wait_ready()
        console = ConsoleSpawn(machine, timeout=LIMIT)
        assert isinstance(machine.console, Console)
        with pytest.raises(pexpect.TIMEOUT):
            console.expect("never said", timeout=0.05)
        machine.qmp.execute("quit")
        console.expect(pexpect.EOF)
