"""The Zircon system interface, late-2022 edition, defined once as data.

`CALLS`, `STRUCTS`, `TOPICS` and `CONSTANTS` gather what the modules beside this one define, one
module per kernel object.  Guest headers, dispatch table, vDSO entries, host dispatch, program
checking, result normalisation and the rubric are all derived from them.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from zxio_py.abi import object, rights, status
from zxio_py.abi.bti import *
from zxio_py.abi.channel import *
from zxio_py.abi.clock import *
from zxio_py.abi.cprng import *
from zxio_py.abi.debuglog import *
from zxio_py.abi.event import *
from zxio_py.abi.eventpair import *
from zxio_py.abi.exception import *
from zxio_py.abi.fifo import *
from zxio_py.abi.futex import *
from zxio_py.abi.guest import *
from zxio_py.abi.handle import *
from zxio_py.abi.hardware import *
from zxio_py.abi.interrupt import *
from zxio_py.abi.iob import *
from zxio_py.abi.job import *
from zxio_py.abi.model import (
    SCALAR_TYPES,
    Call,
    Direction,
    Disposition,
    Field,
    Param,
    Property,
    Struct,
    Topic,
)
from zxio_py.abi.msi import *
from zxio_py.abi.object import *
from zxio_py.abi.pager import *
from zxio_py.abi.pci import *
from zxio_py.abi.port import *
from zxio_py.abi.process import *
from zxio_py.abi.profile import *
from zxio_py.abi.resource import *
from zxio_py.abi.restricted import *
from zxio_py.abi.rights import *
from zxio_py.abi.socket import *
from zxio_py.abi.status import *
from zxio_py.abi.stream import *
from zxio_py.abi.system import *
from zxio_py.abi.task import *
from zxio_py.abi.testing import *
from zxio_py.abi.thread import *
from zxio_py.abi.timer import *
from zxio_py.abi.trace import *
from zxio_py.abi.vmar import *
from zxio_py.abi.vmo import *

#: The modules imported above, in alphabetical order.
_MODULES = [
    module
    for _, module in sorted(vars().items())
    if isinstance(module, ModuleType) and module.__package__ == __name__
]


def _gather(attribute: str) -> tuple[Any, ...]:
    return tuple(item for module in _MODULES for item in getattr(module, attribute, ()))


def _by_number_order(call: Call) -> str:
    # Kernel entries are numbered by the rank of their names, digits sorting after letters.
    return call.name.translate({ord("0") + digit: ord("{") + digit for digit in range(10)})


#: Every function of the interface by name, in the order of the modules.
CALLS: Mapping[str, Call] = {call.name: call for call in _gather("_CALLS")}

#: Every record that crosses the user/kernel boundary, by name.
STRUCTS: Mapping[str, Struct] = {struct.name: struct for struct in _gather("_STRUCTS")}

#: Properties of zx_object_get_property and zx_object_set_property by value.
PROPERTIES_BY_VALUE: Mapping[int, Property] = {p.value: p for p in _gather("_PROPERTIES")}

#: Topics of zx_object_get_info by value.
TOPICS_BY_VALUE: Mapping[int, Topic] = {topic.value: topic for topic in _gather("_TOPICS")}

#: Every named constant, by name.
CONSTANTS: Mapping[str, int] = {
    name: value
    for module in _MODULES
    for name, value in vars(module).items()
    if name.isupper() and isinstance(value, int)
}

#: Call number of every kernel entry; private to one build of kernel and vDSO.
NUMBERS: Mapping[str, int] = {
    call.name: number
    for number, call in enumerate(
        sorted((c for c in CALLS.values() if c.kernel_entry), key=_by_number_order)
    )
}

_STATUS_NAMES: Mapping[int, str] = {
    value: name for name, value in vars(status).items() if name.startswith("ZX_")
}

_OBJECT_TYPE_NAMES: Mapping[int, str] = {
    value: name.removeprefix("ZX_OBJ_TYPE_")
    for name, value in vars(object).items()
    if name.startswith("ZX_OBJ_TYPE_")
}

#: Single rights in bit order: (bit, name without ZX_RIGHT_).
RIGHT_BITS: tuple[tuple[int, str], ...] = tuple(
    sorted(
        (value, name.removeprefix("ZX_RIGHT_"))
        for name, value in vars(rights).items()
        if name.startswith("ZX_RIGHT_") and name not in ("ZX_RIGHT_NONE", "ZX_RIGHT_SAME_RIGHTS")
    )
)


def status_name(value: int) -> str:
    """Name of a status code, e.g. ``ZX_ERR_BAD_HANDLE``; the number itself if it has none."""
    return _STATUS_NAMES.get(value, str(value))


def object_type_name(value: int) -> str:
    """Name of an object type without its prefix, e.g. ``CHANNEL``; the number if unknown."""
    return _OBJECT_TYPE_NAMES.get(value, str(value))


def rights_names(value: int) -> str:
    """Rights without their prefix, in bit order, joined by ``|``; ``NONE`` for none."""
    names = [name for bit, name in RIGHT_BITS if value & bit]
    unknown = value & ~sum(bit for bit, _ in RIGHT_BITS)
    if unknown:
        names.append(hex(unknown))
    return "|".join(names) or "NONE"
