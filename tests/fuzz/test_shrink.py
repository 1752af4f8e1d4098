"""Divergences become small, on a real machine against an emulation that is wrong on purpose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fuzz_faults import READ_LEAVES_THE_MESSAGE, SIGNAL_WITHOUT_RIGHT

from harness.cases import Case
from harness.cli import main
from harness.fuzz.after import Shrinker, label_flaky
from harness.fuzz.faults import SeededFault, seeded
from harness.fuzz.found import read_found
from harness.fuzz.kind import Kind
from harness.fuzz.program import Place, checked, without
from harness.fuzz.reduce import PASSES, fewer_threads
from harness.fuzz.shrink import REPEATS
from harness.program.dump import dump_program, format_programs
from harness.program.parse import parse_program, read_programs
from harness.run import Runner
from zxio_py.kernel.event import Event

EVENT = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}
WAIT = {"call": "zx_object_wait_one", "args": [{"h": "e"}, "ZX_EVENT_SIGNALED", 0, {"out": 4}]}

#: An event is signalled without the right to, amid much that has nothing to do with it.
LONG: dict[str, Any] = {
    "name": "object_signal_long",
    "steps": [
        {"call": "$buf", "args": [{"in": [{"str": "some text"}, {"u64": 77}], "name": "b"}]},
        {"call": "zx_channel_create", "args": [0, {"out_handle": "c"}, {"out_handle": "d"}]},
        EVENT,
        {"call": "zx_channel_write", "args": [{"h": "c"}, 0, {"addr": "b"}, 17, 0, 0]},
        {"call": "$spawn", "args": ["t"]},
        {"call": "$join", "args": ["t"]},
        {
            "call": "zx_handle_duplicate",
            "args": [
                {"h": "e"},
                "ZX_RIGHT_TRANSFER|ZX_RIGHT_WAIT|ZX_RIGHT_DUPLICATE",
                {"out_handle": "f"},
            ],
        },
        {"call": "zx_object_signal", "args": [{"h": "f"}, 0, "ZX_USER_SIGNAL_3"], "repeat": 3},
        WAIT,
        {"call": "zx_channel_read", "args": [{"h": "d"}, 0, {"out": 32}, 0, 32, 0, {"out": 4}, 0]},
        {"call": "zx_handle_close", "args": [{"h": "d"}]},
    ],
    "threads": {"t": [{"call": "zx_event_create", "args": [0, {"out_handle": "g"}]}]},
}


def file_with(tmp_path: Path, *entries: dict[str, Any]) -> Path:
    path = tmp_path / "programs.json"
    path.write_text(format_programs(entries))
    return path


def test_a_step_takes_with_it_what_cannot_be_without_it() -> None:
    smaller = without(LONG, frozenset({Place("", 1)}))
    calls = [step["call"] for step in smaller["steps"]]
    assert "zx_channel_write" not in calls
    assert calls.count("zx_handle_close") == 0
    assert smaller["threads"] == LONG["threads"]
    assert checked(smaller) is not None


def test_a_helper_goes_with_its_spawn_and_join() -> None:
    smaller = without(LONG, frozenset({Place("", 4)}))
    assert "threads" not in smaller
    assert not [step for step in smaller["steps"] if step["call"] in ("$spawn", "$join")]


def test_a_helpers_steps_may_move_to_the_main_thread() -> None:
    inlined = list(fewer_threads(LONG))[1]
    assert inlined["steps"][4] == LONG["threads"]["t"][0]
    assert checked(inlined) is not None


def test_every_pass_offers_programs_that_differ() -> None:
    for smaller in PASSES[:-1]:
        offered = list(smaller(LONG))
        assert offered
        assert LONG not in offered
        assert any(checked(entry) for entry in offered)


def test_a_divergence_becomes_minimal(runner: Runner, tmp_path: Path) -> None:
    with seeded(SIGNAL_WITHOUT_RIGHT):
        run = runner.compare([Case(parse_program(LONG), "test")])
        assert run.count("diverge") == 1
        (found,) = Shrinker(runner, tmp_path).found(run.verdicts)
    shrunk = found.shrunk
    assert shrunk is not None
    assert shrunk.minimal
    assert not shrunk.flaky
    assert shrunk.seconds < 30
    values = ("ZX_OK", "ZX_ERR_ACCESS_DENIED")
    assert shrunk.kind == Kind("x86_64", "diverge", "zx_object_signal", "status", values)
    assert shrunk.steps_before == 12
    small = dump_program(shrunk.program)
    assert [s["call"] for s in small["steps"]] == [
        "zx_event_create",
        "zx_handle_duplicate",
        "zx_object_signal",
    ]
    assert small["steps"][2]["args"] == [{"h": "f"}, 0, 0]
    assert "repeat" not in small["steps"][2]
    assert found.path is not None
    (program,) = read_programs(found.path)
    assert program == shrunk.program
    said = read_found(found.path)
    assert said["versions"].keys() == {"host", "x86_64"}
    assert said["results"].keys() == {"host", "x86_64"}
    assert said["before"] == dump_program(parse_program(LONG))
    # Without the fault there is nothing to it.
    assert runner.compare([Case(program, "test")]).exit_status == 0


def test_each_sort_of_divergence_is_reported_once(runner: Runner, tmp_path: Path) -> None:
    again = {**LONG, "name": "object_signal_again"}
    with seeded(SIGNAL_WITHOUT_RIGHT):
        run = runner.compare([Case(parse_program(e), "test") for e in (LONG, again)])
        shrinker = Shrinker(runner, tmp_path)
        assert len(list(shrinker.found(run.verdicts))) == 1
        assert not list(shrinker.found(run.verdicts))


def test_what_is_recorded_is_set_aside(runner: Runner, tmp_path: Path) -> None:
    program = parse_program({"name": "event_x", "steps": [EVENT]})
    wrong = {"name": "event_x", "steps": [{"call": "zx_event_create", "status": 7}]}
    run = runner.compare([Case(program, "real", wrong)])
    found = list(Shrinker(runner, tmp_path).found(run.verdicts))
    assert [one.shrunk for one in found] == [None]


def test_what_comes_and_goes_is_called_flaky(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    genuine = Event.__init__

    def sometimes_signalled(self: Event, *args: Any) -> None:
        nonlocal made
        genuine(self, *args)
        made += 1
        self.signals = made % 3 != 0

    monkeypatch.setattr(Event, "__init__", sometimes_signalled)
    program = parse_program({"name": "event_flaky", "steps": [EVENT, WAIT]})
    run = runner.compare([Case(program, "test")])
    assert run.count("diverge") == 1
    (found,) = Shrinker(runner, tmp_path).found(run.verdicts)
    assert found.shrunk is not None
    assert found.shrunk.flaky
    assert found.shrunk.program is program
    assert 0 < found.shrunk.shown < REPEATS
    assert run.count("diverge") == 0
    assert run.count("unstable") == 1
    assert found.path is not None
    assert read_found(found.path)["flaky"] is True


def test_a_run_tells_flaky_divergences_from_others(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0
    genuine = Event.__init__

    def mostly_signalled(self: Event, *args: Any) -> None:
        nonlocal made
        genuine(self, *args)
        made += 1
        self.signals = made != 2

    monkeypatch.setattr(Event, "__init__", mostly_signalled)
    made = 10
    program = parse_program({"name": "event_flaky", "steps": [EVENT, WAIT]})
    run = runner.compare([Case(program, "test")])
    assert run.count("diverge") == 1
    made = 0
    label_flaky(runner, run)
    assert run.count("unstable") == 1
    (verdict,) = [v for v in run.all() if v.outcome == "unstable"]
    assert verdict.reason == f"it showed in {REPEATS - 1} of {REPEATS} runs"


def test_a_program_that_would_wait_for_ever_does_not_hold_up_shrinking(
    runner: Runner, tmp_path: Path
) -> None:
    steps = [
        EVENT,
        {"call": "zx_object_signal", "args": [{"h": "e"}, 0, "ZX_EVENT_SIGNALED"]},
        {
            "call": "zx_object_wait_one",
            "args": [{"h": "e"}, "ZX_EVENT_SIGNALED", "ZX_TIME_INFINITE", {"out": 4}],
        },
        {"call": "zx_object_signal", "args": [{"h": "$vmar"}, 0, 0]},
    ]
    program = parse_program({"name": "object_waits", "steps": steps})
    with seeded(SIGNAL_WITHOUT_RIGHT):
        run = runner.compare([Case(program, "test")])
        (found,) = Shrinker(runner, tmp_path).found(run.verdicts)
    assert found.shrunk is not None
    assert len(found.shrunk.program.steps) == 1
    assert found.shrunk.seconds < 30


@pytest.mark.parametrize("fault", [READ_LEAVES_THE_MESSAGE, SIGNAL_WITHOUT_RIGHT])
def test_a_fault_is_gone_behind_its_block(runner: Runner, fault: SeededFault) -> None:
    with seeded(fault):
        pass
    assert runner.compare([Case(parse_program(LONG), "test")]).exit_status == 0


def test_the_command_writes_the_small_program(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_with(tmp_path, LONG, {"name": "event_fine", "steps": [EVENT]})
    command = ["shrink", str(path), "-t", "host", "-t", "x86_64", "-o", str(tmp_path / "out")]
    with seeded(SIGNAL_WITHOUT_RIGHT):
        assert main(command) == 1
    said = capsys.readouterr().out
    assert "12 steps -> 3" in said
    assert "! ZX_ERR_ACCESS_DENIED" in said
    assert "2 programs, 1 diverge" in said
    assert (tmp_path / "out" / "object_signal_long.x86_64.json").exists()


def test_the_command_on_programs_that_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_with(tmp_path, LONG)
    assert main(["shrink", str(path), "-t", "host", "-t", "x86_64", "-o", str(tmp_path)]) == 0
    assert "1 programs, 0 diverge" in capsys.readouterr().out


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "nan", "1e999"])
def test_a_time_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seconds: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["shrink", str(tmp_path / "x.json"), f"--seconds={seconds}"])
    assert ended.value.code == 2
    assert "is not a time" in capsys.readouterr().err


def test_a_run_makes_its_divergences_small(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = file_with(tmp_path, LONG)
    out = tmp_path / "out"
    command = ["run", str(path), "-t", "host", "-t", "x86_64", "--no-checks", "-q", "-o", str(out)]
    with seeded(SIGNAL_WITHOUT_RIGHT):
        assert main(command) == 1
        assert "12 steps -> 3" in capsys.readouterr().out
        assert main([*command, "--no-shrink"]) == 1
        assert "steps ->" not in capsys.readouterr().out
    assert main(command) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["shrunk"] == []
    assert len(read_programs(out / "object_signal_long.x86_64.json")) == 1
