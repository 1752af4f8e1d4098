"""What a program's slots hold, as far as its text tells.

Rewriting depends on it here and there: the signals of a job have other numbers in 2018, the
elements of a fifo are counted in bytes.  A slot that different calls store to has no type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from harness.program.model import (
    Address,
    Buffer,
    BufferRef,
    HandleValue,
    Item,
    Number,
    OutHandles,
    Program,
    Sized,
    Step,
)
from zxio_py import abi

#: Types of the objects whose first handles a call returns, in the order of its out parameters.
MADE: Final[Mapping[str, tuple[str, ...]]] = {
    "zx_bti_create": ("BTI",),
    "zx_channel_create": ("CHANNEL", "CHANNEL"),
    "zx_debuglog_create": ("DEBUGLOG",),
    "zx_event_create": ("EVENT",),
    "zx_eventpair_create": ("EVENTPAIR", "EVENTPAIR"),
    "zx_fifo_create": ("FIFO", "FIFO"),
    "zx_guest_create": ("GUEST", "VMAR"),
    "zx_interrupt_create": ("INTERRUPT",),
    "zx_iommu_create": ("IOMMU",),
    "zx_job_create": ("JOB",),
    "zx_port_create": ("PORT",),
    "zx_process_create": ("PROCESS", "VMAR"),
    "zx_profile_create": ("PROFILE",),
    "zx_resource_create": ("RESOURCE",),
    "zx_socket_create": ("SOCKET", "SOCKET"),
    "zx_thread_create": ("THREAD",),
    "zx_timer_create": ("TIMER",),
    "zx_vmar_allocate": ("VMAR",),
    "zx_vmo_create": ("VMO",),
}

#: Types of the given slots.
GIVEN: Final[Mapping[str, str]] = {
    "$job": "JOB",
    "$proc": "PROCESS",
    "$vmar": "VMAR",
    "$thread": "THREAD",
    "$rootvmar": "VMAR",
    "$resource": "RESOURCE",
    "$vdso": "VMO",
}

#: Calls whose new handle is to the object of their first argument.
_ALIASES: Final = ("zx_handle_duplicate", "zx_handle_replace")


def stored_slots(step: Step) -> list[str]:
    """Slots that the step's out handle arguments store to, in order."""
    return [slot for arg in step.args if isinstance(arg, OutHandles) for slot in arg.slots]


def declared(step: Step, index: int, number: Number) -> Number:
    """*number*, argument *index*, as the C type of its parameter has it."""
    call = abi.CALLS.get(step.call)
    if call is None or index >= len(call.params) or call.params[index].signed:
        return number
    mask = (1 << 8 * call.params[index].size) - 1
    return Number(number.x86_64 & mask, number.arm64 & mask)


def handles_in(
    arg: Buffer | BufferRef, buffers: Mapping[str, Buffer], seen: set[str]
) -> Iterator[HandleValue]:
    """Handles that stand in a buffer, or in one whose address stands there.

    *buffers* are the named ones; *seen* gets the names of those that are referred to.
    """
    if isinstance(arg, BufferRef):
        if arg.buffer in seen:
            return
        seen.add(arg.buffer)
    buffer = buffers.get(arg.buffer) if isinstance(arg, BufferRef) else arg
    for item in buffer.items if buffer is not None else ():
        if isinstance(item, HandleValue):
            yield item
        elif isinstance(item, Address):
            yield from handles_in(BufferRef(item.buffer), buffers, seen)


class Objects:
    """Types of slots, element sizes of fifos, processes of threads; of one program."""

    def __init__(self, program: Program) -> None:
        self._types: dict[str, str | None] = dict(GIVEN)
        self._elements: dict[str, int | None] = {}
        self.element_sizes: set[int] = set()
        self._processes: dict[str, str] = {}
        for step in program.all_steps():
            self._note(step)

    def type_of(self, slot: str | None) -> str | None:
        """Type of the object in *slot*, "CHANNEL"; None if the text does not tell."""
        return self._types.get(slot) if slot is not None else None

    def process_of(self, slot: str | None) -> str | None:
        """Slot of the process that the thread in *slot* was made in; None if none was."""
        return self._processes.get(slot) if slot is not None else None

    def element_size(self, slot: str | None) -> int | None:
        """Bytes of an element of the fifo in *slot*, or of every fifo there is; None if unknown."""
        size = self._elements.get(slot) if slot is not None else None
        if size is None and len(self.element_sizes) == 1:
            return next(iter(self.element_sizes))
        return size

    def _note(self, step: Step) -> None:
        stored = stored_slots(step)
        if not stored:
            return
        types: tuple[str | None, ...] = MADE.get(step.call, ())
        size: int | None = None
        source = step.args[0] if step.args else None
        if step.call in _ALIASES and isinstance(source, HandleValue):
            types = (self._types.get(source.slot),)
            size = self._elements.get(source.slot)
        elif step.call == "zx_vmo_create_child":
            types = ("VMO",)
        elif step.call == "zx_thread_create" and isinstance(source, HandleValue):
            self._processes[stored[0]] = source.slot
        elif step.call == "zx_fifo_create" and len(step.args) > 1:
            element = step.args[1]
            size = element.x86_64 if isinstance(element, Number) else None
            if size is not None:
                self.element_sizes.add(size)
        for number, slot in enumerate(stored):
            found = types[number] if number < len(types) else None
            self._types[slot] = found if self._types.get(slot, found) == found else None
            self._elements[slot] = size if self._elements.get(slot, size) == size else None


def wait_items(buffer: Buffer) -> Iterator[tuple[int, HandleValue]]:
    """The handles of an array of wait items, with the index of their item in the buffer.

    Only where the buffer is written as wait items are: handle, u32, u32, and so on.
    """
    items = buffer.items
    for number in range(0, len(items) - 2, 3):
        handle, wanted, pending = items[number : number + 3]
        if not (isinstance(handle, HandleValue) and _is_u32(wanted) and _is_u32(pending)):
            return
        yield number, handle


def _is_u32(item: Item) -> bool:
    return isinstance(item, Sized) and item.size == 4
