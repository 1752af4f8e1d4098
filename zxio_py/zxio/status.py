"""From operations that raise to functions that return a status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from zxio_py import abi
from zxio_py.kernel.errors import UserFault, ZxError

T = TypeVar("T")


class OutputError(ZxError):
    """An operation failed with *status* and had an *output* all the same."""

    def __init__(self, status: int, output: int) -> None:
        super().__init__(status)
        self.output = output


class KernelOutput(int):
    """An output that the kernel stores: it is given the caller's pointer, and needs none."""

    __slots__ = ()


def attempt(operation: Callable[[], Any], failed: T) -> tuple[int, T]:
    """Status and outputs of *operation*; *failed* stands for the outputs if it has none.

    A fault of the library's own memory access is no status: it ends the program.
    """
    try:
        return abi.ZX_OK, operation()
    except UserFault:
        raise
    except OutputError as error:
        return error.status, cast(T, error.output)
    except ZxError as error:
        return error.status, failed
