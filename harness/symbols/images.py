"""Our own libraries, held against their lists: in the source tree, and where a wheel put them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from harness.machine import image
from harness.program.model import Arch
from harness.symbols.check import VDSO_SONAME, check_library, check_vdso
from harness.symbols.report import Report

SONAME = "libzxio_standalone.so"
#: What the zxio library may import, what it must export, and the linker's list of exports; in the
#: source tree they stand beside its sources.
ALLOWLIST = "zxio_standalone.imported_symbols.allowlist"
INTERFACE = "zxio_standalone.public_symbols.ifs"
VERSION_SCRIPT = "zxio_standalone.ld"


def lists_directory() -> Path:
    """Where the lists of the zxio library are."""
    images = image.directory()
    packaged = images / "zxio"
    return packaged if packaged.is_dir() else images.parent / "guest" / "zxio"


def library_paths() -> list[Path]:
    """The built zxio libraries, one per architecture."""
    return [image.directory() / "build" / arch / SONAME for arch in get_args(Arch)]


def check_images() -> list[Report]:
    """Reports on the built libraries and vDSOs of all architectures."""
    lists = lists_directory()
    reports = []
    for library in library_paths():
        reports.append(
            check_library(
                library,
                imports=lists / ALLOWLIST,
                exports=lists / INTERFACE,
                version_script=lists / VERSION_SCRIPT,
            )
        )
        reports.append(check_vdso(library.with_name(VDSO_SONAME)))
    return reports
