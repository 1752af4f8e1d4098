"""Named conditions of known differences: what a row of the table needs beyond call and status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from harness.compare import Difference
from harness.edition.view import StepView
from harness.program.model import Buffer, HandleValue, Number, Pointer, StoredValue
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018, EDITION_2022

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
_SPACE_TOPICS: Final = frozenset({12, 13})
_VMAR_TOPIC: Final = 7
_SPECIFIC: Final = abi.CONSTANTS["ZX_VM_SPECIFIC"]
#: Bytes that fit in a socket.
_SOCKET_ROOM: Final = 128 * 2008


def _topic(view: StepView) -> int | None:
    number = view.number_of(1)
    return None if number is None else number & 0x0FFFFFFF


@_condition
def read_topic(view: StepView, difference: Difference) -> bool:
    """The topic wants READ in 2018, and the handle does not have it."""
    return _topic(view) in _READ_TOPICS and view.lacks(0, "READ", edition=True)


@_condition
def inspect_topic(view: StepView, difference: Difference) -> bool:
    """The topic wants INSPECT in 2022, and the handle does not have it."""
    return (_topic(view) in _READ_TOPICS or _topic(view) == _VMAR_TOPIC) and view.lacks(
        0, "INSPECT", edition=False
    )


@_condition
def address_space_topic(view: StepView, difference: Difference) -> bool:
    """Topics about all that a process has mapped."""
    return _topic(view) in _SPACE_TOPICS


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
    told = view.reported(difference, 2)
    return told is not None and places.issuperset(told.changed())


@_condition
def more_rights(view: StepView, difference: Difference) -> bool:
    """Rights differ only in those that new handles of the type have in one edition only."""
    kinds = {str(_handle_type(view, difference.path.split(".")[-2]))}
    if view.step.call == "zx_object_get_child":
        kinds.add(str(view.type_of(0)))  # whose rights the child's handle gets
    changed = _rights(difference.left) ^ _rights(difference.right)
    return changed & ~_rights_that_differ(kinds) == 0


def _rights_that_differ(kinds: Iterable[str]) -> int:
    """Rights that new handles to objects of these types have in one edition only."""
    # What 2018 does not have at all, no handle has there.
    bits = sum(bit for bit, _ in abi.RIGHT_BITS) & ~EDITION_2018.constant("ZX_RIGHTS_ALL")
    for kind in kinds:
        bits |= EDITION_2022.default_rights(kind) ^ EDITION_2018.default_rights(kind)
    return bits


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
    held = (view.rights.get(handle.slot, ("", "")) for handle in view.handles())
    return any(ours != theirs for ours, theirs in held)


@_condition
def rights_word(view: StepView, difference: Difference) -> bool:
    """The record of a handle whose rights differ, in its rights only."""
    told = view.reported(difference, 2)
    return (
        _topic(view) == 2
        and told is not None
        and all(8 <= at < 12 for at in told.changed())
        and handle_of_other_rights(view, difference)
    )


@_condition
def rights_of_received(view: StepView, difference: Difference) -> bool:
    """Records of received handles, in their rights only, and those as they may."""
    told = view.reported(difference, 3)
    if told is None:
        return False
    for at in told.changed():
        start = at // 16 * 16
        kinds, rights = told.words(start + 4), told.words(start + 8)
        if not 8 <= at % 16 < 12 or kinds is None or rights is None:
            return False
        if (rights[0] ^ rights[1]) & ~_rights_that_differ((abi.object_type_name(kinds[0]),)):
            return False
    return True


@_condition
def low_bits_of_a_handle(view: StepView, difference: Difference) -> bool:
    """A bogus handle that differs from a valid one in the two low bits."""
    return any(handle.xor & 3 for handle in view.handles())


@_condition
def no_handle(view: StepView, difference: Difference) -> bool:
    """The first argument is the invalid handle, or a slot that nothing was stored to."""
    return view.number_of(0) == 0 or view.arg(0) == HandleValue("$zero") or view.is_unset(0)


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
    return view.fresh <= {handle.slot for handle in view.listed()}


@_condition
def keeps_its_handle(view: StepView, difference: Difference) -> bool:
    """Only the first argument's handle is valid in one result and not in the other."""
    handle = view.arg(0)
    return isinstance(handle, HandleValue) and view.fresh <= {handle.slot}


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
    return sum(writes) > abi.CHANNEL_PENDING_MESSAGES_MAX


@_condition
def many_observers(view: StepView, difference: Difference) -> bool:
    """More waits are armed than a port of 2022 takes."""
    waits = (s.repeat for s in view.program.all_steps() if s.call == "zx_object_wait_async")
    return sum(waits) > abi.PORT_OBSERVERS_MAX


@_condition
def bad_handles_pointer(view: StepView, difference: Difference) -> bool:
    """The place for received handles cannot be written."""
    return view.is_bad_pointer(3)


@_condition
def bad_buffer(view: StepView, difference: Difference) -> bool:
    """The data's address cannot be used, or not all of it."""
    arg, size = view.arg(2), view.number_of(3)
    short = isinstance(arg, Buffer) and size is not None and size > arg.size
    return view.is_bad_pointer(2) or short


@_condition
def fills_the_socket(view: StepView, difference: Difference) -> bool:
    """The program writes as much as fits in a socket of 2018, or more."""
    written = 0
    for step in view.program.all_steps():
        if step.call == "zx_socket_write" and len(step.args) > 3:
            size = step.args[3]
            written += size.x86_64 * step.repeat if isinstance(size, Number) else 0
    return written >= _SOCKET_ROOM


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
    told = _signals(view, difference)
    return told is not None and all((left ^ right) & ~bits == 0 for left, right in told)


@_condition
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


@_condition
def packet_count(view: StepView, difference: Difference) -> bool:
    """A packet that differs in its count only."""
    told = view.reported(difference, 2)
    return told is not None and all(24 <= at < 32 for at in told.changed())


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
def no_data(view: StepView, difference: Difference) -> bool:
    """Nothing is written."""
    return view.number_of(3) == 0


@_condition
def long_write(view: StepView, difference: Difference) -> bool:
    """A record longer than 2018 takes."""
    size = view.number_of(3)
    return size is not None and size > EDITION_2018.constant("ZX_LOG_RECORD_DATA_MAX")


@_condition
def no_argument_handle(view: StepView, difference: Difference) -> bool:
    """A process that is started without a handle for it."""
    return view.arg(4) in (Number(0, 0), HandleValue("$zero"))


@_condition
def copy_of_parent(view: StepView, difference: Difference) -> bool:
    """The program has made a copy of a VMO and writes after that."""
    return _after_a_copy(view, ("zx_vmo_write", "zx_vmo_op_range", "$store"))


@_condition
def decommits_copy(view: StepView, difference: Difference) -> bool:
    """The operation is DECOMMIT, and the program has made a copy of a VMO."""
    decommits = view.number_of(1) == abi.CONSTANTS["ZX_VMO_OP_DECOMMIT"]
    return decommits and _after_a_copy(view, ("zx_vmo_op_range",))


@_condition
def resized_copy(view: StepView, difference: Difference) -> bool:
    """The program has made a copy of a VMO and changes sizes after that."""
    return _after_a_copy(view, ("zx_vmo_set_size",))


def _after_a_copy(view: StepView, calls: tuple[str, ...]) -> bool:
    made = found = False
    for step in view.program.all_steps():
        made = made or step.call == "zx_vmo_create_child"
        found = found or (made and step.call in calls)
    return found


@_condition
def region_in_region(view: StepView, difference: Difference) -> bool:
    """The handle to the region lacks OP_CHILDREN in 2022."""
    return view.lacks(0, "OP_CHILDREN", edition=False)


@_condition
def no_place_for_address(view: StepView, difference: Difference) -> bool:
    """The region's handle has a place, its address has none."""
    return view.is_bad_pointer(5)


@_condition
def mapping_permissions(view: StepView, difference: Difference) -> bool:
    """Options of a mapping, READ, WRITE or EXECUTE."""
    value = view.number_of(1)
    return value is not None and value & 7 != 0


@_condition
def depends_on_place(view: StepView, difference: Difference) -> bool:
    """Something lies in the region where the kernel chose, and the step counts on where."""
    chosen = any(
        step.call in ("zx_vmar_allocate", "zx_vmar_map")
        and len(step.args) > 1
        and isinstance(step.args[1], Number)
        and not step.args[1].x86_64 & _SPECIFIC
        for step in view.program.steps[: view.number]
    )
    beside = any(
        isinstance(arg, StoredValue) and _leaves_its_place(view, arg) for arg in view.step.args
    )
    return chosen and (beside or bool((view.number_of(1) or 0) & _SPECIFIC))


def _leaves_its_place(view: StepView, address: StoredValue) -> bool:
    """Whether a range from *address* on is not all inside what the address is the start of."""
    length = view.number_of(2 if view.step.call == "zx_vmar_unmap" else 3) or 0
    for step in view.program.steps[: view.number]:
        place = {"zx_vmar_allocate": 3, "zx_vmar_map": 5}.get(step.call)
        made = [arg.name for arg in step.args if isinstance(arg, Buffer)]
        size = step.args[place] if place is not None and place < len(step.args) else None
        if address.buffer in made and isinstance(size, Number):
            end = address.add + length
            return address.add < 0 or end > -(-size.x86_64 // 4096) * 4096
    return False


@_condition
def mapped_range(view: StepView, difference: Difference) -> bool:
    """MAP_RANGE from elsewhere than the start of the VMO."""
    return bool((view.number_of(1) or 0) & 0x400) and view.number_of(4) != 0


@_condition
def name_property(view: StepView, difference: Difference) -> bool:
    """The name of an object."""
    return view.number_of(1) == abi.CONSTANTS["ZX_PROP_NAME"]


@_condition
def beyond_47_bits(view: StepView, difference: Difference) -> bool:
    """An address that is not canonical on x86-64."""
    return any(isinstance(arg, Pointer) and arg.kind == "noncanon" for arg in view.step.args)


@_condition
def overruns(view: StepView, difference: Difference) -> bool:
    """More is read than fits into the buffer."""
    buffer, size = view.arg(1), view.number_of(3)
    return isinstance(buffer, Buffer) and size is not None and size > buffer.size


@_condition
def register_property(view: StepView, difference: Difference) -> bool:
    """A register of a thread."""
    return view.number_of(1) == abi.CONSTANTS["ZX_PROP_REGISTER_FS"]


@_condition
def high_options(view: StepView, difference: Difference) -> bool:
    """Options of a record to write."""
    return bool(view.number_of(1))


@_condition
def invalidates(view: StepView, difference: Difference) -> bool:
    """Drops cache lines without writing them back."""
    return view.number_of(1) == abi.CONSTANTS["ZX_VMO_OP_CACHE_INVALIDATE"]


@_condition
def a_job(view: StepView, difference: Difference) -> bool:
    """The first argument is a job."""
    return view.type_of(0) == "JOB"


@_condition
def a_thread(view: StepView, difference: Difference) -> bool:
    """The first argument is a thread."""
    return view.type_of(0) == "THREAD"


@_condition
def an_interrupt(view: StepView, difference: Difference) -> bool:
    """The first or second argument is an interrupt."""
    return "INTERRUPT" in (view.type_of(0), view.type_of(1))


@_condition
def triggered(view: StepView, difference: Difference) -> bool:
    """The first argument is an interrupt that the program has triggered before."""
    earlier = view.program.steps[: view.number]
    return any(
        step.call == "zx_interrupt_trigger" and step.args[0] == view.arg(0) for step in earlier
    )


@_condition
def nobody_tells(view: StepView, difference: Difference) -> bool:
    """Helpers run, so that nobody tells which handles are valid."""
    return "live" not in view.expected and bool(view.listed())


@_condition
def too_long(view: StepView, difference: Difference) -> bool:
    """A time beyond the end of time."""
    value = view.number_of(0)
    return value is not None and value >> 62 != 0


@_condition
def cpu_features(view: StepView, difference: Difference) -> bool:
    """The features of the CPU."""
    return view.number_of(0) == 0
