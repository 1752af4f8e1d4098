"""The main job: outcomes, what a lost machine does to a run, reports."""

from __future__ import annotations

import json
import os
import signal
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.cases import Case, built_in, family, select
from harness.checks import Check
from harness.program.model import Program, Step
from harness.program.parse import parse_list
from harness.report import document, junit
from harness.report.counts import by_family, totals
from harness.report.terminal import verdict_line
from harness.run import CHUNK, LARGEST_CHUNK, Run, Runner, Verdict, _next_size
from harness.targets.guest import GuestTarget
from zxio_py import abi

CREATE = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}


def cases(count: int, nap_ns: int = 0) -> list[Case]:
    nap = [{"call": "zx_nanosleep", "args": [{"deadline": nap_ns}]}] if nap_ns else []
    entries = [{"name": f"event_{i}", "steps": [CREATE, *nap]} for i in range(count)]
    return [Case(program, "suite") for program in parse_list(entries, "test")]


def test_all_targets_agree_on_a_part_of_the_suite() -> None:
    chosen = select(built_in(), ["eventpair", "zxio_vmo_*"])
    runner = Runner(["host", "x86_64", "arm64"])
    try:
        run = runner.compare(chosen)
    finally:
        runner.close()
    assert run.exit_status == 0
    assert len(run.verdicts) == len(chosen)
    assert {verdict.outcome for verdict in run.all()} == {"agree"}
    assert {target.programs for target in run.targets} == {len(chosen)}
    assert all(target.calls > len(chosen) for target in run.targets)


def test_a_lost_machine_costs_one_program_and_is_reported() -> None:
    runner = Runner(["host", "x86_64"])
    killed = False
    total = CHUNK + 86

    def kill(done: int, _total: int, _diverged: int) -> None:
        nonlocal killed
        guest = runner.targets[1]
        assert isinstance(guest, GuestTarget)
        if not killed:
            killed = True
            os.kill(guest.machine.process.pid, signal.SIGKILL)

    try:
        run = runner.compare(cases(total, nap_ns=1_000_000), kill)
    finally:
        runner.close()
    lost = [verdict for verdict in run.all() if verdict.outcome == "lost"]
    assert len(lost) <= 1
    assert len(run.verdicts) == total
    assert run.count("agree") == 2 * total - len(lost)
    (failure,) = run.targets[1].failures
    assert failure.verdict == "machine lost"
    assert run.exit_status == (3 if lost else 0)
    for verdict in lost:
        assert verdict.failure == failure
        assert failure.program == verdict.case.program.name
    assert json.loads(document.encode(document.document(run, [], 3)))["targets"]["x86_64"][
        "failures"
    ]


def test_slow_programs_come_in_small_chunks_and_quick_ones_in_large() -> None:
    assert [_next_size(64, s) for s in (0.0, 0.1, 0.5, 2.0)] == [128, 128, 64, 32]
    assert _next_size(LARGEST_CHUNK, 0.0) == LARGEST_CHUNK
    assert _next_size(1, 9.0) == 1
    seen: list[int] = []
    runner = Runner(["host"])
    try:
        run = runner.compare(cases(700), lambda done, _total, _diverged: seen.append(done))
    finally:
        runner.close()
    assert seen[0] == CHUNK
    assert seen[-1] == len(run.verdicts) == 700
    assert [row[0].case.program.name for row in run.verdicts] == [f"event_{i}" for i in range(700)]


def test_each_program_may_have_a_reset_machine() -> None:
    runner = Runner(["host", "arm64"], reset_each=True)
    try:
        run = runner.compare(cases(4))
    finally:
        runner.close()
    assert run.count("agree") == 8
    assert run.targets[1].resets == 3
    assert "machine reset" in run.targets[1].tier


def test_what_is_not_emulatable_counts_on_its_own(tmp_path: Path) -> None:
    """The host runs no machine code: the guests are held against each other."""
    name, at = {"in": {"str": "p"}}, {"out": 8, "name": "at"}
    calls: list[tuple[str, list[object]]] = [
        ("zx_vmo_create", [4096, 0, {"out_handle": "m"}]),
        ("zx_vmo_replace_as_executable", [{"h": "m"}, 0, {"out_handle": "x"}]),
        (
            "zx_process_create",
            [{"h": "$job"}, name, 1, 0, {"out_handle": "p"}, {"out_handle": "v"}],
        ),
        ("zx_thread_create", [{"h": "p"}, name, 1, 0, {"out_handle": "t"}]),
        (
            "zx_vmar_map",
            [{"h": "v"}, "ZX_VM_PERM_EXECUTE|ZX_VM_PERM_READ", 0, {"h": "x"}, 0, 4096, at],
        ),
        ("zx_process_start", [{"h": "p"}, {"h": "t"}, {"val": "at"}]),
        ("zx_object_wait_one", [{"h": "p"}, "ZX_PROCESS_TERMINATED", "ZX_TIME_INFINITE"]),
    ]
    entry = {"name": "process_a", "steps": [{"call": c, "args": a} for c, a in calls]}
    runner = Runner(["host", "x86_64", "arm64"])
    try:
        run = runner.compare([Case(program, "suite") for program in parse_list([entry], "test")])
    finally:
        runner.close()
    assert [verdict.outcome for verdict in run.all()] == ["not emulatable", "agree", "agree"]
    assert run.exit_status == 0
    assert "1 not emulatable" in verdict_line(run, [])
    (skipped,) = document.document(run, [], 0)["not_emulatable"]
    assert "machine code" in skipped["reason"]
    suites = ET.fromstring(junit.encode(run, [])).findall("testsuite")
    assert [suite.get("skipped") for suite in suites] == ["1", "0", "0"]


def test_a_program_for_one_architecture_is_compared_only_there() -> None:
    entries = [{"name": "event_a", "arch": ["arm64"], "steps": [CREATE]}]
    chosen = [Case(program, "suite") for program in parse_list(entries, "test")]
    runner = Runner(["host", "arm64"])
    try:
        run = runner.compare(chosen)
    finally:
        runner.close()
    assert [verdict.outcome for verdict in run.verdicts[0]] == ["not compared", "agree"]


@pytest.mark.parametrize(
    ("name", "calls", "row"),
    [
        ("channel_write_x", ["zx_event_create"], "channel"),
        ("nanosleep_past", [], "clock"),
        ("clock_get_monotonic_x", [], "clock"),
        ("timer_set_x", [], "timer"),
        ("zxio_read_x", [], "zxio"),
        ("status_get_string", [], "system"),
        ("generic_vmo_read_handle0", ["zx_event_create"], "vmo"),
        ("mine", ["$show", "zxio_read", "zx_event_create"], "zxio"),
        ("mine", ["zx_ticks_get"], "clock"),
        ("mine", ["$show"], "process"),
    ],
)
def test_families(name: str, calls: list[str], row: str) -> None:
    steps = tuple(Step(call) for call in calls)
    assert family(Program(name, steps)) == row


def test_every_family_of_the_suite_is_one_of_the_interface() -> None:
    nouns = {call.short_name.partition("_")[0] for call in abi.CALLS.values()} | {"zxio"}
    assert {case.family for case in built_in()} <= nouns


def test_the_xml_report_survives_any_text() -> None:
    (case,) = cases(1)
    lost = Verdict(case, "host", "lost", reason="text \x00\x1b[31m <&> \ud800 \uffff end")
    run = Run(targets=[], verdicts=[[lost]], started=0.0)
    check = Check("symbols", "lib<x>.so", ("no \x07 symbol",), target="arm64")
    text = junit.encode(run, [check])
    (suite,) = ET.fromstring(text).findall("testsuite")
    assert suite.get("failures") == "1"


def test_counts_by_family_and_in_total() -> None:
    first, second = cases(2)
    rows = [
        [Verdict(first, "host", "agree"), Verdict(first, "arm64", "diverge")],
        [Verdict(second, "host", "agree"), Verdict(second, "arm64", "not implemented")],
    ]
    run = Run(targets=[], verdicts=rows, started=0.0)
    assert dict(by_family(run)["event"]["arm64"]) == {"diverge": 1, "not implemented": 1}
    assert totals(run)["all"]["host"]["agree"] == 2
    assert run.exit_status == 1


def test_a_missing_image_ends_the_run_with_status_3(tmp_path: Path) -> None:
    (case,) = cases(1)
    run = Run(targets=[], verdicts=[[Verdict(case, "host", "not run")]], started=0.0)
    run.stopped = "kernel.elf: no such guest kernel"
    assert run.exit_status == 3
