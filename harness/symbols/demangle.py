"""C++ names as people write them.

The demangler is the one of the C++ library of this machine.  It is native code that takes any
amount of time and memory for a name made for that, and names come from files that nobody vouches
for: so it works in a process of its own, within limits.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "_Z"

#: Seconds for all names of one call, and bytes of memory.
_SECONDS: Final = 2
_MEMORY: Final = 1 << 29
#: Longer names, in characters, stay as they are.
_MAX_NAME: Final = 1 << 14
#: Longer plain names, in bytes, are of no use to anyone.
_LONGEST: Final = 1 << 16

_WORKER: Final = """
import ctypes, resource, sys
library = None
for name in ("libstdc++.so.6", "libc++abi.so.1", "libc++.so.1", "libc++.1.dylib"):
    try:
        library = ctypes.CDLL(name)
        break
    except OSError:
        pass
if library is None:
    sys.exit(3)
seconds, memory, longest = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
demangle = library.__cxa_demangle
demangle.restype = ctypes.c_void_p
free = ctypes.CDLL(None).free
free.argtypes = [ctypes.c_void_p]
for line in sys.stdin.buffer:
    place = demangle(line.rstrip(b"\\n"), None, None, ctypes.byref(ctypes.c_int()))
    text = ctypes.string_at(place, -1).replace(b"\\n", b" ") if place else b""
    free(place)
    sys.stdout.buffer.write((text if len(text) <= longest else b"") + b"\\n")
    sys.stdout.buffer.flush()
"""

_NO_LIBRARY: Final = 3


class NoDemanglerError(Exception):
    """This machine has no C++ library."""


def demangle(names: Iterable[str]) -> dict[str, str]:
    """Mangled -> plain, for those of *names* that are mangled; without those that take too long.

    Raises `NoDemanglerError` where there is no demangler.
    """
    asked = [
        name
        for name in names
        if name.startswith(PREFIX) and len(name) <= _MAX_NAME and "\n" not in name
    ]
    if not asked:
        return {}
    limits = map(str, (_SECONDS, _MEMORY, _LONGEST))
    work = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _WORKER, *limits],
        input="\n".join(asked).encode() + b"\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if work.returncode == _NO_LIBRARY:
        raise NoDemanglerError
    # If it went over its limits, the last line is missing or not whole.
    answers = work.stdout.decode("utf-8", "backslashreplace").split("\n")[:-1]
    return {name: text for name, text in zip(asked, answers, strict=False) if text}


def readable(names: Iterable[str]) -> dict[str, str]:
    """As `demangle`, but nothing is demangled where that cannot be done."""
    try:
        return demangle(names)
    except NoDemanglerError:
        return {}
