"""How ``libzxio_standalone.so`` is built: the zxio library in C, for one architecture.

It takes the C library and the vDSO from whoever loads it, so undefined symbols are allowed here;
`harness.symbols` holds them against the allowlist afterwards.  Nothing but the version script's
names is exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.build.toolchain import ROOT, USER_FLAGS, compile_sources, link
from harness.program.model import Arch
from harness.symbols import images

SOURCES = ROOT / "guest" / "zxio"
#: What the library may import, what it must export, and the linker's list of exports.
ALLOWLIST = SOURCES / images.ALLOWLIST
INTERFACE = SOURCES / images.INTERFACE
VERSION_SCRIPT = SOURCES / images.VERSION_SCRIPT

#: The loader binds everything at once and protects what it has bound.
LINK_OPTIONS = (
    "-shared",
    f"-soname={images.SONAME}",
    f"--version-script={VERSION_SCRIPT.relative_to(ROOT)}",
    "--hash-style=both",
    "-Bsymbolic",
    "--gc-sections",
    "-z",
    "now",
    "-z",
    "relro",
    "-z",
    "noexecstack",
    "-z",
    "separate-code",
    "-z",
    "max-page-size=4096",
    "-z",
    "text",
)


def build_zxio_library(
    arch: Arch, out_dir: Path, include_dirs: Sequence[Path], *, flags: Sequence[str] = ()
) -> Path:
    """Build the library into *out_dir* and return its path.

    *include_dirs* hold the generated headers (``zx/abi.h``, ``zx/syscalls.h``); *flags* are for
    the compiler, besides the usual ones.  Raises `harness.build.toolchain.BuildError` with the
    tool's text.
    """
    objects = compile_sources(
        arch,
        SOURCES.glob("*.c"),
        out_dir / "obj-zxio",
        includes=[*include_dirs, SOURCES, ROOT / "guest" / "user", ROOT / "guest" / "lib"],
        flags=(*USER_FLAGS[arch], *flags),
    )
    library = out_dir / images.SONAME
    link(arch, objects, library, LINK_OPTIONS)
    return library
