"""Virtual memory objects.

A `VmObject` is the memory: it lives while somebody has a handle to it, a mapping of it or a stream
on it.  When it ends, its children become its parent's.  A `Vmo` is what handles refer to.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Literal

from zxio_py import abi
from zxio_py.kernel.dispatcher import Dispatcher, clean_name
from zxio_py.kernel.errors import ZxError
from zxio_py.kernel.paged_store import PagedStore
from zxio_py.kernel.pages import (
    MACHINE_MEMORY,
    PAGE_MASK,
    PAGE_SHIFT,
    PAGE_SIZE,
    PageStore,
    round_up,
)

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.pages import Page

#: Largest size in bytes: whole nodes of 32 pages below 2**64.
MAX_SIZE = (1 << 64) - 32 * PAGE_SIZE

#: Entries of page tables have room for physical addresses below this.
_PHYSICAL_END = 1 << 48

#: What keeps memory whose pages need not come from anywhere.
_NEVER_WAITS = nullcontext()

Kind = Literal["anonymous", "contiguous", "physical", "paged", "snapshot", "slice", "reference"]


class Content:
    """The content size of a VMO in bytes: how much of it a stream sees."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        self.size = size


class VmObject:
    """The memory of a VMO."""

    __slots__ = (
        "_slice_size",
        "base",
        "cache_policy",
        "children",
        "content",
        "discardable",
        "dispatcher",
        "immutable",
        "kernel",
        "kind",
        "koid",
        "lock_count",
        "mapping_count",
        "name",
        "parent",
        "pin_count",
        "resizable",
        "root_offset",
        "store",
        "stream_count",
    )

    def __init__(
        self,
        kernel: Kernel,
        store: PageStore,
        kind: Kind,
        content: Content,
        resizable: bool = False,
        parent: VmObject | None = None,
    ) -> None:
        self.kernel = kernel
        self.kind = kind
        self.store = store
        #: Where its memory begins in the store, in bytes; other than 0 only for slices.
        self.base = 0
        self._slice_size = 0
        self.content = content
        self.resizable = resizable
        self.discardable = False
        self.lock_count = 0
        #: Whether it was made with ZX_VMO_CHILD_NO_WRITE.
        self.immutable = False
        self.cache_policy = abi.ZX_CACHE_POLICY_CACHED
        self.name = b""
        self.mapping_count = 0
        self.stream_count = 0
        self.pin_count = 0
        self.children: list[VmObject] = []
        self.parent = parent
        #: Offset in the oldest ancestor; bounds how far the object may grow.
        self.root_offset = 0
        self.koid: int = 0
        self.dispatcher: Vmo | None = None
        store.windows += 1

    @property
    def parent_koid(self) -> int:
        """Koid of the parent, 0 if there is none (any more)."""
        return 0 if self.parent is None else self.parent.koid

    @classmethod
    def create(cls, kernel: Kernel, size: int, resizable: bool = False) -> VmObject:
        """Zeroed memory of *size* bytes, rounded up to pages; OUT_OF_RANGE if too large."""
        store = PageStore(cls.rounded(size))
        return cls(kernel, store, "anonymous", Content(size), resizable)

    @classmethod
    def create_paged(
        cls, kernel: Kernel, store: PagedStore, size: int, resizable: bool
    ) -> VmObject:
        """Memory of *size* bytes that a pager supplies."""
        return cls(kernel, store, "paged", Content(size), resizable)

    @classmethod
    def create_contiguous(cls, kernel: Kernel, size: int, alignment: int) -> VmObject:
        """Memory whose pages are neighbours, there from the start, the first at an alignment.

        OUT_OF_RANGE, NO_MEMORY.
        """
        rounded = cls.rounded(size)
        if max(size, alignment) > MACHINE_MEMORY:
            raise ZxError(abi.ZX_ERR_NO_MEMORY)
        store = PageStore(rounded)
        store.commit(0, store.size)
        store.is_contiguous = True
        store.first_frame = kernel.take_frames(store.size >> PAGE_SHIFT, alignment >> PAGE_SHIFT)
        return cls(kernel, store, "contiguous", Content(size))

    @classmethod
    def create_physical(cls, kernel: Kernel, base: int, size: int) -> VmObject:
        """Registers of devices, which only mappings reach; not cached.  INVALID_ARGS."""
        rounded = round_up(size)
        if base & PAGE_MASK or not size or base + rounded > _PHYSICAL_END:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        store = PageStore(rounded)
        store.is_device = True
        store.first_frame = base >> PAGE_SHIFT
        memory = cls(kernel, store, "physical", Content(rounded))
        memory.cache_policy = abi.ZX_CACHE_POLICY_UNCACHED
        return memory

    @property
    def is_contiguous(self) -> bool:
        """Whether its pages follow one another in the machine's memory."""
        return self.store.is_contiguous or self.store.is_device

    @property
    def size(self) -> int:
        """Size in bytes, a multiple of the page size."""
        return self._slice_size if self.kind == "slice" else self.store.size

    @property
    def share_count(self) -> int:
        """Address spaces that show it."""
        return len({id(m.region.aspace) for m in self.store.mappings if m.vmo is self})

    # Lifetime ----------------------------------------------------------------------------

    def adopt(self, child: VmObject) -> None:
        """*child* was made from this object."""
        self.children.append(child)
        if self.dispatcher is not None:
            self.dispatcher.update_signals(abi.ZX_VMO_ZERO_CHILDREN, 0)

    def maybe_end(self) -> None:
        """End the object if nothing refers to it any more; its parent inherits its children."""
        if self.dispatcher or self.mapping_count or self.stream_count or self.pin_count:
            return
        if self.kernel.framebuffer is self:
            return
        parent, self.parent = self.parent, None
        for child in self.children:
            child.parent = parent
        if parent is not None:
            parent.children.remove(self)
            parent.children += self.children
            if not parent.children and parent.dispatcher is not None:
                parent.dispatcher.update_signals(0, abi.ZX_VMO_ZERO_CHILDREN)
        self.children = []
        self.store.windows -= 1
        if self.store.windows == 0:
            self.store.release()

    # Access ------------------------------------------------------------------------------

    def check_access(self, offset: int, length: int) -> None:
        """Whether the kernel may copy the range: NOT_SUPPORTED, BAD_STATE, OUT_OF_RANGE."""
        self._check_memory()
        self.check_cached()
        self.check_range(offset, length)

    def check_range(self, offset: int, length: int) -> None:
        """OUT_OF_RANGE unless the range lies in the object."""
        if offset + length > self.size:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)

    def _check_memory(self) -> None:
        """NOT_SUPPORTED: registers of devices do not come and go, and no call touches them."""
        if self.store.is_device:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)

    def read(self, offset: int, length: int) -> bytes:
        """Copy out; the range has been checked."""
        return self.store.read(self.base + offset, length)

    def write(self, offset: int, data: bytes) -> None:
        """Copy in; the range has been checked."""
        self.store.write(self.base + offset, data)

    def kept(self) -> AbstractContextManager[None]:
        """Keep the memory while a call uses it, also where that waits for pages."""
        store = self.store
        return store.kept() if isinstance(store, PagedStore) else _NEVER_WAITS

    def expect_write(self, offset: int, length: int) -> None:
        """Have the page at *offset* ready; so many bytes are about to be written from there on."""
        store = self.store
        if isinstance(store, PagedStore):
            first = (self.base + offset) >> PAGE_SHIFT
            end = round_up(self.base + offset + length) >> PAGE_SHIFT
            store.bring(first, True, end - first)

    def fill(self, offset: int, size: int, data: bytes) -> None:
        """Copy in what a caller had of *size* bytes; INVALID_ARGS if that was not all."""
        self.write(offset, data)
        if len(data) < size:
            # The page was there before its bytes were to come.
            self.store.page_for_write((self.base + offset + len(data)) >> PAGE_SHIFT)
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)

    # Size --------------------------------------------------------------------------------

    def set_size(self, size: int) -> None:
        """Resize to *size* bytes, rounded up.

        UNAVAILABLE, OUT_OF_RANGE, INVALID_ARGS, BAD_STATE: what would go is pinned.
        """
        if not self.resizable:
            raise ZxError(abi.ZX_ERR_UNAVAILABLE)
        if size > MAX_SIZE:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if self.root_offset + round_up(size) >= 1 << 64:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.store.is_pinned(round_up(size), max(self.size - round_up(size), 0)):
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if isinstance(self.store, PagedStore):
            self._resize_paged(self.store, size)
            return
        if size < self.content.size:
            end = min(round_up(size), self.size)
            if end > size:
                self.store.zero(size, end - size)
        self.store.resize(round_up(size))
        self.content.size = size

    def _resize_paged(self, store: PagedStore, size: int) -> None:
        """The same where the last page may have to come before a part of it can be zeros."""
        store.resize(round_up(size))
        self.content.size = size
        with suppress(ZxError):  # it does not come: the new size stays
            store.zero(size, round_up(size) - size)

    def set_content_size(self, size: int) -> None:
        """ZX_PROP_VMO_CONTENT_SIZE: what lies beyond it reads as zeros.

        ACCESS_DENIED, NOT_SUPPORTED.
        """
        if self.store.wired:
            raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
        self._check_memory()
        if size < self.size:
            self.store.zero(self.base + size, self.size - size)
        self.content.size = size

    # Operations on ranges ----------------------------------------------------------------

    def commit(self, offset: int, length: int) -> None:
        """ZX_VMO_OP_COMMIT."""
        self._check_memory()
        self.check_range(offset, length)
        if length:
            self.store.commit(self.base + offset, length)

    def decommit(self, offset: int, length: int) -> None:
        """ZX_VMO_OP_DECOMMIT: NOT_SUPPORTED, OUT_OF_RANGE, INVALID_ARGS, BAD_STATE if pinned."""
        self._check_memory()
        if self.store.is_contiguous:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        self.check_range(offset, length)
        if not length:
            return
        if self.store.is_snapshot or self.store.paged:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if (offset | length) & PAGE_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.store.is_pinned(self.base + offset, length):
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self.store.decommit(self.base + offset, length)

    def zero(self, offset: int, length: int) -> None:
        """ZX_VMO_OP_ZERO, which is as if zeros were written."""
        self.check_access(offset, length)
        if length:
            self.store.zero(self.base + offset, length)

    def hint(self, offset: int, length: int, needed: bool) -> None:
        """ZX_VMO_OP_DONT_NEED and ALWAYS_NEED: what is needed comes, if a pager supplies it."""
        self._check_memory()
        self.check_range(offset, length)
        if needed and isinstance(self.store, PagedStore):
            self.store.expect(self.base + offset, length)

    def cache_operation(self, offset: int, length: int) -> None:
        """A cache maintenance operation: nothing to do but the checks."""
        if length == 0:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        self.check_range(offset, length)

    def lock(self, offset: int, length: int) -> None:
        """ZX_VMO_OP_LOCK and TRY_LOCK: this emulation never discards, so both succeed."""
        self._check_lockable(offset, length)
        self.lock_count += 1

    def unlock(self, offset: int, length: int) -> None:
        """ZX_VMO_OP_UNLOCK; BAD_STATE if it is not locked."""
        self._check_lockable(offset, length)
        if not self.lock_count:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self.lock_count -= 1

    def _check_lockable(self, offset: int, length: int) -> None:
        if not self.discardable:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if offset != 0 or length != self.size:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)

    def set_cache_policy(self, policy: int) -> None:
        """BAD_STATE: mapped, pinned, related to others, or with pages that are not cached."""
        if self.store.is_device and self.cache_policy == policy:
            return
        uncached = self.cache_policy != abi.ZX_CACHE_POLICY_CACHED
        if (
            (uncached and self.store.pages)
            or self.mapping_count
            or self.store.pins
            or self.children
            or self.parent is not None
        ):
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self.cache_policy = policy

    # Children ----------------------------------------------------------------------------

    def create_snapshot(self, offset: int, size: int, resizable: bool, weak: bool) -> VmObject:
        """A copy-on-write child: isolated in both directions.

        *weak*: only what it writes need be its own, so pages that are not there may be copied.
        """
        if offset & PAGE_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        rounded = self.rounded(size)
        if self.store.is_contiguous:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.kind == "slice" or self.store.is_device:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        self.check_cached()
        if offset + rounded >= 1 << 64:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        paged = self.store if isinstance(self.store, PagedStore) else None
        if paged is not None and not weak:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if self.store.pins and paged is None:  # a device could write to what the copy shares
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if self.root_offset + offset + rounded >= 1 << 64:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if paged is not None:
            store: PageStore = paged.clone(offset, rounded)
        else:
            store = self.store.snapshot(offset, rounded)
        child = VmObject(self.kernel, store, "snapshot", Content(size), resizable, self)
        child.root_offset = self.root_offset + offset
        return child

    def create_slice(self, offset: int, size: int) -> VmObject:
        """A window on this object's own memory."""
        if offset & PAGE_MASK:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        rounded = self.rounded(size)
        if offset + rounded >= 1 << 64:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        if offset + rounded > self.size:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if self.resizable:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if not self.is_contiguous:  # which devices may use together
            self.check_cached()
        child = VmObject(self.kernel, self.store, "slice", Content(size), False, self)
        child.cache_policy = self.cache_policy
        child.base = self.base + offset
        child._slice_size = rounded
        return child

    def create_reference(self, offset: int, size: int, resizable: bool) -> VmObject:
        """A second object for the same memory, size and content size."""
        self._check_memory()
        if offset or size:
            raise ZxError(abi.ZX_ERR_INVALID_ARGS)
        if resizable and not self.resizable:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if self.kind == "slice" or self.store.is_contiguous:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        self.check_cached()
        child = VmObject(self.kernel, self.store, "reference", self.content, self.resizable, self)
        child.root_offset = self.root_offset
        return child

    def take_pages(self, offset: int, length: int) -> list[Page | None]:
        """Give away the pages of a range, which reads as zeros then; None for those absent.

        NOT_SUPPORTED: they stay; BAD_STATE: others see them, or a pager supplies them;
        OUT_OF_RANGE, NO_MEMORY.
        """
        if self.is_contiguous:
            raise ZxError(abi.ZX_ERR_NOT_SUPPORTED)
        if self.children:
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        self.check_range(offset, length)
        original = self
        while original.kind == "reference" and original.parent is not None:
            original = original.parent
        if (
            original.parent is not None
            or self.store.paged
            or self.store.is_pinned(self.base + offset, length)
        ):
            raise ZxError(abi.ZX_ERR_BAD_STATE)
        if length > MACHINE_MEMORY:
            raise ZxError(abi.ZX_ERR_NO_MEMORY)  # for where each of them goes
        return self.store.take(self.base + offset, length)

    def check_cached(self) -> None:
        """BAD_STATE: memory that is not cached must not be seen through two VMOs."""
        if self.cache_policy != abi.ZX_CACHE_POLICY_CACHED:
            raise ZxError(abi.ZX_ERR_BAD_STATE)

    @staticmethod
    def rounded(size: int) -> int:
        """A size rounded up to whole pages; OUT_OF_RANGE if no VMO is that large."""
        if size > MAX_SIZE:
            raise ZxError(abi.ZX_ERR_OUT_OF_RANGE)
        return round_up(size)


class Vmo(Dispatcher):
    """What handles to a VMO refer to."""

    __slots__ = ("memory",)

    TYPE = abi.ZX_OBJ_TYPE_VMO
    DEFAULT_RIGHTS = abi.ZX_DEFAULT_VMO_RIGHTS

    def __init__(self, kernel: Kernel, memory: VmObject) -> None:
        super().__init__(kernel, abi.ZX_VMO_ZERO_CHILDREN)
        self.memory = memory
        memory.koid = self.koid
        memory.dispatcher = self
        if memory.parent is not None:
            memory.parent.adopt(memory)

    def get_name(self) -> bytes:
        return self.memory.name

    def set_name(self, name: bytes) -> None:
        self.memory.name = clean_name(name)

    def on_zero_handles(self) -> None:
        self.memory.dispatcher = None
        self.memory.maybe_end()
