"""A program: a short sequence of calls with literal, symbolic and out arguments.

These classes are the checked, in-memory form of the exchange format ``zx-program/1``; `parse`
makes them from JSON, `wire` encodes them for a guest, the host target runs them directly.
Numbers are stored resolved (constants looked up, sums formed) and as the unsigned 64-bit value
the call receives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from zxio_py.abi.model import Arch as Arch

PointerKind = Literal["unmapped", "kernel", "readonly", "edge", "noncanon", "null"]
ReturnForm = Literal["status", "u64", "mask", "none"]

#: Slots that exist without being made, in the order in which results list them.
GIVEN_SLOTS = (
    "$zero",
    "$job",
    "$proc",
    "$vmar",
    "$thread",
    "$rootvmar",
    "$resource",
    "$vdso",
    "$rootjob",
)

MAX_ARGS = 8
#: Buffers that one $buf makes or one $show reports.
MAX_PSEUDO_ARGS = 64
MAX_THREADS = 4
#: Main and helper steps together.
MAX_STEPS = 4096
MAX_REPEAT = 10_000_000
#: Bytes of one buffer, and of all buffers of a program.
MAX_BUFFER_BYTES = 1 << 20
MAX_PROGRAM_BYTES = 4 << 20
#: Bytes of all items of a program (what has to travel to a guest), and of all reports (back).
MAX_ITEM_BYTES = 768 << 10
MAX_REPORT_BYTES = 1 << 20
#: Different slots, named buffers, storages of a program.
MAX_NAMES = 1024
MAX_LIVE_NAMES = 24
DEFAULT_SHOW = 512
#: A program that runs longer than this is ended, in nanoseconds of the target's time.
TIME_LIMIT_NS = 20_000_000_000
#: How long $join waits before it kills the helper.
JOIN_LIMIT_NS = 5_000_000_000
#: What a kernel is told to take calls for debugging, on its command line.
DEBUGGING_OPTION = "kernel.enable-debugging-syscalls=true"
#: Byte that fills memory nobody has written.
UNTOUCHED = 0xA5


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, possibly different per architecture (the host takes x86_64's)."""

    x86_64: int
    arm64: int


@dataclass(frozen=True, slots=True)
class HandleValue:
    """The handle in a slot, xor *xor* (to make bogus values)."""

    slot: str
    xor: int = 0


@dataclass(frozen=True, slots=True)
class Koid:
    """The koid of the object whose handle was last stored in a slot."""

    slot: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """Monotonic time at the call plus *ns* (signed)."""

    ns: int


@dataclass(frozen=True, slots=True)
class Pointer:
    """An address of a given kind, plus *add*."""

    kind: PointerKind
    add: int = 0


@dataclass(frozen=True, slots=True)
class OutHandles:
    """Pointer to an array of 4-byte handles; each value stored there goes to its slot.

    A handle that is not stored (0xa5a5a5a5 is still there) leaves its slot as it was; so it is
    with the handles of a `Report`.
    """

    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a named buffer plus *add*, as an item or an argument."""

    buffer: str
    add: int = 0


@dataclass(frozen=True, slots=True)
class StoredValue:
    """An integer of *size* bytes read from a named buffer at the call, plus *add*, plus the
    vDSO offset of the function *plus_vdso*."""

    buffer: str
    offset: int = 0
    size: int = 8
    add: int = 0
    plus_vdso: str | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """Pointer to the zxio_storage_t of this name, zeroed when the program starts."""

    name: str


@dataclass(frozen=True, slots=True)
class VdsoLayout:
    """A number describing the vDSO image."""

    which: Literal["code_off", "code_size", "size"]


# Items of a buffer -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bytes:
    """Literal bytes, possibly different per architecture."""

    x86_64: bytes
    arm64: bytes


@dataclass(frozen=True, slots=True)
class Sized:
    """A number stored little endian in *size* bytes (1, 2, 4 or 8)."""

    size: int
    value: Number


Item: TypeAlias = Bytes | Sized | HandleValue | Koid | Deadline | Address | Pointer


# Buffers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Report:
    """How a buffer's contents appear in the result."""

    #: Report at most this many bytes; a longer buffer is cut and hashed.
    show: int = DEFAULT_SHOW
    #: (offset, length) pairs reported as ``??``.
    mask: tuple[tuple[int, int], ...] = ()
    #: Offsets of 8 bytes reported as ``<koid slot>``.
    koids: tuple[int, ...] = ()
    #: (offset, slot): the u32 there is a handle and goes to the slot.
    handles: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Buffer:
    """A new buffer: its initial items, padded with 0xa5 to *size*.

    ``out: n`` of the file format is a Buffer without items, of size n, reported.  A step that
    makes a buffer with the name of an earlier one binds the name anew.
    """

    items: tuple[Item, ...]
    #: Size in bytes, never less than the items take.
    size: int
    #: Whether its contents are reported after the call (out, inout) or not (in).
    reported: bool
    name: str | None = None
    #: Put its end at the end of a mapping, with the next page unmapped.
    edge: bool = False
    report: Report = field(default_factory=Report)


@dataclass(frozen=True, slots=True)
class BufferRef:
    """A named buffer as an argument: its address plus *add*; reported after the call if asked.

    The report is always of the whole buffer, from its first byte, whatever *add* is.
    """

    buffer: str
    add: int = 0
    reported: bool = False
    report: Report = field(default_factory=Report)


Arg: TypeAlias = (
    Number
    | HandleValue
    | Koid
    | Deadline
    | Pointer
    | OutHandles
    | Buffer
    | BufferRef
    | StoredValue
    | Storage
    | VdsoLayout
)


# Steps and programs ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One call.  *call* is a function of the ABI, a ``zxio_`` function or a pseudo call."""

    call: str
    args: tuple[Arg, ...] = ()
    repeat: int = 1
    min_ns: int | None = None
    ret: ReturnForm = "status"
    #: Helper thread named by $spawn and $join.
    thread: str | None = None

    @property
    def is_pseudo(self) -> bool:
        """Whether the runner itself carries it out ($buf, $spawn ...)."""
        return self.call.startswith("$")

    @property
    def is_zxio(self) -> bool:
        """Whether it calls the zxio library."""
        return self.call.startswith("zxio_")


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program: every name defined before use, every call and constant known."""

    name: str
    steps: tuple[Step, ...]
    threads: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    note: str = ""
    #: Architectures to compare on; empty for all.
    arch: frozenset[Arch] = frozenset()
    #: Policy of the job its process is in: actions (ZX_POL_ACTION_) by condition (ZX_POL_); where
    #: there is none it is in a job without policy.
    policy: Mapping[int, int] = field(default_factory=dict)
    #: Whether its kernel takes calls for debugging (`DEBUGGING_OPTION`).
    debugging: bool = False
    #: Every slot: given ones first (order of GIVEN_SLOTS), then by first appearance.
    slots: tuple[str, ...] = ()
    #: Every named buffer, then every storage, by first appearance.
    buffers: tuple[str, ...] = ()
    storages: tuple[str, ...] = ()
    #: Where it was read from, for error messages: 'file.json: program 3 "name"'.
    source: str = field(default="", compare=False)

    @property
    def given(self) -> tuple[str, ...]:
        """The given slots the program mentions."""
        return tuple(s for s in self.slots if s.startswith("$"))

    def all_steps(self) -> tuple[Step, ...]:
        """Main steps, then those of each helper in source order."""
        return self.steps + tuple(s for steps in self.threads.values() for s in steps)

    def calls(self) -> frozenset[str]:
        """Names of the real (not pseudo) functions it calls."""
        return frozenset(s.call for s in self.all_steps() if not s.is_pseudo)
