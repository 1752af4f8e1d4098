"""zx_profile_create, zx_object_set_profile."""

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.job import Job
from zxio_py.kernel.profile import Profile
from zxio_py.kernel.thread import Thread


def zx_profile_create(
    c: Caller, root_job: int, options: int, profile: Pointer, out: Pointer
) -> int:
    """Make a profile."""
    c.check_policy(abi.ZX_POL_NEW_PROFILE)
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    job = c.get(root_job, Job, abi.ZX_RIGHT_MANAGE_PROCESS)
    if job is not c.kernel.root_job:
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    c.give((out, Profile.create(c.kernel, c.read(profile, Profile.SIZE))))  # INVALID_ARGS
    return abi.ZX_OK


def zx_object_set_profile(c: Caller, handle: int, profile: int, options: int) -> int:
    """Apply a profile to a thread.  The options are for later times: nobody looks at them."""
    thread = c.get(handle, Thread, abi.ZX_RIGHT_MANAGE_THREAD)
    c.get(profile, Profile, abi.ZX_RIGHT_APPLY_PROFILE).apply(thread)
    return abi.ZX_OK
