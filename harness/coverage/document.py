"""The matrix as JSON and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from harness.coverage.matrix import STATES, Matrix, Row

_INTRODUCTION = """\
# Coverage of the interface

Written by `zxh coverage --markdown docs/coverage.md` from a run of the built-in suite; a test holds
this page against a run.

* **works**: the function succeeded in a program; **refuses**: it answered, but only ever with an
  error (it needs a device, a privilege, or a kernel built for debugging); **not emulatable**: what
  follows from its success is machine code, which the host cannot run, so that only its checks and
  what comes before the first instruction are compared; **unseen**: no program calls it;
  **missing**: the target does not have it.
* **Errors** are those that the function has by rule (`zxio_py/abi`): how many of them were seen on
  every target, and which were not. One with the name of an architecture is given there only. Those
  that no program can cause are not among them; they stand at the end, each with the reason.
"""


def as_json(matrix: Matrix) -> dict[str, Any]:
    """The matrix as plain data."""
    return {
        "targets": list(matrix.targets),
        "programs": matrix.programs,
        "functions": [_function(matrix, row) for row in matrix.rows],
    }


def _function(matrix: Matrix, row: Row) -> dict[str, Any]:
    return {
        "name": row.call.name,
        "states": dict(zip(matrix.targets, row.states, strict=True)),
        "errors": list(row.errors),
        "unreachable": dict(row.call.unreachable),
        "seen": {n: sorted(cell.errors) for n, cell in zip(matrix.targets, row.cells, strict=True)},
        "unseen": list(row.unseen),
        "unexpected": list(row.unexpected),
    }


def markdown(matrix: Matrix) -> str:
    """The page: a summary, then a table per category of functions."""
    return (
        "\n".join([_INTRODUCTION, *_summary(matrix), *_tables(matrix), *_unreachable(matrix)])
        + "\n"
    )


def _summary(matrix: Matrix) -> Iterator[str]:
    yield from _header(["functions", *matrix.targets])
    for state in STATES:
        counts = [str(matrix.count(target, state)) for target in matrix.targets]
        yield _line([state, *counts])
    seen, total = matrix.errors
    yield (
        f"\n{seen} of {total} errors of functions were seen on every target; "
        f"{len(matrix.unreachable)} more cannot be caused.\n"
    )


def _tables(matrix: Matrix) -> Iterator[str]:
    def category(row: Row) -> str:
        return row.call.category or "other"

    for name, rows in groupby(sorted(matrix.rows, key=category), key=category):
        yield f"## {name}\n"
        yield from _header(["function", *matrix.targets, "errors", "not seen"])
        for row in rows:
            yield _line([f"`{row.call.name}`", *row.states, row.share, ", ".join(row.unseen)])
        yield ""


def _unreachable(matrix: Matrix) -> Iterator[str]:
    yield "## Errors that cannot be caused\n"
    yield from _header(["function", "error", "why"])
    for name, error, reason in matrix.unreachable:
        yield _line([f"`{name}`", error, reason])


def _header(titles: list[str]) -> list[str]:
    return [_line(titles), _line(["---"] * len(titles))]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
