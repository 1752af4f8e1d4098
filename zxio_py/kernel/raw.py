"""The raw door: calls with numbers and addresses, as the vDSO passes them.

One entry function per call is generated from its prototype: it cuts each argument to its C type,
takes the kernel lock, and turns a raised status into a returned one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from zxio_py import abi
from zxio_py.abi.model import Call, Param
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.syscalls import SYSCALLS

# `with` takes and gives the lock in one step with its block: a signal between acquire() and try
# would leave it locked.
_TEMPLATE = """\
def {name}(caller, {params}*_):
    with caller.lock:
        try:
            _thread = caller.kernel.running = caller.thread
            if _thread.halted:
                _thread.go_on()
            return body(caller{args})
        except ZxError as error:
            return error.status
"""


def _cut(param: Param) -> str:
    """Source of the expression that reads a register as the parameter's C type."""
    bits = param.size * 8
    if param.signed:
        half = 1 << (bits - 1)
        return f"(({param.name} & {(1 << bits) - 1}) ^ {half}) - {half}"
    return param.name if bits == 64 else f"{param.name} & {(1 << bits) - 1}"


def _entry(call: Call, body: Callable[..., int]) -> Callable[..., int]:
    source = _TEMPLATE.format(
        name=call.name,
        params="".join(f"{p.name}=0, " for p in call.params),
        args="".join(f", {_cut(p)}" for p in call.params),
    )
    scope = {
        "body": body,
        "ZxError": ZxError,
    }
    exec(compile(source, f"<raw door: {call.name}>", "exec"), scope)
    entry = scope[call.name]
    assert callable(entry)
    return entry


#: Entry function by call: (caller, *registers) -> result as C reads it.
ENTRIES: Mapping[str, Callable[..., int]] = {
    name: _entry(abi.CALLS[name], body) for name, body in SYSCALLS.items()
}

IMPLEMENTED: frozenset[str] = frozenset(ENTRIES)
