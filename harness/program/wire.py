"""Programs and results as the binary records that host and agent exchange.

A record is a `layout.RECORD` header and a payload.  This module defines the payloads; the C header
``zxh/wire.h`` is generated from it.  All numbers little endian, offsets and sizes in bytes,
everything starts at a multiple of 8 and is padded with zeros to one.

    kind                payload
    PROGRAM             `PROGRAM` header, 1 + helpers `THREAD`s (main first), one u32 per edge
                        buffer (its size), one u32 per zxio_storage_t (arena offset), then the
                        steps of each thread
    OPEN                a PROGRAM without steps: starts a session, whose process stays
    STEP                a PROGRAM with one step, for the process of an open session; the counts in
                        its header are those of the whole session so far
    CLOSE               a PROGRAM without steps: ends the session
    RESULT              `RESULT` header, registers (u64 each), `HANDLE`s of the given slots, then
                        the step results of each thread
    REFUSED             one u64: why the agent could not take the record (`REFUSALS`)
    READY               nothing: the agent begins with the requests of the boot file
    BEGUN               nothing: its request comes next to be carried out
    END                 nothing: all of them have been answered

    a step              `STEP`, then its arguments
    an argument         `ARGUMENT`, then by kind
        NUMBER          value
        HANDLE, KOID    index is the slot, word the xor
        DEADLINE        value: ns from now
        POINTER         index is the kind (`POINTER_KINDS`), value is added
        OUT_HANDLES     word: arena offset; value: count; then the slots, u16 each
        BUFFER          index: name or NO_NAME; word: arena offset, or number of the edge buffer;
                        value: size, number of items in the upper half; then `REPORT` if flagged,
                        then the items
        BUFFER_REF      index: name; value is added; then `REPORT` if flagged
        STORED_VALUE    index: buffer; flags: size; word: offset; value is added; then one u64:
                        the function whose vDSO offset is added, or NO_FUNCTION
        STORAGE         word: arena offset
        VDSO            index: which of `VDSO_NUMBERS`
    a report            `REPORT`, masks (u32 offset, u32 length), koids (u32 offset), handles
                        (u32 offset, u32 slot), together padded
    an item             `ARGUMENT` with an ITEM kind: BYTES (word: length; then the bytes), SIZED
                        (flags: size; value), HANDLE, KOID, DEADLINE, ADDRESS (index: name; value is
                        added), POINTER
    a step result       `STEP_RESULT`, `HANDLE`s, `OUT`s each with its bytes, then one bit per slot
                        of the program for "live"

Function numbers are ranks in `FUNCTIONS`; a header's ``interface`` must equal `INTERFACE`, so an
agent of another build refuses instead of calling something else.

Results say nothing that differs from run to run: koids are numbered in the order in which the
program meets them, handle values are left out, masked bytes are zero, and of a returned value only
what is reported remains.  So equal results are equal bytes (`decode.comparable`), also across
architectures; only the first `RESULT_VOLATILE` bytes (times) are not compared.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from harness.errors import ZxhError
from harness.program.model import GIVEN_SLOTS, MAX_REPORT_BYTES, Arch
from zxio_py import abi
from zxio_py.abi.editions import EDITIONS
from zxio_py.abi.model import Struct
from zxio_py.abi.zxio import ZXIO_CALLS, ZXIO_STORAGE_SIZE

WIRE_VERSION = 1

# Kinds of records.
KIND_PROGRAM = 1
KIND_OPEN = 2
KIND_STEP = 3
KIND_CLOSE = 4
KIND_RESULT = 0x81
KIND_REFUSED = 0x82
KIND_END = 0x83
KIND_READY = 0x84
KIND_BEGUN = 0x85

#: On a console: the character that begins a line of results, and the most bytes of the stream that
#: one line carries (a line is one zx_debug_write, of at most 256 characters).
LINE_MARK = 0x7E  # "~", which base64 has not; kernels may change what is not printable
LINE_PIECE = 181
#: Bytes that often come in runs: in a line each is followed by how often it comes, 1 to 255.
LINE_RUN_ZERO = 0x00
LINE_RUN_UNTOUCHED = 0xA5

#: Sessions that an agent can have open at once.
SESSIONS = 4

# Flags of a program.
PROGRAM_ZXIO = 1
PROGRAM_POINTER_PAGES = 2  # uses a pointer kind with a page behind it

# Kinds of arguments and items.
ARGUMENT_NUMBER = 1
ARGUMENT_HANDLE = 2
ARGUMENT_KOID = 3
ARGUMENT_DEADLINE = 4
ARGUMENT_POINTER = 5
ARGUMENT_OUT_HANDLES = 6
ARGUMENT_BUFFER = 7
ARGUMENT_BUFFER_REF = 8
ARGUMENT_STORED_VALUE = 9
ARGUMENT_STORAGE = 10
ARGUMENT_VDSO = 11
ITEM_BYTES = 16
ITEM_SIZED = 17
ITEM_HANDLE = 18
ITEM_KOID = 19
ITEM_DEADLINE = 20
ITEM_ADDRESS = 21
ITEM_POINTER = 22

# Flags of BUFFER and BUFFER_REF.
BUFFER_REPORTED = 1
BUFFER_EDGE = 2
BUFFER_HAS_REPORT = 4

POINTER_KINDS = ("null", "unmapped", "kernel", "readonly", "edge", "noncanon")
VDSO_NUMBERS = ("code_off", "code_size", "size")
RETURN_FORMS = ("status", "u64", "mask", "none")

NO_NAME = 0xFFFF
NO_FUNCTION = 0xFFFF
FUNCTION_MISSING = 0xFFFE
#: Function numbers of the pseudo calls, from here on.
FUNCTION_PSEUDO = 0xFF00
PSEUDO_CALLS = ("$buf", "$show", "$spawn", "$join", "$load", "$store")

# Flags of a step.
STEP_HAS_MIN_NS = 1

# Flags of a step result.
STEP_MISSING = 1
STEP_HAS_ELAPSED = 2
STEP_ELAPSED = 4
STEP_HAS_LIVE = 8

#: Ways a program ends, by number.
ENDINGS = ("finished", "fault", "exited", "killed", "time_limit", "leak", "lost")
FAULTS: Final[tuple[Literal["read", "write", "execute"] | None, ...]] = (
    None,
    "read",
    "write",
    "execute",
)
HANDLE_STATES = ("handle", "untouched", "zero", "invalid")
REFUSALS = (
    "",
    "its checksum or length is wrong",
    "it is for another build of the agent",
    "it is not well formed",
    "its session is not open",
    "its session is open already",
)

#: Order of the registers of a fault.
USER_REGISTERS: Final[Mapping[Arch, tuple[str, ...]]] = {
    "x86_64": tuple(
        field.name for field in abi.STRUCTS["zx_x86_64_thread_state_general_regs_t"].fields
    ),
    "arm64": (*(f"x{number}" for number in range(30)), "lr", "sp", "pc", "cpsr", "tpidr"),
}

#: The result area of a session's steps.
SESSION_RESULT_SIZE = MAX_REPORT_BYTES + 0x40000

#: Where a zxio_storage_t is made, this many bytes are zero.
STORAGE_SIZE: Final = ZXIO_STORAGE_SIZE
#: At the start of each result: not part of what is compared.
RESULT_VOLATILE = 16

#: Every function a program can call: first those of the vDSO, then zxio's.  Those of the vDSO are
#: late 2022's, then what older editions had besides.
VDSO_FUNCTIONS: Final = (
    *(call.name for call in abi.CALLS.values() if call.exported),
    *sorted(name for edition in EDITIONS.values() for name in edition.gone if edition.has(name)),
)
ZXIO_FUNCTIONS: Final = tuple(call.name for call in ZXIO_CALLS.values() if call.exported)
FUNCTIONS: Final = (*VDSO_FUNCTIONS, *ZXIO_FUNCTIONS)

#: A result has at most so many handles of given slots.
GIVEN_MOST: Final = len(GIVEN_SLOTS)

#: Tells one build's meaning of the records from another's.
INTERFACE: Final = zlib.crc32(" ".join((str(WIRE_VERSION), *FUNCTIONS, *GIVEN_SLOTS)).encode())

PROGRAM = Struct.packed(
    "zxh_program",
    ("interface", 4),
    ("session", 1),  # for OPEN, STEP, CLOSE
    ("given_count", 1),
    ("helper_count", 1),
    ("flags", 1),
    ("slot_count", 2),
    ("buffer_count", 2),
    ("edge_count", 2),
    ("edges_before", 2),  # STEP: edge buffers of earlier steps
    ("arena_size", 4),  # bytes of all buffers
    ("arena_before", 4),  # STEP: bytes that earlier steps use
    ("result_size", 4),  # most bytes that all step results can take
    ("koid_count", 4),  # most different koids it can meet
    ("limit_ns", 8),
    ("given", 8),  # four bits i: what slot i holds (rank in GIVEN_SLOTS)
    ("policy", 8),  # four bits i: action of condition i in the job of the process; 0: no such job
    ("storage_count", 4),
    ("padding", 4),
)

THREAD = Struct.packed(
    "zxh_thread",
    ("step_count", 4),
    ("step_bytes", 4),
    ("result_size", 4),
    ("padding", 4),
)

STEP = Struct.packed(
    "zxh_step",
    ("function", 2),
    ("argument_count", 2),
    ("flags", 1),
    ("return_form", 1),
    ("return_bits", 1),  # of the C type
    ("helper", 1),  # $spawn, $join
    ("repeat", 4),
    ("size", 4),  # with its arguments
    ("min_ns", 8),
)

ARGUMENT = Struct.packed(
    "zxh_argument",
    ("kind", 1),
    ("flags", 1),
    ("index", 2),
    ("word", 4),
    ("value", 8),
)

REPORT = Struct.packed(
    "zxh_report",
    ("show", 4),
    ("mask_count", 4),
    ("koid_count", 4),
    ("handle_count", 4),
)

RESULT = Struct.packed(
    "zxh_result",
    ("elapsed_ns", 8),
    ("padding", 8),
    ("ending", 4),
    ("given_count", 4),
    ("retcode", 8),  # two's complement
    ("address", 8),  # of a fault
    ("exception", 4),  # ZX_EXCP_*
    ("synth_code", 4),
    ("register_count", 4),
    ("helper_count", 4),
    ("status", 4),  # of what the agent could not do
    ("leaked_objects", 4),
    ("leaked_handles", 4),
    ("leaked_pages", 4),
    ("step_count", 20),  # by thread: u32 each
    ("padding2", 12),
)

STEP_RESULT = Struct.packed(
    "zxh_step_result",
    ("flags", 1),
    ("fault", 1),
    ("out_count", 2),
    ("handle_count", 2),
    ("live_size", 2),  # bytes, with padding
    ("ret", 8),
)

OUT = Struct.packed(
    "zxh_out",
    ("argument", 4),
    ("shown", 4),
    ("size", 4),
    ("padding", 4),
    ("fnv1a", 8),
)

HANDLE = Struct.packed(
    "zxh_handle",
    ("slot", 2),
    ("state", 2),
    ("type", 4),
    ("rights", 4),
    ("koid", 4),
    ("related_koid", 4),
    ("padding", 4),
)

STRUCTS = (PROGRAM, THREAD, STEP, ARGUMENT, REPORT, RESULT, STEP_RESULT, OUT, HANDLE)

_RECORD = struct.Struct("<IIII")


class WireError(ZxhError):
    """A record that cannot be: wrong length or checksum, or contents that contradict themselves."""


# ---- records -----------------------------------------------------------------------------


class Record(NamedTuple):
    """One record as found in memory."""

    kind: int
    sequence: int
    payload: bytes
    #: Offset behind it, with padding.
    end: int


def make_record(kind: int, sequence: int, payload: bytes) -> bytes:
    """The bytes of a record, padded."""
    length = len(payload)
    header = _RECORD.pack(length, kind, sequence & 0xFFFFFFFF, zlib.crc32(payload))
    return header + payload + bytes(-length % 8)


def read_record(memory: bytes, offset: int) -> Record:
    """The record at *offset*; `WireError` if it is cut short or its checksum is wrong."""
    start = offset + _RECORD.size
    if start > len(memory):
        raise WireError(f"record at {offset}: cut short in its header")
    length, kind, sequence, crc = _RECORD.unpack_from(memory, offset)
    if length > len(memory) - start:
        raise WireError(f"record at {offset}: {length} bytes long, {len(memory) - start} there")
    payload = memory[start : start + length]
    if zlib.crc32(payload) != crc:
        raise WireError(f"record at {offset}: wrong checksum")
    return Record(kind, sequence, payload, start + length + -length % 8)
