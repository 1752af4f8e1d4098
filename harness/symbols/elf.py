"""Reading the symbols of a file: shared object, executable, debug file, object or archive."""

from __future__ import annotations

import mmap
import os
import stat

from harness.symbols.dynamic import read_dynamic
from harness.symbols.layout import ET_DYN, ET_EXEC, ET_REL, PT_DYNAMIC, ElfError, ElfImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from harness.symbols.layout import AnyPath, Data
    from harness.symbols.model import SymbolFile

__all__ = ["ElfError", "contents", "read_elf"]

#: How archives begin, thin ones as well.
_ARCHIVES = (b"!<arch>\n", b"!<thin>\n")
#: Smaller files, in bytes, are read rather than mapped: it takes less time.
_MAPPED = 1 << 18


def read_elf(path: AnyPath) -> SymbolFile:
    """Read the file at *path*; `ElfError` if any part that matters cannot be read."""
    data = contents(path)
    if data[:8] in _ARCHIVES:
        from harness.symbols.archive import read_archive

        return read_archive(data, path)
    image = ElfImage(data, path)
    if image.type == ET_REL or _detached(image):
        from harness.symbols.static import read_static

        return read_static(image, path)
    if image.type not in (ET_EXEC, ET_DYN):
        image.fail(f"neither a library, an executable nor an object (type {image.type})")
    return read_dynamic(image, path)


def _detached(image: ElfImage) -> bool:
    """Whether the file has debugging information only: no loader finds a dynamic segment in it."""
    found = [s for s in image.raw_segments if s[0] == PT_DYNAMIC]
    return bool(found) and all(
        size == 0 and memory_size > 0 and image.find(address, 1) is None
        for _, _, _, address, _, size, memory_size, _ in found
    )


def contents(path: AnyPath) -> Data:
    """The bytes of a regular file, mapped if there are many; `ElfError` if that cannot be."""
    try:
        # A pipe would block without the flag; it is refused below.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ElfError(f"cannot read it: {error.strerror}", where=str(path)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ElfError("not a regular file", where=str(path))
        if status.st_size == 0:
            raise ElfError("an empty file", where=str(path))
        if status.st_size < _MAPPED:
            return os.read(descriptor, status.st_size)
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ElfError(f"cannot read it: {error.strerror}", where=str(path)) from None
    finally:
        os.close(descriptor)
