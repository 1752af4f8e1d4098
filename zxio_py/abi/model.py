"""The vocabulary in which the system interface is written down.

One `Call` per exported or internal function, one `Struct` per record that crosses the
user/kernel boundary.  The modules beside this one fill them in, one module per kernel object;
everything else (guest headers, dispatch table, vDSO, checks, program generation) is derived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Direction = Literal["in", "out", "inout"]

#: What a call does with the handles a parameter carries.  "mixed" is decided per entry at run
#: time (a disposition array) or differs between members of one structure.
Disposition = Literal["none", "use", "release", "acquire", "mixed"]

#: C types that are not integers or structures of their own: name -> (size in bytes, signed).
SCALAR_TYPES: Mapping[str, tuple[int, bool]] = {
    "int8_t": (1, True),
    "int16_t": (2, True),
    "int32_t": (4, True),
    "int64_t": (8, True),
    "uint8_t": (1, False),
    "uint16_t": (2, False),
    "uint32_t": (4, False),
    "uint64_t": (8, False),
    "uintptr_t": (8, False),
    "size_t": (8, False),
    "zx_clock_t": (4, False),
    "zx_duration_t": (8, True),
    "zx_futex_t": (4, True),
    "zx_handle_t": (4, False),
    "zx_koid_t": (8, False),
    "zx_obj_type_t": (4, False),
    "zx_off_t": (8, False),
    "zx_paddr_t": (8, False),
    "zx_rights_t": (4, False),
    "zx_signals_t": (4, False),
    "zx_status_t": (4, True),
    "zx_stream_seek_origin_t": (4, False),
    "zx_ticks_t": (8, True),
    "zx_time_t": (8, True),
    "zx_txid_t": (4, False),
    "zx_vaddr_t": (8, False),
    "zx_vm_option_t": (4, False),
}

#: Likewise, types that only zxio's own functions use (`zxio_py.abi.zxio`).
LIBRARY_SCALAR_TYPES: Mapping[str, tuple[int, bool]] = {
    "bool": (1, False),
    "int": (4, True),
    "socklen_t": (4, False),
    "va_list": (8, False),
    "zxio_abilities_t": (8, False),
    "zxio_flags_t": (4, False),
    "zxio_node_protocols_t": (8, False),
    "zxio_object_type_t": (4, False),
    "zxio_seek_origin_t": (4, False),
    "zxio_service_connector": (8, False),  # pointer to a function
    "zxio_shutdown_options_t": (4, False),
    "zxio_signals_t": (4, False),
    "zxio_storage_alloc": (8, False),  # pointer to a function
    "zxio_vmo_flags_t": (4, False),
    "zxio_watch_directory_cb": (8, False),  # pointer to a function
}


Arch = Literal["x86_64", "arm64"]

#: Of `Call.errors`: what looking a handle up may come to, in this order.
HANDLE_ERRORS = ("BAD_HANDLE", "WRONG_TYPE", "ACCESS_DENIED")

#: What a pager may say of pages that it was asked for, beside BAD_STATE.
PAGER_ERRORS = ("IO", "IO_DATA_INTEGRITY", "NO_SPACE", "BUFFER_TOO_SMALL")


def _scalar(name: str) -> tuple[int, bool]:
    return SCALAR_TYPES.get(name) or LIBRARY_SCALAR_TYPES[name]


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of a call, as in its C prototype."""

    name: str
    #: C type, e.g. ``const zx_handle_t*``.
    type: str
    direction: Direction = "in"
    #: What happens to the handle(s) it carries.
    handle: Disposition = "none"
    #: Name of the parameter that holds the number of bytes or elements, for buffers.
    count: str | None = None
    #: Noun of the object behind a handle, where the parameter's name and the call do not tell.
    object: str | None = None

    @property
    def is_pointer(self) -> bool:
        """Whether the argument is an address in the caller's space."""
        return self.type.endswith("*")

    @property
    def pointee(self) -> str:
        """The C type pointed to, without ``const``; empty for scalars."""
        return self.type.removeprefix("const ").removesuffix("*") if self.is_pointer else ""

    @property
    def size(self) -> int:
        """Size of the argument itself in bytes (8 for pointers)."""
        return 8 if self.is_pointer else _scalar(self.type)[0]

    @property
    def signed(self) -> bool:
        """Whether the scalar is signed (pointers are not)."""
        return not self.is_pointer and _scalar(self.type)[1]


@dataclass(frozen=True, slots=True)
class Call:
    """One function of the vDSO.

    Attributes of the real listing appear as `attributes`: ``vdsocall`` (answered in the vDSO,
    no kernel entry), ``blocking``, ``internal`` (entry that only the vDSO uses), ``const``,
    ``noreturn``, ``next`` (not stable yet), ``testonly``.
    """

    name: str
    returns: str
    params: tuple[Param, ...]
    attributes: frozenset[str] = frozenset()
    #: Rights per handle parameter, in words (source: the call's reference page).
    rights: tuple[str, ...] = ()
    #: Status codes it answers with by rule, without ``ZX_ERR_``, about in the order of its checks.
    #: NO_MEMORY, which all that allocate may give, is left out; so is what only devices cause.
    errors: tuple[str, ...] = ()
    #: Those that it answers with on one architecture only.
    arch_errors: tuple[tuple[Arch, tuple[str, ...]], ...] = ()
    #: Which of `errors` no program can cause, each with the reason.
    unreachable: tuple[tuple[str, str], ...] = ()
    category: str = ""
    note: str = ""
    #: Whether its success lets a thread run machine code at an address that the caller names.
    runs_code: bool = False

    @property
    def short_name(self) -> str:
        """The name without ``zx_``."""
        return self.name.removeprefix("zx_")

    @property
    def kernel_entry(self) -> bool:
        """Whether the kernel's dispatch table has an entry for it."""
        return "vdsocall" not in self.attributes

    @property
    def exported(self) -> bool:
        """Whether the vDSO exports it."""
        return "internal" not in self.attributes

    def errors_on(self, arch: Arch) -> tuple[str, ...]:
        """Status codes it answers with on *arch*."""
        return self.errors + tuple(e for a, errors in self.arch_errors if a == arch for e in errors)

    @property
    def prototype(self) -> str:
        """The C declaration without the semicolon."""
        params = ", ".join(f"{p.type} {p.name}" for p in self.params) or "void"
        return f"{self.returns} {self.name}({params})"

    def param(self, name: str) -> Param:
        """Return the parameter called *name*; KeyError if there is none."""
        for candidate in self.params:
            if candidate.name == name:
                return candidate
        raise KeyError(f"{self.name} has no parameter {name}")


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a structure; offset and size in bytes."""

    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Struct:
    """A record that crosses the user/kernel boundary; size and alignment in bytes."""

    name: str
    size: int
    align: int
    fields: tuple[Field, ...]

    @classmethod
    def packed(cls, name: str, *members: tuple[str, int]) -> Struct:
        """A record of (name, size) one after the other, at multiples of 8 bytes in memory.

        ValueError if a number (a member of 2, 4 or 8 bytes) or the end would not be aligned.
        """
        fields = []
        offset = 0
        for member, size in members:
            if size in (2, 4, 8) and offset % size:
                raise ValueError(f"{name}.{member} is not aligned at {offset}")
            fields.append(Field(member, offset, size))
            offset += size
        if offset % 8:
            raise ValueError(f"{name} has {offset} bytes, no multiple of 8")
        return cls(name, offset, 8, tuple(fields))

    def field(self, name: str) -> Field:
        """Return the member called *name*; KeyError if there is none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(f"{self.name} has no member {name}")


@dataclass(frozen=True, slots=True)
class Property:
    """A property of zx_object_get_property and zx_object_set_property."""

    name: str
    value: int
    #: Nouns of the object types that have it; empty: every type with a name.
    objects: tuple[str, ...]
    readable: bool = True
    settable: bool = True


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of zx_object_get_info."""

    name: str
    value: int
    #: ZX_OBJ_TYPE_ name without prefix, lower case, or "any".
    object_type: str
    #: Name of the record, or None where no buffer is used.
    record: str | None
    #: Rights needed, in words.
    rights: str
    #: Whether the answer is an array of records.
    array: bool = False
