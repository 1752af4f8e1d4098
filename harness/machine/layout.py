"""Layout of the memory that host and guest share: the last bytes of the guest's RAM.

The guest's C header ``zxh/share.h`` is generated from this module.  All numbers little endian,
offsets and sizes in bytes.

    page 0            header: who is alive, counters, panic record (written by kernel and agent)
    page 1 ...        SLOT_COUNT slots, each SLOT_SIZE bytes: a slot header, a request area and a
                      result area; a slot carries one batch of programs at a time

RAM is all zeros when a machine starts, so the host may put a first batch there at once, without
ringing.  At boot the kernel clears the header and the panic record and writes *magic* last; if it
finds *magic* there already, it has been restarted by other hands than the host's (which clears
header and slots before a reset) and clears the slot headers as well.  The agent, when it can take
programs, sets *agent_state* and rings once (a DOORBELL byte), then looks into the slots before it
first waits.  A slot without work has request_sequence equal
to done_sequence; request sequence numbers rise over both slots, so the lower one is run first.

A batch goes so: the host writes request records, sets the slot's fields and last
``request_sequence``, and rings (one DOORBELL byte on the serial line).  The agent runs the
records in order, writes one result record each, advances ``records_done`` and ``result_bytes``
after each, sets ``done_sequence`` to the request's and rings back once (a DOORBELL byte).
If the result area is too small for all, the agent
stops early: done_sequence is set with records_done below record_count, and the host sends the
rest again.  Records start at 8-byte boundaries, each with a `RECORD`: length without padding,
sequence number, CRC-32 (zlib's) of what follows the record header.
"""

from __future__ import annotations

from zxio_py.abi.model import Struct

MAGIC = int.from_bytes(b"ZXHSHARE", "little")
VERSION = 1

#: The byte that means "look at the shared memory" on the serial line, in both directions.
DOORBELL = 0x01

PAGE_SIZE = 4096
SLOT_COUNT = 2
SLOTS_OFFSET = PAGE_SIZE
SLOT_SIZE = 0x300000
REQUEST_OFFSET = 64
REQUEST_SIZE = 0x100000 - REQUEST_OFFSET
RESULT_OFFSET = 0x100000
RESULT_SIZE = SLOT_SIZE - RESULT_OFFSET
SHARE_SIZE = 8 * 1024 * 1024

KERNEL_RUNNING = 1
KERNEL_PANICKED = 2
AGENT_READY = 1

#: Registers and return addresses a panic record has room for.
PANIC_REGISTERS = 40
PANIC_FRAMES = 32
PANIC_MESSAGE = 256

HEADER = Struct.packed(
    "zxh_share_header",
    ("magic", 8),  # written last by the kernel at boot
    ("version", 4),
    ("arch", 4),  # ELF e_machine: 62 x86-64, 183 arm64
    ("kernel_state", 4),
    ("agent_state", 4),
    ("clock_ns", 8),  # monotonic time at the last timer tick; stands still while idle
    ("objects", 8),  # live kernel objects
    ("handles", 8),  # live handles, in tables and in messages
    ("pages_used", 8),  # physical pages in use
    ("pages_total", 8),
    ("threads", 8),
    ("processes", 8),
)

PANIC_OFFSET = 256
PANIC = Struct.packed(
    "zxh_panic",
    ("cause", 8),  # vector (x86-64) or ESR_EL1 (arm64); ~0 for a failed assertion
    ("address", 8),  # faulting address, if any
    ("register_count", 4),
    ("frame_count", 4),
    ("registers", 8 * PANIC_REGISTERS),  # order: the architecture's REGISTERS
    ("frames", 8 * PANIC_FRAMES),  # return addresses, innermost first
    ("message", PANIC_MESSAGE),  # NUL-terminated text
    ("clock_ns", 8),
    ("in_user", 4),
    ("padding", 12),
)

SLOT = Struct.packed(
    "zxh_slot",
    ("request_sequence", 4),  # host: incremented for each batch, never 0
    ("done_sequence", 4),  # agent: the request it has finished
    ("request_bytes", 4),
    ("record_count", 4),
    ("records_done", 4),  # agent: progress, also readable after a loss
    ("result_bytes", 4),
    ("flags", 4),
    ("current_sequence", 4),  # agent: the record it is running
    ("started_ns", 8),  # guest time at the start of the current record
    ("padding", 24),
)

RECORD = Struct.packed(
    "zxh_record",
    ("length", 4),  # bytes that follow this header, without padding
    ("kind", 4),
    ("sequence", 4),
    ("crc32", 4),
)

STRUCTS = (HEADER, PANIC, SLOT, RECORD)

#: Order of the registers in a panic record and in fault reports.
REGISTERS = {
    "x86_64": (
        "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags "
        "cr2 cr3 error_code vector cs ss fs_base gs_base"
    ).split(),
    "arm64": [f"x{n}" for n in range(30)] + "lr sp pc spsr esr far ttbr0 tpidr".split(),
}
