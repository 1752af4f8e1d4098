"""One QEMU process: its command line, its start, its end.

Nothing of it has a name in the file system: RAM and standard error are anonymous memory files,
console and QMP are ends of socket pairs.  So whatever is killed, in whatever order, leaves nothing
behind.  The process dies with the thread that started it (parent-death signal); start machines
from a thread that lives as long as they shall.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness.errors import MachineError
from harness.machine import layout
from harness.machine.image import Image

#: The oldest QEMU whose behaviour the harness knows.
OLDEST_VERSION = (7, 2)

#: Bytes that may wait on a guest's serial line until they are read; the system may allow less.
#: QEMU sends them one by one, each of which occupies some 800: with what sockets have by default
#: a talkative guest would soon stand still until the host has time to read.
_LINE_ROOM = 1 << 20

#: Sets the parent-death signal, then starts QEMU unless the parent is dead already: a parent
#: that died before the signal was set would never cause it.
_GUARD = ("setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", '[ $PPID = "$0" ] && exec "$@"')

#: What apt and dnf call each program's package.
_INSTALL = {
    "qemu-system-x86_64": ("qemu-system-x86", "qemu-system-x86-core"),
    "qemu-system-aarch64": ("qemu-system-arm", "qemu-system-aarch64-core"),
}


class QemuProcess:
    """A QEMU that runs an image."""

    def __init__(
        self,
        image: Image,
        *,
        kernel: Path | None = None,
        extra: tuple[str, ...] = (),
        initrd: bytes | None = None,
    ) -> None:
        """Start QEMU and return at once.

        *kernel* replaces the image's; *extra* is added to the command line; *initrd* is the
        guest's initial RAM disk.  Raises `MachineError` if QEMU or the kernel is missing.
        """
        program = find_qemu(image.qemu)
        kernel = kernel or image.kernel
        if not kernel.is_file():
            command = image.build_command
            raise MachineError(f"{kernel}: no such guest kernel; build it with: {command}")
        self.image = image
        #: The guest's RAM as a file; -1 if it is shared with nobody.
        self.ram = -1
        if image.programs == "shared memory":
            self.ram = _memory_file("ram")
            os.ftruncate(self.ram, image.memory_bytes)
        self._initrd = -1 if initrd is None else _file_with("initrd", initrd)
        self._stderr = _memory_file("stderr")
        #: Our end of the serial line; None where the guest only talks, to `output`.
        self.console: socket.socket | None = None
        #: What such a guest says, as a pipe: its bytes come together there, and we are not woken
        #: for each.  -1 elsewhere.
        self.output = -1
        if image.programs == "shared memory":
            self.console, console_end = socket.socketpair()
            console_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LINE_ROOM)
            line = console_end.detach()
        else:
            self.output, line = os.pipe()
        self.qmp, qmp_end = socket.socketpair()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            #: QEMU's command line, without the guard before it.
            self.command = command_line(
                image,
                program,
                kernel,
                Descriptors(self.ram, line, qmp_end.fileno(), self._initrd),
            ) + list(extra)
            self._process = subprocess.Popen(
                [*_guard(), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=self._stderr,
                stderr=self._stderr,
                pass_fds=tuple(
                    descriptor
                    for descriptor in (
                        self.ram,
                        line,
                        qmp_end.fileno(),
                        self._initrd,
                    )
                    if descriptor >= 0
                ),
                start_new_session=True,  # a terminal's Ctrl-C is for the harness alone
            )
        except OSError as error:
            self.close()
            raise MachineError(f"{program} could not be started: {error.strerror}") from error
        finally:
            os.close(line)
            qmp_end.close()

    @property
    def pid(self) -> int:
        """Process id; the guard before QEMU has the same one."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """Exit status, negative for a signal, None while it runs."""
        return self._process.poll() if self._process else None

    def wait(self, limit: float) -> int | None:
        """Wait up to *limit* seconds for its end; the exit status or None."""
        assert self._process is not None
        if hasattr(os, "pidfd_open") and self._process.poll() is None:
            # Popen.wait with a limit sleeps in steps of up to 50 ms instead of waiting.
            descriptor = os.pidfd_open(self._process.pid)
            select.select([descriptor], [], [], limit)
            os.close(descriptor)
            return self._process.poll()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(limit)
        return None

    def early_end(self) -> str:
        """Why it has ended before the guest said anything, in words."""
        status = self.wait(2)
        said = self.errors().splitlines()
        problem = version_problem(self.command[0])
        return problem or (said[-1] if said else f"QEMU ended with status {status}")

    def errors(self) -> str:
        """What QEMU has said on standard output and error."""
        size = os.fstat(self._stderr).st_size
        return os.pread(self._stderr, min(size, 65536), 0).decode("utf-8", "replace").strip()

    def cpu_seconds(self) -> float:
        """CPU time used so far; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self) -> int:
        """Resident memory; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        except OSError:
            return 0
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """Kill it if it still runs, wait for it, release everything; idempotent."""
        if self._process and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self.console is not None:
            self.console.close()
        self.qmp.close()
        for name in ("ram", "output", "_initrd", "_stderr"):
            descriptor = getattr(self, name)
            if descriptor >= 0:
                os.close(descriptor)
                setattr(self, name, -1)


@dataclass(frozen=True, slots=True)
class Descriptors:
    """File descriptors that QEMU inherits; -1 for those it does not need."""

    ram: int
    console: int
    qmp: int
    initrd: int = -1


def command_line(image: Image, program: str, kernel: Path, inherited: Descriptors) -> list[str]:
    """QEMU's command line for an image."""
    machine = ["-machine", image.machine]
    # The kernel learns from its command line how much of its RAM is shared with the host.
    words = image.command_line
    if inherited.ram >= 0:
        machine = [
            *("-machine", f"{image.machine},memory-backend=ram", "-object"),
            f"memory-backend-file,id=ram,size={image.memory_mib}M,"
            f"mem-path=/dev/fd/{inherited.ram},share=on",
        ]
        words = f"share={layout.SHARE_SIZE} {words}".rstrip()
        line = f"socket,id=s0,fd={inherited.console}"
    else:
        line = f"file,id=s0,path=/dev/fd/{inherited.console}"
        # What resets the machine has ended it: nothing could be read from the next start.
        machine += ["-no-reboot"]
    command = [
        program,
        *("-nodefaults", "-no-user-config", "-nic", "none", "-sandbox", "on"),
        *("-display", "none", "-accel", "tcg"),
        *machine,
        *("-cpu", image.cpu, "-m", f"{image.memory_mib}M"),
        *("-chardev", line, "-serial", "chardev:s0"),
        *("-chardev", f"socket,id=q0,fd={inherited.qmp}", "-mon", "chardev=q0,mode=control"),
        # A panicked guest stays as it is, so that its registers can still be read.
        *("-action", "panic=pause"),
        *("-kernel", str(kernel), "-append", words),
    ]
    if inherited.initrd >= 0:
        file = f"/dev/fd/{inherited.initrd}"
        if image.initrd_address:
            loader = f"loader,file={file},addr={image.initrd_address:#x},force-raw=on"
            command += ["-device", loader]
        else:
            command += ["-initrd", file]
    for device in image.devices:
        command += ["-device", device]
    return command


def find_qemu(name: str) -> str:
    """Path of a QEMU program on PATH; raises `MachineError` with the way to install it."""
    path = shutil.which(name)
    if path is None:
        raise MachineError(
            f"{name} is not installed; install it with one of: apt install {_INSTALL[name][0]} | "
            f"dnf install {_INSTALL[name][1]} | brew install qemu"
        )
    return path


def qemu_version(program: str) -> tuple[int, int] | None:
    """Major and minor version a QEMU program reports; None if it reports none."""
    try:
        run = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"version (\d+)\.(\d+)", run.stdout)
    return (int(match[1]), int(match[2])) if match else None


def version_problem(program: str) -> str | None:
    """Why this QEMU cannot be used, or None if its version is fine."""
    version = qemu_version(program)
    if version is None:
        return f"{program} does not report a version"
    if version < OLDEST_VERSION:
        found, wanted = (".".join(map(str, v)) for v in (version, OLDEST_VERSION))
        return f"{program} is version {found}; {wanted} or newer is needed"
    return None


def shell_form(command: list[str]) -> str:
    """A command line as one would type it."""
    return shlex.join(command)


def _guard() -> list[str]:
    """The words before QEMU's command that tie its life to ours, where the system has them."""
    if sys.platform != "linux" or shutil.which(_GUARD[0]) is None:
        return []
    return [*_GUARD, str(os.getpid())]


def _file_with(name: str, data: bytes) -> int:
    """A file without a name that holds *data*."""
    descriptor = _memory_file(name)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(data)
    return descriptor


def _memory_file(name: str) -> int:
    """A file without a name, inherited only when passed on."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(f"zxh-{name}", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile(prefix=f"zxh-{name}-") as file:
        return os.dup(file.fileno())
