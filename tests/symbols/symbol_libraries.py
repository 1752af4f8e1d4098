"""Small shared libraries, built with the project's own toolchain."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from harness.build.toolchain import ROOT, USER_FLAGS, compile_sources, link, run_zig
from harness.program.model import Arch

LINK = ("-shared", "--hash-style=both", "-z", "separate-code", "-z", "max-page-size=4096")

#: Machines that no image is built for: the compiler's target and the linker's emulation.
FOREIGN = {
    "x86": ("x86-freestanding-none", "elf_i386"),
    "arm": ("arm-freestanding-none", "armelf_linux_eabi"),
    "arm64 big-endian": ("aarch64_be-freestanding-none", "aarch64elfb"),
    "ppc": ("powerpc-freestanding-none", "elf32ppc"),
    "s390x": ("s390x-freestanding-none", "elf64_s390"),
    "mips": ("mips-freestanding-none", "elf32btsmip"),
    "mips64 little-endian": ("mips64el-freestanding-none", "elf64ltsmip"),
    "riscv": ("riscv64-freestanding-none", "elf64lriscv"),
}


class Builder:
    """Builds each library once per directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def _place(self, *key: object) -> Path:
        return self._directory / sha256(repr(key).encode()).hexdigest()[:12]

    def objects(self, source: str, arch: Arch = "x86_64", *flags: str) -> Path:
        """An object from C text."""
        directory = self._place(source, arch, flags)
        directory.mkdir(parents=True, exist_ok=True)
        text = directory / "source.c"
        if not text.exists():
            text.write_text(source)
        options = (*USER_FLAGS[arch], "-fvisibility=default", *flags)
        return compile_sources(arch, [text], directory / "obj", includes=[], flags=options)[0]

    def library(
        self, source: str, *, arch: Arch = "x86_64", options: Sequence[str] = (), soname: str = ""
    ) -> Path:
        """A library from C text; *options* are the linker's."""
        output = self._place(source, arch, options, soname) / (soname or "library.so")
        if not output.exists():
            naming = (f"-soname={soname}",) if soname else ()
            link(arch, [self.objects(source, arch)], output, (*LINK, *naming, *options))
        return output

    def archive(self, *sources: str) -> Path:
        """An archive of one object per C text."""
        output = self._place("archive", sources) / "library.a"
        if not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            members = []
            for index, source in enumerate(sources):
                member = output.parent / f"member_with_a_long_name_{index}.o"
                member.write_bytes(self.objects(source).read_bytes())
                members.append(os.path.relpath(member, ROOT))
            run_zig("ar", ["rcs", os.path.relpath(output, ROOT), *members])
        return output

    def foreign(self, source: str, machine: str) -> Path:
        """A library for one of the machines of `FOREIGN`."""
        target, emulation = FOREIGN[machine]
        output = self._place(source, machine) / "library.so"
        if not output.exists():
            output.parent.mkdir(parents=True)
            text = output.with_name("source.c")
            text.write_text(source)
            paths = [os.path.relpath(output.with_name(n), ROOT) for n in ("source.c", "source.o")]
            run_zig("cc", ["-target", target, "-fPIC", "-ffreestanding", "-fno-sanitize=undefined",
                           "-c", paths[0], "-o", paths[1]])  # fmt: skip
            style = "sysv" if machine.startswith("mips") else "both"
            run_zig("ld.lld", ["-m", emulation, "-shared", f"--hash-style={style}",
                               paths[1], "-o", os.path.relpath(output, ROOT)])  # fmt: skip
        return output
