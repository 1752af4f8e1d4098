"""Channels, sockets, fifos and logs."""

from __future__ import annotations

from typing import Final

from harness.compare import Difference
from harness.edition.conditions.registry import condition
from harness.edition.view import StepView
from harness.program.model import Buffer, Number
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

#: Bytes that fit in a socket.
_SOCKET_ROOM: Final = 128 * 2008


@condition
def lists_handles(view: StepView, difference: Difference) -> bool:
    """The step lists handles that it would consume, and only those are told differently."""
    return view.fresh <= {handle.slot for handle in view.listed()}


@condition
def same_handle_twice(view: StepView, difference: Difference) -> bool:
    """A handle is listed twice."""
    listed = view.listed()
    return len({*listed}) < len(listed)


@condition
def own_handle(view: StepView, difference: Difference) -> bool:
    """The channel's own handle is among those it shall carry."""
    return view.arg(0) in view.listed()


@condition
def many_messages(view: StepView, difference: Difference) -> bool:
    """More messages are written than may wait in a channel of 2022."""
    writes = (s.repeat for s in view.program.all_steps() if s.call.startswith("zx_channel_write"))
    return sum(writes) > abi.CHANNEL_PENDING_MESSAGES_MAX


@condition
def bad_handles_pointer(view: StepView, difference: Difference) -> bool:
    """The place for received handles cannot be written."""
    return view.is_bad_pointer(3)


@condition
def nobody_tells(view: StepView, difference: Difference) -> bool:
    """Helpers run, so that nobody tells which handles are valid."""
    return "live" not in view.expected and bool(view.listed())


@condition
def bad_buffer(view: StepView, difference: Difference) -> bool:
    """The data's address cannot be used, or not all of it."""
    arg, size = view.arg(2), view.number_of(3)
    short = isinstance(arg, Buffer) and size is not None and size > arg.size
    return view.is_bad_pointer(2) or short


@condition
def fills_the_socket(view: StepView, difference: Difference) -> bool:
    """The program writes as much as fits in a socket of 2018, or more."""
    written = 0
    for step in view.program.all_steps():
        if step.call == "zx_socket_write" and len(step.args) > 3:
            size = step.args[3]
            written += size.x86_64 * step.repeat if isinstance(size, Number) else 0
    return written >= _SOCKET_ROOM


@condition
def accept_or_control(view: StepView, difference: Difference) -> bool:
    """Options of 2018: HAS_CONTROL and HAS_ACCEPT."""
    value = view.number_of(1 if view.step.call != "zx_socket_create" else 0)
    return value is not None and value & 6 != 0 and value <= 7


@condition
def shutdown_option(view: StepView, difference: Difference) -> bool:
    """Options of a write that shut a socket down in 2018."""
    value = view.number_of(1)
    return value is not None and 1 <= value <= 3


@condition
def control_option(view: StepView, difference: Difference) -> bool:
    """The option of 2018 that means the control plane."""
    value = view.number_of(1)
    return value is not None and value & 4 != 0


@condition
def counts_bytes(view: StepView, difference: Difference) -> bool:
    """A read without a buffer and of no bytes, which counts what is there in 2018."""
    return view.number_of(2) == 0 and view.number_of(3) == 0


@condition
def no_power_of_two(view: StepView, difference: Difference) -> bool:
    """A fifo whose count of elements is no power of two."""
    count = view.number_of(0)
    return count is not None and count & (count - 1) != 0


@condition
def actual_pointer(view: StepView, difference: Difference) -> bool:
    """The place for the count is none, or too small for 8 bytes, or cannot be written."""
    arg = view.arg(4)
    return view.is_bad_pointer(4) or (hasattr(arg, "edge") and bool(arg.edge))


@condition
def no_data(view: StepView, difference: Difference) -> bool:
    """Nothing is written."""
    return view.number_of(3) == 0


@condition
def long_write(view: StepView, difference: Difference) -> bool:
    """A record longer than 2018 takes."""
    size = view.number_of(3)
    return size is not None and size > EDITION_2018.constant("ZX_LOG_RECORD_DATA_MAX")


@condition
def high_options(view: StepView, difference: Difference) -> bool:
    """Options of a record to write."""
    return bool(view.number_of(1))
