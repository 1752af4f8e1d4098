"""Handles, their rights, what objects tell of themselves, and tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from harness.compare import Difference
from harness.edition.conditions.registry import condition
from harness.edition.view import StepView
from harness.program.model import HandleValue, Number, Pointer
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018, EDITION_2022

#: Topics (2022's numbers without version) that 2018 wants READ for.
_READ_TOPICS: Final = frozenset({3, 10, 11, 12, 13, 14, 15, 19, 20, 21})
_SELF_TOPICS: Final = frozenset({13, 14})
_SPACE_TOPICS: Final = frozenset({12, 13})
_VMAR_TOPIC: Final = 7


def _topic(view: StepView) -> int | None:
    number = view.number_of(1)
    return None if number is None else number & 0x0FFFFFFF


@condition
def read_topic(view: StepView, difference: Difference) -> bool:
    """The topic wants READ in 2018, and the handle does not have it."""
    return _topic(view) in _READ_TOPICS and view.lacks(0, "READ", edition=True)


@condition
def inspect_topic(view: StepView, difference: Difference) -> bool:
    """The topic wants INSPECT in 2022, and the handle does not have it."""
    return (_topic(view) in _READ_TOPICS or _topic(view) == _VMAR_TOPIC) and view.lacks(
        0, "INSPECT", edition=False
    )


@condition
def address_space_topic(view: StepView, difference: Difference) -> bool:
    """Topics about all that a process has mapped."""
    return _topic(view) in _SPACE_TOPICS


@condition
def own_process(view: StepView, difference: Difference) -> bool:
    """Maps or VMOs of the calling process itself."""
    return _topic(view) in _SELF_TOPICS and view.arg(0) == HandleValue("$proc")


@condition
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


@condition
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


@condition
def handle_of_other_rights(view: StepView, difference: Difference) -> bool:
    """The step uses a handle whose rights the two results tell differently."""
    held = (view.rights.get(handle.slot, ("", "")) for handle in view.handles())
    return any(ours != theirs for ours, theirs in held)


@condition
def rights_word(view: StepView, difference: Difference) -> bool:
    """The record of a handle whose rights differ, in its rights only."""
    told = view.reported(difference, 2)
    return (
        _topic(view) == 2
        and told is not None
        and all(8 <= at < 12 for at in told.changed())
        and handle_of_other_rights(view, difference)
    )


@condition
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


@condition
def low_bits_of_a_handle(view: StepView, difference: Difference) -> bool:
    """A bogus handle that differs from a valid one in the two low bits."""
    return any(handle.xor & 3 for handle in view.handles())


@condition
def no_handle(view: StepView, difference: Difference) -> bool:
    """The first argument is the invalid handle, or a slot that nothing was stored to."""
    return view.number_of(0) == 0 or view.arg(0) == HandleValue("$zero") or view.is_unset(0)


@condition
def keeps_its_handle(view: StepView, difference: Difference) -> bool:
    """Only the first argument's handle is valid in one result and not in the other."""
    handle = view.arg(0)
    return isinstance(handle, HandleValue) and view.fresh <= {handle.slot}


@condition
def name_property(view: StepView, difference: Difference) -> bool:
    """The name of an object."""
    return view.number_of(1) == abi.CONSTANTS["ZX_PROP_NAME"]


@condition
def register_property(view: StepView, difference: Difference) -> bool:
    """A register of a thread."""
    return view.number_of(1) == abi.CONSTANTS["ZX_PROP_REGISTER_FS"]


@condition
def beyond_47_bits(view: StepView, difference: Difference) -> bool:
    """An address that is not canonical on x86-64."""
    return any(isinstance(arg, Pointer) and arg.kind == "noncanon" for arg in view.step.args)


@condition
def no_argument_handle(view: StepView, difference: Difference) -> bool:
    """A process that is started without a handle for it."""
    return view.arg(4) in (Number(0, 0), HandleValue("$zero"))


@condition
def a_job(view: StepView, difference: Difference) -> bool:
    """The first argument is a job."""
    return view.type_of(0) == "JOB"


@condition
def a_thread(view: StepView, difference: Difference) -> bool:
    """The first argument is a thread."""
    return view.type_of(0) == "THREAD"


@condition
def of_a_process(view: StepView, difference: Difference) -> bool:
    """The topic is ZX_INFO_PROCESS."""
    return view.number_of(1) == abi.CONSTANTS["ZX_INFO_PROCESS"]
