"""Address spaces: regions, mappings, and copying between user memory and the kernel."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import TYPE_CHECKING

from zxio_py import abi
from zxio_py.kernel import vdso
from zxio_py.kernel.errors import UserFault, ZxError
from zxio_py.kernel.paged_store import PagedStore
from zxio_py.kernel.pages import PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, PageStore, round_up

if TYPE_CHECKING:
    from zxio_py.kernel.kernel import Kernel
    from zxio_py.kernel.thread import Thread
    from zxio_py.kernel.vmo import VmObject

#: First and one past the last user address, as on x86-64.
USER_BASE = 0x1000000
USER_TOP = 0x7FFFFFFFF000
#: Where what processes share begins, if they do: below is what each has for itself.
SHARED_BASE = USER_BASE + round_up((USER_TOP - USER_BASE) // 2)

_PERMS = {
    "none": 0,
    "r": abi.ZX_VM_PERM_READ,
    "rw": abi.ZX_VM_PERM_READ | abi.ZX_VM_PERM_WRITE,
    "rx": abi.ZX_VM_PERM_READ | abi.ZX_VM_PERM_EXECUTE,
}
PERM_MASK = abi.ZX_VM_PERM_READ | abi.ZX_VM_PERM_WRITE | abi.ZX_VM_PERM_EXECUTE
CAN_MAP_MASK = (
    abi.ZX_VM_CAN_MAP_READ
    | abi.ZX_VM_CAN_MAP_WRITE
    | abi.ZX_VM_CAN_MAP_EXECUTE
    | abi.ZX_VM_CAN_MAP_SPECIFIC
)
_ZERO_PAGE = bytes(PAGE_SIZE)


class Node:
    """A range of an address space: a region or a mapping."""

    __slots__ = ("base", "parent", "size")

    def __init__(self, base: int, size: int, parent: Region | None) -> None:
        self.base = base
        self.size = size
        self.parent = parent

    @property
    def end(self) -> int:
        """One past the last address."""
        return self.base + self.size

    def __lt__(self, other: Node) -> bool:
        return self.base < other.base


class Mapping(Node):
    """Part of a page store, seen at an address."""

    __slots__ = ("limit", "name", "offset", "perms", "region", "store", "vmo")

    def __init__(
        self,
        base: int,
        size: int,
        region: Region,
        store: PageStore,
        offset: int,
        perms: int,
        limit: int,
        vmo: VmObject | None,
        name: bytes = b"",
    ) -> None:
        super().__init__(base, size, region)
        self.region = region
        self.store = store
        #: Where in the store it begins, in bytes.
        self.offset = offset
        #: ZX_VM_PERM_ bits in force, and those it may ever be given.
        self.perms = perms
        self.limit = limit
        #: The VMO it was made from; None for memory the harness itself placed there.
        self.vmo = vmo
        self.name = name

    @property
    def store_end(self) -> int:
        """Where the memory behind it ends in the store, in bytes."""
        return self.store.size if self.vmo is None else self.vmo.base + self.vmo.size

    @property
    def committed(self) -> int:
        """Pages that count as the store's where the mapping shows any."""
        end = min(self.offset + self.size, self.store_end)
        return self.store.committed(self.offset, max(end - self.offset, 0))


class Region(Node):
    """A range of addresses that holds mappings and further regions (a VMAR)."""

    __slots__ = ("alive", "aspace", "children", "flags")

    def __init__(
        self, aspace: AddressSpace, base: int, size: int, flags: int, parent: Region | None
    ) -> None:
        super().__init__(base, size, parent)
        self.aspace = aspace
        #: ZX_VM_CAN_MAP_ bits.
        self.flags = flags
        #: Not overlapping, by address.
        self.children: list[Node] = []
        self.alive = True

    def child_at(self, address: int) -> Node | None:
        """The region or mapping directly in this one that covers *address*."""
        index = bisect_right(self.children, address, key=_base) - 1
        if index >= 0:
            child = self.children[index]
            if address < child.base + child.size:
                return child
        return None

    def overlapping(self, base: int, end: int) -> list[Node]:
        """Children that touch [base, end), by address."""
        found: list[Node] = []
        if not self.children:
            return found
        index = max(bisect_right(self.children, base, key=_base) - 1, 0)
        for child in self.children[index:]:
            if child.base >= end:
                break
            if child.end > base:
                found.append(child)
        return found

    def insert(self, child: Node) -> None:
        """Add a child that overlaps no other."""
        if self.children and child.base < self.children[-1].base:
            insort(self.children, child)
        else:
            self.children.append(child)

    def find_spot(self, size: int, align: int = PAGE_SIZE, limit: int | None = None) -> int | None:
        """Lowest free range of *size* bytes that ends at or before *limit*; None if full.

        A page is left free on either side of it if that is possible.
        """
        top = self.end if limit is None else limit
        spot = self._first_fit(size, align, top, PAGE_SIZE)
        return self._first_fit(size, align, top, 0) if spot is None else spot

    def _first_fit(self, size: int, align: int, top: int, gap: int) -> int | None:
        base = -(-self.base // align) * align
        for child in self.children:
            if child.base >= top or base + size + gap <= child.base:
                break
            base = -(-(child.end + gap) // align) * align
        return base if base + size <= top else None

    def detach(self, child: Node) -> None:
        """Remove *child* from the children."""
        index = bisect_right(self.children, child.base, key=_base) - 1
        del self.children[index]


def _base(node: Node) -> int:
    return node.base


class AddressSpace:
    """The user memory of one process, or what several share of it, or one has for itself."""

    __slots__ = ("_harness_top", "_readable", "_writable", "kernel", "root", "vdso_code")

    def __init__(self, kernel: Kernel, base: int = USER_BASE, top: int = USER_TOP) -> None:
        """Addresses from *base* up to *top*."""
        self.kernel = kernel
        self.root = Region(self, base, top - base, CAN_MAP_MASK, None)
        # Translations by page number, as a TLB holds them; flushed when mappings or pages change.
        self._readable: dict[int, bytearray] = {}
        self._writable: dict[int, bytearray] = {}
        self._harness_top = 0x200000000000
        #: The one executable mapping of the vDSO's code.
        self.vdso_code: Mapping | None = None

    @property
    def vdso_base(self) -> int:
        """Where the vDSO is, by its code; 0 if there is none."""
        return self.vdso_code.base - vdso.CODE_OFFSET if self.vdso_code else 0

    def has_vdso_code(self, base: int, end: int) -> bool:
        """Whether [base, end) touches the vDSO's code, which nobody can take away."""
        code = self.vdso_code
        return code is not None and code.base < end and code.end > base

    # For those who set programs up: these take the kernel lock ------------------------------

    def map(
        self,
        size: int,
        perms: str,
        address: int | None = None,
        name: str = "",
        contents: bytes = b"",
    ) -> int:
        """Map *size* bytes of fresh memory ("none", "r", "rw", "rx") and return its address.

        The neighbouring pages stay unmapped unless *address* says where to put it.  The memory
        begins with *contents*, whatever the permissions are.
        """
        size = round_up(size)
        bits = _PERMS[perms]
        with self.kernel.lock:
            if address is None:
                address = self._harness_spot(size)
            elif address & PAGE_MASK or self.root.overlapping(address, address + size):
                raise ZxError(abi.ZX_ERR_ALREADY_EXISTS)
            store = PageStore(size)
            self.add_mapping(self.root, address, size, store, 0, bits, bits, None, name.encode())
            if contents:
                self._fill(address, store, contents, bits)
            return address

    def unmap(self, address: int, size: int) -> None:
        """Remove the mapping that `map` made at *address*."""
        with self.kernel.lock:
            mapping = self.find(address)
            if mapping is None or mapping.base != address or mapping.size != round_up(size):
                raise ZxError(abi.ZX_ERR_NOT_FOUND)
            self.remove_mapping(mapping)

    def read(self, address: int, size: int, thread: Thread | None = None) -> bytes:
        """Read user memory; UserFault if it is not readable.

        *thread* waits for what has to come from a pager; without one that is not readable.
        """
        with self.kernel.lock:
            self.kernel.running = thread
            return self.copy_in(address, size)

    def write(self, address: int, data: bytes) -> None:
        """Write user memory as the program could; UserFault if it is not writable."""
        with self.kernel.lock:
            self.kernel.running = None
            self.copy_out(address, data)

    def store(self, address: int, data: bytes, thread: Thread) -> None:
        """Write user memory as one instruction does, all of it or nothing; UserFault."""
        with self.kernel.lock:
            self.kernel.running = thread
            for page in range(address & ~PAGE_MASK, address + len(data), PAGE_SIZE):
                self.writable_page(page)
            self.copy_out(address, data)

    def _fill(self, address: int, store: PageStore, contents: bytes, perms: int) -> None:
        """Write *contents* to a store just mapped at *address*, and remember its pages."""
        for index in range(-(-len(contents) // PAGE_SIZE)):
            page = store.page_for_write(index)
            piece = contents[index * PAGE_SIZE : (index + 1) * PAGE_SIZE]
            page[: len(piece)] = piece
            number = (address >> PAGE_SHIFT) + index
            if perms & abi.ZX_VM_PERM_READ:
                self._readable[number] = page
            if perms & abi.ZX_VM_PERM_WRITE:
                self._writable[number] = page

    def _harness_spot(self, size: int) -> int:
        """A free range high up, with free pages before and after it."""
        address = self._harness_top + PAGE_SIZE
        while taken := self.root.overlapping(address - PAGE_SIZE, address + size + PAGE_SIZE):
            address = taken[-1].end + PAGE_SIZE
        self._harness_top = address + size
        return address

    # Mappings: kernel lock held --------------------------------------------------------------

    def find(self, address: int) -> Mapping | None:
        """The mapping that covers *address*."""
        node: Node | None = self.root
        while isinstance(node, Region):
            node = node.child_at(address)
        return node if isinstance(node, Mapping) else None

    def add_mapping(
        self,
        region: Region,
        base: int,
        size: int,
        store: PageStore,
        offset: int,
        perms: int,
        limit: int,
        vmo: VmObject | None,
        name: bytes = b"",
    ) -> Mapping:
        """Place a mapping in *region*, over free addresses."""
        mapping = Mapping(base, size, region, store, offset, perms, limit, vmo, name)
        region.insert(mapping)
        store.mappings.append(mapping)
        if vmo is not None:
            vmo.mapping_count += 1
        return mapping

    def map_vdso(self, memory: VmObject) -> None:
        """Map the vDSO out of the way: its data, and behind them its code."""
        base = self._harness_spot(memory.size)

        def part(offset: int, size: int, perms: int) -> Mapping:
            at, store = base + offset, memory.store
            return self.add_mapping(
                self.root, at, size, store, offset, perms, perms, memory, memory.name
            )

        part(0, vdso.CODE_OFFSET, _PERMS["r"])
        self.vdso_code = part(vdso.CODE_OFFSET, vdso.CODE_SIZE, _PERMS["rx"])

    def remove_mapping(self, mapping: Mapping) -> None:
        """Take a mapping away."""
        mapping.region.detach(mapping)
        self.drop_mapping(mapping)

    def drop_mapping(self, mapping: Mapping) -> None:
        """Undo the ties of a mapping that its region has already forgotten."""
        store, vmo = mapping.store, mapping.vmo
        if mapping is self.vdso_code:
            self.vdso_code = None
        store.mappings.remove(mapping)
        self.flush()
        if vmo is not None:
            vmo.mapping_count -= 1
            vmo.maybe_end()
        elif not store.mappings:
            store.release()

    def cut_mapping(self, mapping: Mapping, base: int, end: int) -> None:
        """Remove the part of a mapping that lies in [base, end)."""
        region, old_base, old_end = mapping.region, mapping.base, mapping.end
        if old_base >= base:
            region.detach(mapping)
        else:
            mapping.size = base - old_base
        if end < old_end:
            self._piece_of(mapping, end, old_end)
        if old_base >= base:
            self.drop_mapping(mapping)
        self.flush()

    def protect_mapping(self, mapping: Mapping, base: int, end: int, perms: int) -> None:
        """Give the part of a mapping that lies in [base, end) other permissions."""
        if base > mapping.base:
            mapping.size, rest = base - mapping.base, mapping.end
            mapping = self._piece_of(mapping, base, rest)
        if end < mapping.end:
            old_end = mapping.end
            mapping.size = end - mapping.base
            self._piece_of(mapping, end, old_end)
        mapping.perms = perms
        self.flush()

    def _piece_of(self, mapping: Mapping, base: int, end: int) -> Mapping:
        """A second mapping for the part of what *mapping* shows at [base, end)."""
        return self.add_mapping(
            mapping.region,
            base,
            end - base,
            mapping.store,
            mapping.offset + base - mapping.base,
            mapping.perms,
            mapping.limit,
            mapping.vmo,
            mapping.name,
        )

    def flush(self) -> None:
        """Forget all translations."""
        self._readable.clear()
        self._writable.clear()

    def destroy(self) -> None:
        """The process is gone: drop everything."""
        self.destroy_region(self.root)
        # A region that is dead is never asked for this, and both go at once without it.
        del self.root.aspace

    def destroy_region(self, region: Region) -> None:
        """Remove a region with all that is in it, by address and leaves first.

        ACCESS_DENIED at the vDSO's code, which goes only with the whole address space.
        """
        node: Region | None = region
        while node is not None:
            if node.children:
                child = node.children[0]
                if isinstance(child, Region):
                    node = child
                    continue
                if child is self.vdso_code and region is not self.root:
                    raise ZxError(abi.ZX_ERR_ACCESS_DENIED)
                del node.children[0]
                if isinstance(child, Mapping):
                    self.drop_mapping(child)
                continue
            node.alive = False
            if node.parent is not None:
                node.parent.detach(node)
            node = node.parent if node is not region else None

    def is_executable(self, address: int) -> bool:
        """Whether there is memory at *address* whose contents may be run."""
        mapping = self.find(address)
        if mapping is None or not mapping.perms & abi.ZX_VM_PERM_EXECUTE:
            return False
        return address - mapping.base + mapping.offset < mapping.store_end

    # User copies: kernel lock held -----------------------------------------------------------

    def copy_in(self, address: int, size: int) -> bytes:
        """Copy *size* bytes from user memory."""
        start = address & PAGE_MASK
        if start + size <= PAGE_SIZE:
            page = self._readable.get(address >> PAGE_SHIFT)
            if page is not None:
                return bytes(page[start : start + size])
        if size == 0:
            return b""
        if address + size > USER_TOP:
            raise UserFault(address, "read")
        chunks: list[bytes | bytearray] = []
        end = address + size
        while address < end:
            start = address & PAGE_MASK
            stop = min(PAGE_SIZE, start + end - address)
            page = self._readable.get(address >> PAGE_SHIFT)
            chunks.append((self.readable_page(address) if page is None else page)[start:stop])
            address += stop - start
        return b"".join(chunks)

    def copy_out(self, address: int, data: bytes | bytearray) -> None:
        """Copy *data* to user memory; what lies before a fault has then been written."""
        size = len(data)
        start = address & PAGE_MASK
        if start + size <= PAGE_SIZE:
            page = self._writable.get(address >> PAGE_SHIFT)
            if page is not None:
                page[start : start + size] = data
                return
        if size == 0:
            return
        if address + size > USER_TOP:
            raise UserFault(address, "write")
        done = 0
        while done < size:
            start = (address + done) & PAGE_MASK
            count = min(PAGE_SIZE - start, size - done)
            page = self._writable.get((address + done) >> PAGE_SHIFT)
            if page is None:
                page = self.writable_page(address + done)
            page[start : start + count] = data[done : done + count]
            done += count

    def readable_page(self, address: int) -> bytes | bytearray:
        """The page at *address* for reading."""
        mapping = self._mapping_for(address, abi.ZX_VM_PERM_READ)
        if mapping is None:
            raise UserFault(address, "read")
        store = mapping.store
        index = (address - mapping.base + mapping.offset) >> PAGE_SHIFT
        page = store.pages.get(index)
        if page is None:
            if isinstance(store, PagedStore):
                return store.page_for_read(index)
            if store.is_device:
                raise UserFault(address, "read")
            return _ZERO_PAGE
        self._readable[address >> PAGE_SHIFT] = page.data
        return page.data

    def writable_page(self, address: int) -> bytearray:
        """The page at *address* for writing: committed, and copied if it was shared."""
        mapping = self._mapping_for(address, abi.ZX_VM_PERM_WRITE)
        if mapping is None or mapping.store.is_device:
            raise UserFault(address, "write")
        offset = address - mapping.base + mapping.offset
        data = mapping.store.page_for_write(offset >> PAGE_SHIFT)
        self._writable[address >> PAGE_SHIFT] = data
        if mapping.perms & abi.ZX_VM_PERM_READ:
            self._readable[address >> PAGE_SHIFT] = data
        return data

    def _mapping_for(self, address: int, perm: int) -> Mapping | None:
        """The mapping that shows something at *address* and allows that, once its page has come."""
        while True:
            mapping = self.find(address)
            if mapping is None or not mapping.perms & perm:
                return None
            offset = address - mapping.base + mapping.offset
            if offset >= mapping.store_end:
                return None
            store = mapping.store
            if not isinstance(store, PagedStore):
                return mapping
            try:
                if not store.bring_once(offset >> PAGE_SHIFT, perm == abi.ZX_VM_PERM_WRITE):
                    return mapping
            except ZxError:  # it does not come
                return None
