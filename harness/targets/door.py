"""A Python door into any target: ``zx.channel_create(0)`` on host and guests alike."""

from __future__ import annotations

from collections.abc import Callable

from harness.program.model import Buffer, Bytes, Number, Report, Step
from harness.targets.base import Session
from zxio_py.abi.binding import Binding, Passed, Result, Value, binding
from zxio_py.abi.status import ZX_ERR_NOT_SUPPORTED
from zxio_py.closing import Closing
from zxio_py.kernel.errors import ZxError


class RemoteDoor(Closing):
    """The calls of the interface as methods named without ``zx_``, run by a `Session`.

    Signatures follow `zxio_py.abi.binding`.  A failing status raises `ZxError`.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._methods: dict[str, Callable[..., Result]] = {}

    def __getattr__(self, name: str) -> Callable[..., Result]:
        if name.startswith("_"):
            raise AttributeError(name)
        method = self._methods.get(name)
        if method is None:
            method = self._methods[name] = self._method(binding(name))
        return method

    def _method(self, bound: Binding) -> Callable[..., Result]:
        def method(*args: Value, **named: Value) -> Result:
            return self._call(bound, args, named)

        method.__name__ = bound.call.short_name
        method.__doc__ = f"{bound}\n\n{bound.call.prototype}"
        return method

    def _call(self, bound: Binding, args: tuple[Value, ...], named: dict[str, Value]) -> Result:
        encoded = bound.encode(args, named)
        step = Step(bound.call.name, tuple(_argument(value) for value in encoded), ret="u64")
        seen = self.session.step(step)
        if seen.missing:
            raise ZxError(ZX_ERR_NOT_SUPPORTED)
        if bound.call.returns == "zx_status_t":
            status = seen.ret & 0xFFFFFFFF
            if status & 0x80000000:
                raise ZxError(status - (1 << 32))
        outs = {index: captured.data for index, captured in seen.outs.items()}
        return bound.decode(seen.ret, outs, encoded)

    def close(self) -> None:
        """End the session behind the door."""
        self.session.close()


def _argument(value: int | Passed) -> Number | Buffer:
    if isinstance(value, int):
        return Number(value, value)
    items = (Bytes(value.data, value.data),) if value.data else ()
    return Buffer(items, value.size, value.wanted, report=Report(show=value.size))
