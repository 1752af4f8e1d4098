"""Result files: ``zx-result/1``, written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from harness.errors import InputError, ZxhError
from harness.program.normalise import Result
from harness.program.parse import EDITION, parse_json, read_input
from harness.program.values import brief

RESULT_FORMAT: Final = "zx-result/1"


class OutputError(ZxhError):
    """A file could not be written: disk full, no permission."""


def result_document(results: Sequence[Result], meta: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a result file; *meta* tells the target and what else is worth knowing."""
    return {
        "format": RESULT_FORMAT,
        "edition": EDITION,
        "meta": {**meta, "programs": len(results), "results": len(results)},
        "programs": list(results),
    }


def write_results(path: Path, results: Sequence[Result], meta: Mapping[str, Any]) -> None:
    """Write a result file, one program per line; the old file stays if that fails."""
    document = result_document(results, meta)
    programs = document.pop("programs")
    head = json.dumps(document, ensure_ascii=False)[:-1]
    body = ",\n ".join(json.dumps(program, ensure_ascii=False) for program in programs)
    write_atomically(path, f'{head}, "programs": [\n {body}\n]}}\n'.encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Replace *path* by a file with *data*; `OutputError` if that fails, and then no trace.

    What is there but no regular file (a pipe, /dev/stdout) is written to directly.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:64]}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "unknown error")
        raise OutputError(f"{path}: cannot write it: {reason}") from None


def read_results(path: Path) -> dict[str, Any]:
    """A result file's document, with ``programs`` checked to be named entries."""
    document = parse_json(read_input(path), str(path))
    if type(document) is not dict or document.get("format") != RESULT_FORMAT:
        raise InputError(f'not a result file ("format" is not "{RESULT_FORMAT}")', where=str(path))
    programs = document.get("programs")
    if type(programs) is not list:
        raise InputError("no list of programs", where=str(path))
    for index, program in enumerate(programs):
        if type(program) is not dict or type(program.get("name")) is not str:
            raise InputError(f"program {index}: {brief(program)} has no name", where=str(path))
        if type(program.get("steps")) is not list:
            raise InputError("has no list of steps", where=f"{path}: program {index}")
    return document
