"""A host emulation of Zircon's kernel: its objects and calls in Python.

`Kernel` is one emulated machine.  `Kernel.syscall` is the raw door, with numbers and addresses in
an emulated address space; `Door` is the Python one, with bytes and lists.
"""

from zxio_py.kernel.door import Door
from zxio_py.kernel.errors import ThreadEnded, ThreadExited, ThreadKilled, UserFault, ZxError
from zxio_py.kernel.kernel import Counts, Kernel
from zxio_py.kernel.process import Process
from zxio_py.kernel.thread import Thread

__all__ = [
    "Counts",
    "Door",
    "Kernel",
    "Process",
    "Thread",
    "ThreadEnded",
    "ThreadExited",
    "ThreadKilled",
    "UserFault",
    "ZxError",
]
