"""zx_job_*."""

from __future__ import annotations

import struct

from zxio_py import abi
from zxio_py.kernel.caller import Caller, Pointer
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.job import Job
from zxio_py.kernel.process import Process

#: A list of policies longer than this is not even read; how many may be set the job judges.
_MAX_POLICIES = 32
_BASIC_V1 = struct.Struct("<II")
_BASIC_V2 = struct.Struct("<III")
_TIMER_SLACK = struct.Struct("<qII")


def get_manager(c: Caller, value: int, right: int) -> Job:
    """A job through a handle with *right*, or with WRITE instead."""
    job = c.get(value, Job, abi.ZX_RIGHT_NONE)
    if not c.handle(value).rights & (right | abi.ZX_RIGHT_WRITE):
        raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
    return job


def zx_job_create(c: Caller, parent_job: int, options: int, out: Pointer) -> int:
    """Make a job below another."""
    if options != 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    parent = get_manager(c, parent_job, abi.ZX_RIGHT_MANAGE_JOB)
    c.give((out, parent.create_child()))  # OUT_OF_RANGE, BAD_STATE
    return abi.ZX_OK


def zx_job_set_policy(
    c: Caller, handle: int, options: int, topic: int, policy: Pointer, policy_size: int
) -> int:
    """Set policies of a job that has no children yet; *policy_size* counts records."""
    if options not in (abi.ZX_JOB_POL_RELATIVE, abi.ZX_JOB_POL_ABSOLUTE):
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if policy == 0 or policy_size == 0:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    if topic in (abi.ZX_JOB_POL_BASIC_V1, abi.ZX_JOB_POL_BASIC_V2):
        form = _BASIC_V1 if topic == abi.ZX_JOB_POL_BASIC_V1 else _BASIC_V2
        if policy_size > _MAX_POLICIES:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        records = list(form.iter_unpack(c.read(policy, policy_size * form.size)))
        job = c.get(handle, Job, abi.ZX_RIGHT_SET_POLICY)
        job.set_basic_policy(
            options == abi.ZX_JOB_POL_ABSOLUTE,
            [(r[0], r[1], r[2] if len(r) > 2 else abi.ZX_POL_OVERRIDE_DENY) for r in records],
        )
        return abi.ZX_OK
    if topic == abi.ZX_JOB_POL_TIMER_SLACK:
        if options != abi.ZX_JOB_POL_RELATIVE or policy_size != 1:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        slack, mode, _ = _TIMER_SLACK.unpack(c.read(policy, _TIMER_SLACK.size))
        job = c.get(handle, Job, abi.ZX_RIGHT_SET_POLICY)
        job.set_timer_slack(slack, mode)
        return abi.ZX_OK
    raise ZxError(abi.ZX_ERR_INVALID_ARGS)


def zx_job_set_critical(c: Caller, job: int, options: int, process: int) -> int:
    """Let a job die with a process."""
    if options & ~abi.ZX_JOB_CRITICAL_PROCESS_RETCODE_NONZERO:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
    doomed = c.get(job, Job, abi.ZX_RIGHT_DESTROY)
    critical = c.get(process, Process, abi.ZX_RIGHT_WAIT)
    critical.set_critical_to(doomed, bool(options))  # INVALID_ARGS, ALREADY_BOUND
    return abi.ZX_OK
