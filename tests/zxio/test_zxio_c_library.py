"""The C library's source: its header says what the interface says, its files match Python's."""

from __future__ import annotations

import ast
import ctypes
import re
import struct
from pathlib import Path
from random import Random

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from harness.build import headers
from harness.build.toolchain import ROOT, USER_FLAGS, compile_sources, link
from harness.build.zxio_library import (
    ALLOWLIST,
    INTERFACE,
    SOURCES,
    VERSION_SCRIPT,
    build_zxio_library,
)
from harness.program.model import Arch
from harness.symbols.check import check_library
from zxio_py.abi.zxio import OPS, ZXIO_CALLS, ZXIO_CONSTANTS, ZXIO_STRUCTS

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")
LIBC = ROOT / "guest" / "user" / "libc"


@pytest.fixture(scope="module")
def include(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated headers."""
    directory = tmp_path_factory.mktemp("include")
    (directory / "zx").mkdir()
    (directory / "zx" / "abi.h").write_text(headers.abi_header())
    (directory / "zx" / "syscalls.h").write_text(headers.syscalls_header())
    return directory


#: Modules of what C has in headers, in the C library or not at all.
ONLY_PYTHON = "__init__ inception ops owned raw status system transitional types".split()


#: Modules that speak to servers, which C does not do yet; what its remote.c has is no part of ours.
ONLY_PYTHON += "described directory file node transport tty".split()
IN_BOTH = sorted(path for path in SOURCES.glob("*.c") if path.stem != "remote")


def test_same_files_on_both_sides() -> None:
    c_files = {path.stem for path in SOURCES.glob("*.c")}
    python_files = {path.stem for path in (ROOT / "zxio_py" / "zxio").glob("*.py")}
    assert c_files == python_files - set(ONLY_PYTHON)
    assert (SOURCES / "ops.h").exists()


def plain(name: str) -> str:
    """A function's name as both sides share it."""
    return name.removeprefix("zxio_").strip("_")


@pytest.mark.parametrize("source", IN_BOTH, ids=lambda path: path.stem)
def test_functions_stand_in_one_order_on_both_sides(source: Path) -> None:
    definition = re.compile(r"^(?:static )?(?:const )?\w+[ *]+(\w+)\([^;{]*\) \{$", re.MULTILINE)
    c = [plain(name) for name in definition.findall(source.read_text())]
    module = ast.parse((ROOT / "zxio_py" / "zxio" / f"{source.stem}.py").read_text())
    python = [plain(node.name) for node in module.body if isinstance(node, ast.FunctionDef)]
    assert [name for name in c if name in python] == [name for name in python if name in c] != []


@pytest.mark.parametrize("arch", ARCHES)
def test_the_header_agrees_with_the_interface(arch: Arch, include: Path, tmp_path: Path) -> None:
    lines = ['#include "ops.h"', "#define SAME(a, b) _Static_assert((a) == (b), #a)"]
    lines += [f"{call.prototype};" for call in ZXIO_CALLS.values() if call.exported]
    text = (SOURCES / "zxio.h").read_text()
    lines += [
        f"SAME({name}, {value});"
        for name, value in ZXIO_CONSTANTS.items()
        if f"#define {name} " in text
    ]
    lines += [f"SAME(sizeof({s.name}), {s.size});" for s in ZXIO_STRUCTS.values()]
    lines += [
        f"SAME(offsetof({struct.name}, {field.name}), {field.offset});"
        for struct in ZXIO_STRUCTS.values()
        for field in struct.fields
        if struct.name in ("zxio_node_attributes_t", "zxio_dirent_t") and field.name != "padding1"
    ]
    lines += [
        f"SAME(offsetof(zxio_ops_t, {member}), {8 * index});" for index, member in enumerate(OPS)
    ]
    source = tmp_path / "agree.c"
    source.write_text("\n".join(lines) + "\n")
    includes = [include, SOURCES]
    compile_sources(arch, [source], tmp_path / "obj", includes=includes, flags=USER_FLAGS[arch])


@pytest.mark.parametrize("arch", ARCHES)
def test_the_built_library_keeps_its_lists(arch: Arch, include: Path, tmp_path: Path) -> None:
    library = build_zxio_library(arch, tmp_path, [include])
    report = check_library(
        library, imports=ALLOWLIST, exports=INTERFACE, version_script=VERSION_SCRIPT
    )
    assert report.violations == []
    assert report.exports == len([c for c in ZXIO_CALLS.values() if c.exported]) == 56
    again = build_zxio_library(arch, tmp_path / "again", [include])
    assert again.read_bytes() == library.read_bytes()


@pytest.mark.parametrize("arch", ARCHES)
def test_the_loader_offers_every_libc_name_that_is_imported(
    arch: Arch, include: Path, tmp_path: Path
) -> None:
    library = build_zxio_library(arch, tmp_path, [include])
    loader = (ROOT / "guest" / "user" / "loader.c").read_text()
    with library.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".dynsym")
        imports = [s.name for s in table.iter_symbols() if s["st_shndx"] == "SHN_UNDEF" and s.name]
    for name in imports:
        assert name.startswith("zx_") or f'{{"{name}", ' in loader, name


# ---- libc, run on this machine --------------------------------------------------------------


@pytest.fixture(scope="module")
def libc(include: Path, tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The guest's libc as a library of this machine, with memory from a ctypes buffer."""
    directory = tmp_path_factory.mktemp("libc")
    library_sources = ROOT / "guest" / "lib"
    names = ("malloc.c", "mutex.c", "start.c", "elf_symbols.c")
    sources = [library_sources / "memory.c", *(LIBC / name for name in names)]
    objects = compile_sources(
        "x86_64",
        sources,
        directory,
        includes=[include, ROOT / "guest" / "user", library_sources],
        flags=(*USER_FLAGS["x86_64"], "-fno-builtin", "-fvisibility=default"),
    )
    library = directory / "libguest.so"
    # A read-only dynamic section, which this machine's loader leaves as it is.
    link("x86_64", objects, library, ["-shared", "-Bsymbolic", "-z", "rodynamic"])
    machine = struct.unpack_from("<H", Path("/proc/self/exe").read_bytes()[:64], 18)[0]
    if machine != 62:
        pytest.skip("runs x86-64 code")
    return ctypes.CDLL(str(library))


def call(libc: ctypes.CDLL, name: str, *arguments: object) -> int:
    function = getattr(libc, name)
    function.restype = ctypes.c_int if name == "memcmp" else ctypes.c_void_p
    result = function(*arguments)
    return 0 if result is None else int(result)


@given(data=st.binary(max_size=200), start=st.integers(0, 20), to=st.integers(0, 20))
def test_memmove_is_right_whatever_overlaps(
    libc: ctypes.CDLL, data: bytes, start: int, to: int
) -> None:
    buffer = ctypes.create_string_buffer(bytes(20) + data + bytes(20), len(data) + 40)
    expected = bytearray(buffer.raw)
    expected[to : to + len(data)] = expected[start : start + len(data)]
    base = ctypes.addressof(buffer)
    arguments = (ctypes.c_void_p(base + to), ctypes.c_void_p(base + start))
    assert call(libc, "memmove", *arguments, ctypes.c_size_t(len(data))) == base + to
    assert buffer.raw == bytes(expected)


@given(data=st.binary(max_size=100), byte=st.integers(-300, 300))
def test_memset_and_memcpy(libc: ctypes.CDLL, data: bytes, byte: int) -> None:
    buffer = ctypes.create_string_buffer(len(data) + 1)
    size = ctypes.c_size_t(len(data))
    call(libc, "memset", buffer, ctypes.c_int(byte), size)
    assert buffer.raw == bytes([byte & 255]) * len(data) + b"\0"
    call(libc, "memcpy", buffer, ctypes.c_char_p(data), size)
    assert buffer.raw == data + b"\0"


@given(left=st.binary(max_size=20), right=st.binary(max_size=20))
def test_memcmp_orders_as_bytes_do(libc: ctypes.CDLL, left: bytes, right: bytes) -> None:
    size = min(len(left), len(right))
    result = call(libc, "memcmp", left, right, ctypes.c_size_t(size))
    sign = (result > 0) - (result < 0)
    assert sign == (left[:size] > right[:size]) - (left[:size] < right[:size])


class Memory:
    """The system calls behind malloc, over ctypes buffers."""

    MAP = ctypes.CFUNCTYPE(
        ctypes.c_int32,
        ctypes.c_uint32,
        ctypes.c_uint32,
        ctypes.c_size_t,
        ctypes.c_uint32,
        ctypes.c_uint64,
        ctypes.c_size_t,
        ctypes.POINTER(ctypes.c_uint64),
    )
    CREATE = ctypes.CFUNCTYPE(
        ctypes.c_int32, ctypes.c_uint64, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32)
    )
    CLOSE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_uint32)

    def __init__(self, libc: ctypes.CDLL, limit: int) -> None:
        self.left = limit
        self.mapped: list[ctypes.Array[ctypes.c_char]] = []
        self._callbacks = (self.MAP(self._map), self.CREATE(self._create), self.CLOSE(self._close))
        header = (LIBC / "vdso_calls.h").read_text()
        names = [
            line.split("X(")[1].split(")")[0] for line in header.splitlines() if "    X(" in line
        ]
        table = (ctypes.c_void_p * len(names)).in_dll(libc, "vdso_calls")
        for name, callback in zip(
            ("vmar_map", "vmo_create", "handle_close"), self._callbacks, strict=True
        ):
            table[names.index(name)] = ctypes.cast(callback, ctypes.c_void_p)

    def _map(self, vmar, options, offset, vmo, vmo_offset, size, out) -> int:  # type: ignore[no-untyped-def]
        if size > self.left:
            return -4
        self.left -= size
        raw = ctypes.create_string_buffer(size + 4096)
        self.mapped.append(raw)
        out[0] = (ctypes.addressof(raw) + 4095) & ~4095
        return 0

    def _create(self, size, options, out) -> int:  # type: ignore[no-untyped-def]
        out[0] = 7
        return 0

    def _close(self, handle: int) -> int:
        return 0


def test_malloc_gives_blocks_that_do_not_overlap(libc: ctypes.CDLL) -> None:
    memory = Memory(libc, 1 << 20)
    random = Random(7)
    live: dict[int, bytes] = {}
    for _ in range(3000):
        if live and random.random() < 0.48:
            address = random.choice(list(live))
            contents = live.pop(address)
            assert ctypes.string_at(address, len(contents)) == contents
            call(libc, "free", ctypes.c_void_p(address))
        else:
            contents = random.randbytes(random.choice((0, 1, 15, 16, 17, 100, 3000)))
            address = call(libc, "malloc", ctypes.c_size_t(len(contents)))
            assert address % 16 == 0
            assert address not in live
            ctypes.memmove(address, contents, len(contents))
            live[address] = contents
    for address, contents in live.items():
        assert ctypes.string_at(address, len(contents)) == contents
        call(libc, "free", ctypes.c_void_p(address))
    # Everything is free again and joined: what was mapped serves a block of nearly its size.
    before = len(memory.mapped)
    address = call(libc, "malloc", ctypes.c_size_t((64 << 10) - 64))
    assert address
    assert len(memory.mapped) == before
    call(libc, "free", ctypes.c_void_p(address))


@pytest.mark.parametrize("size", [2 << 20, 1 << 62, (1 << 64) - 1])
def test_malloc_without_memory_gives_null(libc: ctypes.CDLL, size: int) -> None:
    memory = Memory(libc, 1 << 20)
    assert call(libc, "malloc", ctypes.c_size_t(size)) == 0
    assert memory.mapped == []


def test_a_mutex_that_nobody_holds_cannot_be_given_back(libc: ctypes.CDLL) -> None:
    mutex = ctypes.c_uint32(0)
    functions = [getattr(libc, f"pthread_mutex_{name}") for name in ("lock", "unlock", "unlock")]
    assert [function(ctypes.byref(mutex)) == 0 for function in functions] == [True, True, False]


def test_symbols_are_found_through_the_gnu_hash_table(libc: ctypes.CDLL) -> None:
    # The library looks itself up where the loader of this machine has put it.
    with Path("/proc/self/maps").open() as maps:
        base = next(int(line.split("-")[0], 16) for line in maps if "libguest.so" in line)
    storage = (ctypes.c_uint64 * 5)()
    is_open = libc.elf_object_open
    is_open.restype = ctypes.c_bool
    assert is_open(storage, ctypes.c_void_p(base))
    for name in ("malloc", "memcpy", "elf_object_symbol", "zx_vmar_root_self"):
        found = call(libc, "elf_object_symbol", storage, name.encode())
        assert found == ctypes.cast(getattr(libc, name), ctypes.c_void_p).value
    for name in ("", "mallo", "malloc2", "zxio_open"):
        assert call(libc, "elf_object_symbol", storage, name.encode()) == 0
    assert not is_open(storage, ctypes.create_string_buffer(64))
