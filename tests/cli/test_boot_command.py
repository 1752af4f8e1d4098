"""``zxh boot``: a console for people, a socket for a debugger, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import stat
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pexpect.fdpexpect
import pytest
from pexpect.popen_spawn import PopenSpawn

from harness.machine import image
from harness.machine.console import Console
from harness.machine.expect import ConsoleSpawn
from harness.machine.machine import Machine

LIMIT = 60


@contextlib.contextmanager
def boot(*words: str, **environment: str) -> Iterator[PopenSpawn]:
    """The command without a terminal."""
    command = [sys.executable, "-m", "harness", "boot", *words]
    run = PopenSpawn(command, env=os.environ | environment, timeout=LIMIT)
    with run.proc:  # closes its pipes
        yield run


@pytest.mark.parametrize("name", ["x86_64", "x86_64-q35", "arm64"])
def test_every_image_boots_and_is_left_with_ctrl_a_x(name: str) -> None:
    with boot(name) as run:
        run.expect("leave with Ctrl-A x")
        run.send("\x01x")
        run.expect(pexpect.EOF)
        assert run.wait() == 0


def test_the_debugger_waits_in_a_private_directory(tmp_path: Path) -> None:
    with boot("x86_64", "--gdb", XDG_RUNTIME_DIR=str(tmp_path), HOME=str(tmp_path)) as run:
        run.expect(r"attach with: gdb (\S+) -ex 'target remote (\S+)'")
        kernel, path = (Path(os.fsdecode(group)) for group in run.match.groups())
        run.expect("leave with Ctrl-A x")
        assert kernel == image.load("x86_64").kernel
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        run.send("\x01x")
        run.expect(pexpect.EOF)
        assert run.wait() == 0
        assert not path.parent.exists()


def test_an_ended_command_leaves_nothing(tmp_path: Path) -> None:
    with boot("x86_64", "--gdb", XDG_RUNTIME_DIR=str(tmp_path), HOME=str(tmp_path)) as run:
        run.expect("leave with Ctrl-A x")
        run.kill(signal.SIGTERM)
        run.expect(pexpect.EOF)
        assert run.wait() == 128 + signal.SIGTERM
        assert list(tmp_path.rglob("gdb-*")) == []


def test_a_terminal_is_raw_meanwhile_and_as_before_afterwards() -> None:
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        pytest.skip(f"this system has no pseudo-terminals: {error}")
    before = termios.tcgetattr(theirs)
    command = [sys.executable, "-m", "harness", "boot", "x86_64"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE) as run:
        terminal = pexpect.fdpexpect.fdspawn(ours, timeout=LIMIT)
        assert run.stderr is not None
        assert b"leave with Ctrl-A x" in run.stderr.readline()
        # In raw mode Ctrl-C is a key for the guest, not a signal.
        while termios.tcgetattr(theirs)[3] & termios.ISIG:
            assert run.poll() is None
        terminal.send("\x03\x01x")
        assert run.wait(LIMIT) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_an_unknown_image_is_one_line() -> None:
    with boot("vax") as run:
        run.expect("no image called 'vax'")
        run.expect(pexpect.EOF)
        assert run.wait() == 2


def test_the_console_can_be_followed_with_pexpect() -> None:
    with Machine(image.load("x86_64")) as machine:
        machine.wait_ready()
        console = ConsoleSpawn(machine, timeout=LIMIT)
        assert isinstance(machine.console, Console)
        with pytest.raises(pexpect.TIMEOUT):
            console.expect("never said", timeout=0.05)
        machine.qmp.execute("quit")
        console.expect(pexpect.EOF)
