"""The built-in suite: complete, readable, deterministic, and right on the host.

``statuses.json`` holds what the documented order of checks says each step answers (``null``: not
told there), written down independently of the host emulation.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.compare import differences
from harness.program.normalise import Result, normalise
from harness.suite import SuiteProgram, load_suite
from harness.targets.host import HostTarget

PROGRAMS = load_suite(vectors=False)
STATUSES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "statuses.json").read_text()
)


@pytest.fixture(scope="module")
def target() -> Iterator[HostTarget]:
    with HostTarget() as opened:
        yield opened


def run(target: HostTarget, entry: SuiteProgram) -> Result:
    assert not entry.program.calls() & target.missing_calls()
    return normalise(entry.program, target.run(entry.program))


def test_size_and_families() -> None:
    families = {entry.family for entry in PROGRAMS}
    assert len(PROGRAMS) >= 500
    assert families >= set(
        "handle object channel event eventpair socket vmo clock debuglog process thread "
        "memory system".split()
    )


def test_names_are_unique_and_notes_one_line() -> None:
    names = [entry.name for entry in PROGRAMS]
    assert len(names) == len(set(names))
    for entry in PROGRAMS:
        assert entry.program.note.isprintable(), entry.name
        assert 10 <= len(entry.program.note) <= 120, entry.name


def test_the_suite_is_read_quickly() -> None:
    started = time.process_time()
    loaded = load_suite()
    assert len(loaded) > 1200
    assert time.process_time() - started < 1.0


def test_every_program_of_the_table_exists() -> None:
    assert STATUSES.keys() <= {f"{entry.family}/{entry.name}" for entry in PROGRAMS}


def assert_statuses(result: list[Result], wanted: list[str | None], reached: bool) -> None:
    if reached:
        assert len(result) == len(wanted)
    for number, (step, status) in enumerate(zip(result, wanted, strict=False)):
        if status is not None:
            name = step.get("status_name", "").removeprefix("ZX_").removeprefix("ERR_")
            assert (number, step["call"], name) == (number, step["call"], status)


@pytest.mark.parametrize("entry", PROGRAMS, ids=lambda entry: f"{entry.family}/{entry.name}")
def test_program(target: HostTarget, entry: SuiteProgram) -> None:
    result = run(target, entry)
    wanted = STATUSES.get(f"{entry.family}/{entry.name}")
    if wanted is not None:
        end = wanted.get("end")
        assert result.get("error") == end
        assert_statuses(result["steps"], wanted["steps"], end is None)
        for thread, statuses in wanted.get("threads", {}).items():
            assert_statuses(result["threads"][thread], statuses, False)
    again = run(target, entry)
    assert [d.reason for d in differences(result, again, "first", "second")] == []
