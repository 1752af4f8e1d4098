"""How each call of late 2022 is said in May 2018: one row per call that is said differently.

A row names the edition's function, the order of its arguments (`order`, by their numbers in late
2022), and the rules that change values.  Calls without a row are the same in both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from harness.edition.draft import (
    MASK64,
    ZERO,
    Draft,
    Rule,
    Scratch,
    Source,
    absent,
    narrow,
    not_values,
    options,
    refuse,
    rights,
    then,
    time,
    values,
    wide_count,
    zero,
)
from harness.edition.info import info_topic, object_property
from harness.edition.objects import GIVEN, wait_items
from harness.edition.restore import JobPacket, JobSignals, Literal, StatusThrough
from harness.program.model import Buffer, BufferRef, HandleValue, Number, Sized
from zxio_py import abi
from zxio_py.abi.editions import EDITION_2018

_ONE: Final = Number(1, 1)
#: Bits of job signals that 2018 does not have: TERMINATED and NO_CHILDREN.
_JOB_ONLY_2022: Final = 0x48


@dataclass(frozen=True, slots=True)
class Shape:
    """How a call is said in the edition."""

    #: The edition's function; the same name if empty.
    call: str = ""
    #: Its arguments, by their numbers in late 2022; as they are if None.
    order: tuple[Source, ...] | None = None
    rules: tuple[Rule, ...] = ()


# ---- rules of single calls -----------------------------------------------------------------


def _job_mask(value: int) -> int:
    """Signals to wait for on a job, under their numbers of 2018."""
    moved = value & ~(0x28 | _JOB_ONLY_2022) | (0x8 if value & 0x20 else 0)
    if value and not moved & 0xFFFFFFFF:
        refuse("waits for signals of a job that 2018 does not have")
    return moved


def _wait_one(draft: Draft) -> None:
    if draft.objects.type_of(draft.slot(0)) == "JOB":
        draft.each(1, _job_mask)
        observed = draft.arg(3)
        at = observed.add if isinstance(observed, BufferRef) else 0
        draft.restores.append(JobSignals(3, at))


def _wait_many(draft: Draft) -> None:
    buffer = draft.arg(0)
    if not isinstance(buffer, Buffer):
        return
    items = list(buffer.items)
    for number, handle in wait_items(buffer):
        wanted = items[number + 1]
        if draft.objects.type_of(handle.slot) == "JOB" and isinstance(wanted, Sized):
            value = wanted.value
            moved = Number(_job_mask(value.x86_64), _job_mask(value.arm64))
            items[number + 1] = dataclasses.replace(wanted, value=moved)
            draft.restores.append(JobSignals(0, 4 * number + 8))
            for original, there in zip(values(value), values(moved), strict=True):
                draft.restores.append(Literal(0, 4 * number + 4, original, there & 0xFFFFFFFF))
    draft.set(0, dataclasses.replace(buffer, items=tuple(items)))


def _wait_async(draft: Draft) -> None:
    if draft.objects.type_of(draft.slot(0)) == "JOB":
        key, wanted = draft.literal(2), draft.literal(3)
        draft.each(3, _job_mask)
        there = draft.literal(3)
        if key and wanted and there:
            for k, t, w in zip(values(key), values(there), values(wanted), strict=True):
                draft.job_waits[k, t & 0xFFFFFFFF] = w & 0xFFFFFFFF


def _port_wait(draft: Draft) -> None:
    packet = draft.arg(2)
    at = packet.add if isinstance(packet, BufferRef) else 0
    draft.restores.append(JobPacket(2, at, draft.job_waits))


def _fifo_bytes(draft: Draft) -> None:
    """Elements become bytes, which the edition rounds down to elements.

    A size that is not the fifo's is as much out of range as no element at all.
    """
    size = draft.number(1, "the size of an element")
    count = draft.number(3, "the number of elements")
    made = draft.objects.element_size(draft.slot(0))

    def length(elements: int, element: int) -> int:
        return min(elements * element, 1 << 62) if made in (None, element) else 0

    draft.set(3, Number(length(count.x86_64, size.x86_64), length(count.arm64, size.arm64)))
    actual: Source = Scratch("actual", 4) if draft.arg(4) == ZERO else 4
    draft.order = (0, 2, 3, actual)


def _clone(draft: Draft) -> None:
    """Options of zx_vmo_create_child as those of zx_vmo_clone, which always copies on write."""
    number = draft.number(1, "what child it makes")
    for value in values(number):
        if not value & 0xFFFFFFFF & ~0x7D:
            for bit, what in ((8, "a slice"), (32, "a child without WRITE"), (64, "a reference")):
                if value & bit:
                    refuse(f"zx_vmo_create_child: {what}")

    def copy(value: int) -> int:
        one_kind = value & 0x11 in (0x1, 0x10)
        return 1 if one_kind and not value & 0xFFFFFFFF & ~0x15 else 0

    draft.each(1, copy)


def _line(draft: Draft) -> None:
    """Real machines have interrupts, and a kernel that gives them away."""
    number = draft.number(2, "what interrupt it makes")
    opens = draft.slot(0) == "$resource" or draft.objects.type_of(draft.slot(0) or "") == "RESOURCE"
    if opens and not all(value & abi.ZX_INTERRUPT_VIRTUAL for value in values(number)):
        refuse("zx_interrupt_create: an interrupt of the machine")


def _shutdown(draft: Draft) -> None:
    """Disabling is said by options of a write; there is no enabling."""
    own, peer = (draft.number(index, "what it disables") for index in (1, 2))
    if {*values(own), *values(peer)} - {0, 1} or own == peer == ZERO:
        refuse("zx_socket_set_disposition: only disabling, and of one side at least")
    draft.order = (0, Number(own.x86_64 | peer.x86_64 << 1, own.arm64 | peer.arm64 << 1))
    draft.order += (ZERO, ZERO, ZERO)


def _draw(draft: Draft) -> None:
    length = draft.number(1, "how much it draws")
    if max(values(length)) > EDITION_2018.constant("ZX_CPRNG_DRAW_MAX_LEN"):
        refuse("zx_cprng_draw: more than 256 bytes")


def _log(draft: Draft) -> None:
    """A log to write to, for which late 2022 wants no resource, is one with the root resource."""
    if draft.arg(0) in (ZERO, HandleValue("$zero")) and draft.arg(1) == ZERO:
        draft.set(0, HandleValue("$resource"))
        draft.needs.add("$resource")


def _exit_code(draft: Draft) -> None:
    """Return codes have 32 bits, of which -1 is that of a killed process."""
    code = draft.literal(0)
    for value in values(code) if code else ():
        if not (value < 1 << 31 or MASK64 - (1 << 31) < value < MASK64):
            refuse("zx_process_exit: a return code that 2018 does not tell")


def _yield(draft: Draft) -> None:
    if draft.arg(0) != ZERO:
        refuse("zx_thread_legacy_yield: with options")


def _suspend(draft: Draft) -> None:
    """Only threads that run are suspended; what waits for others to be would wait for ever."""
    if _is_new(draft, "PROCESS") or _is_new(draft, "THREAD"):
        refuse(f"{draft.step.call}: of what does not run")


def _start(draft: Draft) -> None:
    """A thread is started in a process that runs."""
    if draft.objects.process_of(draft.slot(0)) not in (None, "$proc"):
        refuse("zx_thread_start: as the first thread of its process")


def _is_new(draft: Draft, kind: str) -> bool:
    """Whether the first argument is an object of that type that the program has made."""
    slot = draft.slot(0)
    return slot is not None and slot not in GIVEN and draft.objects.type_of(slot) == kind


def check_policy(policy: Mapping[int, int]) -> None:
    """Raise `CannotRewriteError` if a program's job would have another *policy* in 2018.

    Timers are made without asking, conditions behind theirs do not exist, and all actions but
    ALLOW deny.
    """
    for condition, action in policy.items():
        if condition >= abi.ZX_POL_NEW_TIMER or action > abi.ZX_POL_ACTION_DENY:
            refuse("its job has a policy that 2018 does not hold to")


def _job_policy(draft: Draft) -> None:
    """The action KILL has another number; conditions and the rest must be known."""
    topic = draft.number(2, "the topic")
    buffer = draft.arg(3)
    if set(values(topic)) != {0} or not isinstance(buffer, Buffer):
        refuse("zx_job_set_policy: only the first form of the basic policy")
    items = list(buffer.items)
    for number in range(1, len(items), 2):
        condition, action = items[number - 1 : number + 1]
        if not (isinstance(condition, Sized) and isinstance(action, Sized)):
            refuse("zx_job_set_policy: a policy that is not written in words")
        if condition.value.x86_64 >= EDITION_2018.constant("ZX_POL_MAX") or (
            action.value.x86_64 in (2, 3)
        ):
            refuse("zx_job_set_policy: a condition or action that 2018 does not have")
        if action.value.x86_64 in (4, 5):
            kill = {4: 5, 5: 0xFFFFFFFF}[action.value.x86_64]
            items[number] = dataclasses.replace(action, value=Number(kill, kill))
    draft.set(3, dataclasses.replace(buffer, items=tuple(items)))


_IOVEC = {2: "vectors (USE_IOVEC)"}
_VM_REFUSED: Final = {
    0x800: "REQUIRE_NON_RESIZABLE",
    0x2000: "OFFSET_IS_UPPER_LIMIT",
    0x4000: "PERM_READ_IF_XOM_UNSUPPORTED",
    0x3F000000: "an alignment",
}


def _vm(known: int) -> Rule:
    """Options of a call on a VMAR that takes those in *known*; ALLOW_FAULTS is always so."""
    return options(1, drop=0x1000, refused=_VM_REFUSED, known=known)


#: By call of late 2022.
SHAPES: Final[Mapping[str, Shape]] = {
    # channels
    "zx_channel_write": Shape(rules=(options(1, refused=_IOVEC, known=2),)),
    "zx_channel_call": Shape(
        order=(0, 1, 2, 3, 4, 5, Scratch("read_status", 4)),
        rules=(
            options(1, refused=_IOVEC, known=2),
            time(2),
            then(StatusThrough(EDITION_2018.constant("ZX_ERR_CALL_FAILED"), "read_status")),
        ),
    ),
    # sockets
    "zx_socket_read": Shape(rules=(options(1, refused={8: "PEEK"}, known=8),)),
    "zx_socket_set_disposition": Shape("zx_socket_write", rules=(_shutdown,)),
    # fifos
    "zx_fifo_create": Shape(rules=(narrow(0), narrow(1))),
    "zx_fifo_read": Shape(rules=(_fifo_bytes, wide_count(4))),
    "zx_fifo_write": Shape(rules=(_fifo_bytes, wide_count(4))),
    # handles and objects
    "zx_handle_duplicate": Shape(rules=(rights(1),)),
    "zx_handle_replace": Shape(rules=(rights(1),)),
    "zx_object_get_child": Shape(rules=(rights(2),)),
    "zx_object_get_info": Shape(rules=(info_topic,)),
    "zx_object_get_property": Shape(rules=(object_property,)),
    "zx_object_set_property": Shape(rules=(object_property,)),
    # waits
    "zx_object_wait_one": Shape(rules=(_wait_one, time(2))),
    "zx_object_wait_many": Shape(rules=(_wait_many, narrow(1), time(2))),
    "zx_object_wait_async": Shape(
        rules=(options(4, refused={1: "TIMESTAMP", 2: "EDGE"}, known=3), _wait_async)
    ),
    "zx_port_queue": Shape(order=(0, 1, _ONE)),
    "zx_port_wait": Shape(order=(0, 1, 2, _ONE), rules=(_port_wait, time(1))),
    # time
    "zx_clock_get_monotonic": Shape("zx_clock_get", order=(ZERO,)),
    "zx_nanosleep": Shape(rules=(time(0),)),
    "zx_timer_set": Shape(rules=(time(1),)),
    # futexes
    "zx_futex_wait": Shape(order=(0, 1, 3), rules=(zero(2, "an owner"), time(3))),
    "zx_futex_requeue": Shape(order=(0, 1, 2, 3, 4), rules=(zero(5, "an owner"),)),
    # memory
    "zx_vmo_create": Shape(rules=(options(1, drop=2, refused={4: "a discardable VMO"}, known=6),)),
    "zx_vmo_create_child": Shape("zx_vmo_clone", rules=(_clone,)),
    "zx_vmo_op_range": Shape(
        rules=(not_values(1, {10: "ZERO", 11: "TRY_LOCK", 12: "DONT_NEED", 13: "ALWAYS_NEED"}),)
    ),
    "zx_vmar_allocate": Shape(order=(0, 2, 3, 1, 4, 5), rules=(_vm(0x3F0023D8),)),
    "zx_vmar_map": Shape(order=(0, 2, 3, 4, 5, 1, 6), rules=(_vm(0x3F007C3F),)),
    "zx_vmar_protect": Shape(order=(0, 2, 3, 1), rules=(_vm(0x4007),)),
    # tasks
    "zx_job_set_policy": Shape(rules=(_job_policy,)),
    "zx_process_create": Shape(rules=(narrow(2), options(3, refused={1: "SHARED"}, known=1))),
    "zx_thread_create": Shape(rules=(narrow(2),)),
    "zx_process_exit": Shape(rules=(_exit_code,)),
    "zx_thread_legacy_yield": Shape("zx_nanosleep", order=(ZERO,), rules=(_yield,)),
    "zx_task_suspend": Shape(rules=(absent("a token"),)),
    "zx_task_suspend_token": Shape(rules=(_suspend,)),
    "zx_thread_start": Shape(rules=(_start,)),
    # the rest
    "zx_debuglog_create": Shape(rules=(_log,)),
    "zx_cprng_draw": Shape(order=(0, 1, Scratch("actual", 8)), rules=(_draw,)),
    "zx_debug_read": Shape(rules=(absent("a count apart from the length"),)),
    "zx_bti_pin": Shape(rules=(options(1, refused={16: "CONTIGUOUS"}, known=31),)),
    "zx_guest_create": Shape(rules=(absent("memory of its own making"),)),
    "zx_interrupt_bind": Shape(rules=(not_values(3, {1: "unbinding"}),)),
    "zx_interrupt_create": Shape(rules=(_line,)),
    "zx_iommu_create": Shape(rules=(narrow(3),)),
    "zx_mtrace_control": Shape(rules=(narrow(5),)),
    "zx_profile_create": Shape(rules=(absent("a profile of another layout"),)),
    "zx_resource_create": Shape(rules=(absent("a resource with flags, size and name"),)),
    "zx_smc_call": Shape(rules=(absent("records of parameters and results"),)),
    "zx_system_mexec": Shape(rules=(absent("a resource"),)),
    "zx_vcpu_read_state": Shape(rules=(narrow(3),)),
    "zx_vcpu_write_state": Shape(rules=(narrow(3),)),
    "zx_ktrace_read": Shape(rules=(narrow(3), wide_count(4))),
}
