"""Events: objects that only carry signals."""

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher


class Event(Dispatcher):
    """An event."""

    __slots__ = ()

    TYPE = abi.ZX_OBJ_TYPE_EVENT
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_EVENT_RIGHTS
    USER_SIGNALS = abi.ZX_EVENT_SIGNAL_MASK
