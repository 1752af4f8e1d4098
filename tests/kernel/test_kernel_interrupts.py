"""Interrupts across threads, and what pinned memory leaves behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from kernel_calls import Raw
from test_kernel_waits import Sleeper

from zxio_py import abi
from zxio_py.kernel import Kernel, Process, ThreadKilled
from zxio_py.kernel.interrupt import Interrupt

RW = abi.ZX_BTI_PERM_READ | abi.ZX_BTI_PERM_WRITE


@pytest.fixture
def interrupt(raw: Raw) -> int:
    return raw.handle("zx_interrupt_create", 0, 0, abi.ZX_INTERRUPT_VIRTUAL)


@pytest.fixture
def doomed(kernel: Kernel) -> Iterator[Process]:
    """A process of its own, whose threads end with the test however that ends."""
    process = kernel.create_process("doomed")
    yield process
    process.kill()


@pytest.fixture
def bti(raw: Raw, kernel: Kernel) -> int:
    root = raw.process.add_handle(kernel.root_resource)
    iommu = raw.handle("zx_iommu_create", root, abi.ZX_IOMMU_TYPE_DUMMY, raw.put(b"\0"), 1)
    return raw.handle("zx_bti_create", iommu, 0, 7)


def pin(raw: Raw, bti: int, vmo: int, offset: int, pages: int, options: int = RW) -> int:
    """Pin pages of a VMO: the token; the addresses are at 0x100 of the scratch page."""
    count = 1 if options & abi.ZX_BTI_CONTIGUOUS else pages
    return raw.handle(
        "zx_bti_pin", bti, options, vmo, offset, pages * 4096, raw.page + 0x100, count
    )


def addresses(raw: Raw, count: int) -> list[int]:
    return [raw.u64(0x100 + 8 * index) for index in range(count)]


def test_a_waiting_thread_says_so_and_is_woken(raw: Raw, interrupt: int) -> None:
    sleeper = Sleeper(raw.process, lambda other: other("zx_interrupt_wait", interrupt, other.page))
    assert sleeper.asleep() == abi.ZX_THREAD_STATE_BLOCKED_INTERRUPT
    assert raw("zx_interrupt_trigger", interrupt, 0, -5) == abi.ZX_OK
    assert sleeper.result() == abi.ZX_OK
    assert sleeper.raw.u64() == (1 << 64) - 5


def test_a_killed_waiter_leaves_the_interrupt_idle(
    raw: Raw, doomed: Process, interrupt: int
) -> None:
    port = raw.handle("zx_port_create", abi.ZX_PORT_BIND_TO_INTERRUPT)
    handle = raw.process.handles.get(interrupt)
    assert handle is not None
    shared = doomed.add_handle(handle.object)
    sleeper = Sleeper(doomed, lambda other: other("zx_interrupt_wait", shared, 0))
    sleeper.asleep()
    assert raw("zx_interrupt_bind", interrupt, port, 1, 0) == abi.ZX_ERR_BAD_STATE
    doomed.kill()
    with pytest.raises(ThreadKilled):
        sleeper.result()
    assert raw("zx_interrupt_bind", interrupt, port, 1, 0) == abi.ZX_OK
    assert raw("zx_interrupt_trigger", interrupt, 0, 3) == abi.ZX_OK
    assert raw("zx_port_wait", port, 0, raw.page) == abi.ZX_OK


def test_a_trigger_just_before_the_destruction(raw: Raw, kernel: Kernel, interrupt: int) -> None:
    handle = raw.process.handles.get(interrupt)
    assert handle is not None
    assert isinstance(handle.object, Interrupt)
    sleeper = Sleeper(raw.process, lambda other: other("zx_interrupt_wait", interrupt, 0))
    sleeper.asleep()
    with kernel.lock:  # so the thread, though woken, comes too late
        handle.object.trigger(1)
        assert handle.object.destroy()
    assert sleeper.result() == abi.ZX_ERR_CANCELED
    assert raw("zx_interrupt_wait", interrupt, 0) == abi.ZX_ERR_CANCELED


def test_a_closed_interrupt_is_gone_though_its_packet_was_queued(raw: Raw, kernel: Kernel) -> None:
    port = raw.handle("zx_port_create", abi.ZX_PORT_BIND_TO_INTERRUPT)
    before = kernel.counts()
    for _ in range(3):
        interrupt = raw.handle("zx_interrupt_create", 0, 0, abi.ZX_INTERRUPT_VIRTUAL)
        assert raw("zx_interrupt_bind", interrupt, port, 1, 0) == abi.ZX_OK
        assert raw("zx_interrupt_trigger", interrupt, 0, 1) == abi.ZX_OK
        assert raw("zx_handle_close", interrupt) == abi.ZX_OK
    gc.collect()
    assert kernel.counts() == before


def test_pages_keep_their_addresses(raw: Raw, bti: int) -> None:
    vmo = raw.handle("zx_vmo_create", 3 * 4096, 0)
    token = pin(raw, bti, vmo, 0, 3)
    first = addresses(raw, 3)
    assert len({*first}) == 3
    assert all(address and address % 4096 == 0 for address in first)
    assert raw("zx_pmt_unpin", token) == abi.ZX_OK
    pin(raw, bti, vmo, 4096, 2)
    assert addresses(raw, 2) == first[1:]


def test_addresses_of_contiguous_memory(raw: Raw, bti: int) -> None:
    vmo = raw.handle("zx_vmo_create_contiguous", bti, 4 * 4096, 0)
    pin(raw, bti, vmo, 0, 4)
    first, *others = addresses(raw, 4)
    assert others == [first + 4096, first + 8192, first + 12288]
    pin(raw, bti, vmo, 8192, 2, RW | abi.ZX_BTI_CONTIGUOUS)
    assert addresses(raw, 1) == [first + 8192]


@pytest.mark.parametrize("bti_first", [False, True])
def test_what_nobody_unpins_goes_with_its_vmo(
    raw: Raw, kernel: Kernel, bti: int, bti_first: bool
) -> None:
    before = kernel.counts()
    vmo = raw.handle("zx_vmo_create", 8192, 0)
    child = raw.handle("zx_vmo_create_child", vmo, abi.ZX_VMO_CHILD_SLICE, 0, 4096)
    token = pin(raw, bti, child, 0, 1)
    for handle in (bti, token) if bti_first else (token, bti):
        assert raw("zx_handle_close", handle) == abi.ZX_OK
    decommit = ("zx_vmo_op_range", vmo, abi.ZX_VMO_OP_DECOMMIT, 0)
    assert raw(*decommit, 4096, 0, 0) == abi.ZX_ERR_BAD_STATE
    for handle in (vmo, child):
        assert raw("zx_handle_close", handle) == abi.ZX_OK
    gc.collect()
    assert kernel.counts().objects == before.objects - 1  # the BTI
