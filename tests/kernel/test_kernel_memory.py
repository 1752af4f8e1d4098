"""User memory, VMOs, regions, streams."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_calls import Raw

from zxio_py import abi
from zxio_py.kernel import Door, Kernel, Process, UserFault, ZxError
from zxio_py.kernel.aspace import USER_TOP
from zxio_py.kernel.pages import PAGE_SIZE, PageStore

RW = abi.ZX_VM_PERM_READ | abi.ZX_VM_PERM_WRITE


# User copies ---------------------------------------------------------------------------------


def test_neighbours_of_a_mapping_are_not_mapped(process: Process) -> None:
    address = process.aspace.map(PAGE_SIZE, "rw")
    other = process.aspace.map(PAGE_SIZE, "rw")
    assert abs(address - other) > PAGE_SIZE
    for bad in (address - 1, address + PAGE_SIZE):
        with pytest.raises(UserFault):
            process.aspace.read(bad, 1)


@pytest.mark.parametrize(
    "address", [0, 8, USER_TOP, 0x8000_0000_0000, 0xFFFF_8000_0000_0000, (1 << 64) - 4]
)
def test_bad_addresses(process: Process, address: int) -> None:
    with pytest.raises(UserFault):
        process.aspace.read(address, 8)
    with pytest.raises(UserFault):
        process.aspace.write(address, bytes(8))


def test_read_only_memory(process: Process) -> None:
    address = process.aspace.map(PAGE_SIZE, "r")
    assert process.aspace.read(address, 4) == bytes(4)
    with pytest.raises(UserFault) as caught:
        process.aspace.write(address, b"x")
    assert (caught.value.address, caught.value.access) == (address, "write")


def test_what_lies_before_a_fault_is_written(process: Process) -> None:
    address = process.aspace.map(PAGE_SIZE, "rw")
    with pytest.raises(UserFault):
        process.aspace.write(address + PAGE_SIZE - 2, b"abcd")
    assert process.aspace.read(address + PAGE_SIZE - 2, 2) == b"ab"


def test_unmap_and_kill_take_memory_away(process: Process) -> None:
    address = process.aspace.map(2 * PAGE_SIZE, "rw")
    process.aspace.write(address, b"x")
    process.aspace.unmap(address, 2 * PAGE_SIZE)
    with pytest.raises(UserFault):
        process.aspace.read(address, 1)
    again = process.aspace.map(PAGE_SIZE, "rw", address)
    assert again == address
    process.kill()
    with pytest.raises(UserFault):
        process.aspace.read(address, 1)


@given(st.lists(st.tuples(st.integers(0, 4 * PAGE_SIZE - 1), st.binary(max_size=9000))))
def test_user_memory_is_memory(writes: list[tuple[int, bytes]]) -> None:
    process = Kernel().create_process("p")
    base = process.aspace.map(4 * PAGE_SIZE, "rw")
    model = bytearray(4 * PAGE_SIZE)
    for offset, data in writes:
        data = data[: len(model) - offset]
        process.aspace.write(base + offset, data)
        model[offset : offset + len(data)] = data
    assert process.aspace.read(base, len(model)) == bytes(model)
    process.kill()


# Page stores ---------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["write", "zero", "decommit", "snapshot", "resize"]),
            st.integers(0, 5 * PAGE_SIZE),
            st.integers(0, 3 * PAGE_SIZE),
        ),
        max_size=30,
    )
)
def test_page_stores_against_plain_copies(steps: list[tuple[int, str, int, int]]) -> None:
    stores = [PageStore(4 * PAGE_SIZE)]
    models = [bytearray(4 * PAGE_SIZE)]
    for number, (which, what, offset, length) in enumerate(steps):
        which %= len(stores)
        store, model = stores[which], models[which]
        offset = min(offset, store.size)
        length = min(length, store.size - offset)
        if what == "write":
            data = bytes([number + 1]) * length
            store.write(offset, data)
            model[offset : offset + length] = data
        elif what == "zero":
            store.zero(offset, length)
            model[offset : offset + length] = bytes(length)
        elif what == "decommit":
            offset, length = offset & -PAGE_SIZE, length & -PAGE_SIZE
            store.decommit(offset, length)
            model[offset : offset + length] = bytes(length)
        elif what == "resize":
            size = length & -PAGE_SIZE
            store.resize(size)
            del model[size:]
            model += bytes(size - len(model))
        elif len(stores) < 4:
            offset &= -PAGE_SIZE
            stores.append(store.snapshot(offset, 3 * PAGE_SIZE))
            models.append(bytearray(model[offset:][: 3 * PAGE_SIZE].ljust(3 * PAGE_SIZE, b"\0")))
    for store, model in zip(stores, models, strict=True):
        assert store.size == len(model)
        assert store.read(0, store.size) == bytes(model)


# VMOs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "rounded"), [(0, 0), (1, 4096), (4096, 4096), (4097, 8192), (1 << 40, 1 << 40)]
)
def test_vmo_size_rounds_up(door: Door, size: int, rounded: int) -> None:
    vmo = door.vmo_create(size, 0)
    assert door.vmo_get_size(vmo) == rounded
    content = door.object_get_property(vmo, abi.ZX_PROP_VMO_CONTENT_SIZE, 8)
    assert int.from_bytes(content, "little") == size


def test_vmo_range_and_rights(raw: Raw) -> None:
    vmo = raw.handle("zx_vmo_create", 1, 0)
    read_only = raw.handle("zx_handle_duplicate", vmo, abi.ZX_RIGHT_READ)
    assert raw("zx_vmo_read", vmo, raw.page, 4096, 0) == abi.ZX_OK
    assert raw("zx_vmo_read", vmo, raw.page, 4097, 0) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw("zx_vmo_read", vmo, 0, 4096, 1) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw("zx_vmo_read", vmo, 0, 0, 1) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_vmo_read", vmo, raw.page, -1, 2) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw("zx_vmo_write", read_only, 0, 5000, 1) == abi.ZX_ERR_ACCESS_DENIED
    assert raw("zx_vmo_set_size", read_only, 0) == abi.ZX_ERR_ACCESS_DENIED
    assert raw("zx_vmo_set_size", vmo, 0) == abi.ZX_ERR_UNAVAILABLE
    assert raw("zx_vmo_set_cache_policy", read_only, 1) == abi.ZX_ERR_ACCESS_DENIED
    assert raw("zx_vmo_set_cache_policy", read_only, 4) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_vmo_set_cache_policy", vmo, 1) == abi.ZX_OK
    assert raw("zx_vmo_read", vmo, 0, 9999, 1) == abi.ZX_ERR_BAD_STATE


def test_vmo_write_moves_what_it_can(raw: Raw, process: Process) -> None:
    vmo = raw.handle("zx_vmo_create", 8192, 0)
    page = process.aspace.map(PAGE_SIZE, "rw")
    process.aspace.write(page + PAGE_SIZE - 2, b"ab")
    assert raw("zx_vmo_write", vmo, page + PAGE_SIZE - 2, 0, 4) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_vmo_read", vmo, raw.page, 0, 4) == abi.ZX_OK
    assert process.aspace.read(raw.page, 4) == b"ab\0\0"


def test_resizable_vmo(door: Door) -> None:
    vmo = door.vmo_create(8192, abi.ZX_VMO_RESIZABLE)
    door.vmo_write(vmo, b"tail", 8188)
    door.vmo_set_size(vmo, 4096)
    door.vmo_set_size(vmo, 5000)
    assert door.vmo_get_size(vmo) == 8192
    assert door.vmo_read(vmo, 8188, 4) == bytes(4)
    with pytest.raises(ZxError, match="OUT_OF_RANGE"):
        door.vmo_set_size(vmo, (1 << 64) - 1)


def test_snapshot_isolates_both_ways(door: Door) -> None:
    vmo = door.vmo_create(8192, 0)
    door.vmo_write(vmo, b"old", 0)
    child = door.vmo_create_child(vmo, abi.ZX_VMO_CHILD_SNAPSHOT, 0, 8192)
    door.vmo_write(vmo, b"new", 0)
    door.vmo_write(child, b"own", 4096)
    assert door.vmo_read(child, 0, 3) == b"old"
    assert door.vmo_read(vmo, 4096, 3) == bytes(3)
    basic = struct.unpack("<QIIQII", door.object_get_info(child, abi.ZX_INFO_HANDLE_BASIC, 32)[0])
    assert basic[1] == abi.ZX_DEFAULT_VMO_RIGHTS
    with pytest.raises(ZxError, match="NOT_SUPPORTED"):
        door.vmo_op_range(child, abi.ZX_VMO_OP_DECOMMIT, 1, 1, b"")


def test_slice_shares(door: Door) -> None:
    vmo = door.vmo_create(3 * 4096, 0)
    part = door.vmo_create_child(vmo, abi.ZX_VMO_CHILD_SLICE, 4096, 4096)
    door.vmo_write(part, b"both", 0)
    assert door.vmo_read(vmo, 4096, 4) == b"both"
    with pytest.raises(ZxError, match="OUT_OF_RANGE"):
        door.vmo_read(part, 4096, 1)
    with pytest.raises(ZxError, match="NOT_SUPPORTED"):
        door.vmo_create_child(part, abi.ZX_VMO_CHILD_SNAPSHOT, 0, 4096)


def test_zero_children_waits_for_grandchildren(raw: Raw) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    child = raw.handle("zx_vmo_create_child", vmo, abi.ZX_VMO_CHILD_SLICE, 0, 4096)
    grandchild = raw.handle("zx_vmo_create_child", child, abi.ZX_VMO_CHILD_SLICE, 0, 4096)
    assert raw.signals(vmo) == 0
    raw("zx_handle_close", child)
    assert raw.signals(vmo) == 0
    raw("zx_handle_close", grandchild)
    assert raw.signals(vmo) == abi.ZX_VMO_ZERO_CHILDREN


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (0, abi.ZX_ERR_INVALID_ARGS),
        (abi.ZX_VMO_CHILD_SNAPSHOT | abi.ZX_VMO_CHILD_SLICE, abi.ZX_ERR_INVALID_ARGS),
        (abi.ZX_VMO_CHILD_SLICE | abi.ZX_VMO_CHILD_RESIZABLE, abi.ZX_ERR_INVALID_ARGS),
        (1 << 31, abi.ZX_ERR_INVALID_ARGS),
        (abi.ZX_VMO_CHILD_REFERENCE, abi.ZX_ERR_INVALID_ARGS),
        (abi.ZX_VMO_CHILD_SNAPSHOT | abi.ZX_VMO_CHILD_NO_WRITE, abi.ZX_OK),
    ],
)
def test_child_options(raw: Raw, options: int, status: int) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    assert raw("zx_vmo_create_child", vmo, options, 0, 4096, raw.page) == status


def test_discardable_lock(raw: Raw) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, abi.ZX_VMO_DISCARDABLE)
    op = "zx_vmo_op_range"
    assert raw(op, vmo, abi.ZX_VMO_OP_UNLOCK, 0, 4096, 0, 0) == abi.ZX_ERR_BAD_STATE
    assert raw(op, vmo, abi.ZX_VMO_OP_LOCK, 0, 4096, raw.page, 31) == abi.ZX_ERR_INVALID_ARGS
    assert raw(op, vmo, abi.ZX_VMO_OP_LOCK, 0, 1, raw.page, 32) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw(op, vmo, abi.ZX_VMO_OP_LOCK, 0, 4096, raw.page, 32) == abi.ZX_OK
    assert (raw.u64(), raw.u64(8)) == (0, 4096)
    assert raw(op, vmo, abi.ZX_VMO_OP_UNLOCK, 0, 4096, 0, 0) == abi.ZX_OK
    plain = raw.handle("zx_vmo_create", 4096, 0)
    assert raw(op, plain, abi.ZX_VMO_OP_TRY_LOCK, 0, 1, 0, 0) == abi.ZX_ERR_NOT_SUPPORTED


# Regions -------------------------------------------------------------------------------------


@pytest.fixture
def vmar(process: Process) -> int:
    return process.add_handle(process.allocate_vmar(64 * PAGE_SIZE))


def base_of(raw: Raw, vmar: int) -> int:
    assert raw("zx_object_get_info", vmar, abi.ZX_INFO_VMAR, raw.page, 16, 0, 0) == abi.ZX_OK
    return raw.u64()


def test_map_write_and_protect(raw: Raw, process: Process, vmar: int) -> None:
    vmo = raw.handle("zx_vmo_create", 8192, 0)
    assert raw("zx_vmar_map", vmar, RW, 0, vmo, 4096, 1, raw.page) == abi.ZX_OK
    address = raw.u64()
    process.aspace.write(address, b"seen")
    assert raw("zx_vmo_read", vmo, raw.page, 4096, 4) == abi.ZX_OK
    assert process.aspace.read(raw.page, 4) == b"seen"
    assert raw("zx_vmar_protect", vmar, abi.ZX_VM_PERM_READ, address, 1) == abi.ZX_OK
    with pytest.raises(UserFault):
        process.aspace.write(address, b"x")
    assert raw("zx_vmar_protect", vmar, abi.ZX_VM_PERM_WRITE, address, 1) == (
        abi.ZX_ERR_INVALID_ARGS
    )
    assert raw("zx_vmar_unmap", vmar, address, 1) == abi.ZX_OK
    with pytest.raises(UserFault):
        process.aspace.read(address, 1)


def test_writes_through_a_clone_stay_in_it(raw: Raw, process: Process, vmar: int) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    assert raw("zx_vmar_map", vmar, RW, 0, vmo, 0, 4096, raw.page) == abi.ZX_OK
    mapped = raw.u64()
    process.aspace.write(mapped, b"one")
    child = raw.handle("zx_vmo_create_child", vmo, abi.ZX_VMO_CHILD_SNAPSHOT, 0, 4096)
    process.aspace.write(mapped, b"two")
    assert raw("zx_vmo_read", child, raw.page, 0, 3) == abi.ZX_OK
    assert process.aspace.read(raw.page, 3) == b"one"
    assert process.aspace.read(mapped, 3) == b"two"


def test_unmap_from_the_middle(raw: Raw, process: Process, vmar: int) -> None:
    vmo = raw.handle("zx_vmo_create", 3 * 4096, 0)
    assert raw("zx_vmar_map", vmar, RW, 0, vmo, 0, 3 * 4096, raw.page) == abi.ZX_OK
    address = raw.u64()
    process.aspace.write(address, b"a" * 3 * 4096)
    assert raw("zx_vmar_unmap", vmar, address + 4096, 4096) == abi.ZX_OK
    assert process.aspace.read(address + 4095, 1) == b"a"
    assert process.aspace.read(address + 8192, 1) == b"a"
    with pytest.raises(UserFault):
        process.aspace.read(address + 4096, 1)
    offset = address + 4096 - base_of(raw, vmar)
    specific = RW | abi.ZX_VM_SPECIFIC
    map_ = "zx_vmar_map"
    assert raw(map_, vmar, specific, offset, vmo, 0, 8192, raw.page) == abi.ZX_ERR_ALREADY_EXISTS
    assert raw(map_, vmar, specific, offset, vmo, 0, 4096, raw.page) == abi.ZX_OK
    overwrite = RW | abi.ZX_VM_SPECIFIC_OVERWRITE
    assert raw(map_, vmar, overwrite, offset, vmo, 0, 8192, raw.page) == abi.ZX_OK


def test_nested_regions(raw: Raw, vmar: int) -> None:
    allocate = "zx_vmar_allocate"
    can_read = abi.ZX_VM_CAN_MAP_READ | abi.ZX_VM_CAN_MAP_SPECIFIC
    assert raw(allocate, vmar, can_read, 0, 8 * 4096, raw.page, raw.page + 8) == abi.ZX_OK
    child, address = raw.u32(), raw.u64(8)
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    assert raw("zx_vmar_map", child, RW, 0, vmo, 0, 4096, raw.page) == abi.ZX_ERR_ACCESS_DENIED
    read = abi.ZX_VM_PERM_READ
    assert raw("zx_vmar_map", child, read, 0, vmo, 0, 4096, raw.page) == abi.ZX_OK
    assert raw(allocate, vmar, can_read, 4096, 4096, raw.page, raw.page + 8) == (
        abi.ZX_ERR_INVALID_ARGS
    )
    assert raw("zx_vmar_unmap", vmar, address, 4096) == abi.ZX_ERR_INVALID_ARGS  # part of it
    assert raw("zx_vmar_unmap", vmar, address, 8 * 4096) == abi.ZX_OK
    assert raw("zx_vmar_destroy", child) == abi.ZX_ERR_BAD_STATE
    assert raw("zx_vmar_map", child, read, 0, vmo, 0, 4096, raw.page) == abi.ZX_ERR_BAD_STATE
    assert raw.live(child)


def test_mapping_keeps_a_vmo_alive(kernel: Kernel, raw: Raw, vmar: int) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    child = raw.handle("zx_vmo_create_child", vmo, abi.ZX_VMO_CHILD_SNAPSHOT, 0, 4096)
    assert raw("zx_vmar_map", vmar, RW, 0, child, 0, 4096, raw.page) == abi.ZX_OK
    raw("zx_handle_close", child)
    assert raw.signals(vmo) == 0
    assert raw("zx_vmar_destroy", vmar) == abi.ZX_OK
    assert raw.signals(vmo) == abi.ZX_VMO_ZERO_CHILDREN


# Streams -------------------------------------------------------------------------------------


def vectors(raw: Raw, *pairs: tuple[int, int]) -> int:
    return raw.put(b"".join(struct.pack("<QQ", *pair) for pair in pairs), 0x2000)


def test_stream_reads_and_writes_at_its_place(raw: Raw, process: Process) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    both = abi.ZX_STREAM_MODE_READ | abi.ZX_STREAM_MODE_WRITE
    stream = raw.handle("zx_stream_create", both, vmo, 4090)
    data = raw.put(b"0123456789")
    array = vectors(raw, (data, 4), (data + 4, 6))
    assert raw("zx_stream_writev", stream, 0, array, 2, raw.page) == abi.ZX_OK
    assert raw.u64() == 6
    assert raw("zx_stream_writev", stream, 0, array, 2, raw.page) == abi.ZX_ERR_NO_SPACE
    assert raw("zx_stream_seek", stream, 1, -6, raw.page) == abi.ZX_OK
    assert raw.u64() == 4090
    array = vectors(raw, (raw.page + 0x101, 1), (raw.page + 0x100, 1), (raw.page + 0x110, 90))
    assert raw("zx_stream_readv", stream, 0, array, 3, raw.page) == abi.ZX_OK
    assert raw.u64() == 6
    assert process.aspace.read(raw.page + 0x100, 2) == b"10"
    nowhere = vectors(raw, (0, 7))
    assert raw("zx_stream_readv", stream, 0, nowhere, 1, raw.page) == abi.ZX_OK  # at the end
    assert raw.u64() == 0
    assert raw("zx_stream_readv_at", stream, 0, 4095, nowhere, 1, 0) == abi.ZX_ERR_NOT_FOUND


def test_stream_grows_a_resizable_vmo(raw: Raw) -> None:
    vmo = raw.handle("zx_vmo_create", 4096, abi.ZX_VMO_RESIZABLE)
    stream = raw.handle("zx_stream_create", abi.ZX_STREAM_MODE_WRITE, vmo, 0)
    array = vectors(raw, (raw.put(bytes(10)), 10))
    assert raw("zx_stream_writev_at", stream, 0, 4090, array, 1, 0) == abi.ZX_OK
    assert raw("zx_vmo_get_size", vmo, raw.page) == abi.ZX_OK
    assert raw.u64() == 8192
    assert raw("zx_stream_seek", stream, 2, 0, raw.page) == abi.ZX_OK
    assert raw.u64() == 4100
    assert raw("zx_stream_seek", stream, 0, -1, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_stream_seek", stream, 3, 0, 0) == abi.ZX_ERR_INVALID_ARGS


def test_no_machine_has_so_much_memory(raw: Raw) -> None:
    vmo = raw.handle("zx_vmo_create", 1 << 45, 0)
    commit = raw("zx_vmo_op_range", vmo, abi.ZX_VMO_OP_COMMIT, 0, 1 << 45, 0, 0)
    assert commit == abi.ZX_ERR_NO_MEMORY
