"""Images: which guest runs on which machine, described in ``images/*.toml``.

A description has the keys of `Image`, those with a default only where they differ; an unknown key,
a missing one or a value of the wrong type is an `InputError` naming file and key.  Paths are
relative to the description.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias, cast, get_args

from harness.errors import InputError
from harness.machine import layout

_PACKAGE = Path(__file__).resolve().parent.parent

#: QEMU's program for each architecture.
QEMU_PROGRAMS = {"x86_64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}


#: How programs reach the guest: through memory shared with the host, or in boot files.
Programs: TypeAlias = Literal["shared memory", "boot files"]

#: The edition of the interface that our own kernels have.
_OURS: Final = "2022"

#: Stands for a kernel that has to be given.
NO_KERNEL = Path()


@dataclass(frozen=True, slots=True)
class Image:
    """One bootable guest and the machine it runs on."""

    name: str
    description: str
    #: "x86_64" or "arm64".
    architecture: str
    #: Value of QEMU's -machine, without the memory backend.
    machine: str
    #: Value of QEMU's -cpu.
    cpu: str
    #: RAM in MiB; the last `layout.SHARE_SIZE` bytes of it are shared with the host.
    memory_mib: int
    #: The file given to -kernel; `NO_KERNEL` where it is the user's own and not named here.
    kernel: Path
    #: Text given to -append, behind what the harness itself has to say.
    command_line: str
    #: Values of -device.
    devices: tuple[str, ...]
    programs: Programs = "shared memory"
    #: Edition of the interface that the kernel has.
    edition: str = _OURS
    #: Where the initial RAM disk goes if QEMU does not place it itself; 0 if it does.
    initrd_address: int = 0

    @property
    def qemu(self) -> str:
        """Name of the QEMU program."""
        return QEMU_PROGRAMS[self.architecture]

    @property
    def build_command(self) -> str:
        """The command that builds its kernel, if it is one of ours."""
        option = " --sanitize" if self.kernel.parent.name.endswith("-sanitize") else ""
        return f"zxh images build{option}"

    @property
    def memory_bytes(self) -> int:
        """RAM in bytes."""
        return self.memory_mib << 20


def directory() -> Path:
    """Where the descriptions are: in an installed wheel or in the source tree."""
    packaged = _PACKAGE / "_images"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "images"


def names() -> list[str]:
    """Names of all images, in alphabetical order."""
    return sorted(path.stem for path in directory().glob("*.toml"))


def load(name: str) -> Image:
    """Read the description called *name*, or the file if it is a path ending in ``.toml``."""
    if name.endswith(".toml"):
        return parse(Path(name))
    known = names()
    if name not in known:
        raise InputError(f"no image called {name!r}; there are: {', '.join(known) or 'none'}")
    return parse(directory() / f"{name}.toml")


def parse(path: Path) -> Image:
    """Read one description; raises `InputError` for anything that is not as it must be."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}") from error
    fields = _Fields(path, data)
    programs = fields.text("programs", "shared memory")
    kernel = fields.text("kernel", "" if programs == "boot files" else None)
    image = Image(
        name=path.stem,
        description=fields.text("description"),
        architecture=fields.text("architecture"),
        machine=fields.text("machine"),
        cpu=fields.text("cpu"),
        memory_mib=fields.number("memory_mib"),
        kernel=path.parent / kernel if kernel else NO_KERNEL,
        command_line=fields.text("command_line"),
        devices=fields.texts("devices"),
        programs=cast(Programs, programs),
        edition=fields.text("edition", _OURS),
    )
    fields.finish()
    fields.check("architecture", image.architecture, QEMU_PROGRAMS)
    fields.check("programs", programs, get_args(Programs))
    if image.edition != _OURS:
        from zxio_py.abi.editions import EDITIONS  # our own machines start without it

        fields.check("edition", image.edition, EDITIONS)
    smallest = 2 * layout.SHARE_SIZE >> 20
    if not smallest <= image.memory_mib <= 1024:
        raise InputError(f"{path}: memory_mib: {image.memory_mib} is not in {smallest}..1024")
    return image


class _Fields:
    """The keys of one description, taken out one by one."""

    def __init__(self, path: Path, data: dict[str, object]) -> None:
        self._path = path
        self._data = dict(data)

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and key not in self._data:
            return default
        value = self._take(key)
        if not isinstance(value, str):
            raise InputError(f"{self._path}: {key}: a string is wanted")
        return value

    def number(self, key: str) -> int:
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InputError(f"{self._path}: {key}: a whole number is wanted")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InputError(f"{self._path}: {key}: a list of strings is wanted")
        return tuple(value)

    def check(self, key: str, value: str, known: Collection[str]) -> None:
        """Refuse a value that there is not."""
        if value not in known:
            raise InputError(f"{self._path}: {key}: {value!r} is not one of {', '.join(known)}")

    def finish(self) -> None:
        """Refuse keys nobody asked for."""
        if self._data:
            raise InputError(f"{self._path}: unknown key: {', '.join(sorted(self._data))}")

    def _take(self, key: str) -> object:
        if key not in self._data:
            raise InputError(f"{self._path}: {key}: missing")
        return self._data.pop(key)
