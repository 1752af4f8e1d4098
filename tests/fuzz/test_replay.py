"""Programs run again: what agrees, what differs, what a debugger sees."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fuzz_faults import SIGNAL_WITHOUT_RIGHT
from rich.console import Console

from harness.cases import Case
from harness.cli import main
from harness.fuzz.after import Shrinker
from harness.fuzz.debug import MARK, debugger_commands
from harness.fuzz.faults import seeded
from harness.program.dump import format_programs
from harness.program.model import Program, Step
from harness.program.parse import parse_program
from harness.report.sidebyside import side_by_side
from harness.run import Runner

EVENT = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}
WRONG: dict[str, Any] = {
    "name": "object_signal_vmar",
    "note": "A region takes no signals",
    "steps": [EVENT, {"call": "zx_object_signal", "args": [{"h": "$vmar"}, 0, 0]}],
}
TARGETS = ["-t", "host", "-t", "x86_64"]


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    path = tmp_path / "wrong.json"
    path.write_text(format_programs([WRONG]))
    return path


def test_targets_that_agree_are_shown_as_one(
    wrong: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(wrong), *TARGETS]) == 0
    said = capsys.readouterr().out
    assert "A region takes no signals" in said
    assert "host = x86_64" in said
    assert "ZX_ERR_ACCESS_DENIED" in said
    assert "!" not in said


def test_what_differs_is_marked(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with seeded(SIGNAL_WITHOUT_RIGHT):
        assert main(["replay", str(wrong), *TARGETS]) == 1
    said = capsys.readouterr().out
    assert "x86_64: diverge" in said
    (line,) = [line for line in said.splitlines() if "!" in line]
    assert "1 zx_object_signal($vmar, 0," in line
    assert line.index("! ZX_ERR_NOT_SUPPORTED") < line.index("! ZX_ERR_ACCESS_DENIED")


def test_a_found_divergence_is_there_or_not(
    runner: Runner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with seeded(SIGNAL_WITHOUT_RIGHT):
        run = runner.compare([Case(parse_program(WRONG), "test")])
        (found,) = Shrinker(runner, tmp_path).found(run.verdicts)
        assert main(["replay", str(found.path), *TARGETS]) == 1
        assert "as it was found: diverge: zx_object_signal status" in capsys.readouterr().out
    assert main(["replay", str(found.path), *TARGETS]) == 0
    assert "not there any more: diverge: zx_object_signal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["-k", "other"], "no program is called other"),
        (["--step", "1"], "--step goes with --gdb"),
        (["--gdb"], "--gdb takes one guest"),
        (["--gdb", "-t", "x86_64", "--step", "2"], "there is no step 2"),
        (["--gdb", "-t", "x86_64"], "say the same of every step"),
    ],
)
def test_mistakes_are_one_line(
    wrong: Path, capsys: pytest.CaptureFixture[str], words: list[str], problem: str
) -> None:
    assert main(["replay", str(wrong), *words]) == 2
    said = capsys.readouterr().err
    assert problem in said
    assert said.count("\n") == 1


def rendered(left: dict[str, Any], right: dict[str, Any], call: str) -> str:
    program = Program("x", (Step(call),))
    console = Console(width=100)
    with console.capture() as capture:
        console.print(side_by_side(program, left, right, ("a", "b")))
    return capture.get()


def test_buffers_are_compared_byte_by_byte() -> None:
    def result(data: str) -> dict[str, Any]:
        return {"steps": [{"call": "zx_x", "status_name": "ZX_OK", "outs": {"2": data}}]}

    left, right = "00" * 24 + "0102.6", "00" * 24 + "0103.6"
    lines = rendered(result(left), result(right), "zx_x").splitlines()
    (marked,) = [line for line in lines if "0018" in line]
    assert "! 0018 01 02 .. .. .. .. .. .." in marked
    assert "! 0018 01 03 .. .. .. .. .. .." in marked
    assert any("  0010 00 00" in line for line in lines)
    assert not any("0008" in line for line in lines)


def test_an_end_too_early_is_shown() -> None:
    done = {"steps": [{"call": "zx_x", "status_name": "ZX_OK"}]}
    ended = {"steps": [], "error": "fatal exception"}
    text = rendered(done, ended, "zx_x")
    assert "! ZX_OK" in text
    assert "! (not reached)" in text
    assert "! fatal exception" in text


def test_a_mark_that_the_program_makes_itself_is_passed_by() -> None:
    program = Program("x", (MARK, Step("zx_event_create"), MARK, Step("zx_ticks_get")))
    assert debugger_commands(program, 2) == [
        "tbreak call_syscall_test_0",
        "ignore $bpnum 1",
        "continue",
    ]


def test_a_debugger_stops_before_the_call(wrong: Path) -> None:
    if shutil.which("gdb") is None:
        pytest.skip("there is no gdb")
    command = [sys.executable, "-m", "harness", "replay", str(wrong), "--gdb", "-t", "x86_64"]
    with subprocess.Popen(
        [*command, "--step", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as replay:
        assert replay.stderr is not None
        attach = next(line for line in replay.stderr if line.startswith("attach with: "))
        words = shlex.split(attach.removeprefix("attach with: "))
        batch = [words[0], "-nx", "-batch", *words[1:], "-ex", "backtrace 1", "-ex", "detach"]
        seen = subprocess.run(batch, capture_output=True, text=True, timeout=60, check=False)
        assert "#0  call_object_signal" in seen.stdout
        assert replay.wait(60) == 0
