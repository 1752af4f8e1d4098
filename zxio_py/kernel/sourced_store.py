"""Stores whose pages come from a pager, and what the pager does with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.paged_store import ZERO_PAGE, PagedStore, Want, zero_page
from zxio_py.kernel.pages import MACHINE_MEMORY, PAGE_SHIFT, PAGE_SIZE, Page, round_up

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.page_source import PageSource

#: States of pages.  What is being written back is still dirty, but the pager is asked again before
#: it is changed.
_CLEAN = 0
_DIRTY = 1
_CLEANING = 2

#: A request to make pages dirty extends over this many of those that are about to be written.
_DIRTY_AHEAD = 16

#: Whether a page, or an absent one, is of the kind that is looked for.
_Wanted: TypeAlias = Callable[["Page | None"], bool]


class SourcedStore(PagedStore):
    """Pages that come from a pager.

    Pages from `zero_from` on were never the pager's: absent ones are zeros, and as dirty as those
    that have been written to, until the pager has written them back, up to `_cleaning_to`.
    """

    __slots__ = ("_cleaning_to", "modified", "source", "zero_from")

    def __init__(self, kernel: Kernel, source: PageSource, size: int) -> None:
        super().__init__(kernel, size)
        self.source = source
        #: Bytes, whole pages.
        self.zero_from = size
        #: Up to here zeros are being written back; 0: none are.
        self._cleaning_to = 0
        #: What zx_pager_query_vmo_stats tells.
        self.modified = False

    # Pages, as whoever uses the VMO sees them ----------------------------------------------

    def note_change(self) -> None:
        self.modified = True

    def missing(self, index: int, write: bool, count: int = 1) -> Want | None:
        page = self.pages.get(index)
        if page is None and not self._is_implied(index):
            return self._want(abi.ZX_PAGER_VMO_READ, index, 1)
        if not write or not self.source.traps_dirty or (page is not None and page.state == _DIRTY):
            return None
        last = min(index + min(count, _DIRTY_AHEAD), self.size >> PAGE_SHIFT)
        run = 1
        while index + run < last and self._can_become_dirty(index + run):
            run += 1
        return self._want(abi.ZX_PAGER_VMO_DIRTY, index, run)

    def _is_implied(self, index: int) -> bool:
        """Whether the page is zeros if it is absent."""
        return index << PAGE_SHIFT >= self.zero_from

    def _can_become_dirty(self, index: int) -> bool:
        page = self.pages.get(index)
        return self._is_implied(index) if page is None else page.state != _DIRTY

    def _want(self, command: int, index: int, count: int) -> Want:
        if self.source.detached:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        return Want(self.source, command, index << PAGE_SHIFT, count << PAGE_SHIFT)

    def seen(self, index: int) -> Page | None:
        return self.pages.get(index)

    def own(self, index: int, dirty: bool) -> Page:
        page = self.pages.get(index)
        if page is None or page is ZERO_PAGE:
            if page is not None:
                page.shares -= 1
            page = self.pages[index] = Page(bytearray(PAGE_SIZE), self)
            self.flush()
            dirty = dirty or self._is_implied(index)
        if dirty:
            self._make_dirty(index, page)
        return page

    def _make_dirty(self, index: int, page: Page) -> None:
        page.state = _DIRTY
        self._clean_only_to(index << PAGE_SHIFT)

    def have(self, index: int) -> Want | None:
        if index not in self.pages and self.source.traps_dirty:  # implied zeros, which are dirty
            return self._want(abi.ZX_PAGER_VMO_DIRTY, index, 1)
        return super().have(index)

    def reads_zero(self, index: int) -> bool:
        return self._is_implied(index) if index not in self.pages else super().reads_zero(index)

    def zero_pages(self, first: int, end: int) -> None:
        start = first << PAGE_SHIFT
        in_tail = start < self.zero_from <= end << PAGE_SHIFT
        if in_tail and not self.is_pinned(start, self.zero_from - start):
            self._resolve_absent(start, self.zero_from)
            self._move_zero_from(start)
        tail = first
        while tail < end and not self._is_implied(tail):
            if not self.reads_zero(tail):
                self._write_zeros(tail)
            tail += 1
        for index in self._present(tail, end):
            if self.is_pinned(index << PAGE_SHIFT, PAGE_SIZE):
                self._write_zeros(index)
        self._drop(tail, end)
        self.modified = True

    def resize(self, size: int) -> None:
        if size < self.size:
            self._resolve_absent(size, self.size)
            self._resolve_not_dirty(size, self.size)
            if size < self.zero_from:
                self._move_zero_from(size)
            else:
                self._clean_only_to(size)
        super().resize(size)

    # What is implied to be zeros ------------------------------------------------------------

    def _move_zero_from(self, offset: int) -> None:
        if offset < self.zero_from or offset >= self._cleaning_to:
            self._cleaning_to = 0
        self.zero_from = offset

    def _clean_only_to(self, offset: int) -> None:
        """What is at an offset behind `zero_from` is not what is being written back."""
        if self.zero_from <= offset < self._cleaning_to:
            self._cleaning_to = offset if offset > self.zero_from else 0

    # Requests that nobody needs to answer any more ---------------------------------------------

    def _resolve_absent(self, start: int, end: int) -> None:
        for offset, length in self._runs(start, end, lambda page: page is None):
            self.source.resolve(abi.ZX_PAGER_VMO_READ, offset, length)

    def _resolve_not_dirty(self, start: int, end: int) -> None:
        for offset, length in self._runs(start, end, _is_not_dirty):
            self.source.resolve(abi.ZX_PAGER_VMO_DIRTY, offset, length)

    def _runs(self, start: int, end: int, wanted: _Wanted) -> Iterator[tuple[int, int]]:
        """(offset, length) of runs of wanted pages, or of absent ones (given as None)."""
        run_start: int | None = None
        at = start
        for offset, length, page in self._pieces(start, end):
            if not wanted(page):
                if run_start is not None:
                    yield run_start, at - run_start
                run_start = None
            elif run_start is None:
                run_start = offset
            at = offset + length
        if run_start is not None:
            yield run_start, at - run_start

    def _pieces(self, start: int, end: int) -> Iterator[tuple[int, int, Page | None]]:
        """(offset, length, page) of each page, or of the gap between two, in a range of bytes."""
        at = start
        for index in sorted(self._present(start >> PAGE_SHIFT, end >> PAGE_SHIFT)):
            offset = index << PAGE_SHIFT
            if at < offset:
                yield at, offset - at, None
            yield offset, PAGE_SIZE, self.pages[index]
            at = offset + PAGE_SIZE
        if at < end:
            yield at, end - at, None

    # What the pager does: offsets and lengths in bytes, whole pages ----------------------------

    def supply(self, offset: int, pages: list[Page | None]) -> None:
        """Take pages where there are none yet, None for zeros; what is not taken is gone.

        OUT_OF_RANGE.
        """
        self._check(offset, len(pages) << PAGE_SHIFT)
        for page in pages:
            index = offset >> PAGE_SHIFT
            if index not in self.pages and not self._is_implied(index):
                self.pages[index] = zero_page() if page is None else self._adopted(page)
                self.source.resolve(abi.ZX_PAGER_VMO_READ, offset, PAGE_SIZE)
            elif page is not None:
                page.shares -= 1
            offset += PAGE_SIZE

    def _adopted(self, page: Page) -> Page:
        """A page that was another store's."""
        if page.shares > 1:
            page.shares -= 1
            return Page(bytearray(page.data), self)
        page.owner = self
        return page

    def make_dirty(self, offset: int, length: int) -> None:
        """Let pages be written to: ZX_PAGER_OP_DIRTY.

        NOT_SUPPORTED: nobody asks before; OUT_OF_RANGE, NOT_FOUND: not all have been supplied.  Who
        waits for the range looks again in any case.
        """
        if not self.source.traps_dirty:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        end = offset + length
        if offset > self.size or end >= 1 << 64:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        try:
            if end > self.size:
                raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
            for at, _, page in self._pieces(offset, min(end, max(self.zero_from, offset))):
                if page is None and at < self.zero_from:
                    raise ZxError(abi.ZX_ERR_NOT_FOUND)
            if length > MACHINE_MEMORY:
                raise ZxError(abi.ZX_ERR_NO_MEMORY)
        except ZxError:
            self._resolve_not_dirty(offset, min(end, self.size))
            raise
        runs = list(self._runs(offset, end, _is_not_dirty))
        for index in range(offset >> PAGE_SHIFT, end >> PAGE_SHIFT):
            self.own(index, True)
        for start, size in runs:
            self.source.resolve(abi.ZX_PAGER_VMO_DIRTY, start, size)

    def dirty_ranges(self, offset: int, length: int) -> list[tuple[int, int, bool]]:
        """(offset, length, whether it is implied zeros) of what is not written back.

        OUT_OF_RANGE.
        """
        if offset + length > self.size:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        start, end = offset & -PAGE_SIZE, round_up(offset + length)
        self._move_behind_written(start, end)
        middle = min(max(self.zero_from, start), end)
        ranges = [(*run, False) for run in self._runs(start, middle, _is_dirty)]
        found: tuple[int, int] | None = None
        for at, size, page in self._pieces(middle, end):
            if page is not None:
                found = (at if found is None else found[0], (found[1] if found else 0) + size)
                continue
            if found is not None:
                ranges.append((*found, False))
            found = None
            ranges.append((at, size, True))
        if found is not None:
            ranges.append((*found, False))
        return ranges

    def _move_behind_written(self, start: int, end: int) -> None:
        """Count pages at the beginning of the implied zeros as what they are: just dirty."""
        if start <= self.zero_from < end:
            at = self.zero_from
            while at < end and at >> PAGE_SHIFT in self.pages:
                at += PAGE_SIZE
            self._move_zero_from(at)

    def begin_writeback(self, offset: int, length: int, zeros: bool) -> None:
        """The pager saves dirty pages, or only implied *zeros*: ZX_PAGER_OP_WRITEBACK_BEGIN."""
        self._check(offset, length)
        end = offset + length
        if not zeros:
            for index in self._present(offset >> PAGE_SHIFT, end >> PAGE_SHIFT):
                page = self.pages[index]
                if page.state == _DIRTY and not self.is_pinned(index << PAGE_SHIFT, PAGE_SIZE):
                    page.state = _CLEANING
        if self._cleaning_to == 0:
            if offset <= self.zero_from < end:
                self._cleaning_to = end
        elif offset <= self._cleaning_to < end:
            self._cleaning_to = end
        self.flush()

    def end_writeback(self, offset: int, length: int) -> None:
        """What was being saved is saved: ZX_PAGER_OP_WRITEBACK_END."""
        self._check(offset, length)
        end = offset + length
        if offset > self.zero_from:
            return  # nothing in the midst of implied zeros becomes clean
        self._mark_saved(offset, min(end, self.zero_from))
        if self._cleaning_to and end > self.zero_from:
            saved = min(self._cleaning_to, end)
            self._mark_saved(self.zero_from, saved)
            self._move_zero_from(saved)

    def _mark_saved(self, start: int, end: int) -> None:
        for index in self._present(start >> PAGE_SHIFT, end >> PAGE_SHIFT):
            if self.pages[index].state == _CLEANING:
                self.pages[index].state = _CLEAN

    def _check(self, offset: int, length: int) -> None:
        if offset + length > self.size:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)

    def fail(self, offset: int, length: int, status: int) -> None:
        """Nothing that is asked for in a range will come: ZX_PAGER_OP_FAIL.  OUT_OF_RANGE."""
        self._check(offset, length)
        self.source.fail(offset, length, status)

    def detach(self) -> None:
        """The pager supplies nothing any more: only what it has yet to save stays."""
        self.source.detach()
        for index in [i for i, page in self.pages.items() if page.state == _CLEAN]:
            self.pages.pop(index).shares -= 1
        self.flush()

    def on_released(self) -> None:
        self.source.close()


def _is_dirty(page: Page | None) -> bool:
    return page is not None and page.state != _CLEAN


def _is_not_dirty(page: Page | None) -> bool:
    return page is None or page.state != _DIRTY
