"""Profiles: how threads are to be scheduled, as one object applied to any number of them.

Of what one says, the mask of processors shows in what is told about a thread; priorities and
deadlines change nothing where Python schedules.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.thread import Thread

_INFO = abi.STRUCTS["zx_profile_info_t"]
_DISCIPLINES = abi.ZX_PROFILE_INFO_FLAG_PRIORITY | abi.ZX_PROFILE_INFO_FLAG_DEADLINE
_FLAGS = _DISCIPLINES | abi.ZX_PROFILE_INFO_FLAG_CPU_MASK | abi.ZX_PROFILE_INFO_FLAG_NO_INHERIT
#: Processors beyond these are cut off.
_MOST_CPUS_MASK = 0xFFFFFFFF


def _unpack(form: str, info: bytes, field: str) -> tuple[int, ...]:
    return struct.unpack_from(form, info, _INFO.field(field).offset)


class Profile(Dispatcher):
    """A profile."""

    __slots__ = ("_cpu_mask", "_flags")

    TYPE = abi.ZX_OBJ_TYPE_PROFILE
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_PROFILE_RIGHTS
    WAITABLE = False

    SIZE = _INFO.size

    def __init__(self, kernel: Kernel, flags: int, cpu_mask: int) -> None:
        super().__init__(kernel)
        self._flags = flags
        self._cpu_mask = cpu_mask & _MOST_CPUS_MASK

    @classmethod
    def create(cls, kernel: Kernel, info: bytes) -> Profile:
        """A profile as the record zx_profile_info_t says; INVALID_ARGS."""
        (flags,) = _unpack("<I", info, "flags")
        (cpu_mask,) = _unpack("<Q", info, "cpu_affinity_mask")
        if not _is_sound(flags, info):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        return cls(kernel, flags, cpu_mask)

    def apply(self, thread: Thread) -> None:
        """Schedule *thread* so; BAD_STATE if it is dead."""
        if thread.state == abi.ZX_THREAD_STATE_DEAD:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if self._flags & abi.ZX_PROFILE_INFO_FLAG_CPU_MASK:
            thread.cpu_mask = self._cpu_mask


def _is_sound(flags: int, info: bytes) -> bool:
    if flags & ~_FLAGS or not flags & (_DISCIPLINES | abi.ZX_PROFILE_INFO_FLAG_CPU_MASK):
        return False
    discipline = flags & _DISCIPLINES
    if discipline == abi.ZX_PROFILE_INFO_FLAG_PRIORITY:
        (priority,) = _unpack("<i", info, "priority_or_deadline")
        return abi.ZX_PRIORITY_LOWEST <= priority <= abi.ZX_PRIORITY_HIGHEST
    if discipline == abi.ZX_PROFILE_INFO_FLAG_DEADLINE:  # which whoever is waited for inherits
        capacity, relative_deadline, period = _unpack("<3q", info, "priority_or_deadline")
        inherited = not flags & abi.ZX_PROFILE_INFO_FLAG_NO_INHERIT
        return inherited and 0 < capacity <= relative_deadline <= period
    return not discipline
