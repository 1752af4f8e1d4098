"""Build hook: a wheel carries the image descriptions and the built guest images.

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
    "calls.json",
    "libzircon.so",
    "libzxio_standalone.so",
)


class ImagesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts ``images`` into the wheel as ``harness/_images``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; stop with the way out if an image is not built."""
        if version == "editable":
            return
        images = Path(self.root) / "images"
        carried = sorted(images.glob("*.toml"))
        carried += [images / "build" / arch / name for arch in ARCHITECTURES for name in FILES]
        for path in carried:
            if not path.is_file():
                raise SystemExit(f"{path}: not built; run: ./zxh images build")
            place = path.relative_to(images)
            build_data["force_include"][str(path)] = f"harness/_images/{place}"
