"""Two results of one program beside each other: steps aligned, what differs marked.

What differs has a ``!`` before it, and is red where the terminal has colours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.program.dump import dump_argument
from harness.program.model import Program, Step
from harness.program.normalise import Result

#: Bytes of a buffer on one line.
_LINE: Final = 8
#: Lines of a buffer around those that differ.
_AROUND: Final = 1
_DIFFERS: Final = "bold red"
#: A byte, a masked one, or a whole that stands for several.
_PIECES: Final = re.compile(r"<koid [^>]*>|\?\?|\.\d+$|\.\d+(?=\.\.\.\[)|\.\.\.\[.*\]|[0-9a-f]{2}")
#: Fields of a step in the order in which they are shown; `outs` and `handles` come after them.
_FIELDS: Final = ("ret", "error", "fault", "elapsed_at_least_min")
_LONGEST_ARGUMENT: Final = 60


def side_by_side(
    program: Program,
    left: Result,
    right: Result,
    names: tuple[str, str],
    brief: bool = False,
) -> RenderableType:
    """A table of both results, one row a step; *brief*: of what is the same only the status."""
    tables = [_table("", program.steps, left["steps"], right["steps"], names, brief)]
    for thread, steps in program.threads.items():
        mine, other = (result.get("threads", {}).get(thread, []) for result in (left, right))
        tables.append(_table(thread, steps, mine, other, names, brief))
    ends = [result.get("error", "finished") for result in (left, right)]
    tables[0].add_section()
    tables[0].add_row("end", *_pair(*ends))
    given = _fields_of_given(left), _fields_of_given(right)
    if given[0] != given[1]:
        tables[0].add_row("given", *_cells(*given))
    return Group(*tables)


def alone(program: Program, result: Result, name: str) -> RenderableType:
    """A table of one result, one row a step."""
    tables = []
    threads = {"": program.steps, **program.threads}
    for thread, steps in threads.items():
        seen = result.get("threads", {}).get(thread, []) if thread else result["steps"]
        table = Table(title=_title(thread), title_justify="left", show_lines=True)
        table.add_column("step", overflow="fold", ratio=2)
        table.add_column(name, overflow="fold", ratio=3)
        for number, (step, what) in enumerate(zip_longest(steps, seen)):
            fields = _fields(what)
            table.add_row(Text(f"{number} {call_text(step)}"), _cells(fields, fields)[0])
        tables.append(table)
    tables[0].add_row("end", f"  {result.get('error', 'finished')}")
    return Group(*tables)


def _title(thread: str) -> str:
    return f"helper {thread}" if thread else "main thread"


def _fields_of_given(result: Result) -> dict[str, Any]:
    return {slot: _handle(what) for slot, what in result.get("given", {}).items()}


def _table(
    thread: str,
    steps: Sequence[Step],
    left: Sequence[Result],
    right: Sequence[Result],
    names: tuple[str, str],
    brief: bool,
) -> Table:
    table = Table(title=_title(thread), title_justify="left", show_lines=True)
    table.add_column("step", overflow="fold", ratio=2)
    for name in names:
        table.add_column(name, overflow="fold", ratio=3)
    for number, (step, mine, other) in enumerate(zip_longest(steps, left, right)):
        fields = [_fields(result) for result in (mine, other)]
        if brief:
            fields = _differing(*fields)
        table.add_row(Text(f"{number} {call_text(step)}"), *_cells(*fields))
    return table


def _differing(left: dict[str, Any], right: dict[str, Any]) -> list[dict[str, Any]]:
    same = {key for key in left if key != "status" and right.get(key) == left[key]}
    return [{k: v for k, v in fields.items() if k not in same} for fields in (left, right)]


def _cells(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[Text, Text]:
    """Both sides of a step; a field stands on the same line on both."""
    cells = Text(), Text()
    for key in {**left, **right}:
        mine, other = left.get(key), right.get(key)
        if key.startswith("argument") and mine != other:
            lines = list(_hex_lines(mine or "", other or ""))
            pairs = [(Text(f"! {key}", _DIFFERS),) * 2, *lines]
        else:
            pairs = [_pair(_labelled(key, mine), _labelled(key, other))]
        for pair in pairs:
            for cell, text in zip(cells, pair, strict=True):
                if cell:
                    cell.append("\n")
                cell.append(text)
    return cells


def _pair(left: str, right: str) -> tuple[Text, Text]:
    if left == right:
        return Text(f"  {left}"), Text(f"  {right}")
    return Text(f"! {left}", _DIFFERS), Text(f"! {right}", _DIFFERS)


def _labelled(key: str, value: Any) -> str:
    if value is None:
        return "-" if key == "status" else f"{key}: -"
    return str(value) if key == "status" else f"{key}: {value}"


def _fields(result: Result | None) -> dict[str, Any]:
    """What a step's result says, one entry a line."""
    if result is None:
        return {"status": "(not reached)"}
    fields: dict[str, Any] = {}
    if "status_name" in result:
        fields["status"] = result["status_name"]
    fields |= {key: result[key] for key in _FIELDS if key in result}
    fields |= {f"argument {index}": text for index, text in result.get("outs", {}).items()}
    fields |= {slot: _handle(what) for slot, what in result.get("handles", {}).items()}
    if "live" in result:
        fields["live"] = " ".join(result["live"]) or "none"
    return fields


def _handle(what: Any) -> str:
    if isinstance(what, str):
        return what
    related = f" of {what['related']}" if "related" in what else ""
    return f"{what['type']}{related} {what['rights']}"


# Buffers ---------------------------------------------------------------------------------


def _hex_lines(left: str, right: str) -> Iterator[tuple[Text, Text]]:
    """The lines of a buffer that differ and their neighbours, differing bytes marked."""
    rows = [list(_rows(_bytes_of(text))) for text in (left, right)]
    pairs = list(zip_longest(*rows, fillvalue=[]))
    near = {
        other
        for number, (mine, theirs) in enumerate(pairs)
        if mine != theirs
        for other in range(number - _AROUND, number + _AROUND + 1)
    }
    for number, (mine, theirs) in enumerate(pairs):
        if number in near:
            yield _hex_line(number, mine, theirs), _hex_line(number, theirs, mine)
        elif number - 1 in near:
            yield Text("  ..."), Text("  ...")


def _bytes_of(text: str) -> list[str]:
    """A reported buffer piece by piece; ``..`` is an untouched byte."""
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        if piece.startswith("...["):
            pieces.append(piece)
        elif piece.startswith("."):
            pieces += [".."] * int(piece[1:])
        elif piece.startswith("<"):  # a koid takes the place of 8 bytes
            pieces += [piece, *[""] * 7]
        else:
            pieces.append(piece)
    return pieces


def _rows(pieces: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(pieces), _LINE):
        yield pieces[start : start + _LINE]


def _hex_line(number: int, mine: list[str], other: list[str]) -> Text:
    line = Text("! " if mine != other else "  ", _DIFFERS if mine != other else "")
    line.append(f"{number * _LINE:04x}", "dim")
    for piece, against in zip_longest(mine, other):
        if piece:
            line.append(" ")
            line.append(piece, _DIFFERS if piece != against else "")
    return line


# Calls -----------------------------------------------------------------------------------


def call_text(step: Step | None) -> str:
    """A step as one would write the call down."""
    if step is None:
        return "(none)"
    if step.thread is not None:
        return f"{step.call} {step.thread}"
    repeat = f" x {step.repeat}" if step.repeat != 1 else ""
    arguments = ", ".join(_argument_text(dump_argument(arg)) for arg in step.args)
    return f"{step.call}({arguments}){repeat}"


def _argument_text(arg: Any) -> str:
    match arg:
        case int():
            return str(arg) if arg < 1 << 16 else hex(arg)
        case {"h": slot, "xor": xor}:
            return f"{slot}^{xor:#x}"
        case {"h": slot}:
            return str(slot)
        case {"out_handle": slot}:
            return f"&{slot}"
        case {"out": size}:
            return f"out[{size}]"
        case {"deadline": ns}:
            return f"now+{ns}ns"
    text = json.dumps(arg, ensure_ascii=False)
    return text if len(text) <= _LONGEST_ARGUMENT else text[: _LONGEST_ARGUMENT - 3] + "..."
