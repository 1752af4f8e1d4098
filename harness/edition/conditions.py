"""Named conditions of known differences: what a row of the table needs beyond call and status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from harness.compare import Difference
from harness.edition.view import StepView, byte_differences, words
from harness.program.model import BufferRef, HandleValue, Number
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

#: A condition on a step and one of its differences.
Condition: TypeAlias = Callable[[StepView, Difference], bool]

#: Every condition by its name in the table.
CONDITIONS: Final[dict[str, Condition]] = {}


def _condition(function: Condition) -> Condition:
    """Make *function* known to the table under its name."""
    CONDITIONS[function.__name__] = function
    return function


#: Topics (2022's numbers without version) that 2018 wants READ for.
_READ_TOPICS: Final = frozenset({3, 10, 11, 12, 13, 14, 15, 19, 20, 21})
_SELF_TOPICS: Final = frozenset({13, 14})
#: Most messages that wait in a channel before 2022 objects.
_CHANNEL_FULL: Final = 3500


def _topic(view: StepView) -> int | None:
    number = view.number_of(1)
    return None if number is None else number & 0x0FFFFFFF


def _changed_bits(difference: Difference, offset: int) -> int | None:
    """Bits in which the u32 at *offset* differs; None if it cannot be told."""
    left, right = words(difference.left, offset), words(difference.right, offset)
    return None if left is None or right is None else left ^ right


@_condition
def read_topic(view: StepView, difference: Difference) -> bool:
    """The topic wants READ in 2018 and INSPECT in 2022."""
    return _topic(view) in _READ_TOPICS


@_condition
def own_process(view: StepView, difference: Difference) -> bool:
    """Maps or VMOs of the calling process itself."""
    return _topic(view) in _SELF_TOPICS and view.arg(0) == HandleValue("$proc")


@_condition
def other_layout(view: StepView, difference: Difference) -> bool:
    """The topic's record has members in 2022 that 2018 does not have."""
    topic = abi.TOPICS_BY_VALUE.get(view.number_of(1) or 0)
    record = topic.record if topic is not None else None
    if record is None or record not in abi.STRUCTS:
        return False
    old, new = EDITION_2018.structs[record], abi.STRUCTS[record]
    known = {field.name for field in old.fields}
    places = {
        byte
        for field in new.fields
        if field.name not in known
        for byte in range(field.offset, field.offset + field.size)
    }
    changed = byte_differences(difference.left, difference.right)
    return changed is not None and set(changed) <= places


@_condition
def more_rights(view: StepView, difference: Difference) -> bool:
    """Rights differ only in those that new handles of the type have in one edition only."""
    parts = difference.path.split(".")
    slot = parts[-2] if parts[-1] == "rights" else ""
    kind = str(_handle_type(view, slot))
    name = "LOG" if kind == "DEBUGLOG" else kind
    ours = abi.CONSTANTS.get(f"ZX_DEFAULT_{name}_RIGHTS", 0)
    theirs = EDITION_2018.default_rights(kind)
    # What 2018 does not have at all, no handle has there.
    unknown = sum(bit for bit, _ in abi.RIGHT_BITS) & ~EDITION_2018.constant("ZX_RIGHTS_ALL")
    changed = _rights(difference.left) ^ _rights(difference.right)
    return changed & ~(ours ^ theirs | unknown) == 0


def _handle_type(view: StepView, slot: str) -> object:
    for result in (view.expected, view.actual):
        handle = result.get("handles", {}).get(slot)
        if isinstance(handle, dict):
            return handle.get("type")
    return None


def _rights(names: object) -> int:
    bits = {name: bit for bit, name in abi.RIGHT_BITS}
    return sum(bits.get(name, 0) for name in str(names).split("|"))


@_condition
def handle_of_other_rights(view: StepView, difference: Difference) -> bool:
    """The step uses a handle whose rights the two results tell differently."""
    return any(handle.slot in view.rights for handle in view.handles())


@_condition
def rights_word(view: StepView, difference: Difference) -> bool:
    """The record of a handle whose rights differ, in its rights only."""
    changed = byte_differences(difference.left, difference.right)
    return (
        _topic(view) == 2
        and changed is not None
        and set(changed) <= set(range(8, 12))
        and handle_of_other_rights(view, difference)
    )


@_condition
def low_bits_of_a_handle(view: StepView, difference: Difference) -> bool:
    """A bogus handle that differs from a valid one in the two low bits."""
    return any(handle.xor & 3 for handle in view.handles())


@_condition
def no_handle(view: StepView, difference: Difference) -> bool:
    """The first argument is the invalid handle."""
    return view.number_of(0) == 0 or view.arg(0) == HandleValue("$zero")


@_condition
def many_items(view: StepView, difference: Difference) -> bool:
    """More items than 2018 takes, and no more than 2022 does."""
    count = view.number_of(1)
    return (
        count is not None
        and EDITION_2018.constant("ZX_WAIT_MANY_MAX_ITEMS")
        < count
        <= abi.CONSTANTS["ZX_WAIT_MANY_MAX_ITEMS"]
    )


@_condition
def lists_handles(view: StepView, difference: Difference) -> bool:
    """The step lists handles that it would consume, and only those are told differently."""
    if not isinstance(difference.left, list) or not isinstance(difference.right, list):
        return False
    listed = {handle.slot for handle in view.listed()}
    return set(difference.left) ^ set(difference.right) <= listed


@_condition
def keeps_its_handle(view: StepView, difference: Difference) -> bool:
    """Only the first argument's handle is valid in one result and not in the other."""
    handle = view.arg(0)
    return (
        isinstance(handle, HandleValue)
        and isinstance(difference.left, list)
        and isinstance(difference.right, list)
        and set(difference.left) ^ set(difference.right) <= {handle.slot}
    )


@_condition
def same_handle_twice(view: StepView, difference: Difference) -> bool:
    """A handle is listed twice."""
    listed = view.listed()
    return len({*listed}) < len(listed)


@_condition
def own_handle(view: StepView, difference: Difference) -> bool:
    """The channel's own handle is among those it shall carry."""
    return view.arg(0) in view.listed()


@_condition
def many_messages(view: StepView, difference: Difference) -> bool:
    """More messages are written than may wait in a channel of 2022."""
    writes = (s.repeat for s in view.program.all_steps() if s.call.startswith("zx_channel_write"))
    return sum(writes) > _CHANNEL_FULL


@_condition
def bad_handles_pointer(view: StepView, difference: Difference) -> bool:
    """The place for received handles cannot be written."""
    return view.is_bad_pointer(3)


@_condition
def bad_buffer(view: StepView, difference: Difference) -> bool:
    """The data's address cannot be used."""
    return view.is_bad_pointer(2)


@_condition
def accept_or_control(view: StepView, difference: Difference) -> bool:
    """Options of 2018: HAS_CONTROL and HAS_ACCEPT."""
    value = view.number_of(1 if view.step.call != "zx_socket_create" else 0)
    return value is not None and value & 6 != 0 and value <= 7


@_condition
def shutdown_option(view: StepView, difference: Difference) -> bool:
    """Options of a write that shut a socket down in 2018."""
    value = view.number_of(1)
    return value is not None and 1 <= value <= 3


@_condition
def control_option(view: StepView, difference: Difference) -> bool:
    """The option of 2018 that means the control plane."""
    value = view.number_of(1)
    return value is not None and value & 4 != 0


@_condition
def unknown_option(view: StepView, difference: Difference) -> bool:
    """Options that neither edition knows."""
    return (view.number_of(1) or 0) > 4


@_condition
def unusual_socket_arguments(view: StepView, difference: Difference) -> bool:
    """Options, or no buffer with a size: what 2022 judges before the handle."""
    return view.number_of(1) != 0 or view.is_bad_pointer(2)


@_condition
def counts_bytes(view: StepView, difference: Difference) -> bool:
    """A read without a buffer and of no bytes, which counts what is there in 2018."""
    return view.number_of(2) == 0 and view.number_of(3) == 0


@_condition
def socket_signals(view: StepView, difference: Difference) -> bool:
    """Signals of a socket that differ in bit 4 only, which tells two things."""
    return view.type_of(0) == "SOCKET" and _observed(view, difference, 0x10)


@_condition
def job_signals(view: StepView, difference: Difference) -> bool:
    """Signals of a job that differ only in those that 2018 does not have."""
    return view.type_of(0) == "JOB" and _observed(view, difference, 0x48)


def _observed(view: StepView, difference: Difference, bits: int) -> bool:
    if ".outs." not in difference.path:
        return (view.number_of(1) or 0) & bits != 0
    observed = view.arg(3)
    changed = _changed_bits(difference, observed.add if isinstance(observed, BufferRef) else 0)
    return changed is not None and changed & ~bits == 0


@_condition
def signals_seen_meanwhile(view: StepView, difference: Difference) -> bool:
    """What a wait that blocked tells has everything that was seen, not only the last state."""
    expected, actual = words(difference.left, 0), words(difference.right, 0)
    if view.step.call == "zx_object_wait_many":
        return _more_signals_in_items(difference)
    return expected is not None and actual is not None and expected & ~actual == 0


def _more_signals_in_items(difference: Difference) -> bool:
    changed = byte_differences(difference.left, difference.right)
    if not changed or any(byte % 12 < 8 for byte in changed):
        return False
    for item in {byte // 12 for byte in changed}:
        one, other = (words(side, 12 * item + 8) for side in (difference.left, difference.right))
        if one is None or other is None or one & ~other:
            return False
    return True


@_condition
def packet_count(view: StepView, difference: Difference) -> bool:
    """A packet that differs in its count only."""
    packet = view.arg(2)
    at = packet.add if isinstance(packet, BufferRef) else 0
    changed = byte_differences(difference.left, difference.right)
    return changed is not None and set(changed) <= set(range(at + 24, at + 32))


@_condition
def no_power_of_two(view: StepView, difference: Difference) -> bool:
    """A fifo whose count of elements is no power of two."""
    count = view.number_of(0)
    return count is not None and count & (count - 1) != 0


@_condition
def actual_pointer(view: StepView, difference: Difference) -> bool:
    """The place for the count is none, or too small for 8 bytes, or cannot be written."""
    arg = view.arg(4)
    return view.is_bad_pointer(4) or (hasattr(arg, "edge") and bool(arg.edge))


@_condition
def negative_slack(view: StepView, difference: Difference) -> bool:
    """A slack that is below zero in 2022 and huge in 2018."""
    value = view.number_of(2)
    return value is not None and value >> 63 == 1


@_condition
def long_write(view: StepView, difference: Difference) -> bool:
    """A record longer than 2018 takes."""
    size = view.number_of(3)
    return size is not None and size > 216


@_condition
def no_argument_handle(view: StepView, difference: Difference) -> bool:
    """A process that is started without a handle for it."""
    return view.arg(4) in (Number(0, 0), HandleValue("$zero"))


@_condition
def copy_of_parent(view: StepView, difference: Difference) -> bool:
    """The program has made a copy of a VMO and writes after that."""
    made = written = False
    for step in view.program.all_steps():
        made = made or step.call == "zx_vmo_create_child"
        written = written or (made and step.call in ("zx_vmo_write", "zx_vmo_op_range", "$store"))
    return made and written
