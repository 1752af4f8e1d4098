"""Files of divergences: a program in the exchange format, and beside it how it was found.

Such a file runs like any other (``zxh run``, ``zxh exec``, ``zxh replay``); what is under
``found`` is for people and for ``zxh replay``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import zxio_py
from harness import VERSION
from harness.fuzz.shrink import Shrunk
from harness.machine.image import Image
from harness.program.dump import dump_program, format_programs
from harness.program.parse import parse_json, read_input
from harness.program.results import write_atomically
from harness.run import Verdict
from harness.targets.base import Target

#: Hexadecimal digits of a hash that name a version.
_DIGITS = 16


def write_found(
    directory: Path,
    shrunk: Shrunk,
    verdict: Verdict,
    targets: Sequence[Target],
    seed: int | None = None,
) -> Path:
    """Write what became of *verdict* and return the file's path.

    *seed* is that of the campaign that made the program; raises `OutputError`.
    """
    program = shrunk.program
    shown = shrunk.verdict or verdict
    found: dict[str, Any] = {
        "kind": str(shrunk.kind),
        "flaky": shrunk.flaky,
        "shown": shrunk.shown,
        "targets": list(shrunk.targets) or [shrunk.kind.target],
        "versions": target_versions(targets),
        "results": results_of(shown),
    }
    if seed is not None:
        found["seed"] = seed
    if shown.reason:
        found["reason"] = shown.reason
    if program is not verdict.case.program:
        found["before"] = dump_program(verdict.case.program)
    path = directory / f"{program.name}.{shrunk.kind.target}.json"
    text = format_programs([dump_program(program)], found)
    write_atomically(path, text.encode())
    return path


def read_found(path: Path) -> Mapping[str, Any]:
    """What a file says of how its program was found; empty if it is another sort of file."""
    document = parse_json(read_input(path), str(path))
    found = document.get("found") if type(document) is dict else None
    return found if type(found) is dict else {}


def results_of(verdict: Verdict) -> dict[str, Any]:
    """Both results of a divergence, by target; a target that was lost has none."""
    sides = {verdict.reference_name: verdict.reference, verdict.target: verdict.result}
    return {name: result for name, result in sides.items() if name and result is not None}


def target_versions(targets: Sequence[Target]) -> dict[str, str]:
    """What each target is: this package's version, and a hash of the code that ran."""
    return {target.name: f"{VERSION} {_hash_of(target)}" for target in targets}


def _hash_of(target: Target) -> str:
    image: Image | None = getattr(target, "image", None)
    return _host_hash() if image is None else _file_hash(image.kernel)


@cache
def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]


@cache
def _host_hash() -> str:
    """Of the emulation's source."""
    root = Path(zxio_py.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:_DIGITS]
