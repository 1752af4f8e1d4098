"""zx_resource_create, zx_system_get_event."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.job import Job
from zxio_py.kernel.resource import Resource


def zx_resource_create(
    c: Caller,
    parent_rsrc: int,
    options: int,
    base: int,
    size: int,
    name: Pointer,
    name_size: int,
    resource_out: Pointer,
) -> int:
    """Make a resource for part of what another covers; *options* are its kind and flags."""
    parent = c.get(parent_rsrc, Resource, abi.ZX_RIGHT_WRITE)
    kind, flags = options & 0xFFFF, options & ~0xFFFF
    parent.check_child(kind, flags, base, size)  # INVALID_ARGS, ACCESS_DENIED
    text = c.read(name, min(name_size, abi.ZX_MAX_NAME_LEN - 1))
    Resource.check_range(c.kernel, kind, flags, base, size)  # INVALID_ARGS, NOT_FOUND
    c.give((resource_out, Resource(c.kernel, kind, base, size, flags, text)))
    return abi.ZX_OK


def zx_system_get_event(c: Caller, root_job: int, kind: int, event: Pointer) -> int:
    """A handle to one of the events of memory pressure."""
    job = c.get(root_job, Job, abi.ZX_RIGHT_MANAGE_PROCESS)
    if job is not c.kernel.root_job:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    if kind not in c.kernel.system_events:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    rights = abi.ZX_DEFAULT_SYSTEM_EVENT_LOW_MEMORY_RIGHTS
    c.install([(event, c.kernel.make_handle(c.kernel.system_events[kind], rights))])
    return abi.ZX_OK
