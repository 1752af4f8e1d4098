"""This project's own interface, as the rubric sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from harness.rubric.rule import Interface, Place
from zxio_py import abi

#: Prefixes of our own constants that are combined into an options word.
OPTION_SETS: Final = (
    "ZX_BTI_PERM_",
    "ZX_CACHE_FLUSH_",
    "ZX_CHANNEL_READ_",
    "ZX_CHANNEL_WRITE_",
    "ZX_CLOCK_OPT_",
    "ZX_CLOCK_UPDATE_OPTION_",
    "ZX_INTERRUPT_BIND_",
    "ZX_SOCKET_DATAGRAM",
    "ZX_SOCKET_PEEK",
    "ZX_STREAM_APPEND",
    "ZX_STREAM_MODE_",
    "ZX_VM_",
    "ZX_VMO_CHILD_",
    "ZX_WAIT_ASYNC_",
)

_UNSTABLE: Final = frozenset({"testonly", "next"})
_DEFINITION: Final = re.compile(r' *"(zx_\w+)",|(ZX_\w+|[A-Z]\w+) = ')


def our_interface(docs: Path | None = None) -> Interface:
    """The exported, stable calls; with *docs*, their documentation is judged as well."""
    calls = {
        name: call
        for name, call in abi.CALLS.items()
        if call.exported and not call.attributes & _UNSTABLE
    }
    properties = tuple(abi.PROPERTIES_BY_VALUE.values())
    return Interface(calls, abi.CONSTANTS, OPTION_SETS, properties, _places(), docs)


@cache
def _places() -> Mapping[str, Place]:
    """Where calls and constants stand in `zxio_py.abi`."""
    places: dict[str, Place] = {}
    for path in sorted(Path(abi.__file__).parent.glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = _DEFINITION.match(line)
            if match is not None:
                places.setdefault(match[1] or match[2], Place(path, number))
    return places
