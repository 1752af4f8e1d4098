"""What a run has found so far, on disk while it works: a line of JSON per program.

It is there for a run that is killed; one that ends writes its reports and removes it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from harness.program.results import OutputError
from harness.run import Verdict


class Journal:
    """An append-only file, flushed after each chunk of programs."""

    def __init__(self, path: Path) -> None:
        """Begin *path* anew; raises `OutputError` if that cannot be done."""
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{path}: cannot write it: {error.strerror}") from error
        self._works = True

    def add(self, rows: Sequence[Sequence[Verdict]]) -> None:
        """Append finished programs.

        A full disk ends the journal, not the run: the reports come at the end, and say so then.
        """
        if not self._works:
            return
        try:
            self._file.write("".join(f"{_line(row)}\n" for row in rows))
            self._file.flush()
        except OSError:
            self._works = False
            self.remove()

    def remove(self) -> None:
        """Close and delete it; idempotent."""
        with contextlib.suppress(OSError):  # what a full disk could not take is given up
            self._file.close()
        self._path.unlink(missing_ok=True)


def _line(row: Sequence[Verdict]) -> str:
    entry = {
        "program": row[0].case.program.name,
        "origin": row[0].case.origin,
        "outcomes": {verdict.target: verdict.outcome for verdict in row},
        "differences": {
            verdict.target: [difference.reason for difference in verdict.differences]
            for verdict in row
            if verdict.differences
        },
    }
    return json.dumps(entry, ensure_ascii=False)
