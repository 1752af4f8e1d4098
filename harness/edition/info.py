"""zx_object_get_info and properties: numbers that moved, records with another layout."""

from __future__ import annotations

import dataclasses
from typing import Final

from harness.edition.draft import Draft, refuse, values
from harness.edition.layouts import Layout, layout
from harness.edition.restore import Blank, CleanName, Record
from harness.program.model import Buffer, BufferRef, Number, Report
from zxio_py import abi

_PROP_NAME: Final = abi.CONSTANTS["ZX_PROP_NAME"]
_PROPERTIES_2022: Final = frozenset(
    value for name, value in abi.CONSTANTS.items() if name.startswith("ZX_PROP_")
)


def info_topic(draft: Draft) -> None:
    """The topic's number, the size of its record, and the record in the result.

    A topic that only late 2022 has is refused; one that nobody has stays what it is.
    """
    number = draft.number(1, "the topic")
    if number.x86_64 != number.arm64:
        refuse("zx_object_get_info: a topic by architecture")
    value = number.x86_64
    topic = abi.TOPICS_BY_VALUE.get(value)
    if topic is None:
        return
    plain = value & 0x0FFFFFFF
    if plain not in draft.edition.topics or topic.name.endswith("_V1"):
        refuse(f"zx_object_get_info: {topic.name}")
    draft.set(1, Number(plain, plain))
    found = layout(draft.edition, topic.record)
    if found is None:
        return
    if found.moved:
        _moved_record(draft, topic.array, found)
    else:
        buffer = draft.arg(2)
        at = buffer.add if isinstance(buffer, BufferRef) else 0
        draft.restores += [Blank(2, at + offset, length) for offset, length in found.blank]


def _moved_record(draft: Draft, array: bool, found: Layout) -> None:
    """The buffer is as many records long, or too short, as it was."""
    old, new = found.old.size, found.new.size

    def size(value: int) -> int:
        if array:
            return value // new * old + min(value % new, old - 1)
        return value if value >= new else min(value, old - 1)

    draft.number(3, "the size of the buffer")
    draft.each(3, size)
    buffer = draft.arg(2)
    if isinstance(buffer, BufferRef):
        refuse(f"zx_object_get_info: {found.new.name} into a buffer of other steps")
    if not isinstance(buffer, Buffer) or not buffer.size:
        return
    if buffer.name is not None or (array and buffer.size >= new) or buffer.report.koids:
        refuse(f"zx_object_get_info: {found.new.name} whose parts are used")
    if buffer.reported:
        draft.set(2, dataclasses.replace(buffer, report=Report(show=buffer.size)))
        draft.restores.append(Record(2, found, buffer.size, buffer.report.show))


def object_property(draft: Draft) -> None:
    """Properties have one number or none in both editions; some numbers have had two meanings."""
    number = draft.literal(1)
    for value in values(number) if number else ():
        if (value in _PROPERTIES_2022) != (value in draft.edition.properties) or 7 <= value <= 12:
            refuse(f"{draft.step.call}: property {value}, which is another there or none")
    if draft.step.call == "zx_object_get_property" and number and number.x86_64 == _PROP_NAME:
        buffer = draft.arg(2)
        draft.restores.append(CleanName(2, buffer.add if isinstance(buffer, BufferRef) else 0))
