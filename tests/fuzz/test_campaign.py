"""Campaigns on real machines: what they find, what they keep, how they end."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from fuzz_faults import READ_LEAVES_THE_MESSAGE, SIGNAL_WITHOUT_RIGHT

from harness.cases import Case
from harness.cli import main
from harness.errors import InputError
from harness.fuzz.after import Found
from harness.fuzz.campaign import Campaign, Limits, Round
from harness.fuzz.faults import SeededFault, seeded, seeded_faults
from harness.fuzz.found import read_found
from harness.fuzz.generate import Generator
from harness.fuzz.guide import Guide
from harness.fuzz.kind import Kind
from harness.fuzz.known import FILE, read_known, stale
from harness.fuzz.measure import measure
from harness.fuzz.seeds import seeds
from harness.fuzz.shrink import Judge
from harness.program.parse import parse_program, read_programs
from harness.run import Runner

TARGETS = ["-t", "host", "-t", "x86_64"]
TODAY = datetime.date(2026, 1, 1)
WRONG = {
    "name": "object_signal_vmar",
    "steps": [{"call": "zx_object_signal", "args": [{"h": "$vmar"}, 0, 0]}],
}
DIFFERENCE = f"""
[[difference]]
kind = "diverge: zx_object_signal status * / ZX_ERR_ACCESS_DENIED"
reason = "a region takes no signals"
expires = 2026-01-02
program = '{json.dumps(WRONG)}'
"""


def about_signals(call: str) -> bool:
    return call in ("zx_object_signal", "zx_event_create", "zx_handle_duplicate")


def campaign(runner: Runner, directory: Path, limits: Limits, **more: Any) -> Campaign:
    return Campaign(runner, Generator(seeds(), 5, about_signals), directory, limits, 5, **more)


def test_a_fault_is_found_made_small_and_written_down(runner: Runner, tmp_path: Path) -> None:
    found: list[Found] = []
    with seeded(SIGNAL_WITHOUT_RIGHT):
        tally = campaign(runner, tmp_path, Limits(60, found=1)).run(found.append)
    assert tally.found >= 1
    assert tally.exit_status == 1
    first = found[0]
    assert first.shrunk is not None
    assert len(first.shrunk.program.steps) <= 3
    assert first.path is not None
    assert read_found(first.path)["seed"] == 5
    assert read_programs(first.path) == [first.shrunk.program]


def test_programs_that_reach_something_new_become_seeds(runner: Runner, tmp_path: Path) -> None:
    one = campaign(runner, tmp_path, Limits(programs=400))
    tally = one.run(lambda found: None)
    assert tally.programs == 400
    assert tally.seeds > 400
    assert tally.found == 0
    assert 0 < tally.joined < 400
    assert tally.exit_status == 0
    names = [entry["name"] for entry in one.corpus]
    two = campaign(runner, tmp_path, Limits(programs=400))
    two.run(lambda found: None)
    assert [entry["name"] for entry in two.corpus] == names


def test_a_guide_tells_what_is_new(runner: Runner) -> None:
    guide = Guide()
    case = Case(parse_program(WRONG), "test")
    runner.compare([case])
    seen = runner.agreed(case)
    assert seen is not None
    assert guide.is_new(case.program, seen)
    assert not guide.is_new(case.program, seen)


def test_a_round_makes_programs_as_they_are_asked_for() -> None:
    made = Round(Generator(seeds(), 5), 100, 10, float("inf"))
    assert not made.cases
    assert len(made[:4]) == 4
    assert len(made.cases) == 4
    assert made[3] is made[:4][3]
    assert made[4:] == []
    assert len(list(made)) == 10
    over = Round(Generator(seeds(), 5), 0, 10, 0.0)
    assert over[:4] == []


def test_known_differences_are_not_reported(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(DIFFERENCE.replace("status * / ZX_ERR_ACCESS_DENIED", "*"))
    known = read_known(path, TODAY)
    with seeded(SIGNAL_WITHOUT_RIGHT):
        one = campaign(runner, tmp_path, Limits(programs=200), known=known)
        tally = one.run(lambda found: None)
    assert tally.exit_status == 0
    assert tally.known["a region takes no signals"] > 0


def test_an_entry_without_its_difference_is_stale(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(DIFFERENCE)
    known = read_known(path, TODAY)
    judge = Judge(runner)
    assert stale(known, judge) == known
    with seeded(SIGNAL_WITHOUT_RIGHT):
        assert stale(known, judge) == []
    values = ("ZX_OK", "ZX_ERR_ACCESS_DENIED")
    assert known[0].covers(Kind("arm64", "diverge", "zx_object_signal", "status", values))
    assert not known[0].covers(Kind("arm64", "diverge", "zx_object_signal", "live"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = ", "not TOML"),
        ("[other]", "other things than"),
        (DIFFERENCE.replace("reason =", "why ="), "an entry has kind, reason, expires, program"),
        (DIFFERENCE.replace("2026-01-02", '"soon"'), "expires is no date"),
        (DIFFERENCE.replace("2026-01-02", "2026-01-01"), "it expired on 2026-01-01"),
        (DIFFERENCE.replace("zx_object_signal", "zx_x"), "unknown call"),
    ],
)
def test_a_wrong_file_of_known_differences(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=problem):
        read_known(path, TODAY)


def test_the_file_of_this_project_holds(runner: Runner) -> None:
    assert stale(read_known(FILE, datetime.date.today()), Judge(runner)) == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "corpus"
    command = ["fuzz", *TARGETS, "--seed", "3", "--families", "event", "-o", str(out), "-q"]
    assert main([*command, "--programs", "200"]) == 0
    assert "200 programs" in capsys.readouterr().out
    assert read_programs(out / "corpus.json")
    with seeded(SIGNAL_WITHOUT_RIGHT):
        assert main([*command, "--calls", "zx_object_signal", "--programs", "400"]) == 1
    said = capsys.readouterr().out
    assert "diverge: zx_object_signal status" in said


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--programs", "0"], "--programs is at least 1"),
        (["--families", "nothing"], "no function matches nothing"),
        (["--known", "/nonexistent.toml"], "cannot read it"),
        (["--seeds", "/nonexistent.json"], "cannot read it"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    assert main(["fuzz", *TARGETS, "-o", str(tmp_path), *words]) == 2
    said = capsys.readouterr().err
    assert problem in said
    assert said.count("\n") == 1


def test_a_stale_entry_fails_a_campaign(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "known.toml"
    path.write_text(DIFFERENCE.replace("2026-01-02", "2999-01-01"))
    assert main(["fuzz", *TARGETS, "-o", str(tmp_path), "--known", str(path)]) == 2
    assert "does not show any more" in capsys.readouterr().err


def test_the_seeded_faults_can_all_be_put_in_and_taken_out() -> None:
    faults = seeded_faults()
    assert len(faults) >= 40
    assert len({fault.name for fault in faults}) == len(faults)
    for fault in faults:
        with seeded(fault):
            pass


def test_measuring_counts_what_is_found(runner: Runner) -> None:
    limits = Limits(60, programs=300)

    def generator() -> Generator:
        return Generator(seeds(), 5, about_signals)

    (found,) = measure(runner, generator, limits, faults=[SIGNAL_WITHOUT_RIGHT])
    assert found.found
    quota = next(fault for fault in seeded_faults() if fault.name == "fifo_any_element_size")
    (missed,) = measure(runner, generator, Limits(60, programs=50), faults=[quota])
    assert not missed.found
    assert missed.programs == 50


@pytest.mark.parametrize(
    ("old", "problem"),
    [
        ('"""zx_channel_*."""', "is in no function"),
        ("ZxError", "its piece of source stands"),
        ("no such piece", "its piece of source stands 0 times"),
    ],
)
def test_a_fault_that_cannot_be_put_in(old: str, problem: str) -> None:
    fault = SeededFault("x", READ_LEAVES_THE_MESSAGE.module, old, '"""Other."""')
    with pytest.raises(InputError, match=problem), seeded(fault):
        pass
