"""From operations that raise to functions that return a status."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from zxio_py import abi
from zxio_py.kernel.errors import UserFault, ZxError

T = TypeVar("T")


def attempt(operation: Callable[[], T], failed: T) -> tuple[int, T]:
    """Status and outputs of *operation*; *failed* stands for the outputs if it fails.

    A fault of the library's own memory access is no status: it ends the program.
    """
    try:
        return abi.ZX_OK, operation()
    except UserFault:
        raise
    except ZxError as error:
        return error.status, failed
