"""What the image of one architecture consists of, and the order in which it is built.

    vDSO            guest/vdso + generated stubs          -> libzircon.so
    zxio library    guest/zxio                            -> libzxio_standalone.so
    agent           guest/user + guest/lib                -> agent.elf   (static PIE)
    stress          guest/stress                          -> stress.elf  (static PIE)
    kernel          guest/kernel + guest/arch/<arch> + guest/lib
                    + generated dispatch table + the three files above as blobs -> kernel.elf

Results lie in ``images/build/<arch>``, those of the sanitized build, whose kernel, agent and zxio
library check themselves, in ``images/build/<arch>-sanitize``.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Sequence
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from harness.build import headers, toolchain
from harness.build.stress import build_stress, stress_calls
from harness.build.toolchain import ROOT, BuildError, compile_sources, link
from harness.build.zxio_library import build_zxio_library
from harness.program.model import Arch
from zxio_py import abi

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")
BUILD = ROOT / "images" / "build"
GUEST = ROOT / "guest"
#: Code of kernel and programs alike.
LIBRARY = GUEST / "lib"
INCLUDE = BUILD / "include"


def build(arches: Sequence[Arch] = ARCHES, *, sanitize: bool = False) -> None:
    """Build the images of the given architectures, or their sanitized variants; `BuildError`.

    One build at a time: a second process waits for the first.
    """
    if not GUEST.is_dir():
        raise BuildError("an installed package carries its images and no sources to build them of")
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _build_all(arches, sanitize)


def _build_all(arches: Sequence[Arch], sanitize: bool) -> None:
    write_headers()
    checks = toolchain.UNDEFINED_FLAGS if sanitize else ()
    for arch in arches:
        out = BUILD / (f"{arch}-sanitize" if sanitize else arch)
        vdso = build_vdso(arch, out)
        zxio = build_zxio_library(arch, out, [INCLUDE], flags=checks)
        agent = build_agent(arch, out, flags=checks)
        build_floor(arch, out)
        build_stress(arch, out, INCLUDE)
        blobs = {"vdso": vdso, "agent": agent, "zxio": zxio}
        build_kernel(arch, out, blobs, sanitize=sanitize)


def write_headers() -> None:
    """Write the generated headers, leaving those alone that would not change."""
    for name, text in {
        "zx/abi.h": headers.abi_header(),
        "zx/syscalls.h": headers.syscalls_header(),
        "zx/numbers.h": headers.numbers_header(),
        "zx/kernel_calls.h": headers.kernel_calls_header(),
        "zx/vdso_entries.h": headers.vdso_entries_header(),
        "zx/status_names.inc": headers.status_names(),
        "zxh/share.h": headers.share_header(),
        "zxh/wire.h": headers.wire_header(),
        "zxh/stress_calls.inc": stress_calls(),
        "zxh/functions.inc": headers.wire_functions(),
        "zxh/crc32_tables.inc": headers.crc32_tables(),
    }.items():
        _write_if_changed(INCLUDE / name, text)


def build_vdso(arch: Arch, out: Path) -> Path:
    """Build ``libzircon.so``: one read-only and one executable segment, nothing writable."""
    vdso = GUEST / "vdso"
    stubs = out / "gen" / "vdso_stubs.S"
    blocking = out / "gen" / "vdso_blocking.c"
    _write_if_changed(stubs, headers.vdso_stubs(arch))
    _write_if_changed(blocking, headers.vdso_blocking())
    objects = compile_sources(
        arch,
        [*vdso.glob("*.c"), *(vdso / arch).glob("*.S"), stubs, blocking],
        out / "obj-vdso",
        includes=[INCLUDE, vdso],
        flags=toolchain.USER_FLAGS[arch],
    )
    library = out / "libzircon.so"
    link(
        arch,
        objects,
        library,
        [
            "-shared",
            "-soname=libzircon.so",
            "--hash-style=both",
            "-z",
            "rodynamic",
            "-z",
            "separate-code",
            "-z",
            "max-page-size=4096",
            "-z",
            "defs",
            "-z",
            "norelro",
            "-Bsymbolic",
        ],
    )
    return library


def build_agent(arch: Arch, out: Path, *, flags: Sequence[str] = ()) -> Path:
    """Build the first user process, a static position-independent executable."""
    user = GUEST / "user"
    objects = compile_sources(
        arch,
        [
            *LIBRARY.glob("*.c"),
            *user.glob("*.c"),
            *(user / "libc").glob("*.c"),
            *(user / arch).glob("*.S"),
        ],
        out / "obj-agent",
        includes=[INCLUDE, LIBRARY, user, user / arch, GUEST / "zxio"],
        flags=(*toolchain.USER_FLAGS[arch], "-fno-builtin", *flags),
    )
    agent = out / "agent.elf"
    link(
        arch,
        objects,
        agent,
        [
            "-pie",
            "--no-dynamic-linker",
            "-z",
            "text",
            "-z",
            "max-page-size=4096",
            "-z",
            "separate-code",
            "-z",
            "norelro",
            "--gc-sections",
            "-e",
            "_start",
        ],
    )
    return agent


def build_floor(arch: Arch, out: Path) -> Path:
    """Build the guest that exits at once: the floor under every start-up time."""
    sources = list((GUEST / "bench").glob(f"floor_{arch}.S"))
    objects = compile_sources(arch, sources, out / "obj-floor", includes=[], flags=())
    floor = out / "floor.elf"
    if sources:
        link(
            arch,
            objects,
            floor,
            ["-T", str((GUEST / "bench" / f"floor_{arch}.ld").relative_to(ROOT))],
        )
    return floor


def build_kernel(arch: Arch, out: Path, blobs: dict[str, Path], *, sanitize: bool = False) -> Path:
    """Build ``kernel.elf`` with the blobs inside, and ``calls.json`` beside it."""
    flags = toolchain.KERNEL_FLAGS[arch] + (toolchain.SANITIZED_KERNEL_FLAGS if sanitize else ())
    includes = [INCLUDE, LIBRARY, GUEST / "kernel", GUEST / "arch" / arch]
    arch_dir = GUEST / "arch" / arch
    objects = compile_sources(
        arch,
        [
            *LIBRARY.glob("*.c"),
            *(GUEST / "kernel").glob("*.c"),
            *((GUEST / "kernel" / "sanitize").glob("*.c") if sanitize else ()),
            *arch_dir.glob("*.c"),
            *arch_dir.glob("*.S"),
        ],
        out / "obj-kernel",
        includes=includes,
        flags=flags,
    )
    implemented = implemented_calls(objects)
    generated = out / "gen"
    _write_if_changed(
        generated / "dispatch.c",
        headers.dispatch_source(
            implemented,
            vdso_offsets(blobs["vdso"], "vdso_return_"),
            vdso_offsets(blobs["vdso"], "vdso_exit_return_"),
        ),
    )
    _write_if_changed(generated / "vdso_layout.h", _vdso_layout_header(blobs["vdso"]))
    _write_if_changed(generated / "blobs.S", _blobs_source(blobs))
    # The blobs' contents are not among the dependencies the compiler reports.
    for stale in (out / "obj-generated").glob("blobs_S.o"):
        if any(blob.stat().st_mtime_ns > stale.stat().st_mtime_ns for blob in blobs.values()):
            stale.unlink()
    objects += compile_sources(
        arch,
        [generated / "dispatch.c", generated / "blobs.S"],
        out / "obj-generated",
        includes=[*includes, generated],
        flags=flags,
    )
    kernel = out / "kernel.elf"
    link(
        arch,
        objects,
        kernel,
        [
            "-T",
            str((arch_dir / "kernel.ld").relative_to(ROOT)),
            *toolchain.LINK_WHOLE,
            "-static",
            "-z",
            "max-page-size=4096",
            "--gc-sections",
        ],
    )
    local = {c.name for c in abi.CALLS.values() if not c.kernel_entry}
    _write_if_changed(
        out / "calls.json",
        json.dumps({"implemented": sorted(implemented | local)}, indent=1) + "\n",
    )
    return kernel


def implemented_calls(objects: Sequence[Path]) -> set[str]:
    """Calls whose handler ``sys_<call>`` one of the objects defines."""
    defined = {name for path in objects for name in _symbols(path)}
    return {name for name in abi.NUMBERS if f"sys_{name.removeprefix('zx_')}" in defined}


def vdso_offsets(vdso: Path, prefix: str) -> dict[str, int]:
    """By call, the offset in the vDSO image of its label ``<prefix>zx_f``.

    ``vdso_return_`` labels stand behind each call's trap instruction, ``vdso_exit_return_`` ones
    behind the second one that some calls have.
    """
    return {
        name.removeprefix(prefix): value
        for name, value in _symbols(vdso).items()
        if name.startswith(prefix)
    }


def _vdso_layout_header(vdso: Path) -> str:
    with vdso.open("rb") as file:
        loads = [s.header for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD"]
    code = [s for s in loads if s["p_flags"] & 1]
    if len(loads) != 2 or len(code) != 1 or any(s["p_flags"] & 2 for s in loads):
        raise BuildError(f"{vdso}: want one read-only and one executable segment")
    if any(s["p_offset"] != s["p_vaddr"] for s in loads):
        raise BuildError(f"{vdso}: file offsets and addresses differ")
    end = max(s["p_vaddr"] + s["p_memsz"] for s in loads)
    constants = _symbols(vdso)["vdso_constants"]
    return (
        f"{headers.BANNER}#pragma once\n\n"
        f"#define VDSO_CODE_OFFSET {code[0]['p_vaddr'] & ~4095:#x}\n"
        f"#define VDSO_CODE_SIZE {(code[0]['p_memsz'] + 4095) & ~4095:#x}\n"
        f"#define VDSO_SIZE {(end + 4095) & ~4095:#x}\n"
        f"#define VDSO_CONSTANTS_OFFSET {constants:#x}\n"
    )


def _symbols(path: Path) -> dict[str, int]:
    """Values of the symbols a file defines, local ones included."""
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise BuildError(f"{path}: no symbol table")
        return {
            symbol.name: symbol["st_value"]
            for symbol in table.iter_symbols()
            if symbol.name and symbol["st_shndx"] != "SHN_UNDEF"
        }


def _blobs_source(blobs: dict[str, Path]) -> str:
    lines = [headers.BANNER, '.section .rodata.blobs, "a"']
    for name, path in blobs.items():
        lines += [
            ".p2align 12",
            f".globl blob_{name}_start",
            f"blob_{name}_start:",
            f'.incbin "{path.relative_to(ROOT)}", 0, {_loaded_size(path)}',
            f".globl blob_{name}_end",
            f"blob_{name}_end:",
        ]
    lines += [".p2align 12", '.section .note.GNU-stack, "", %progbits']
    return "\n".join(lines) + "\n"


def _loaded_size(path: Path) -> int:
    """Bytes of an ELF file up to the end of its last loaded segment; behind are debug sections."""
    with path.open("rb") as file:
        segments = [s.header for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD"]
    return int(max(s["p_offset"] + s["p_filesz"] for s in segments))


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
