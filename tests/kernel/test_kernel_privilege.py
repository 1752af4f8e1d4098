"""What programs cannot reach: profiles, which want the root job, and the calls for debugging."""

from __future__ import annotations

import struct

import pytest
from kernel_calls import Raw

from zxio_py import abi
from zxio_py.kernel import Kernel
from zxio_py.kernel.bti import Bti
from zxio_py.kernel.iommu import Iommu
from zxio_py.kernel.job import Job

PRIORITY, MASK = abi.ZX_PROFILE_INFO_FLAG_PRIORITY, abi.ZX_PROFILE_INFO_FLAG_CPU_MASK
DEADLINE, NO_INHERIT = abi.ZX_PROFILE_INFO_FLAG_DEADLINE, abi.ZX_PROFILE_INFO_FLAG_NO_INHERIT


def priority(flags: int, value: int, mask: int = 0) -> bytes:
    return struct.pack("<IIi20xQ56x", flags, 0, value, mask)


def deadline(flags: int, *params: int) -> bytes:
    return struct.pack("<II3q64x", flags, 0, *params)


# ---- profiles


PROFILES = [
    (priority(PRIORITY, 0), True),
    (priority(PRIORITY, 31), True),
    (priority(PRIORITY, 32), False),
    (priority(PRIORITY, -1), False),
    (priority(PRIORITY | NO_INHERIT, 16), True),
    (priority(PRIORITY | MASK, 16, 1), True),
    (priority(MASK, -1), True),
    (priority(MASK | NO_INHERIT, 0, 1), True),
    (priority(0, 16), False),
    (priority(NO_INHERIT, 16), False),
    (priority(PRIORITY | DEADLINE, 16), False),
    (priority(PRIORITY | 32, 16), False),
    (priority(abi.ZX_PROFILE_INFO_FLAG_MEMORY_PRIORITY, 16), False),
    (deadline(DEADLINE, 1, 1, 1), True),
    (deadline(DEADLINE | MASK, 1, 2, 3), True),
    (deadline(DEADLINE, 0, 2, 3), False),
    (deadline(DEADLINE, 3, 2, 3), False),
    (deadline(DEADLINE, 1, 3, 2), False),
    (deadline(DEADLINE, -1, 2, 3), False),
    (deadline(DEADLINE | NO_INHERIT, 1, 2, 3), False),
]


@pytest.mark.parametrize(("info", "sound"), PROFILES, ids=map(str, range(len(PROFILES))))
def test_profiles(raw: Raw, kernel: Kernel, info: bytes, sound: bool) -> None:
    root = raw.process.add_handle(kernel.root_job)
    before = kernel.counts()
    status = raw("zx_profile_create", root, 0, raw.put(info), raw.page)
    assert status == (abi.ZX_OK if sound else abi.ZX_ERR_INVALID_ARGS)
    if sound:
        assert raw("zx_handle_close", raw.u32()) == abi.ZX_OK
    assert kernel.counts() == before


def test_a_profile_is_applied(raw: Raw, kernel: Kernel) -> None:
    root = raw.process.add_handle(kernel.root_job)
    thread = raw.process.add_handle(raw.thread)
    masked = raw.put(priority(PRIORITY | MASK, 3, 0xF00000005))
    profile = raw.handle("zx_profile_create", root, 0, masked)
    plain = raw.handle("zx_profile_create", root, 0, raw.put(priority(PRIORITY, 3)))
    assert raw("zx_object_wait_one", profile, 1, 0, 0) == abi.ZX_ERR_ACCESS_DENIED

    def mask() -> int:
        size = abi.STRUCTS["zx_info_thread_t"].size
        out = raw.page + 0x100
        assert raw("zx_object_get_info", thread, abi.ZX_INFO_THREAD, out, size, 0, 0) == abi.ZX_OK
        return raw.u64(0x108)

    assert mask() == 1
    assert raw("zx_object_set_profile", thread, plain, 0) == abi.ZX_OK
    assert mask() == 1
    assert raw("zx_object_set_profile", thread, profile, 77) == abi.ZX_OK
    assert mask() == 5
    for rights in (0, abi.ZX_RIGHT_INSPECT):
        weak = raw.handle("zx_handle_duplicate", profile, rights)
        assert raw("zx_object_set_profile", thread, weak, 0) == abi.ZX_ERR_ACCESS_DENIED


def test_a_dead_thread_takes_no_profile(raw: Raw, kernel: Kernel) -> None:
    root = raw.process.add_handle(kernel.root_job)
    profile = raw.handle("zx_profile_create", root, 0, raw.put(priority(PRIORITY, 3)))
    dead = raw.process.create_thread("dead")
    handle = raw.process.add_handle(dead)
    with kernel.lock:
        dead.end()
    assert raw("zx_object_set_profile", handle, profile, 0) == abi.ZX_ERR_BAD_STATE
    assert raw("zx_object_set_profile", handle, handle, 0) == abi.ZX_ERR_WRONG_TYPE


# ---- job policy


def test_policies_come_in_their_place(raw: Raw, kernel: Kernel) -> None:
    root = raw.process.add_handle(kernel.root_job)
    job = raw.handle("zx_job_create", root, 0)
    conditions = (abi.ZX_POL_NEW_PROFILE, abi.ZX_POL_NEW_VMO, abi.ZX_POL_NEW_EVENT)
    deny = abi.ZX_POL_ACTION_DENY, abi.ZX_POL_OVERRIDE_DENY
    policy = raw.put(b"".join(struct.pack("<III", c, *deny) for c in conditions))
    topic, mode = abi.ZX_JOB_POL_BASIC_V2, abi.ZX_JOB_POL_ABSOLUTE
    assert raw("zx_job_set_policy", job, mode, topic, policy, len(conditions)) == abi.ZX_OK
    restricted = raw.process.handles.get(job)
    assert restricted is not None
    assert isinstance(restricted.object, Job)
    other = Raw(kernel.create_process("restricted", restricted.object))
    denied, invalid = abi.ZX_ERR_ACCESS_DENIED, abi.ZX_ERR_INVALID_ARGS
    assert other("zx_profile_create", 0, 1, 0, 0) == denied
    assert other("zx_vmo_create_contiguous", 0, 0, 0, 0) == invalid
    assert other("zx_vmo_create_contiguous", 0, 4096, 1, 0) == invalid
    assert other("zx_vmo_create_contiguous", 0, 4096, 0, 0) == denied
    assert other("zx_vmo_create_physical", 0, 0, 0, 0) == denied
    created = "zx_syscall_test_handle_create"
    assert other(created, abi.ZX_ERR_BAD_STATE, other.page) == abi.ZX_ERR_INTERNAL
    assert other(created, abi.ZX_OK, other.page) == abi.ZX_ERR_INTERNAL
    other.process.kill()


# ---- calls for debugging


@pytest.fixture
def debugged() -> Raw:
    return Raw(Kernel(debugging_calls=True).create_process("debugged"))


def system_resource(raw: Raw, base: int) -> int:
    root = raw.process.add_handle(raw.process.kernel.root_resource)
    kind = abi.ZX_RSRC_KIND_SYSTEM
    assert raw("zx_resource_create", root, kind, base, 1, 0, 0, raw.page) == abi.ZX_OK
    return raw.u32()


def test_debugging_calls_want_the_root_resource(debugged: Raw) -> None:
    raw = debugged
    other = system_resource(raw, abi.ZX_RSRC_SYSTEM_DEBUG_BASE)
    event = raw.handle("zx_event_create", 0)
    for call in (
        "zx_debug_send_command",
        "zx_ktrace_control",
        "zx_ktrace_read",
        "zx_ktrace_write",
        "zx_mtrace_control",
    ):
        assert raw(call, 0, 1 << 20, 1 << 20) == abi.ZX_ERR_BAD_HANDLE
        assert raw(call, event, 1 << 20, 1 << 20) == abi.ZX_ERR_WRONG_TYPE
        assert raw(call, other, 1 << 20, 1 << 20) == abi.ZX_ERR_WRONG_TYPE
    assert raw("zx_debug_read", 0, raw.page, 1, raw.page) == abi.ZX_ERR_NOT_SUPPORTED


def test_commands(debugged: Raw) -> None:
    root = debugged.process.add_handle(debugged.process.kernel.root_resource)
    send = "zx_debug_send_command"
    assert debugged(send, root, debugged.page, 257) == abi.ZX_ERR_INVALID_ARGS
    assert debugged(send, root, 8, 256) == abi.ZX_ERR_INVALID_ARGS
    assert debugged(send, root, debugged.page, 256) == abi.ZX_ERR_NOT_SUPPORTED


def test_traces(debugged: Raw) -> None:
    raw = debugged
    root = raw.process.add_handle(raw.process.kernel.root_resource)
    control, nothing = "zx_ktrace_control", abi.ZX_ERR_NOT_SUPPORTED
    assert raw(control, root, abi.KTRACE_ACTION_START, 0, 0) == nothing
    assert raw(control, root, abi.KTRACE_ACTION_START_CIRCULAR, 0, 0) == nothing
    assert raw(control, root, abi.KTRACE_ACTION_STOP, 0, 0) == abi.ZX_OK
    assert raw(control, root, abi.KTRACE_ACTION_REWIND, 0, 0) == abi.ZX_OK
    assert raw(control, root, abi.KTRACE_ACTION_NEW_PROBE, 0, 8) == abi.ZX_ERR_INVALID_ARGS
    assert raw(control, root, abi.KTRACE_ACTION_NEW_PROBE, 0, raw.page) == nothing
    assert raw(control, root, 6, 0, 0) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_ktrace_read", root, raw.page, 0, 8, raw.page) == nothing
    assert raw("zx_ktrace_write", root, 0x7FF, 1, 2) == abi.ZX_OK
    assert raw("zx_ktrace_write", root, 0x800, 1, 2) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_mtrace_control", root, abi.MTRACE_KIND_PERFMON, 0, 0, 0, 0) == nothing
    assert raw("zx_mtrace_control", root, 0, 0, 0, 0, 0) == abi.ZX_ERR_INVALID_ARGS


def test_another_kernel(debugged: Raw) -> None:
    raw = debugged
    mexec = system_resource(raw, abi.ZX_RSRC_SYSTEM_MEXEC_BASE)
    power = system_resource(raw, abi.ZX_RSRC_SYSTEM_POWER_BASE)
    vmo = raw.handle("zx_vmo_create", 4096, 0)
    unreadable = raw.handle("zx_handle_duplicate", vmo, abi.ZX_RIGHT_WRITE)
    call = "zx_system_mexec"
    assert raw(call, 0, 0, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw(call, vmo, 0, 0) == abi.ZX_ERR_WRONG_TYPE
    assert raw(call, power, 0, 0) == abi.ZX_ERR_OUT_OF_RANGE
    assert raw(call, mexec, 0, mexec) == abi.ZX_ERR_BAD_HANDLE
    assert raw(call, mexec, mexec, 0) == abi.ZX_ERR_WRONG_TYPE
    assert raw(call, mexec, unreadable, 0) == abi.ZX_ERR_ACCESS_DENIED
    assert raw(call, mexec, vmo, 0) == abi.ZX_ERR_BAD_HANDLE
    assert raw(call, mexec, vmo, unreadable) == abi.ZX_ERR_ACCESS_DENIED
    assert raw(call, mexec, vmo, vmo) == abi.ZX_ERR_NOT_SUPPORTED


def test_what_another_kernel_is_told(debugged: Raw) -> None:
    raw = debugged
    mexec = system_resource(raw, abi.ZX_RSRC_SYSTEM_MEXEC_BASE)
    get = "zx_system_mexec_payload_get"
    assert raw(get, 0, 8, 16385) == abi.ZX_ERR_BAD_HANDLE
    assert raw(get, mexec, 8, 16385) == abi.ZX_ERR_INVALID_ARGS
    assert raw(get, mexec, raw.page, 31) == abi.ZX_ERR_INTERNAL
    assert raw(get, mexec, 8, 16384) == abi.ZX_ERR_INVALID_ARGS
    assert raw(get, mexec, raw.page, 64) == abi.ZX_OK
    assert raw.u32() == 0x544F4F42  # "BOOT"
    assert raw.u32(4) == 0  # no items


@pytest.mark.parametrize(
    "command",
    [
        abi.ZX_SYSTEM_POWERCTL_REBOOT,
        abi.ZX_SYSTEM_POWERCTL_REBOOT_BOOTLOADER,
        abi.ZX_SYSTEM_POWERCTL_REBOOT_RECOVERY,
        abi.ZX_SYSTEM_POWERCTL_SHUTDOWN,
    ],
)
def test_the_emulated_machine_does_not_end(raw: Raw, command: int) -> None:
    power = system_resource(raw, abi.ZX_RSRC_SYSTEM_POWER_BASE)
    assert raw("zx_system_powerctl", power, command, 0) == abi.ZX_ERR_NOT_SUPPORTED


# ---- memory for devices


def test_device_memory_is_nowhere(raw: Raw, kernel: Kernel) -> None:
    root = raw.process.add_handle(kernel.root_resource)
    region = raw.process.add_handle(raw.process.vmar_root)
    vmo = raw.handle("zx_vmo_create_physical", root, 0x1000000000, 4096)
    access = abi.ZX_VM_PERM_READ | abi.ZX_VM_PERM_WRITE
    assert raw("zx_vmar_map", region, access, 0, vmo, 0, 4096, raw.page) == abi.ZX_OK
    address = raw.u64()
    assert raw("zx_debug_write", address, 1) == abi.ZX_ERR_INVALID_ARGS
    assert raw("zx_vmo_get_size", vmo, address) == abi.ZX_ERR_INVALID_ARGS
    assert bytes(kernel.serial) == b""


def test_contiguous_memory(raw: Raw, kernel: Kernel) -> None:
    bti = raw.process.add_handle(Bti(Iommu(kernel)))
    create = "zx_vmo_create_contiguous"
    weak = raw.handle("zx_handle_duplicate", bti, abi.ZX_RIGHT_TRANSFER)
    assert raw(create, weak, 4096, 0, raw.page) == abi.ZX_ERR_ACCESS_DENIED
    assert raw(create, bti, 1 << 40, 0, raw.page) == abi.ZX_ERR_NO_MEMORY
    assert raw(create, bti, 0xFFFFFFFFFFFFF000, 0, raw.page) == abi.ZX_ERR_OUT_OF_RANGE
    vmo = raw.handle(create, bti, 8192, 16)
    size = abi.STRUCTS["zx_info_vmo_t"].size
    out = raw.page + 0x100
    assert raw("zx_object_get_info", vmo, abi.ZX_INFO_VMO, out, size, 0, 0) == abi.ZX_OK
    fields = {f.name: 0x100 + f.offset for f in abi.STRUCTS["zx_info_vmo_t"].fields}
    told = abi.ZX_INFO_VMO_VIA_HANDLE | abi.ZX_INFO_VMO_TYPE_PAGED | abi.ZX_INFO_VMO_CONTIGUOUS
    assert raw.u32(fields["flags"]) == told
    assert raw.u64(fields["committed_bytes"]) == 8192

    def op(number: int, offset: int, length: int) -> int:
        return raw("zx_vmo_op_range", vmo, number, offset, length, 0, 0)

    assert raw("zx_vmo_write", vmo, raw.put(b"text"), 4094, 4) == abi.ZX_OK
    assert op(abi.ZX_VMO_OP_DECOMMIT, 0, 4096) == abi.ZX_ERR_NOT_SUPPORTED
    assert op(abi.ZX_VMO_OP_ZERO, 0, 4096) == abi.ZX_OK
    assert raw("zx_vmo_read", vmo, raw.page, 4094, 4) == abi.ZX_OK
    assert raw.u32() == int.from_bytes(b"\0\0xt", "little")
    raw("zx_object_get_info", vmo, abi.ZX_INFO_VMO, out, size, 0, 0)
    assert raw.u64(fields["committed_bytes"]) == 8192
    child = "zx_vmo_create_child"
    copy, window = abi.ZX_VMO_CHILD_SNAPSHOT, abi.ZX_VMO_CHILD_SLICE
    assert raw(child, vmo, copy, 0, 4096, raw.page) == abi.ZX_ERR_INVALID_ARGS
    assert raw(child, vmo, window, 0, 4096, raw.page) == abi.ZX_OK
