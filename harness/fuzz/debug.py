"""A guest that waits for a debugger just before one call of a program.

The call is told from others of the same function, of which the agent makes some itself, by a mark:
a call that tests the wrappers and does nothing, put in before it.  The debugger stops at the mark,
then at the function.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import Final

from harness.compare import differences
from harness.errors import InputError
from harness.machine import debugger, image
from harness.machine.machine import Machine
from harness.machine.transport import Limits
from harness.program.model import Program, Step
from harness.program.normalise import Result, normalise
from harness.program.observation import ProgramObservation
from harness.targets.guest import GuestTarget, with_debugging
from harness.targets.host import HostTarget
from zxio_py.abi import NUMBERS

MARK: Final = Step("zx_syscall_test_0")

#: Seconds, and nanoseconds, in which a person has finished with a debugger.
_PATIENCE: Final = 1e6
_PATIENCE_NS: Final = 10**15

_MAIN_STEP: Final = re.compile(r"steps\[(\d+)\]")


def stop_before(program: Program, name: str, step: int | None) -> int:
    """Run *program* on the guest *name*, which stops for a debugger before *step* (main thread).

    By default that is the first step of which host and guest say different things.  The exit
    status: 0 if the results are the same, 1 if not, 3 if the machine was lost.
    """
    with HostTarget() as host:
        reference = normalise(program, host.run(program))
    if step is None:
        step = _first_difference(program, name, reference)
    if not 0 <= step < len(program.steps):
        raise InputError(f"there is no step {step}: the main thread has {len(program.steps)}")
    steps = (*program.steps[:step], MARK, *program.steps[step:])
    marked = dataclasses.replace(program, steps=steps)
    seen = _run(marked, name, step)
    if len(seen.steps) > step:
        del seen.steps[step]
    result = normalise(program, seen)
    for difference in differences(reference, result, "host", name):
        sys.stdout.write(difference.reason + "\n")
    if seen.ending == "lost":
        sys.stderr.write(f"zxh: {name}: {seen.error}\n")
        return 3
    return 0 if result == reference else 1


def _first_difference(program: Program, name: str, reference: Result) -> int:
    with GuestTarget(name) as guest:
        guest.start([program])
        (seen,) = guest.finish()
    for difference in differences(reference, normalise(program, seen), "host", name):
        found = _MAIN_STEP.match(difference.path)
        if found:
            return int(found[1])
    raise InputError(
        "host and guest say the same of every step of the main thread; name one with --step",
        where=program.name,
    )


def _run(marked: Program, name: str, step: int) -> ProgramObservation:
    described = image.load(name)
    if marked.debugging:
        described = with_debugging(described)
    patient = Limits(guest_ns=_PATIENCE_NS, stalled=_PATIENCE)
    with debugger.door() as (path, listening):
        machine = Machine(described, extra=listening)
        with GuestTarget(
            name,
            machine=machine,
            limits=patient,
            time_limit_ns=_PATIENCE_NS,
            debugging=marked.debugging,
        ) as target:
            machine.wait_ready()
            commands = debugger_commands(marked, step)
            sys.stderr.write(f"attach with: {debugger.attach(described.kernel, path, commands)}\n")
            sys.stderr.flush()
            machine.qmp.wait_event("STOP", _PATIENCE)  # QEMU stops for a debugger that attaches
            target.start([marked])
            (seen,) = target.finish()
    return seen


def debugger_commands(marked: Program, step: int) -> list[str]:
    """What a debugger does to stop at the call behind the mark, which is step *step*."""
    earlier = sum(s.repeat for s in marked.steps[:step] if s.call == MARK.call)
    commands = [f"tbreak call_{MARK.call.removeprefix('zx_')}"]
    if earlier:
        commands.append(f"ignore $bpnum {earlier}")
    commands.append("continue")
    call = marked.steps[step + 1].call
    if call in NUMBERS:
        commands += [f"tbreak call_{call.removeprefix('zx_')}", "continue"]
    return commands
