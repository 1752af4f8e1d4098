"""The system calls: one function per call, its checks in the order in which they count.

Each takes the `Caller` and the call's C parameters and returns ZX_OK (or the value of a call that
returns no status); a failing status is raised.  All run with the kernel lock held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

_MODULES = (
    "bti channel clock debug debuglog event fifo futex guest handle hardware info interrupt job "
    "msi object pager pci port power process profile property resource restricted socket stream "
    "system task testing thread timer vmar vmo"
).split()

#: Function by name of the call.
SYSCALLS: Mapping[str, Callable[..., int]] = {
    name: function
    for module in _MODULES
    for name, function in vars(import_module(f"{__name__}.{module}")).items()
    if name.startswith("zx_")
}
