"""The one compiler and linker of every guest image: clang and lld from the ``ziglang`` wheel.

The wheel is pinned, and no path of the building machine reaches the output, so images come out
bit for bit the same anywhere.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.errors import ZxhError
from harness.program.model import Arch

ROOT = Path(__file__).resolve().parent.parent.parent

#: Flags of every translation unit.
COMMON_FLAGS = (
    "-std=gnu11",
    "-ffreestanding",
    "-Os",  # code that runs once costs most: QEMU translates each block before it runs
    "-g",
    "-gdwarf-4",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fno-stack-protector",
    "-fno-sanitize=undefined",
    "-fno-strict-aliasing",
    "-fno-omit-frame-pointer",
    "-mno-omit-leaf-frame-pointer",
    "-ffunction-sections",
    "-fvisibility=hidden",
    f"-ffile-prefix-map={ROOT}=.",
    "-fdebug-compilation-dir=.",
)

TARGETS: dict[Arch, str] = {
    "x86_64": "x86_64-freestanding-none",
    "arm64": "aarch64-freestanding-none",
}

#: Code that runs in the kernel: no vector or floating-point registers, which belong to the user
#: (zig does not hand -mgeneral-regs-only on, so the features themselves go), no red zone.
#: Optimised as a whole when it is linked (`LINK_WHOLE`).
KERNEL_FLAGS: dict[Arch, tuple[str, ...]] = {
    "x86_64": (
        "-fno-pic",
        "-mcmodel=kernel",
        "-mno-red-zone",
        "-mno-mmx",
        "-mno-sse",
        "-mno-sse2",
        "-mno-80387",
        "-flto",
        "-ffat-lto-objects",
    ),
    "arm64": (
        "-fno-pic",
        "-mcpu=generic-neon-fp_armv8",
        "-mno-outline-atomics",
        "-flto",
        "-ffat-lto-objects",
    ),
}

#: Links objects compiled with ``-flto`` as one program.  Calls between files are inlined, somewhat
#: more than for size alone: after each change of address space QEMU looks up every block of
#: translated code that is returned to, which costs a small program more than what it computes.
LINK_WHOLE = ("--fat-lto-objects", "-mllvm", "-inline-threshold=120")

#: Position-independent code for the vDSO, the agent and the library.
USER_FLAGS: dict[Arch, tuple[str, ...]] = {
    "x86_64": ("-fPIC",),
    "arm64": ("-fPIC", "-mno-outline-atomics"),
}

#: What the sanitized build adds: undefined behaviour is an instruction that traps and tells its
#: kind, each at a place of its own.
UNDEFINED_FLAGS = (
    "-fsanitize=undefined",
    "-fsanitize-trap=undefined",
    "-fno-sanitize-merge",
)

#: Likewise, for the kernel only, which has a canary for its stack frames.  (The driver thinks that
#: this takes a C library; the compiler behind it does not.)
SANITIZED_KERNEL_FLAGS = (
    *UNDEFINED_FLAGS,
    *("-Xclang", "-stack-protector", "-Xclang", "2"),  # -fstack-protector-strong
    "-mstack-protector-guard=global",
    "-fno-optimize-sibling-calls",  # a backtrace names every function on the way
    "-DZXH_SANITIZE",
)

EMULATIONS: dict[Arch, str] = {"x86_64": "elf_x86_64", "arm64": "aarch64elf"}


class BuildError(ZxhError):
    """The toolchain is missing, or compiling or linking failed; carries its output."""

    exit_code = 2


def compile_sources(
    arch: Arch,
    sources: Iterable[Path],
    out_dir: Path,
    *,
    includes: Sequence[Path],
    flags: Sequence[str],
) -> list[Path]:
    """Compile C and assembly files to objects in *out_dir*, newest first needs; return them.

    An object is made anew when its source, any header it read or the command changed.
    Raises `BuildError` with the compiler's text.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    options = ["-target", TARGETS[arch], *COMMON_FLAGS, *flags]
    options += [option for path in includes for option in ("-I", os.path.relpath(path, ROOT))]

    def compile_one(source: Path) -> Path:
        output = out_dir / (source.name.replace(".", "_") + ".o")
        command = [
            *options,
            "-c",
            os.path.relpath(source, ROOT),
            "-o",
            os.path.relpath(output, ROOT),
        ]
        depfile = output.with_suffix(".d")
        stamp = output.with_suffix(".cmd")
        if not _up_to_date(output, depfile, stamp, command):
            run_zig("cc", [*command, "-MD", "-MF", os.path.relpath(depfile, ROOT)])
            stamp.write_text("\n".join(command))
        return output

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(compile_one, sorted(sources)))


def link(arch: Arch, inputs: Sequence[Path], output: Path, options: Sequence[str]) -> None:
    """Link objects with lld; raises `BuildError` with the linker's text."""
    output.parent.mkdir(parents=True, exist_ok=True)
    paths = [os.path.relpath(path, ROOT) for path in inputs]
    run_zig(
        "ld.lld",
        [
            "-m",
            EMULATIONS[arch],
            *options,
            "--build-id=none",
            *paths,
            "-o",
            os.path.relpath(output, ROOT),
        ],
    )


def run_zig(tool: str, arguments: Sequence[str]) -> None:
    """Run one tool of the wheel in the project's root; raises `BuildError` if it fails."""
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(ROOT / "images/build/cache")}
    environment["ZIG_LOCAL_CACHE_DIR"] = environment["ZIG_GLOBAL_CACHE_DIR"]
    result = subprocess.run(
        [_zig(), tool, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise BuildError(f"zig {tool} {' '.join(arguments)}\n{result.stderr.strip()}")


def _zig() -> str:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise BuildError("the compiler is missing: pip install 'zx-harness[build]'")
    return str(Path(spec.submodule_search_locations[0]) / "zig")


def _up_to_date(output: Path, depfile: Path, stamp: Path, command: Sequence[str]) -> bool:
    try:
        made = output.stat().st_mtime_ns
        if stamp.read_text() != "\n".join(command):
            return False
        rule = depfile.read_text().replace("\\\n", " ")
        return all(
            (ROOT / name).stat().st_mtime_ns < made for name in rule.split(":", 1)[1].split()
        )
    except FileNotFoundError:
        return False
