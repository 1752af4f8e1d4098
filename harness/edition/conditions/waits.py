"""Waits, signals and packets; interrupts and timers."""

from __future__ import annotations

from harness.compare import Difference
from harness.edition.conditions.registry import condition
from harness.edition.view import StepView
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018


@condition
def many_items(view: StepView, difference: Difference) -> bool:
    """More items than 2018 takes, and no more than 2022 does."""
    count = view.number_of(1)
    return (
        count is not None
        and EDITION_2018.constant("ZX_WAIT_MANY_MAX_ITEMS")
        < count
        <= abi.CONSTANTS["ZX_WAIT_MANY_MAX_ITEMS"]
    )


@condition
def many_observers(view: StepView, difference: Difference) -> bool:
    """More waits are armed than a port of 2022 takes."""
    waits = (s.repeat for s in view.program.all_steps() if s.call == "zx_object_wait_async")
    return sum(waits) > abi.PORT_OBSERVERS_MAX


@condition
def socket_signals(view: StepView, difference: Difference) -> bool:
    """Signals of a socket that differ in bit 4 only, which tells two things."""
    return view.type_of(0) == "SOCKET" and _observed(view, difference, 0x10)


@condition
def job_signals(view: StepView, difference: Difference) -> bool:
    """Signals of a job that differ only in those that 2018 does not have."""
    return view.type_of(0) == "JOB" and _observed(view, difference, 0x48)


def _observed(view: StepView, difference: Difference, bits: int) -> bool:
    if ".outs." not in difference.path:
        return (view.number_of(1) or 0) & bits != 0
    told = _signals(view, difference)
    return told is not None and all((left ^ right) & ~bits == 0 for left, right in told)


@condition
def signals_seen_meanwhile(view: StepView, difference: Difference) -> bool:
    """What a wait that blocked tells has everything that was seen, not only the last state."""
    told = _signals(view, difference)
    return told is not None and all(left & ~right == 0 for left, right in told)


def _signals(view: StepView, difference: Difference) -> list[tuple[int, int]] | None:
    """Signals that a wait tells differently; None if anything else differs."""
    if view.step.call == "zx_object_wait_many":
        argument, places = 0, range(8, 12 * (view.number_of(1) or 0), 12)
    else:
        argument, places = 3, range(0, 4, 4)
    reported = view.reported(difference, argument)
    if reported is None:
        return None
    found = []
    for at in reported.changed():
        place = at - (at - places.start) % places.step
        words = reported.words(place)
        if place not in places or at >= place + 4 or words is None:
            return None
        found.append(words)
    return found


@condition
def packet_count(view: StepView, difference: Difference) -> bool:
    """A packet that differs in its count only."""
    told = view.reported(difference, 2)
    return told is not None and all(24 <= at < 32 for at in told.changed())


@condition
def an_interrupt(view: StepView, difference: Difference) -> bool:
    """The first or second argument is an interrupt."""
    return "INTERRUPT" in (view.type_of(0), view.type_of(1))


@condition
def triggered(view: StepView, difference: Difference) -> bool:
    """The first argument is an interrupt that the program has triggered before."""
    earlier = view.program.steps[: view.number]
    return any(
        step.call == "zx_interrupt_trigger" and step.args[0] == view.arg(0) for step in earlier
    )


@condition
def negative_slack(view: StepView, difference: Difference) -> bool:
    """A slack that is below zero in 2022 and huge in 2018."""
    value = view.number_of(2)
    return value is not None and value >> 63 == 1


@condition
def too_long(view: StepView, difference: Difference) -> bool:
    """A time beyond the end of time."""
    value = view.number_of(0)
    return value is not None and value >> 62 != 0
