"""Pagers: programs that supply the pages of VMOs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.page_source import PageSource
from zxio_py.kernel.sourced_store import SourcedStore
from zxio_py.kernel.vmo import VmObject

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.port import Port

#: What a pager may say has happened to pages that it was asked for.
_FAILURES = (
    abi.ZX_ERR_IO,
    abi.ZX_ERR_IO_DATA_INTEGRITY,
    abi.ZX_ERR_BAD_STATE,
    abi.ZX_ERR_NO_SPACE,
    abi.ZX_ERR_BUFFER_TOO_SMALL,
)


class Pager(Dispatcher):
    """A pager."""

    __slots__ = ("sources",)

    TYPE = abi.ZX_OBJ_TYPE_PAGER
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_PAGER_RIGHTS
    WAITABLE = False

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        #: Those of its VMOs that are alive, or whose end has yet to be heard of (an ordered set).
        self.sources: dict[PageSource, None] = {}

    def on_zero_handles(self) -> None:
        for source in list(self.sources):
            source.abandon()
        self.sources.clear()

    def create_vmo(
        self, port: Port, key: int, size: int, resizable: bool, traps_dirty: bool
    ) -> VmObject:
        """Memory of *size* bytes that it is to supply; OUT_OF_RANGE if too large."""
        rounded = VmObject.rounded(size)
        source = PageSource(self, port, key, traps_dirty)
        store = SourcedStore(self.kernel, source, rounded)
        return VmObject.create_paged(self.kernel, store, size, resizable)

    def store_of(self, memory: VmObject) -> SourcedStore:
        """What it supplies to a VMO that it was made for, not a child; INVALID_ARGS."""
        store = memory.store
        if (
            not isinstance(store, SourcedStore)
            or memory.kind != "paged"
            or store.source.pager is not self
        ):
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        return store

    def operate(self, op: int, store: SourcedStore, offset: int, length: int, data: int) -> None:
        """zx_pager_op_range: INVALID_ARGS, NOT_SUPPORTED, OUT_OF_RANGE, NOT_FOUND."""
        if op == abi.ZX_PAGER_OP_FAIL:
            status = data - (1 << 64) if data >> 63 else data
            if status not in _FAILURES:
                raise ZxError(abi.ZX_ERR_INVALID_ARGS)
            store.fail(offset, length, status)
        elif op == abi.ZX_PAGER_OP_DIRTY:
            _refuse(data != 0)
            store.make_dirty(offset, length)
        elif op == abi.ZX_PAGER_OP_WRITEBACK_BEGIN:
            _refuse(data not in (0, abi.ZX_VMO_DIRTY_RANGE_IS_ZERO))
            store.begin_writeback(offset, length, data == abi.ZX_VMO_DIRTY_RANGE_IS_ZERO)
        elif op == abi.ZX_PAGER_OP_WRITEBACK_END:
            _refuse(data != 0)
            store.end_writeback(offset, length)
        else:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)


def _refuse(wrong: bool) -> None:
    if wrong:
        raise ZxError(abi.ZX_ERR_INVALID_ARGS)
