"""Small shared libraries, built with the project's own toolchain."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from harness.build.toolchain import USER_FLAGS, compile_sources, link
from harness.program.model import Arch

LINK = ("-shared", "--hash-style=both", "-z", "separate-code", "-z", "max-page-size=4096")


class Builder:
    """Builds each library once per directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def library(
        self, source: str, *, arch: Arch = "x86_64", options: Sequence[str] = (), soname: str = ""
    ) -> Path:
        """A library from C text; *options* are the linker's."""
        key = sha256(repr((source, arch, tuple(options), soname)).encode()).hexdigest()[:12]
        directory = self._directory / key
        output = directory / (soname or "library.so")
        if not output.exists():
            directory.mkdir(parents=True, exist_ok=True)
            text = directory / "source.c"
            text.write_text(source)
            flags = (*USER_FLAGS[arch], "-fvisibility=default")
            objects = compile_sources(arch, [text], directory / "obj", includes=[], flags=flags)
            naming = (f"-soname={soname}",) if soname else ()
            link(arch, objects, output, (*LINK, *naming, *options))
        return output
