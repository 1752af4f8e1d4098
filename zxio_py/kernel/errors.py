"""What leaves a call other than by returning: a failing status, a fault, the end of the thread."""

from zxio_py import abi


class ZxError(Exception):
    """A call failed with *status* (negative)."""

    def __init__(self, status: int) -> None:
        # What BaseException keeps of the arguments it has from __new__.
        self.status = status

    @property
    def name(self) -> str:
        """Name of the status, e.g. ``ZX_ERR_BAD_HANDLE``."""
        return abi.status_name(self.status)

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"


class UserFault(ZxError):
    """A user address could not be read, written or executed.

    Calls that copy from or to it answer ZX_ERR_INVALID_ARGS, hence the status.
    """

    def __init__(self, address: int, access: str) -> None:
        super().__init__(abi.ZX_ERR_INVALID_ARGS)
        self.address = address
        #: "read", "write" or "execute".
        self.access = access

    def __str__(self) -> str:
        return f"{self.access} fault at {self.address:#x}"


class ThreadEnded(Exception):
    """The emulated thread is no more: nothing after the call is to run on its behalf."""


class ThreadKilled(ThreadEnded):
    """Its process was killed, by a call, a policy or for breaking a rule."""


class ThreadExited(ThreadEnded):
    """It left by zx_thread_exit or zx_process_exit."""
