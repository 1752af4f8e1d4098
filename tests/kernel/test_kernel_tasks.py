"""Jobs, processes, threads: their tree, their ends, what is known about them; the log."""

from __future__ import annotations

import struct

import pytest
from kernel_calls import Raw, status_of

from zxio_py import abi
from zxio_py.kernel import Door, Kernel, Process, ThreadExited, ThreadKilled

CHILDLESS = abi.ZX_JOB_NO_JOBS | abi.ZX_JOB_NO_PROCESSES | abi.ZX_JOB_NO_CHILDREN


@pytest.fixture
def job(process: Process) -> int:
    return process.add_handle(process.kernel.root_job.create_child())


def basic(door: Door, handle: int) -> tuple[int, ...]:
    record, actual, avail = door.object_get_info(handle, abi.ZX_INFO_HANDLE_BASIC, 32)
    assert actual == avail == 1
    return struct.unpack("<QIIQII", record)


def test_job_signals_follow_its_children(raw: Raw, job: int) -> None:
    assert raw.signals(job) == CHILDLESS
    child = raw.handle("zx_job_create", job, 0)
    assert raw.signals(job) == abi.ZX_JOB_NO_PROCESSES
    raw("zx_handle_close", child)
    assert raw.signals(job) == CHILDLESS
    name = raw.put(b"p")
    assert raw("zx_process_create", job, name, 1, 0, raw.page, raw.page + 4) == abi.ZX_OK
    process, vmar = raw.u32(), raw.u32(4)
    assert raw.signals(job) == abi.ZX_JOB_NO_JOBS
    raw("zx_handle_close", vmar)
    raw("zx_handle_close", process)  # it never started
    assert raw.signals(job) == CHILDLESS


def test_killing_a_job(raw: Raw, door: Door, job: int) -> None:
    process, vmar = door.process_create(job, b"p", 0)
    thread = door.thread_create(process, b"t", 0)
    assert basic(door, thread)[3] == basic(door, process)[0]
    assert basic(door, process)[3] == basic(door, job)[0]
    door.task_kill(job)
    assert raw.signals(job) == CHILDLESS | abi.ZX_JOB_TERMINATED
    assert raw.signals(process) == abi.ZX_PROCESS_TERMINATED
    assert raw.signals(thread) == 0  # it never started: it is none of the process's threads
    assert status_of(door.job_create, job, 0) == abi.ZX_ERR_BAD_STATE
    assert status_of(door.process_create, job, b"q", 0) == abi.ZX_ERR_BAD_STATE
    assert status_of(door.thread_create, process, b"t", 0) == abi.ZX_ERR_BAD_STATE
    assert status_of(door.vmar_destroy, vmar) == abi.ZX_ERR_BAD_STATE
    info = struct.unpack("<qqII", door.object_get_info(process, abi.ZX_INFO_PROCESS, 24)[0])
    assert info[0] == abi.ZX_TASK_RETCODE_SYSCALL_KILL
    assert info[2] == abi.ZX_INFO_PROCESS_FLAG_STARTED | abi.ZX_INFO_PROCESS_FLAG_EXITED


def test_job_tree_has_a_bottom(door: Door, job: int) -> None:
    depth = 0
    while status_of(door.job_create, job, 0) == abi.ZX_OK and depth < 128:
        job = door.job_create(job, 0)
        depth += 1
    assert 8 < depth < 128
    assert status_of(door.job_create, job, 0) == abi.ZX_ERR_OUT_OF_RANGE


def test_rights_to_create(raw: Raw, job: int) -> None:
    for rights, status in [
        (abi.ZX_RIGHT_MANAGE_JOB, abi.ZX_OK),
        (abi.ZX_RIGHT_WRITE, abi.ZX_OK),
        (abi.ZX_RIGHT_READ, abi.ZX_ERR_ACCESS_DENIED),
    ]:
        handle = raw.handle("zx_handle_duplicate", job, rights)
        assert raw("zx_job_create", handle, 0, raw.page) == status
        assert raw("zx_job_create", handle, 1, raw.page) == abi.ZX_ERR_INVALID_ARGS


def test_names(door: Door, raw: Raw, job: int) -> None:
    assert raw("zx_process_create", job, 0, 0, 0, raw.page, raw.page) == abi.ZX_ERR_INVALID_ARGS
    process, _ = door.process_create(job, b"n" * 80, 0)
    assert door.object_get_property(process, abi.ZX_PROP_NAME, 32) == b"n" * 31 + b"\0"
    door.object_set_property(process, abi.ZX_PROP_NAME, b"a\0b")
    assert door.object_get_property(process, abi.ZX_PROP_NAME, 32) == b"a".ljust(32, b"\0")
    assert status_of(door.object_get_property, process, abi.ZX_PROP_NAME, 31) == (
        abi.ZX_ERR_BUFFER_TOO_SMALL
    )
    socket, _ = door.socket_create(0)
    assert status_of(door.object_get_property, socket, abi.ZX_PROP_NAME, 32) == (
        abi.ZX_ERR_WRONG_TYPE
    )
    assert status_of(door.object_get_property, socket, 999, 32) == abi.ZX_ERR_NOT_SUPPORTED


def test_children_are_listed_and_reachable(door: Door, job: int) -> None:
    koids = sorted(basic(door, door.process_create(job, b"p", 0)[0])[0] for _ in range(3))
    for room, actual in [(0, 0), (8, 1), (23, 2), (64, 3)]:
        data, got, avail = door.object_get_info(job, abi.ZX_INFO_JOB_PROCESSES, room)
        assert (got, avail) == (actual, 3)
        assert sorted(struct.unpack(f"<{got}Q", data[: 8 * got])) == koids[:got]
    child = door.object_get_child(job, koids[0], abi.ZX_RIGHT_READ)
    assert basic(door, child)[:2] == (koids[0], abi.ZX_RIGHT_READ)
    assert status_of(door.object_get_child, job, 5, abi.ZX_RIGHT_READ) == abi.ZX_ERR_NOT_FOUND
    assert status_of(door.object_get_child, job, 5, abi.ZX_RIGHT_MAP) == abi.ZX_ERR_ACCESS_DENIED


def test_get_info_precedence(raw: Raw) -> None:
    event = raw.handle("zx_event_create", 0)
    bare = raw.handle("zx_handle_duplicate", event, 0)
    get = "zx_object_get_info"
    assert raw(get, 0, 0x999, 0, 0, 0, 0) == abi.ZX_ERR_NOT_SUPPORTED
    assert raw(get, 0, abi.ZX_INFO_VMAR, 0, 0, 8, 8) == abi.ZX_ERR_BAD_HANDLE
    assert raw(get, bare, abi.ZX_INFO_VMAR, 0, 0, 8, 8) == abi.ZX_ERR_WRONG_TYPE
    assert raw(get, bare, abi.ZX_INFO_HANDLE_COUNT, 0, 0, 8, 8) == abi.ZX_ERR_ACCESS_DENIED
    assert raw(get, event, abi.ZX_INFO_HANDLE_COUNT, 0, 0, 8, 0) == abi.ZX_ERR_INVALID_ARGS
    status = raw(get, event, abi.ZX_INFO_HANDLE_COUNT, 0, 3, raw.page, raw.page + 8)
    assert (status, raw.u64(), raw.u64(8)) == (abi.ZX_ERR_BUFFER_TOO_SMALL, 0, 1)
    assert raw(get, event, abi.ZX_INFO_HANDLE_COUNT, raw.page, 4, 0, 0) == abi.ZX_OK
    assert raw.u32() == 2


def test_exits(kernel: Kernel) -> None:
    raw = Raw(kernel.create_process("exits"))
    with pytest.raises(ThreadExited):
        raw("zx_process_exit", 7)
    assert (raw.process.dead, raw.process.retcode) == (True, 7)
    with pytest.raises(ThreadKilled):
        raw("zx_ticks_get")
    first = Raw(kernel.create_process("threads"))
    second = Raw(first.process)
    with pytest.raises(ThreadExited):
        first("zx_thread_exit")
    assert not first.process.dead
    with pytest.raises(ThreadExited):
        second("zx_thread_exit")
    assert first.process.dead


def test_killing_oneself(kernel: Kernel) -> None:
    raw = Raw(kernel.create_process("itself"))
    with pytest.raises(ThreadKilled):
        raw("zx_task_kill", raw.process.add_handle(raw.process))


def test_policy(kernel: Kernel, raw: Raw, job: int) -> None:
    deny_events = struct.pack("<II", abi.ZX_POL_NEW_EVENT, abi.ZX_POL_ACTION_DENY)
    bad_handle = struct.pack("<II", abi.ZX_POL_BAD_HANDLE, abi.ZX_POL_ACTION_KILL)
    absolute, basic_v1 = abi.ZX_JOB_POL_ABSOLUTE, abi.ZX_JOB_POL_BASIC_V1
    for records, status in [
        (deny_events + bad_handle, abi.ZX_OK),
        (struct.pack("<II", abi.ZX_POL_NEW_EVENT, abi.ZX_POL_ACTION_ALLOW), -26),
        (struct.pack("<II", abi.ZX_POL_NEW_EVENT, 9), abi.ZX_ERR_NOT_SUPPORTED),
        (struct.pack("<II", 99, 0), abi.ZX_ERR_INVALID_ARGS),
    ]:
        at = raw.put(records)
        assert raw("zx_job_set_policy", job, absolute, basic_v1, at, len(records) // 8) == status
    held = raw.process.handles.get(job)
    assert held is not None
    target = held.object
    confined = Raw(kernel.create_process("confined", target))  # type: ignore[arg-type]
    assert confined("zx_event_create", 0, confined.page) == abi.ZX_ERR_ACCESS_DENIED
    assert confined("zx_event_create", 1, confined.page) == abi.ZX_ERR_INVALID_ARGS
    assert not confined.live(4)
    with pytest.raises(ThreadKilled, match="policy"):
        confined("zx_handle_duplicate", 4, 0, 0)
    assert confined.process.retcode == abi.ZX_TASK_RETCODE_POLICY_KILL


# The log and the vDSO ------------------------------------------------------------------------


def test_debuglog(raw: Raw, process: Process, kernel: Kernel) -> None:
    root = process.add_handle(kernel.root_resource)
    event = raw.handle("zx_event_create", 0)
    create = "zx_debuglog_create"
    assert raw(create, event, 1, raw.page) == abi.ZX_ERR_WRONG_TYPE
    assert raw(create, 0, 1, raw.page) == abi.ZX_ERR_BAD_HANDLE
    assert raw(create, root, 1, raw.page) == abi.ZX_ERR_INVALID_ARGS
    writer = raw.handle(create, 0, 0)
    reader = raw.handle(create, root, abi.ZX_LOG_FLAG_READABLE)
    assert raw("zx_debuglog_read", writer, 0, raw.page, 64) == abi.ZX_ERR_ACCESS_DENIED
    assert raw("zx_debuglog_read", reader, 0, raw.page, 64) == abi.ZX_ERR_SHOULD_WAIT
    text = raw.put(b"t" * 300)
    assert raw("zx_debuglog_write", writer, 1, text, 300) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_debuglog_write", writer, 0, text, 300) == abi.ZX_OK
    assert raw.signals(reader) & abi.ZX_LOG_READABLE
    assert raw("zx_debuglog_read", reader, 0, raw.page, 1000) == abi.ZX_LOG_RECORD_MAX
    record = process.aspace.read(raw.page, abi.ZX_LOG_RECORD_MAX)
    assert record[40:] == b"t" * abi.ZX_LOG_RECORD_DATA_MAX
    assert record[14] == abi.DEBUGLOG_INFO
    assert struct.unpack_from("<QQ", record, 24) == (process.koid, raw.thread.koid)
    assert raw.signals(reader) & abi.ZX_LOG_READABLE
    assert raw("zx_debuglog_read", reader, 0, raw.page, 1000) == abi.ZX_ERR_SHOULD_WAIT
    assert not raw.signals(reader) & abi.ZX_LOG_READABLE


@pytest.mark.parametrize(
    ("status", "text"), [(0, b"ZX_OK"), (-11, b"ZX_ERR_BAD_HANDLE"), (-999, b"(UNKNOWN)")]
)
def test_status_get_string(raw: Raw, status: int, text: bytes) -> None:
    address = raw("zx_status_get_string", status)
    assert raw.process.aspace.read(address, len(text) + 1) == text + b"\0"


def test_implemented_is_what_the_raw_door_has(kernel: Kernel, raw: Raw) -> None:
    assert kernel.implemented <= set(abi.CALLS)
    for name in sorted(set(abi.CALLS) - kernel.implemented):
        with pytest.raises(KeyError):
            raw(name)


# Resources and the system --------------------------------------------------------------------


def test_resources(raw: Raw, kernel: Kernel) -> None:
    root = raw.process.add_handle(kernel.root_resource)
    mmio, exclusive = abi.ZX_RSRC_KIND_MMIO, abi.ZX_RSRC_FLAG_EXCLUSIVE

    def create(parent: int, options: int, base: int, size: int) -> int:
        return raw("zx_resource_create", parent, options, base, size, raw.page, 1, raw.page + 8)

    assert create(root, abi.ZX_RSRC_KIND_COUNT, 0, 1) == abi.ZX_ERR_INVALID_ARGS
    assert create(root, mmio, (1 << 64) - 1, 2) == abi.ZX_ERR_INVALID_ARGS
    assert create(root, mmio, 0x1000, 0x1000) == abi.ZX_OK
    shared = raw.u32(8)
    assert create(root, mmio | exclusive, 0x1800, 0x1000) == abi.ZX_ERR_NOT_FOUND
    assert create(shared, mmio | exclusive, 0x1000, 1) == abi.ZX_ERR_INVALID_ARGS
    assert create(shared, abi.ZX_RSRC_KIND_IRQ, 0x1000, 1) == abi.ZX_ERR_ACCESS_DENIED
    assert create(shared, mmio, 0x1000, 0x1001) == abi.ZX_ERR_ACCESS_DENIED
    assert create(shared, mmio, 0x1800, 0x800) == abi.ZX_OK
    raw("zx_handle_close", raw.u32(8))
    raw("zx_handle_close", shared)
    assert create(root, mmio | exclusive, 0x1800, 0x1000) == abi.ZX_OK
    assert create(root, mmio, 0x1000, 0x801) == abi.ZX_ERR_NOT_FOUND


def test_system_events(raw: Raw, kernel: Kernel) -> None:
    root = raw.process.add_handle(kernel.root_job)
    child = raw.handle("zx_job_create", root, 0)
    get = "zx_system_get_event"
    assert raw(get, child, 1, raw.page) == abi.ZX_ERR_ACCESS_DENIED
    assert raw(get, root, 0, raw.page) == abi.ZX_ERR_INVALID_ARGS
    assert raw(get, root, 6, raw.page) == abi.ZX_ERR_INVALID_ARGS
    normal = raw.handle(get, root, abi.ZX_SYSTEM_EVENT_MEMORY_PRESSURE_NORMAL)
    assert raw.signals(normal) == abi.ZX_EVENT_SIGNALED
    assert raw("zx_object_signal", normal, 8, 0) == abi.ZX_ERR_ACCESS_DENIED


def test_debug_write(raw: Raw, kernel: Kernel) -> None:
    assert raw("zx_debug_write", raw.put(b"hello"), 5) == abi.ZX_OK
    assert bytes(kernel.serial) == b"hello"
    assert raw("zx_debug_write", 8, 1) == abi.ZX_ERR_INVALID_ARGS
    kernel.serial.clear()
    near_the_end = raw.put(b"a" * 256 + b"b" * 4, 0x4000 - 260)
    assert raw("zx_debug_write", near_the_end, 300) == abi.ZX_ERR_INVALID_ARGS
    assert bytes(kernel.serial) == b"a" * 256  # of a piece that cannot all be read comes nothing


@pytest.mark.parametrize("options", range(9))
def test_cache_flush_options(raw: Raw, options: int) -> None:
    status = raw("zx_cache_flush", raw.page, 1, options)
    assert status == (abi.ZX_OK if options in (1, 2, 3, 6, 7) else abi.ZX_ERR_INVALID_ARGS)
