"""Defects of the May 2018 kernel that take it down, or a program with it.

They are its own and nothing to imitate; who wants a run without lost machines has programs that
would meet them left out.  Some are left out always: no run could tell anything of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.program.model import Buffer, HandleValue, Number, Program, Step, StoredValue
from zxio_py import abi

#: Offsets from here on are in the last 64 KiB of the 64-bit range.
_LAST_PAGES: Final = (1 << 64) - 0x10000
#: Most bytes that zx_debuglog_read writes, whatever room there is.
_LOG_RECORD_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect and how a program that meets it is known."""

    name: str
    #: What happens.
    text: str
    meets: Callable[[Program], bool]
    #: Whether such programs are never run: it happens by chance, or for certain.
    always: bool = False


def defect(program: Program, *, avoid: bool = True) -> str | None:
    """What the program would meet; None if nothing is known.

    Without *avoid* only defects are looked for whose programs are never run.
    """
    for known in DEFECTS:
        if (avoid or known.always) and known.meets(program):
            return f"{known.name}: {known.text}"
    return None


def _literals(step: Step) -> list[int]:
    return [arg.x86_64 for arg in step.args if isinstance(arg, Number)]


def _tx_size_without_peer(program: Program) -> bool:
    return any(
        step.call == "zx_object_get_property" and _literals(step)[:1] == [11]
        for step in program.all_steps()
    )


def _last_pages_of_a_vmo(program: Program) -> bool:
    calls = {step.call for step in program.all_steps()}
    sized = any(
        step.call in ("zx_vmo_create", "zx_vmo_set_size", "zx_vmo_create_child")
        and any(value >= _LAST_PAGES - 0x10000 for value in _literals(step))
        for step in program.all_steps()
    )
    return sized and not calls.isdisjoint(
        {"zx_vmo_write", "zx_vmo_op_range", "zx_vmar_map", "zx_vmo_set_size"}
    )


def _copies_within_a_vmo(program: Program) -> bool:
    mapped: dict[str | None, str] = {}
    for step in program.all_steps():
        if step.call == "zx_vmar_map" and len(step.args) > 6:
            vmo, where = step.args[3], step.args[6]
            if isinstance(vmo, HandleValue) and isinstance(where, Buffer):
                mapped[where.name] = vmo.slot
        elif step.call in ("zx_vmo_read", "zx_vmo_write") and len(step.args) > 1:
            vmo, buffer = step.args[:2]
            shown = mapped.get(buffer.buffer) if isinstance(buffer, StoredValue) else None
            if shown is not None and isinstance(vmo, HandleValue) and vmo.slot == shown:
                return True
    return False


def _interrupt_on_one_cpu(program: Program) -> bool:
    threads = [program.steps, *program.threads.values()]
    return any(
        _wakes(waker, waiter) for waiter in threads for waker in threads if waker is not waiter
    )


def _wakes(waker: Sequence[Step], waiter: Sequence[Step]) -> bool:
    waits = [step for step in waiter if step.call in ("zx_interrupt_wait", "zx_port_wait")]
    waited = [step.args[:1] for step in waits if step.call == "zx_interrupt_wait"]
    return bool(waits) and any(
        step.call in ("zx_interrupt_trigger", "zx_interrupt_destroy")
        or (step.call == "zx_handle_close" and step.args[:1] in waited)
        for step in waker
    )


def _pins_the_vdso(program: Program) -> bool:
    return any(
        step.call == "zx_bti_pin"
        and step.args[2:3] == (HandleValue("$vdso"),)
        and isinstance(step.args[1], Number)
        and not step.args[1].x86_64 & abi.CONSTANTS["ZX_BTI_PERM_WRITE"]
        for step in program.all_steps()
    )


def _writes_the_vdso(program: Program) -> bool:
    calls = {step.call for step in program.all_steps()}
    return "zx_process_write_memory" in calls and "$vdso" in program.slots


def _short_log_read(program: Program) -> bool:
    for step in program.all_steps():
        if step.call == "zx_debuglog_read" and len(step.args) > 3:
            size = step.args[3]
            if isinstance(size, Number) and size.x86_64 < _LOG_RECORD_BYTES:
                return True
    return False


DEFECTS: Final[tuple[Defect, ...]] = (
    Defect(
        "tx-size-without-peer",
        "reading how much a socket without a peer has buffered for it panics",
        _tx_size_without_peer,
    ),
    Defect(
        "last-pages-of-a-vmo",
        "closing a VMO with a page in the last 64 KiB of the 64-bit range fails an assertion",
        _last_pages_of_a_vmo,
    ),
    Defect(
        "copy-within-a-vmo",
        "zx_vmo_read and zx_vmo_write deadlock where the buffer is a mapping of the same VMO",
        _copies_within_a_vmo,
    ),
    Defect(
        "interrupt-on-one-cpu",
        "triggering, destroying or closing an interrupt can deadlock against a waiting thread",
        _interrupt_on_one_cpu,
        always=True,
    ),
    Defect(
        "pinned-vdso",
        "pinning pages of the vDSO, which are wired, fails an assertion",
        _pins_the_vdso,
        always=True,
    ),
    Defect(
        "written-vdso",
        "zx_process_write_memory writes to the vDSO, which all processes share",
        _writes_the_vdso,
        always=True,
    ),
    Defect(
        "short-log-read",
        "zx_debuglog_read writes a whole record, past the end of a shorter buffer",
        _short_log_read,
    ),
)
