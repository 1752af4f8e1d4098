"""The command line: help, exit statuses, one line for every mistake."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness import VERSION
from harness.cli import COMMANDS, main

PROGRAM = {
    "name": "event_create_and_signal",
    "note": "an event can be signalled",
    "steps": [
        {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]},
        {"call": "zx_object_signal", "args": [{"h": "e"}, 0, "ZX_EVENT_SIGNALED"]},
    ],
}


def written(folder: Path, document: object, name: str = "programs.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def zxh(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert name in text
        assert command.help in text.replace("\n" + " " * 24, " ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"zxh {VERSION}\n"


@pytest.mark.parametrize("command", ["run", "exec", "boot", "images", "symbols", "test"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert f"zxh {command}" in capsys.readouterr().out


def test_help_costs_less_than_a_tenth_of_a_second_above_python() -> None:
    def cost(*words: str) -> float:
        """CPU seconds, which do not depend on what else the machine does."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    ours = min(cost("-m", "harness", "--help") for _ in range(5))
    bare = min(cost("-c", "pass") for _ in range(5))
    assert ours - bare < 0.1


@pytest.mark.parametrize(
    "words",
    [[], ["nonsense"], ["run", "--nonsense"], ["exec"], ["exec", "-t", "vax", "f"], ["boot"]],
)
def test_wrong_usage_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert left.value.code == 2
    assert "usage: zxh" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "programs.json"),
        ([{"name": "a_b", "steps": [{"call": "zx_no_such", "args": []}]}], "zx_no_such"),
        ([{"name": "a_b", "steps": [{"call": "zx_handle_close", "args": [{"h": "x"}]}]}], "x"),
        ([{"name": "a_b", "steps": [{"call": "zx_nanosleep", "args": [2**64]}]}], "step 0"),
        ({"format": "zx-program/9", "programs": []}, "zx-program/9"),
    ],
)
@pytest.mark.parametrize("command", ["exec", "run"])
def test_a_malformed_file_is_one_line_and_status_2(
    command: str, document: object, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, document)
    words = ["exec", "-t", "host"] if command == "exec" else ["run", "-t", "host", "-o", tmp_path]
    run = zxh(*words, path)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith(f"zxh: {path}")
    assert said in run.stderr
    assert run.stdout == ""


def test_a_missing_file_is_status_2(tmp_path: Path) -> None:
    run = zxh("exec", "-t", "host", tmp_path / "none.json")
    assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert "none.json" in run.stderr


def test_exec_writes_the_results_of_one_target(tmp_path: Path) -> None:
    output = tmp_path / "results.json"
    assert main(["exec", "-t", "host", str(written(tmp_path, [PROGRAM])), "-o", str(output)]) == 0
    document = json.loads(output.read_text())
    assert document["format"] == "zx-result/1"
    assert document["meta"]["target"] == "host"
    (result,) = document["programs"]
    assert [step["status_name"] for step in result["steps"]] == ["ZX_OK", "ZX_OK"]


def test_exec_without_output_writes_to_standard_output(tmp_path: Path) -> None:
    run = zxh("exec", "-t", "host", written(tmp_path, [PROGRAM]))
    assert run.returncode == 0
    assert json.loads(run.stdout)["programs"][0]["name"] == PROGRAM["name"]


def test_results_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    path = written(tmp_path, [PROGRAM])
    run = zxh("exec", "-t", "host", path, "-o", tmp_path / "none" / "results.json")
    assert run.returncode != 0
    assert run.stderr.count("\n") == 1


def test_run_writes_both_reports(tmp_path: Path) -> None:
    output = tmp_path / "out"
    path = written(tmp_path, [PROGRAM])
    run = zxh("run", "-t", "host", "--no-checks", "-o", output, path)
    assert run.returncode == 0, run.stderr
    assert "all agree" in run.stdout
    report = json.loads((output / "report.json").read_text())
    assert report["format"] == "zx-report/1"
    assert report["exit_status"] == 0
    assert report["targets"]["host"]["programs"] == 1
    assert report["targets"]["host"]["calls"] == 2
    assert report["families"]["event"]["host"] == {"agree": 1}
    suite = ET.parse(output / "report.xml").getroot().find("testsuite")
    assert suite is not None
    assert suite.get("tests") == "1"
    assert suite.get("failures") == "0"


def test_a_divergence_from_a_recorded_result_is_status_1(tmp_path: Path) -> None:
    good = zxh("exec", "-t", "host", written(tmp_path, [PROGRAM]))
    result = json.loads(good.stdout)["programs"][0]
    result["steps"][1] |= {"status": -2, "status_name": "ZX_ERR_NOT_SUPPORTED"}
    entry = {"program": PROGRAM, "result": result, "truth": "real", "why": "made up"}
    path = written(tmp_path, {"format": "zx-vectors/1", "programs": [entry]}, "vectors.json")
    run = zxh("run", "-t", "host", "--no-checks", "-o", tmp_path / "out", path)
    assert run.returncode == 1
    report = json.loads((tmp_path / "out/report.json").read_text())
    (divergence,) = report["divergences"]
    assert divergence["target"] == "host"
    assert divergence["reference"] == "recorded"
    assert "ZX_ERR_NOT_SUPPORTED" in divergence["differences"][0]
    assert divergence["program"]["name"] == PROGRAM["name"]
    xml = (tmp_path / "out/report.xml").read_text()
    assert "ZX_ERR_NOT_SUPPORTED" in xml
    assert 'failures="1"' in xml


def test_a_pattern_that_matches_nothing_is_status_2(tmp_path: Path) -> None:
    run = zxh("run", "-t", "host", "-k", "nothing_*", written(tmp_path, [PROGRAM]), "-o", tmp_path)
    assert run.returncode == 2
    assert "nothing_*" in run.stderr


def test_programs_are_chosen_by_pattern_and_family(tmp_path: Path) -> None:
    other = PROGRAM | {"name": "eventpair_other"}
    path = written(tmp_path, [PROGRAM, other])
    run = zxh("run", "--list", path, "-k", "event")
    assert run.stdout.splitlines() == [
        "event_create_and_signal  [programs.json]  an event can be signalled"
    ]
    assert len(zxh("run", "--list", path, "-k", "event*").stdout.splitlines()) == 2


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m harness run --list | head -n 1"
    run = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert run.returncode == 0
    assert run.stderr == ""
    assert run.stdout.count("\n") == 1
