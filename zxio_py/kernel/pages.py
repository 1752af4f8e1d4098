"""Page stores: the memory behind VMOs and mappings.

A store is a sparse array of pages.  Snapshots share pages until one side writes: a shared page
is never changed, the writer takes a copy, so both sides are isolated from each other and from
what becomes of the other (resized, zeroed, dropped).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from zxio_py import abi
from zxio_py.kernel.errors import ZxError

if TYPE_CHECKING:
    from zxio_py.kernel.aspace import Mapping

PAGE_SIZE = abi.ZX_PAGE_SIZE
PAGE_SHIFT = 12
PAGE_MASK = PAGE_SIZE - 1
#: Bytes of memory that the emulated machine has.
MACHINE_MEMORY = 64 << 20

_ZEROS = bytes(PAGE_SIZE)


def round_up(size: int) -> int:
    """*size* rounded up to whole pages."""
    return (size + PAGE_MASK) & ~PAGE_MASK


def page_steps(offset: int, size: int) -> Iterator[tuple[int, int]]:
    """The bytes at *offset* a page at a time: how many are done, and how many come next."""
    done = 0
    while done < size:
        step = min(PAGE_SIZE - ((offset + done) & PAGE_MASK), size - done)
        yield done, step
        done += step


class Page:
    """The contents of one page, how many stores hold it, and whose it counts as."""

    __slots__ = ("data", "frame", "owner", "shares", "state")

    def __init__(self, data: bytearray, owner: PageStore | None) -> None:
        self.data = data
        self.owner = owner
        self.shares = 1
        #: Of one that a pager has supplied: whether it has been changed; see SourcedStore.
        self.state = 0
        #: Where a device finds it: the number of a page frame, once it has been pinned.
        self.frame = 0


class Pin:
    """Pages [first, end) of a store that stay where they are: a device may use them."""

    __slots__ = ("end", "first")

    def __init__(self, first: int, end: int) -> None:
        self.first = first
        self.end = end


class PageStore:
    """A sparse array of pages; absent ones read as zeros."""

    #: Whether pages may have to come from a pager before they can be used.
    paged: ClassVar[bool] = False

    __slots__ = (
        "first_frame",
        "is_contiguous",
        "is_device",
        "is_snapshot",
        "mappings",
        "pages",
        "pins",
        "size",
        "windows",
        "wired",
    )

    def __init__(self, size: int) -> None:
        #: Bytes, a multiple of the page size.
        self.size = size
        self.pages: dict[int, Page] = {}
        #: Where it is mapped: their translations must be dropped when pages change places.
        self.mappings: list[Mapping] = []
        #: Whether a page that is absent need not have been zero where the store was copied from.
        self.is_snapshot = False
        #: Whether its pages are the kernel's own, which nobody may change.
        self.wired = False
        #: Whether its pages are neighbours, and stay.
        self.is_contiguous = False
        #: Whether it stands for registers of a device, which there is none of: never any pages.
        self.is_device = False
        #: Number of the first page's frame, where the frames follow one another.
        self.first_frame = 0
        #: Ranges that a device may use.
        self.pins: list[Pin] = []
        #: VMOs that show it.
        self.windows = 0

    # Access: offsets and lengths in bytes, inside the store -------------------------------

    def read(self, offset: int, length: int) -> bytes:
        """Copy out *length* bytes from *offset*."""
        start = offset & PAGE_MASK
        if start + length <= PAGE_SIZE:
            page = self.pages.get(offset >> PAGE_SHIFT)
            return bytes(page.data[start : start + length]) if page else bytes(length)
        first, last = offset >> PAGE_SHIFT, (offset + length - 1) >> PAGE_SHIFT
        pages = self.pages
        chunks = [p.data if (p := pages.get(i)) else _ZEROS for i in range(first, last + 1)]
        return b"".join(chunks)[start : start + length]

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Copy *data* in at *offset*."""
        start = offset & PAGE_MASK
        length = len(data)
        if start + length <= PAGE_SIZE:
            if length:
                self.page_for_write(offset >> PAGE_SHIFT)[start : start + length] = data
            return
        view = memoryview(data)
        done = 0
        while done < length:
            start = (offset + done) & PAGE_MASK
            chunk = min(PAGE_SIZE - start, length - done)
            page = self.page_for_write((offset + done) >> PAGE_SHIFT)
            page[start : start + chunk] = view[done : done + chunk]
            done += chunk

    def page_for_write(self, index: int) -> bytearray:
        """The page at *index*, made this store's own: committed, and copied if shared."""
        page = self.pages.get(index)
        if page is None:
            page = self.pages[index] = Page(bytearray(PAGE_SIZE), self)
        elif page.shares > 1:
            page.shares -= 1
            page = self.pages[index] = Page(bytearray(page.data), self)
            self.flush()
        return page.data

    # Ranges ------------------------------------------------------------------------------

    def commit(self, offset: int, length: int) -> None:
        """Give every page in the range contents of its own; NO_MEMORY if no machine has so many."""
        if length > MACHINE_MEMORY:
            raise ZxError(abi.ZX_ERR_NO_MEMORY)
        for index in range(offset >> PAGE_SHIFT, round_up(offset + length) >> PAGE_SHIFT):
            self.page_for_write(index)

    def decommit(self, offset: int, length: int) -> None:
        """Drop the whole pages in the (page aligned) range: they read as zeros."""
        self._drop(offset >> PAGE_SHIFT, (offset + length) >> PAGE_SHIFT)

    def zero(self, offset: int, length: int) -> None:
        """Make the range read as zeros, dropping pages where whole and not pinned."""
        end = offset + length
        first, last = round_up(offset), end & ~PAGE_MASK
        if first > last or self.is_contiguous:  # inside one page, or of pages that stay
            self._zero_part(offset, length)
            return
        self._zero_part(offset, first - offset)
        for pin in self.pins:
            pages = range(max(pin.first, first >> PAGE_SHIFT), min(pin.end, last >> PAGE_SHIFT))
            for index in pages:
                self.write(index << PAGE_SHIFT, _ZEROS)
        self._drop(first >> PAGE_SHIFT, last >> PAGE_SHIFT)
        self._zero_part(last, end - last)

    def resize(self, size: int) -> None:
        """Change the size in bytes (a multiple of the page size)."""
        if size < self.size:
            self._drop(size >> PAGE_SHIFT, self.size >> PAGE_SHIFT)
            self.flush()
        self.size = size

    def pin(self, offset: int, length: int, writes: bool = False) -> Pin:
        """Commit the pages of a range and keep them where they are until `unpin`.

        *writes*: for somebody who changes them.
        """
        if not self.is_device:
            self.commit(offset, length)
        return self.add_pin(offset, length)

    def add_pin(self, offset: int, length: int) -> Pin:
        """Keep the pages of a range where they are."""
        pin = Pin(offset >> PAGE_SHIFT, (offset + length) >> PAGE_SHIFT)
        self.pins.append(pin)
        return pin

    def unpin(self, pin: Pin) -> None:
        """Let the pages go again."""
        self.pins.remove(pin)

    def is_pinned(self, offset: int, length: int) -> bool:
        """Whether some page of the range is pinned."""
        first, end = offset >> PAGE_SHIFT, (offset + length) >> PAGE_SHIFT
        return any(pin.first < end and first < pin.end for pin in self.pins)

    def take(self, offset: int, length: int) -> list[Page | None]:
        """Give away the pages of a range, which reads as zeros then; None for those absent."""
        first, end = offset >> PAGE_SHIFT, (offset + length) >> PAGE_SHIFT
        taken = [self.pages.pop(index, None) for index in range(first, end)]
        self.flush()
        return taken

    def snapshot(self, offset: int, size: int) -> PageStore:
        """A store of *size* bytes with the contents from *offset* on, zeros past the end."""
        child = PageStore(size)
        child.is_snapshot = True
        first, count = offset >> PAGE_SHIFT, size >> PAGE_SHIFT
        for index in self._present(first, first + count):
            page = self.pages[index]
            page.shares += 1
            child.pages[index - first] = page
        self.flush()  # writable translations of what is shared now
        return child

    def release(self) -> None:
        """Let go of every page; nothing uses the store any more."""
        for page in self.pages.values():
            page.shares -= 1
        self.pages.clear()

    def committed(self, offset: int, length: int) -> int:
        """Pages in the range that count as this store's: made for it, or held by no other."""
        present = self._present(offset >> PAGE_SHIFT, round_up(offset + length) >> PAGE_SHIFT)
        pages = [self.pages[index] for index in present]
        return sum(1 for page in pages if page.owner is self or page.shares == 1)

    def flush(self) -> None:
        """Drop the address translations of every mapping."""
        for mapping in self.mappings:
            mapping.region.aspace.flush()

    def _present(self, first: int, end: int) -> list[int]:
        if end - first < len(self.pages):
            return [index for index in range(first, end) if index in self.pages]
        return [index for index in self.pages if first <= index < end]

    def _drop(self, first: int, end: int) -> None:
        dropped = self._present(first, end)
        if self.pins:
            dropped = [i for i in dropped if not any(p.first <= i < p.end for p in self.pins)]
        for index in dropped:
            self.pages.pop(index).shares -= 1
        if dropped:
            self.flush()

    def _zero_part(self, offset: int, length: int) -> None:
        if length and offset >> PAGE_SHIFT in self.pages:
            self.write(offset, bytes(length))
