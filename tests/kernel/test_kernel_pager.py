"""Pagers across threads, what a killed waiter leaves, and the contents of what they supply."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_calls import Raw
from test_kernel_waits import Sleeper

from zxio_py import abi
from zxio_py.kernel import Door, Kernel, ThreadKilled
from zxio_py.kernel.job import Job
from zxio_py.kernel.paged_store import ZERO_DATA
from zxio_py.kernel.pages import PAGE_SIZE

PAGES = 4


class Supplied:
    """A pager with a VMO of some pages, and a VMO that these come from."""

    def __init__(self, raw: Raw, options: int = 0) -> None:
        self.raw = raw
        self.port = raw.handle("zx_port_create", 0)
        self.pager = raw.handle("zx_pager_create", 0)
        size = PAGES * PAGE_SIZE
        self.vmo = raw.handle("zx_pager_create_vmo", self.pager, options, self.port, 9, size)
        self.aux = raw.handle("zx_vmo_create", size, 0)

    def packet(self) -> tuple[int, int, int] | None:
        """The next request: command, offset, length; None if there is none."""
        status = self.raw("zx_port_wait", self.port, 0, self.raw.page + 0x100)
        if status == abi.ZX_ERR_TIMED_OUT:
            return None
        assert status == abi.ZX_OK
        data = self.raw.process.aspace.read(self.raw.page + 0x100, 48)
        key, kind, _, command, _, _, offset, length, _ = struct.unpack("<QIiHHIQQQ", data)
        assert (key, kind) == (9, abi.ZX_PKT_TYPE_PAGE_REQUEST)
        return command, offset, length

    def supply(self, page: int, pages: int = 1) -> int:
        place = (page * PAGE_SIZE, pages * PAGE_SIZE)
        return self.raw(
            "zx_pager_supply_pages", self.pager, self.vmo, *place, self.aux, page * PAGE_SIZE
        )


@pytest.fixture
def supplied(raw: Raw) -> Supplied:
    return Supplied(raw)


def reader(supplied: Supplied, page: int) -> Sleeper:
    """Another thread that reads from a page."""
    return Sleeper(
        supplied.raw.process,
        lambda other: other("zx_vmo_read", supplied.vmo, other.page, page * PAGE_SIZE, 4),
    )


def test_a_waiting_thread_says_so_and_is_woken(supplied: Supplied) -> None:
    raw = supplied.raw
    assert raw("zx_vmo_write", supplied.aux, raw.put(b"come"), PAGE_SIZE, 4) == abi.ZX_OK
    sleeper = reader(supplied, 1)
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_PAGER
    assert supplied.packet() == (abi.ZX_PAGER_VMO_READ, PAGE_SIZE, PAGE_SIZE)
    assert supplied.supply(1) == abi.ZX_OK
    assert sleeper.result() == abi.ZX_OK
    assert raw.process.aspace.read(sleeper.raw.page, 4) == b"come"


def test_what_a_killed_thread_has_asked_for_is_taken_back(
    supplied: Supplied, kernel: Kernel
) -> None:
    raw = supplied.raw
    doomed = kernel.create_process("doomed")
    handle = raw.process.handles.get(supplied.vmo)
    assert handle is not None
    vmo = doomed.add_handle(handle.object)
    first = Sleeper(doomed, lambda other: other("zx_vmo_read", vmo, other.page, 0, 4))
    first.asleep()
    second = reader(supplied, 0)
    second.asleep()
    doomed.kill()
    with pytest.raises(ThreadKilled):
        first.result()
    # The other one waits for the same page, and goes on doing so.
    assert supplied.packet() == (abi.ZX_PAGER_VMO_READ, 0, PAGE_SIZE)
    assert supplied.supply(0) == abi.ZX_OK
    assert second.result() == abi.ZX_OK
    third = kernel.create_process("third")
    vmo = third.add_handle(handle.object)
    alone = Sleeper(third, lambda other: other("zx_vmo_read", vmo, other.page, PAGE_SIZE, 4))
    alone.asleep()
    third.kill()
    with pytest.raises(ThreadKilled):
        alone.result()
    assert supplied.packet() is None


def test_nothing_is_left_when_all_is_closed_while_a_thread_waits(
    supplied: Supplied, kernel: Kernel
) -> None:
    raw = supplied.raw
    sleeper = reader(supplied, 0)
    sleeper.asleep()
    for handle in (supplied.vmo, supplied.port, supplied.pager, supplied.aux):
        assert raw("zx_handle_close", handle) == abi.ZX_OK
    assert sleeper.result() == abi.ZX_ERR_BAD_STATE


@pytest.mark.parametrize(
    ("condition", "create", "create_vmo"),
    [
        (abi.ZX_POL_NEW_PAGER, abi.ZX_ERR_ACCESS_DENIED, abi.ZX_ERR_BAD_HANDLE),
        (abi.ZX_POL_NEW_VMO, abi.ZX_ERR_INVALID_ARGS, abi.ZX_ERR_ACCESS_DENIED),
    ],
)
def test_policies_come_first(
    raw: Raw, kernel: Kernel, condition: int, create: int, create_vmo: int
) -> None:
    root = raw.process.add_handle(kernel.root_job)
    job = raw.handle("zx_job_create", root, 0)
    rule = struct.pack("<III", condition, abi.ZX_POL_ACTION_DENY, abi.ZX_POL_OVERRIDE_DENY)
    basic = (abi.ZX_JOB_POL_RELATIVE, abi.ZX_JOB_POL_BASIC_V2)
    assert raw("zx_job_set_policy", job, *basic, raw.put(rule), 1) == abi.ZX_OK
    handle = raw.process.handles.get(job)
    assert handle is not None
    assert isinstance(handle.object, Job)
    confined = kernel.create_process("confined", handle.object)
    other = Raw(confined)
    assert other("zx_pager_create", 1, 0) == create
    assert other("zx_pager_create_vmo", 0, 64, 0, 0, 0, 0) == create_vmo
    confined.kill()


def test_the_python_door(door: Door) -> None:
    port, pager = door.port_create(0), door.pager_create(0)
    vmo = door.pager_create_vmo(pager, abi.ZX_VMO_RESIZABLE, port, 5, PAGE_SIZE)
    aux = door.vmo_create(PAGE_SIZE, 0)
    door.vmo_write(aux, b"abc", 0)
    door.pager_supply_pages(pager, vmo, 0, PAGE_SIZE, aux, 0)
    assert door.vmo_read(vmo, 0, 3) == b"abc"


#: What is done to a page: (operation, page, value).
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["supply", "write", "zero", "save", "store", "copy"]),
        st.integers(0, PAGES - 1),
        st.integers(1, 255),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(OPERATIONS)
def test_pages_keep_their_contents(operations: list[tuple[str, int, int]]) -> None:
    """All pages have come; whatever is done then, each reads as what was last put there."""
    process = Kernel().create_process("p")
    raw = Raw(process)
    supplied = Supplied(raw)
    assert supplied.supply(0, PAGES) == abi.ZX_OK
    vmar = process.add_handle(process.vmar_root)
    rw = abi.ZX_VM_PERM_READ | abi.ZX_VM_PERM_WRITE
    size = PAGES * PAGE_SIZE
    assert raw("zx_vmar_map", vmar, rw, 0, supplied.vmo, 0, size, raw.page) == abi.ZX_OK
    mapped = raw.u64()
    weak = abi.ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
    child = raw.handle("zx_vmo_create_child", supplied.vmo, weak, 0, size)
    model, copies = [0] * PAGES, dict[int, int]()
    for kind, page, value in operations:
        offset = page * PAGE_SIZE
        data = raw.put(bytes([value]))
        if kind == "supply":  # comes too late
            assert raw("zx_vmo_write", supplied.aux, data, offset, 1) == abi.ZX_OK
            assert supplied.supply(page) == abi.ZX_OK
        elif kind == "write":
            assert raw("zx_vmo_write", supplied.vmo, data, offset, 1) == abi.ZX_OK
            model[page] = value
        elif kind == "zero":
            zero = (supplied.vmo, abi.ZX_VMO_OP_ZERO, offset, PAGE_SIZE)
            assert raw("zx_vmo_op_range", *zero) == abi.ZX_OK
            model[page] = 0
        elif kind == "save":
            for op in (abi.ZX_PAGER_OP_WRITEBACK_BEGIN, abi.ZX_PAGER_OP_WRITEBACK_END):
                saved = (supplied.pager, op, supplied.vmo, 0, size, 0)
                assert raw("zx_pager_op_range", *saved) == abi.ZX_OK
            assert supplied.supply(0, PAGES) == abi.ZX_OK  # zeros that are saved may be gone
        elif kind == "store":
            process.aspace.store(mapped + offset, bytes([value]), raw.thread)
            model[page] = value
        else:
            assert raw("zx_vmo_write", child, data, offset, 1) == abi.ZX_OK
            copies[page] = value
    for page in range(PAGES):
        offset = page * PAGE_SIZE
        assert raw("zx_vmo_read", supplied.vmo, raw.page, offset, 1) == abi.ZX_OK
        assert raw.u32() & 0xFF == model[page]
        assert process.aspace.read(mapped + offset, 1, raw.thread)[0] == model[page]
        assert raw("zx_vmo_read", child, raw.page, offset, 1) == abi.ZX_OK
        assert raw.u32() & 0xFF == copies.get(page, model[page])
    assert not any(ZERO_DATA)  # which all stores share
    process.kill()
