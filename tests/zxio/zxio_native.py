"""The C library as code of this machine, its system calls made on the host emulation."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from pathlib import Path

from harness.build import headers
from harness.build.toolchain import ROOT, USER_FLAGS, compile_sources, link
from harness.build.zxio_library import SOURCES
from zxio_py.abi import CALLS
from zxio_py.kernel.caller import Caller
from zxio_py.kernel.raw import ENTRIES
from zxio_py.kernel.thread import Thread
from zxio_py.zxio import System

_MASK = (1 << 64) - 1
#: A system call with as many registers as any has.
_CALL = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_uint64] * 8)
#: The lock of the guest's libc, whose size the library was compiled for.
_LOCK = """
int pthread_mutex_init(pthread_mutex_t* m, const pthread_mutexattr_t* a) {
    (void)a;
    m->state = 0;
    return 0;
}
int pthread_mutex_destroy(pthread_mutex_t* m) { return (int)m->state; }
int pthread_mutex_lock(pthread_mutex_t* m) {
    while (__atomic_exchange_n(&m->state, 1, __ATOMIC_ACQUIRE) != 0) {
        zx_thread_legacy_yield(0);
    }
    return 0;
}
int pthread_mutex_unlock(pthread_mutex_t* m) {
    __atomic_store_n(&m->state, 0, __ATOMIC_RELEASE);
    return 0;
}
__attribute__((noreturn)) void __zx_panic(const char* format, ...) {
    (void)format;
    __builtin_trap();
}
"""
#: The calls that the library and the lock make.
_NAMES = sorted(
    CALLS.keys()
    & {
        name
        for text in (_LOCK, *(path.read_text() for path in SOURCES.glob("*.c")))
        for name in re.findall(r"\bzx_\w+", text)
    }
)


def build(directory: Path) -> Path:
    """Build the library with everything visible and its calls through a table."""
    (directory / "zx").mkdir()
    (directory / "zx" / "abi.h").write_text(headers.abi_header())
    (directory / "zx" / "syscalls.h").write_text(headers.syscalls_header())
    lines = ['#include "libc/libc.h"', '#include "zx/syscalls.h"']
    registers_of_all = ", ".join(["uint64_t"] * 8)
    lines.append(f"int64_t (*zx_calls[{len(_NAMES)}])({registers_of_all});")
    for number, name in enumerate(_NAMES):
        call = CALLS[name]
        registers = [f"(uint64_t){param.name}" for param in call.params] + ["0"] * 8
        result = "" if call.returns == "void" else f"return ({call.returns})"
        made = f"{result}zx_calls[{number}]({', '.join(registers[:8])});"
        lines.append(f"{call.prototype} {{ {made} }}")
    shim = directory / "shim.c"
    shim.write_text("\n".join(lines) + _LOCK)
    objects = compile_sources(
        "x86_64",
        [*SOURCES.glob("*.c"), shim],
        directory / "obj",
        includes=[directory, SOURCES, ROOT / "guest" / "user", ROOT / "guest" / "lib"],
        flags=(*USER_FLAGS["x86_64"], "-fvisibility=default"),
    )
    library = directory / "libzxio_native.so"
    # A read-only dynamic section, which this machine's loader leaves as it is.
    link("x86_64", objects, library, ["-shared", "-Bsymbolic", "-z", "rodynamic"])
    return library


class _NativeCaller(Caller):
    """A caller whose pointers are addresses of this process."""

    __slots__ = ()

    def __init__(self, thread: Thread) -> None:
        super().__init__(thread, ctypes.string_at, self._write)

    @staticmethod
    def _write(address: int, data: bytes | bytearray) -> None:
        ctypes.memmove(address, bytes(data), len(data))


class Native:
    """The library's functions, for one emulated process at a time.

    Arguments are numbers and ctypes values; what a function returns is a signed number of 32 bits.
    """

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._caller: _NativeCaller | None = None
        table = (_CALL * len(_NAMES)).in_dll(self._library, "zx_calls")
        self._callbacks = [_CALL(self._entry(name)) for name in _NAMES]
        for number, callback in enumerate(self._callbacks):
            table[number] = callback

    def _entry(self, name: str) -> Callable[..., int]:
        sizes = [(1 << 8 * min(param.size, 8)) - 1 for param in CALLS[name].params]

        def entry(*registers: int) -> int:
            assert self._caller is not None
            cut = [value & mask for value, mask in zip(registers, sizes, strict=False)]
            return ENTRIES[name](self._caller, *cut)

        return entry

    def enter(self, system: System) -> None:
        """Let calls be made by the process of *system*."""
        self._caller = _NativeCaller(system.process.create_thread("native"))

    def __call__(self, name: str, *args: object) -> int:
        function = self._library[name]
        function.restype = ctypes.c_int32
        converted = [ctypes.c_uint64(a & _MASK) if isinstance(a, int) else a for a in args]
        result = function(*converted)
        assert isinstance(result, int)
        return result
