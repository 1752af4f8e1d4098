"""Page stores whose pages need not be there: they are asked for, and what touches them waits.

The pages of a `SourcedStore` come from a pager.  A `CloneStore` shows the pages of another such
store where it has none itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from zxio_py import abi
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.pages import (
    MACHINE_MEMORY,
    PAGE_MASK,
    PAGE_SHIFT,
    PAGE_SIZE,
    Page,
    PageStore,
    page_steps,
    round_up,
)

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.page_source import PageSource
    from zxio_py.kernel.pages import Pin
    from zxio_py.kernel.thread import Thread

ZERO_DATA = bytearray(PAGE_SIZE)
#: What says that a page is known to be zeros: one page for all stores, and counted as nobody's.
ZERO_PAGE = Page(ZERO_DATA, None)


def zero_page() -> Page:
    """The page of zeros, for one more store."""
    ZERO_PAGE.shares += 1
    return ZERO_PAGE


class Want(NamedTuple):
    """Pages that have to come before a store can be used."""

    source: PageSource
    #: ZX_PAGER_VMO_READ or ZX_PAGER_VMO_DIRTY.
    command: int
    #: Bytes, whole pages, in the store that the source is of.
    offset: int
    length: int

    def wait(self, thread: Thread | None) -> None:
        """Wait for what was asked for, or for somebody to say that it does not come."""
        if thread is None:
            raise ZxError(abi.ZX_ERR_BAD_STATE)  # nobody who could wait
        self.source.wait(self.command, self.offset, self.length, thread)


class PagedStore(PageStore):
    """What stores of both kinds have in common."""

    __slots__ = ("clones", "kernel")

    paged = True

    def __init__(self, kernel: Kernel, size: int) -> None:
        super().__init__(size)
        self.kernel = kernel
        #: Stores that show this one's pages.
        self.clones: list[CloneStore] = []

    # Pages: by number ---------------------------------------------------------------------

    def missing(self, index: int, write: bool, count: int = 1) -> Want | None:
        """What has to come before a page can be read or written; None: nothing.

        *count* pages from there on are about to be written.  BAD_STATE: it can not come any more.
        """
        raise NotImplementedError

    def seen(self, index: int) -> Page | None:
        """The page that is read, of which nothing is missing; None: zeros."""
        raise NotImplementedError

    def own(self, index: int, dirty: bool) -> Page:
        """The page made this store's own."""
        raise NotImplementedError

    def bring(self, index: int, write: bool, count: int = 1) -> None:
        """Wait until the page can be read or written.

        OUT_OF_RANGE: it is gone meanwhile; BAD_STATE; what the pager says has failed.
        """
        while (want := self.missing(index, write, count)) is not None:
            self._wait(want)
            if index >= self.size >> PAGE_SHIFT:
                raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)

    def _wait(self, want: Want) -> None:
        want.wait(self.kernel.running)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the store while a call uses it, however long that waits."""
        self.windows += 1
        try:
            yield
        finally:
            self.windows -= 1
            self.release()

    def bring_once(self, index: int, write: bool) -> bool:
        """Wait once for a page, for somebody who only faults; whether that was needed.

        That does not keep the VMO from its end, which ends the wait.
        """
        want = self.missing(index, write)
        if want is not None:
            want.wait(self.kernel.running)
        return want is not None

    def page_for_read(self, index: int) -> bytes | bytearray:
        """The page's contents, waited for."""
        self.bring(index, False)
        page = self.seen(index)
        return ZERO_DATA if page is None else page.data

    def page_for_write(self, index: int) -> bytearray:
        self.bring(index, True)
        self.note_change()
        return self.own(index, True).data

    def note_change(self) -> None:
        """The store is about to be changed."""

    # Access -------------------------------------------------------------------------------

    def read(self, offset: int, length: int) -> bytes:
        pieces = []
        with self.kept():
            for done, step in page_steps(offset, length):
                start = (offset + done) & PAGE_MASK
                page = self.page_for_read((offset + done) >> PAGE_SHIFT)
                pieces.append(page[start : start + step])
        return b"".join(pieces)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        with self.kept():
            for done, step in page_steps(offset, len(data)):
                start = (offset + done) & PAGE_MASK
                page = self.page_for_write((offset + done) >> PAGE_SHIFT)
                page[start : start + step] = data[done : done + step]

    def commit(self, offset: int, length: int) -> None:
        """Have every page of the range, asking at once for those that follow one another."""
        if length > MACHINE_MEMORY:
            raise ZxError(abi.ZX_ERR_NO_MEMORY)
        index, end = offset >> PAGE_SHIFT, round_up(offset + length) >> PAGE_SHIFT
        with self.kept():
            while index < min(end, self.size >> PAGE_SHIFT):
                want = self._missing_run(index, end)
                if want is not None:
                    self._wait(want)
                else:
                    index += 1

    def _missing_run(self, index: int, end: int) -> Want | None:
        """What the page and those behind it need to be had; None: it is had now."""
        first = self.missing(index, False)
        if first is None:
            return self.have(index)
        length = first.length
        for following in range(index + 1, min(end, self.size >> PAGE_SHIFT)):
            want = None if following in self.pages else self.missing(following, False)
            if want is None or want.offset != first.offset + length:
                break
            length += want.length
        return first._replace(length=length)

    def have(self, index: int) -> Want | None:
        """Have a page of which nothing is missing; what is to come before that, if anything."""
        self.own(index, False)
        return None

    def pin(self, offset: int, length: int, writes: bool = False) -> Pin:
        self.commit(offset, length)
        if writes:
            end = (offset + length) >> PAGE_SHIFT
            for index in range(offset >> PAGE_SHIFT, end):
                self.bring(index, True, end - index)
                self.note_change()
                self.own(index, True)
        if offset + length > self.size:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)  # it has shrunk meanwhile
        return self.add_pin(offset, length)

    def expect(self, offset: int, length: int) -> None:
        """Have the pages of a range come that can come: they will be needed."""
        index, end = offset >> PAGE_SHIFT, round_up(offset + length) >> PAGE_SHIFT
        with self.kept():
            while index < min(end, self.size >> PAGE_SHIFT):
                with suppress(ZxError):  # a hint does not fail
                    self.bring(index, False)
                index += 1

    # Zeros --------------------------------------------------------------------------------

    def zero(self, offset: int, length: int) -> None:
        with self.kept():
            self._zero(offset, length)

    def _zero(self, offset: int, length: int) -> None:
        end = offset + length
        first, last = round_up(offset), end & ~PAGE_MASK
        if first > last:  # inside one page
            self._zero_part(offset, length)
            return
        self._zero_part(offset, first - offset)
        self._zero_part(last, end - last)
        if first < last:
            if last > self.size:  # it has shrunk meanwhile
                raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
            self.zero_pages(first >> PAGE_SHIFT, last >> PAGE_SHIFT)

    def _zero_part(self, offset: int, length: int) -> None:
        if not length:
            return
        if offset >= self.size:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if not self.reads_zero(offset >> PAGE_SHIFT):
            self.write(offset, bytes(length))

    def reads_zero(self, index: int) -> bool:
        """Whether the page is known to be zeros."""
        return self.pages.get(index) is ZERO_PAGE

    def zero_pages(self, first: int, end: int) -> None:
        """Make whole pages read as zeros."""
        raise NotImplementedError

    def _write_zeros(self, index: int) -> None:
        self.page_for_write(index)[:] = ZERO_DATA

    # Clones, size, end --------------------------------------------------------------------

    def clone(self, offset: int, size: int) -> CloneStore:
        """A store of *size* bytes that shows this one's pages from *offset* on until it writes."""
        limit = min(size, max(self.size - offset, 0))
        shown: PagedStore = self
        # What has no pages of its own there need not stand between.
        while isinstance(shown, CloneStore) and not (
            limit and shown.any_page(offset >> PAGE_SHIFT, round_up(offset + limit) >> PAGE_SHIFT)
        ):
            limit = min(limit, max(shown.limit - offset, 0))
            offset += shown.offset
            shown = shown.parent
        return CloneStore(shown, offset, limit, size)

    def any_page(self, first: int, end: int) -> bool:
        """Whether it has a page of its own in a range."""
        return bool(self._present(first, end))

    def resize(self, size: int) -> None:
        self.note_change()
        for clone in self.clones:  # what goes stays gone for them
            clone.limit = min(clone.limit, max(size - clone.offset, 0))
        super().resize(size)

    def flush(self) -> None:
        super().flush()
        for clone in self.clones:
            clone.flush()

    def release(self) -> None:
        if self.windows == 0 and not self.clones:
            super().release()
            self.on_released()

    def on_released(self) -> None:
        """Nobody shows the store any more."""
        raise NotImplementedError


class CloneStore(PagedStore):
    """A copy that shows the pages of another store until it has its own."""

    __slots__ = ("limit", "offset", "parent")

    def __init__(self, parent: PagedStore, offset: int, limit: int, size: int) -> None:
        super().__init__(parent.kernel, size)
        self.is_snapshot = True
        #: Whose pages it shows where it has none.
        self.parent = parent
        #: Where it begins there, bytes.
        self.offset = offset
        #: Up to where it shows them, bytes; behind that are zeros.
        self.limit = limit
        parent.clones.append(self)

    def _in_parent(self, index: int) -> int | None:
        """The number in the parent of a page shown from there; None: it is not."""
        if index in self.pages or index << PAGE_SHIFT >= self.limit:
            return None
        return index + (self.offset >> PAGE_SHIFT)

    def missing(self, index: int, write: bool, count: int = 1) -> Want | None:
        shown = self._in_parent(index)
        return None if shown is None else self.parent.missing(shown, False)

    def seen(self, index: int) -> Page | None:
        shown = self._in_parent(index)
        return self.pages.get(index) if shown is None else self.parent.seen(shown)

    def own(self, index: int, dirty: bool) -> Page:
        page = self.pages.get(index)
        if page is None or page is ZERO_PAGE:
            seen = self.seen(index)
            if page is not None:
                page.shares -= 1
            data = bytearray(PAGE_SIZE) if seen is None else bytearray(seen.data)
            page = self.pages[index] = Page(data, self)
            self.flush()
        return page

    def zero_pages(self, first: int, end: int) -> None:
        if first << PAGE_SHIFT < self.limit <= end << PAGE_SHIFT:
            self.limit = first << PAGE_SHIFT
        for index in range(first, min(end, self.limit >> PAGE_SHIFT)):
            if self.is_pinned(index << PAGE_SHIFT, PAGE_SIZE):
                self._write_zeros(index)
            elif not self.reads_zero(index):
                self._hide(index)
        behind = max(first, self.limit >> PAGE_SHIFT)
        for index in self._present(behind, end):
            if self.is_pinned(index << PAGE_SHIFT, PAGE_SIZE):
                self._write_zeros(index)
        self._drop(behind, end)
        self.flush()

    def _hide(self, index: int) -> None:
        """Make a page of the parent's, or the copy of one, zeros."""
        shown = self.parent.seen(index + (self.offset >> PAGE_SHIFT))
        if shown is None or shown is ZERO_PAGE:  # nothing there to be hidden
            self.own_zeros(index)
            return
        old = self.pages.get(index)
        if old is not None:
            old.shares -= 1
        self.pages[index] = zero_page()

    def own_zeros(self, index: int) -> None:
        """Have a page of zeros, whatever is shown there."""
        page = self.pages.get(index)
        if page is None or page is ZERO_PAGE:
            self.pages[index] = Page(bytearray(PAGE_SIZE), self)
        else:
            page.data[:] = ZERO_DATA

    def resize(self, size: int) -> None:
        self.limit = min(self.limit, size)
        super().resize(size)

    def on_released(self) -> None:
        self.parent.clones.remove(self)
        self.parent.release()
