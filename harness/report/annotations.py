"""Findings beside the source: SARIF for code hosts and editors, GitHub's workflow commands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from harness import VERSION

Level = Literal["error", "warning"]

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One finding of a checker."""

    rule: str
    level: Level
    message: str
    #: The file it is about; None where there is none.
    path: Path | None = None
    #: Line in it, from 1; 0: the whole file.
    line: int = 0
    #: The function or symbol it is about.
    symbol: str = ""


def sarif(
    tool: str, rules: Mapping[str, tuple[str, str]], annotations: Iterable[Annotation]
) -> str:
    """A SARIF 2.1.0 document; *rules* tells of each rule its meaning and what to do about it."""
    order = list(rules)
    driver = {
        "name": tool,
        "version": VERSION,
        "rules": [
            {"id": rule, "shortDescription": {"text": meaning}}
            | ({"help": {"text": fix}} if fix else {})
            for rule, (meaning, fix) in rules.items()
        ],
    }
    results = [_result(tool, order, annotation) for annotation in annotations]
    runs = [{"tool": {"driver": driver}, "results": results}]
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs}, indent=1) + "\n"


def _result(tool: str, order: list[str], annotation: Annotation) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": annotation.rule,
        "level": annotation.level,
        "message": {"text": annotation.message},
    }
    if annotation.rule in order:
        result["ruleIndex"] = order.index(annotation.rule)
    location: dict[str, Any] = {}
    name = ""
    if annotation.path is not None:
        name = annotation.path.name
        location["physicalLocation"] = {"artifactLocation": {"uri": _uri(annotation.path)}}
        if annotation.line:
            location["physicalLocation"]["region"] = {"startLine": annotation.line}
    if annotation.symbol:
        location["logicalLocations"] = [{"name": annotation.symbol}]
    if location:
        result["locations"] = [location]
    # What makes it the same finding in the next run, whatever line it is at.
    key = tool.title().replace(" ", "").replace("Zxh", "zxh", 1)
    result["partialFingerprints"] = {f"{key}/v1": f"{name}:{annotation.rule}:{annotation.symbol}"}
    return result


def _uri(path: Path) -> str:
    """Relative to the working directory where it can be: forges want places in the repository."""
    full = path.resolve()
    here = Path.cwd()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.as_uri()


def github(tool: str, annotations: Iterable[Annotation]) -> str:
    """Workflow commands, which a GitHub job shows on the lines of a pull request."""
    return "".join(f"{_command(tool, annotation)}\n" for annotation in annotations)


def _command(tool: str, annotation: Annotation) -> str:
    fields = []
    if annotation.path is not None:
        fields.append(f"file={_property(_uri(annotation.path))}")
        if annotation.line:
            fields.append(f"line={annotation.line}")
    fields.append(f"title={_property(f'{tool}: {annotation.rule}')}")
    return f"::{annotation.level} {','.join(fields)}::{_data(annotation.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
