"""Programs made ready for the host emulation: addresses chosen, constants and call entries found.

A program's buffers lie in one mapping, the arena, at a fixed address, so almost every argument is
known before the program starts; what is not (handles, koids, deadlines, stored values) becomes a
small function of the `Run`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from time import monotonic_ns
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from harness.program.model import (
    GIVEN_SLOTS,
    UNTOUCHED,
    Address,
    Arg,
    Buffer,
    BufferRef,
    Bytes,
    Deadline,
    HandleValue,
    Item,
    Koid,
    Number,
    OutHandles,
    Pointer,
    PointerKind,
    Program,
    Report,
    Sized,
    Step,
    Storage,
    StoredValue,
    VdsoLayout,
)
from harness.program.parse import FUNCTIONS
from zxio_py.abi.clock import ZX_TIME_INFINITE, ZX_TIME_INFINITE_PAST
from zxio_py.abi.model import SCALAR_TYPES
from zxio_py.abi.zxio import ZXIO_STORAGE_SIZE
from zxio_py.kernel import vdso

if TYPE_CHECKING:
    from harness.targets.run import Run

PAGE: Final = 4096
ARENA: Final = 0x2100_0000_0000
EDGES: Final = 0x2200_0000_0000
READONLY_PAGE: Final = 0x2300_0000_0000
EDGE_PAGE: Final = 0x2301_0000_0000

#: Where each kind of pointer points.
POINTERS: Final[Mapping[PointerKind, int]] = {
    "unmapped": 0x2302_0000_0000,
    "kernel": 0xFFFF_FFFF_8000_0000,
    "readonly": READONLY_PAGE,
    "edge": EDGE_PAGE + PAGE,
    "noncanon": 0x8000_0000_0000,
    "null": 0,
}

_VDSO_NUMBERS: Final[Mapping[str, int]] = {
    "code_off": vdso.CODE_OFFSET,
    "code_size": vdso.CODE_SIZE,
    "size": vdso.SIZE,
}

_ALIGN: Final = 16
_MASK64: Final = (1 << 64) - 1
_FILL: Final = bytes((UNTOUCHED,))

#: A call of the raw door: caller, then register values; the result as C reads it.
Entry: TypeAlias = Callable[..., int]
Make: TypeAlias = Callable[["Run"], int]


class Out(NamedTuple):
    """A buffer to report after the call."""

    argument: int
    #: Where it is; None if the name *buffer* is looked up at run time.
    address: int | None
    size: int
    report: Report
    buffer: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it is reported as it is."""
        report = self.report
        return not (report.mask or report.koids or report.handles)


class Store(NamedTuple):
    """A handle to take to a slot after the call: where it is, and the slot."""

    address: int | None
    slot: int
    name: str
    buffer: str = ""
    offset: int = 0


class Window(NamedTuple):
    """All that a step looks at after the call, read at once because it lies close together."""

    address: int
    size: int
    #: (argument index, where in the window, size) of each buffer to report.
    outs: tuple[tuple[int, slice, int], ...]
    #: (where in the window, slot index, slot) of each handle to take.
    stores: tuple[tuple[slice, int, str], ...]


@dataclass(slots=True)
class Op:
    """One step, ready to run."""

    call: str
    #: Register values; those of `slot_args` and `made_args` are filled in at run time.
    args: list[int]
    entry: Entry | None = None
    #: (argument index, slot index).
    slot_args: tuple[tuple[int, int], ...] = ()
    made_args: tuple[tuple[int, Make], ...] = ()
    #: Bytes to write before the call: (address, size, value).
    patches: tuple[tuple[int, int, Make], ...] = ()
    #: Names that this step binds to (address, size).
    binds: tuple[tuple[str, tuple[int, int]], ...] = ()
    outs: tuple[Out, ...] = ()
    stores: tuple[Store, ...] = ()
    #: `outs` and `stores` in one piece, where that is possible.
    window: Window | None = None
    repeat: int = 1
    min_ns: int | None = None
    thread: str | None = None
    #: Bits of the returned value that are looked at, and whether only for any that is set.
    ret_bits: int = 0
    ret_any: bool = False
    #: Whether there is anything to do to its arguments before, and to look at after the call.
    varies: bool = False
    looks: bool = False


@dataclass(slots=True)
class Plan:
    """A program, ready to run."""

    name: str
    slots: tuple[str, ...]
    given: tuple[tuple[int, str], ...]
    main: tuple[Op, ...]
    threads: Mapping[str, tuple[Op, ...]]
    memory: Memory
    #: Of the job that the process is in; empty for none.
    policy: Mapping[int, int]


@dataclass(slots=True)
class Memory:
    """What must be mapped before it runs."""

    #: Where the arena begins, and its initial contents.
    address: int = ARENA
    image: bytes = b""
    #: (address, initial contents) of mappings whose last byte is followed by nothing.
    edges: list[tuple[int, bytes]] = field(default_factory=list)
    readonly: bool = False
    edge_page: bool = False


class Planner:
    """Turns steps into `Op`s and lays out their memory."""

    def __init__(self, slots: Iterable[str], entry_of: Callable[[str], Entry | None]) -> None:
        self._slots = {slot: index for index, slot in enumerate(slots)}
        self._entry_of = entry_of
        #: Offsets in the arena: of the memory laid out since `take_memory`, and of the next buffer.
        self._start = 0
        self._cursor = 0
        self._chunks: list[tuple[int, bytes]] = []
        self._edge_cursor = EDGES
        #: Names bound more than once, which must be looked up at run time.
        self._moving: frozenset[str] = frozenset()
        self._bound: dict[str, tuple[int, int]] = {}
        #: Addresses of the zxio_storage_t objects.
        self.storages: dict[str, int] = {}
        self._kinds: set[PointerKind] = set()
        self._memory = Memory()

    @property
    def slots(self) -> tuple[str, ...]:
        """Every slot seen, in order of its index."""
        return tuple(self._slots)

    def expect(self, steps: Iterable[Step]) -> None:
        """Learn which buffer names are bound more than once."""
        counts = Counter(
            arg.name for step in steps for arg in step.args if type(arg) is Buffer and arg.name
        )
        self._moving = frozenset(name for name, count in counts.items() if count > 1)

    def op(self, step: Step) -> Op:
        """The step, ready to run."""
        op = Op(step.call, [], repeat=step.repeat, min_ns=step.min_ns, thread=step.thread)
        builder = _OpBuilder(self, op)
        for index, arg in enumerate(step.args):
            builder.argument(index, arg)
        builder.finish()
        if step.ret != "none":
            op.ret_bits = 0xFFFFFFFF if step.ret == "status" else _return_mask(step.call)
            op.ret_any = step.ret == "mask"
        if not step.is_pseudo:
            op.entry = self._entry_of(step.call)
            del op.args[_parameter_count(step.call) :]
            count = len(op.args)
            op.slot_args = tuple(pair for pair in op.slot_args if pair[0] < count)
            op.made_args = tuple(pair for pair in op.made_args if pair[0] < count)
        op.varies = bool(op.slot_args or op.made_args or op.patches or op.binds)
        op.looks = bool(op.outs or op.stores)
        return op

    def take_memory(self) -> Memory:
        """What must be mapped for the steps since it was last asked."""
        memory, self._memory = self._memory, Memory()
        start, chunks = self._start, self._chunks
        if self._cursor > start:
            image = bytearray(_FILL * (self._cursor - start))
            for offset, data in chunks:
                image[offset - start : offset - start + len(data)] = data
            memory.address = ARENA + start
            memory.image = bytes(image)
            self._chunks = []
            # An unmapped page between what this and the next call give.
            self._start = self._cursor = (-(-self._cursor // PAGE) + 1) * PAGE
        return memory

    def slot(self, name: str) -> int:
        """Index of a slot, new ones after all others."""
        return self._slots.setdefault(name, len(self._slots))

    def place(self, size: int, initial: bytes, edge: bool) -> int:
        """Address for a new buffer of *size* bytes that begins with *initial*."""
        if edge:
            pages = -(-size // PAGE) or 1
            start = pages * PAGE - size
            address = self._edge_cursor
            contents = bytearray(_FILL * (pages * PAGE))
            contents[start : start + len(initial)] = initial
            self._memory.edges.append((address, bytes(contents)))
            self._edge_cursor += (pages + 2) * PAGE
            return address + start
        offset = self._cursor
        # One byte apart at least, so that no two buffers have one address.
        self._cursor = -(-(offset + max(size, 1)) // _ALIGN) * _ALIGN
        if initial:
            self._chunks.append((offset, initial))
        return ARENA + offset

    def pointer(self, pointer: Pointer) -> int:
        """The address it stands for."""
        if pointer.kind not in self._kinds:
            self._kinds.add(pointer.kind)
            if pointer.kind == "readonly":
                self._memory.readonly = True
            elif pointer.kind == "edge":
                self._memory.edge_page = True
        return (POINTERS[pointer.kind] + pointer.add) & _MASK64

    def bind(self, name: str, address: int, size: int) -> None:
        """Let *name* mean the buffer at *address*."""
        self._bound[name] = (address, size)

    def known(self, name: str) -> tuple[int, int] | None:
        """(address, size) of a named buffer; None if only the run knows."""
        return None if name in self._moving else self._bound.get(name)

    def storage(self, name: str) -> int:
        """Address of a zxio_storage_t."""
        address = self.storages.get(name)
        if address is None:
            address = self.place(ZXIO_STORAGE_SIZE, bytes(ZXIO_STORAGE_SIZE), False)
            self.storages[name] = address
        return address


class _OpBuilder:
    """Collects one op's parts."""

    def __init__(self, planner: Planner, op: Op) -> None:
        self._planner = planner
        self._op = op
        self._slot_args: list[tuple[int, int]] = []
        self._made_args: list[tuple[int, Make]] = []
        self._patches: list[tuple[int, int, Make]] = []
        self._binds: list[tuple[str, tuple[int, int]]] = []
        self._outs: list[Out] = []
        self._stores: list[Store] = []

    def finish(self) -> None:
        """Store what was collected in the op."""
        op = self._op
        op.slot_args = tuple(self._slot_args)
        op.made_args = tuple(self._made_args)
        op.patches = tuple(self._patches)
        op.binds = tuple(self._binds)
        op.outs = tuple(self._outs)
        op.stores = tuple(self._stores)
        op.window = self._window()

    def _window(self) -> Window | None:
        spans: list[tuple[int, int]] = []
        for out in self._outs:
            if out.address is None or out.size > out.report.show or not out.is_plain:
                return None
            spans.append((out.address, out.address + out.size))
        for store in self._stores:
            if store.address is None:
                return None
            spans.append((store.address, store.address + 4))
        if not spans:
            return None
        start = min(first for first, _ in spans)
        end = max(last for _, last in spans)
        if end - start > PAGE:
            return None
        where = [slice(first - start, last - start) for first, last in spans]
        outs = [(out.argument, at, out.size) for out, at in zip(self._outs, where, strict=False)]
        stores = [
            (at, store.slot, store.name)
            for store, at in zip(self._stores, where[len(outs) :], strict=True)
        ]
        return Window(start, end - start, tuple(outs), tuple(stores))

    def argument(self, index: int, arg: Arg) -> None:
        """Add argument *index*."""
        value = 0
        if type(arg) is Number:
            value = arg.x86_64
        elif type(arg) is HandleValue:
            if arg.xor:
                self._made_args.append((index, self._handle(arg)))
            else:
                self._slot_args.append((index, self._planner.slot(arg.slot)))
        elif type(arg) is Buffer:
            value = self._buffer(index, arg)
        elif type(arg) is OutHandles:
            value = self._planner.place(4 * len(arg.slots), b"", False)
            for number, slot in enumerate(arg.slots):
                self._stores.append(Store(value + 4 * number, self._planner.slot(slot), slot))
        elif type(arg) is BufferRef:
            value = self._reference(index, arg)
        elif type(arg) is Pointer:
            value = self._planner.pointer(arg)
        elif type(arg) is Storage:
            value = self._planner.storage(arg.name)
        elif type(arg) is VdsoLayout:
            value = _VDSO_NUMBERS[arg.which]
        else:
            self._made_args.append((index, self._made(cast(Koid | Deadline | StoredValue, arg))))
        self._op.args.append(value)

    def _handle(self, arg: HandleValue) -> Make:
        slot, xor = self._planner.slot(arg.slot), arg.xor
        return lambda run: run.slots[slot] ^ xor

    def _made(self, arg: Koid | Deadline | StoredValue) -> Make:
        if isinstance(arg, Koid):
            slot = self._planner.slot(arg.slot)
            return lambda run: run.koids[slot]
        if isinstance(arg, Deadline):
            ns = arg.ns
            return lambda run: deadline_after(ns)
        known, stored = self._planner.known(arg.buffer), arg

        def load(run: Run) -> int:
            address, size = known or run.buffers.get(stored.buffer, (0, 0))
            if stored.offset + stored.size > size:
                return 0
            data = run.aspace.copy_in(address + stored.offset, stored.size)
            return (int.from_bytes(data, "little") + stored.add) & _MASK64

        return load

    def _buffer(self, index: int, arg: Buffer) -> int:
        planner = self._planner
        initial = b""
        if arg.items:
            pieces: list[bytes] = []
            later: list[tuple[int, int, Make]] = []
            length = 0
            for item in arg.items:
                piece = self._item(item, length, later)
                pieces.append(piece)
                length += len(piece)
            initial = b"".join(pieces)
            address = planner.place(arg.size, initial, arg.edge)
            self._patches += [(address + offset, size, make) for offset, size, make in later]
        else:
            address = planner.place(arg.size, b"", arg.edge)
        if arg.name is not None:
            planner.bind(arg.name, address, arg.size)
            self._binds.append((arg.name, (address, arg.size)))
        self._report(index, address, arg.size, arg.reported, arg.report, "")
        return address

    def _item(self, item: Item, offset: int, later: list[tuple[int, int, Make]]) -> bytes:
        """The item's bytes; those that only the run knows are zero and noted in *later*."""
        if type(item) is Bytes:
            return item.x86_64
        if type(item) is Sized:
            return item.value.x86_64.to_bytes(item.size, "little")
        if type(item) is Pointer:
            return self._planner.pointer(item).to_bytes(8, "little")
        if type(item) is Address:
            known = self._planner.known(item.buffer)
            if known is not None:
                return ((known[0] + item.add) & _MASK64).to_bytes(8, "little")
            later.append((offset, 8, self._address_of(item.buffer, item.add)))
            return bytes(8)
        if type(item) is HandleValue:
            later.append((offset, 4, self._handle(item)))
            return bytes(4)
        later.append((offset, 8, self._made(cast(Koid | Deadline, item))))
        return bytes(8)

    def _address_of(self, buffer: str, add: int) -> Make:
        for name, (address, _) in reversed(self._binds):
            if name == buffer:  # made earlier in this very step, so not bound yet in the run
                return lambda run: (address + add) & _MASK64
        return lambda run: (run.buffers.get(buffer, (0, 0))[0] + add) & _MASK64

    def _reference(self, index: int, arg: BufferRef) -> int:
        known = self._planner.known(arg.buffer)
        if known is None:
            self._made_args.append((index, self._address_of(arg.buffer, arg.add)))
            self._report(index, None, 0, arg.reported, arg.report, arg.buffer)
            return 0
        self._report(index, *known, arg.reported, arg.report, "")
        return (known[0] + arg.add) & _MASK64

    def _report(
        self,
        index: int,
        address: int | None,
        size: int,
        reported: bool,
        report: Report,
        buffer: str,
    ) -> None:
        if reported:
            self._outs.append(Out(index, address, size, report, buffer))
        for offset, slot in report.handles:
            place = None if address is None else address + offset
            self._stores.append(Store(place, self._planner.slot(slot), slot, buffer, offset))


def make_plan(program: Program, entry_of: Callable[[str], Entry | None]) -> Plan:
    """Make *program* ready; *entry_of* finds a call's entry, None if it is not implemented."""
    planner = Planner(program.slots, entry_of)
    planner.expect(program.all_steps())
    main = tuple([planner.op(step) for step in program.steps])
    threads = {
        name: tuple([planner.op(step) for step in steps]) for name, steps in program.threads.items()
    }
    return Plan(
        program.name,
        program.slots,
        tuple((index, slot) for index, slot in enumerate(program.slots) if slot in GIVEN_SLOTS),
        main,
        threads,
        planner.take_memory(),
        program.policy,
    )


@lru_cache(maxsize=1024)
def _parameter_count(call: str) -> int:
    return len(FUNCTIONS[call].params)


@lru_cache(maxsize=1024)
def _return_mask(call: str) -> int:
    """The bits of the function's return type; 64 if unknown."""
    function = FUNCTIONS.get(call)
    size, _ = SCALAR_TYPES.get(function.returns, (8, False)) if function else (8, False)
    return (1 << 8 * size) - 1


def deadline_after(ns: int) -> int:
    """Monotonic now plus *ns*, saturating, as a register value."""
    when = min(max(monotonic_ns() + ns, ZX_TIME_INFINITE_PAST), ZX_TIME_INFINITE)
    return when & _MASK64
