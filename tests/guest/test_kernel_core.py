"""The kernel's core on its machines: start, reset, memory protection, console, panic, idleness."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest

from harness.bench import programs
from harness.errors import MachineError
from harness.machine import image, layout
from harness.machine.image import Image
from harness.machine.machine import Machine
from harness.machine.transport import Limits, Request, Transport
from harness.program import wire
from harness.program.encode import encode_program
from harness.program.model import Arch

ARCHES = ("x86_64", "arm64")

#: Seconds for an answer at the console; only a failing test waits so long.
ANSWER_LIMIT = 20.0

PROMPT = "zxh> "

#: The instruction of arm64 that halts the processor until an interrupt comes.
WFI = 0xD503207F

#: Machines the images must start on besides those they describe: -machine and -cpu.
VARIANTS = {
    "microvm, a processor without xsave, fsgsbase, smap": ("x86_64", "microvm,acpi=off", "qemu64"),
    "q35, firmware with a menu": ("x86_64", "q35", "max"),
    "virt, interrupt controller 3": ("arm64", "virt,gic-version=3", "max"),
    "virt, entered at EL2": ("arm64", "virt,virtualization=on", "cortex-a57"),
    "virt, configuration space above 4 GiB": ("arm64", "virt,highmem=on", "cortex-a72"),
}


@pytest.fixture(params=ARCHES)
def described(request: pytest.FixtureRequest) -> Image:
    """The image of each architecture in turn."""
    name: str = request.param
    return image.load(name)


@pytest.fixture
def console(described: Image) -> Iterator[Machine]:
    """A machine with the kernel's console at its prompt."""
    with Machine(replace(described, command_line="console")) as machine:
        machine.console.keep_unread()
        machine.wait_ready()
        wait_text(machine, PROMPT)
        yield machine


def ask(machine: Machine, line: str) -> str:
    """Type a line at the console's prompt; return what came up to the next prompt."""
    machine.console.send(line.encode() + b"\r")
    return wait_text(machine, PROMPT)


def wait_text(machine: Machine, expected: str) -> str:
    """Wait until the text has come on the serial line; return all that came."""
    end = time.monotonic() + ANSWER_LIMIT
    text = machine.console.take().decode()
    while expected not in text:
        left = end - time.monotonic()
        assert left > 0, f"no {expected!r} at the console, but {text!r}"
        machine.wait(left)
        text += machine.console.take().decode()
    return text


def wait_asleep(machine: Machine) -> None:
    """Wait until QEMU shows that a ready agent sleeps, in the kernel, with the processor halted.

    When it says it is ready, it still touches the pages of its stack for the first time.  Nothing
    wakes it until the host sends its first doorbell.
    """
    end = time.monotonic() + ANSWER_LIMIT
    while not is_halted(machine, registers := machine.registers()):
        assert time.monotonic() < end, f"the processor does not halt:\n{registers}"


def is_halted(machine: Machine, registers: str) -> bool:
    """Whether the processor waits for an interrupt."""
    if machine.image.architecture == "x86_64":
        return "HLT=1" in registers
    found = re.search(r"PC=([0-9a-f]+)", registers)
    assert found is not None, registers
    last = machine.qmp.monitor(f"x /1wx {int(found[1], 16) - 4:#x}")
    return last.strip().endswith(f"{WFI:#x}")


def wait_received(machine: Machine) -> None:
    """Wait until a byte has come to the serial line of a machine that is stopped."""
    arm64 = machine.image.architecture == "arm64"
    end = time.monotonic() + ANSWER_LIMIT
    while True:
        # A PL011 says that its queue is empty, a 16550 that data is ready.
        text = machine.qmp.monitor("xp /1wx 0x9000018" if arm64 else "i /1b 0x3fd")
        register = int(text.split()[-1], 16)
        if (not register & 0x10) if arm64 else (register & 1):
            return
        assert time.monotonic() < end, text


# ---- start and reset -------------------------------------------------------------------------


@pytest.mark.parametrize("variant", VARIANTS)
def test_starts_on_other_machines(variant: str) -> None:
    name, machine_type, cpu = VARIANTS[variant]
    with Machine(replace(image.load(name), machine=machine_type, cpu=cpu)) as machine:
        machine.wait_ready()
        machine.reset()
        assert machine.share.ready


def test_starts_anew_after_each_reset(described: Image) -> None:
    with Machine(described) as machine:
        machine.wait_ready()
        wait_asleep(machine)
        first = machine.share.header()
        for _ in range(20):
            machine.reset()
            wait_asleep(machine)
            again = machine.share.header()
            assert (again.objects, again.handles) == (first.objects, first.handles)
            assert again.pages_total == first.pages_total
            assert again.pages_used == first.pages_used


def test_a_doorbell_from_before_a_reset_does_not_hide_the_next(described: Image) -> None:
    doorbell = bytes([layout.DOORBELL])
    payload = encode_program(programs.small(), cast(Arch, described.architecture))
    with Machine(described) as machine:
        machine.wait_ready()
        wait_asleep(machine)
        machine.qmp.execute("stop")
        machine.console.send(doorbell)
        wait_received(machine)
        machine.share.forget_guest()
        machine.qmp.execute("system_reset")
        machine.qmp.execute("cont")
        machine.wait_ready()
        wait_asleep(machine)
        transport = Transport(machine, Limits(stalled=5.0))
        transport.begin([Request(wire.KIND_PROGRAM, payload)])
        (result,) = transport.finish()
    assert result is not None
    assert result.kind == wire.KIND_RESULT


def test_refuses_to_share_more_memory_than_there_is(described: Image) -> None:
    # The kernel cannot leave a record: it does not know where.
    with Machine(replace(described, memory_mib=12)) as machine:
        machine.console.keep_unread()
        wait_text(machine, "want whole pages, at most half of RAM")
        assert not machine.share.ready


def test_an_idle_guest_leaves_the_processor_alone(described: Image) -> None:
    with Machine(described) as machine:
        machine.wait_ready()
        machine.wait(0.2)  # what was armed while it was busy fires
        began = machine.process.cpu_seconds()
        machine.wait(1.0)
        assert machine.process.cpu_seconds() - began <= 0.03


# ---- memory protection -----------------------------------------------------------------------


def test_no_kernel_page_is_writable_and_executable() -> None:
    with Machine(image.load("x86_64")) as machine:
        machine.wait_ready()
        listing = machine.qmp.monitor("info tlb")
    pages = re.findall(r"^([0-9a-f]{16}): [0-9a-f]{16} (\S{9})", listing, re.MULTILINE)
    kernel = [(int(address, 16), flags) for address, flags in pages if int(address, 16) >> 63]
    assert len(kernel) > 100
    for address, flags in kernel:
        writable, no_execute, user = "W" in flags, "X" in flags, "U" in flags
        assert not user, f"{address:x} {flags}"
        assert no_execute or not writable, f"{address:x} {flags}"
    code = [address for address, flags in kernel if "X" not in flags]
    assert code
    assert all(address >= 0xFFFFFFFF80000000 for address in code), "executable physical map"


def test_user_pages_may_not_be_touched_or_executed_by_the_kernel() -> None:
    with Machine(image.load("x86_64")) as machine:
        machine.wait_ready()
        found = re.search(r"CR4=([0-9a-f]+)", machine.registers())
    assert found is not None
    cr4 = int(found[1], 16)
    assert cr4 >> 20 & 1, "SMEP"
    assert cr4 >> 21 & 1, "SMAP"
    assert cr4 >> 11 & 1, "UMIP"


# ---- console and panic -----------------------------------------------------------------------


def test_console_answers(console: Machine) -> None:
    assert "start the machine again" in ask(console, "help")
    threads = ask(console, "threads")
    assert re.search(r"main +agent +blocked", threads)
    assert re.search(r"console +\(kernel\) +running", threads)
    counters = ask(console, "counters")
    header = console.share.header()
    assert f"objects {header.objects}, handles {header.handles}," in counters
    assert f"pages: {header.pages_used} in use" in ask(console, "memory")
    assert "xyzzy: no such command" in ask(console, "xyzzy")


def test_console_lets_lines_be_corrected(console: Machine) -> None:
    assert "pages:" in ask(console, "memorz\x7fy")
    assert "no such command" not in ask(console, "\x7f\x7f")
    assert "no such command" in ask(console, "x" * 500)


def test_reboot_from_the_console(console: Machine) -> None:
    console.share.forget_guest()
    assert console.qmp.status() == "running"  # events are heard from here on
    console.console.send(b"reboot\r")
    console.qmp.wait_event("RESET")
    console.wait_ready()
    wait_text(console, PROMPT)
    assert "start the machine again" in ask(console, "help")


def test_a_panic_is_recorded_and_reported(console: Machine) -> None:
    assert console.qmp.status() == "running"  # events are heard from here on
    console.console.send(b"panic\r")
    console.qmp.wait_event("GUEST_PANICKED")
    wait_text(console, "KERNEL PANIC: asked for at the console")
    assert console.share.panicked
    failure = console.failure("guest panic", "the guest panicked")
    assert "asked for at the console" in failure.reason
    assert any("command_panic" in frame for frame in failure.backtrace)
    assert any("console_thread" in frame for frame in failure.backtrace)
    assert any(re.search(r"guest/kernel/console\.c:\d+", frame) for frame in failure.backtrace)


def test_a_trap_in_the_kernel_is_a_panic_with_registers() -> None:
    with Machine(replace(image.load("x86_64"), machine="q35")) as machine:
        machine.wait_ready()
        wait_asleep(machine)
        try:
            machine.qmp.execute("inject-nmi")
        except MachineError as error:
            pytest.fail(f"QEMU does not inject: {error}")
        machine.qmp.wait_event("GUEST_PANICKED")
        failure = machine.failure("guest panic", "the guest panicked")
    assert failure.panic is not None
    assert failure.panic.cause == 2
    assert "non-maskable interrupt" in failure.reason
    assert not failure.panic.in_user
    # In the function that waits for interrupts, or in a last tick there: the agent waits below.
    assert not failure.backtrace[0].endswith(" ?")
    assert any("sys_object_wait_one" in frame for frame in failure.backtrace)
    assert re.search(r"rip.*ffffffff8", failure.registers.lower())
