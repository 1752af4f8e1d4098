"""Build hook: a wheel carries the image descriptions, the built guest images and symbol lists.

Whoever installs the wheel needs QEMU and no compiler.  The images themselves are built before, by
``zxh images build``; an editable installation uses them where they lie.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ARCHITECTURES = ("x86_64", "arm64")
FILES = (
    "kernel.elf",
    "agent.elf",
    "floor.elf",
    "stress.elf",
    "calls.json",
    "libzircon.so",
    "libzxio_standalone.so",
)
#: What the zxio library is held against.
LISTS = (
    "zxio_standalone.imported_symbols.allowlist",
    "zxio_standalone.public_symbols.ifs",
    "zxio_standalone.ld",
)


class ImagesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts ``images`` into the wheel as ``harness/_images``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; stop with the way out if an image is not built."""
        if version == "editable":
            return
        images = Path(self.root) / "images"
        lists = Path(self.root) / "guest" / "zxio"
        # Kernels that check themselves are for those who change them.
        described = (path for path in images.glob("*.toml") if not path.match("*-sanitize.toml"))
        carried = {path: path.name for path in described}
        carried |= {lists / name: f"zxio/{name}" for name in LISTS}
        for place in (f"build/{arch}/{name}" for arch in ARCHITECTURES for name in FILES):
            carried[images / place] = place
        for path, place in sorted(carried.items()):
            if not path.is_file():
                raise SystemExit(f"{path}: not there; images are built by: ./zxh images build")
            build_data["force_include"][str(path)] = f"harness/_images/{place}"
