"""A real Zircon kernel of the user's, where the environment names one."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from harness.bench import zircon as bench
from harness.cases import built_in
from harness.program.parse import parse_list
from harness.run import Runner
from harness.targets.factory import Kernels, open_target

RealKernel = tuple[str, Path]

#: Closing it fails an assertion of the kernel of May 2018.
KILLER = [
    {"call": "zx_vmo_create", "args": ["0xfffffffffffff000", 2, {"out_handle": "v"}]},
    {"call": "zx_vmo_op_range", "args": [{"h": "v"}, 1, "0xffffffffffffd000", 4096, 0, 0]},
    {"call": "zx_handle_close", "args": [{"h": "v"}]},
]
CREATE = [{"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}]


def test_the_whole_suite_in_one_boot(real_kernel: RealKernel) -> None:
    """Every program agrees, or differs as the edition is known to, or cannot be rewritten."""
    name, path = real_kernel
    runner = Runner(["host", name], kernels=Kernels({name: path}))
    began = time.monotonic()
    try:
        run = runner.compare(built_in())
        boots = getattr(runner.targets[1], "boots", [])
    finally:
        runner.close()
    seconds = time.monotonic() - began
    outcomes = Counter(verdict.outcome for verdict in run.all() if verdict.target == name)
    diverged = [v.case.program.name for v in run.all() if v.outcome in ("diverge", "lost")]
    assert diverged == []
    assert outcomes["agree"] > 800
    assert len(boots) == 1
    assert seconds < 60
    real = [v for v in run.all() if v.target == name and v.case.origin == "real"]
    assert Counter(v.outcome for v in real)["not rewritten"] == 0


def test_a_program_takes_it_down(real_kernel: RealKernel) -> None:
    name, path = real_kernel
    entries = [
        ("event_before", CREATE),
        ("vmo_last_page", KILLER),
        ("event_between", CREATE),
        ("vmo_last_page_again", KILLER),
        ("event_after", CREATE),
    ]
    programs = parse_list([{"name": n, "steps": steps} for n, steps in entries], "test")
    with open_target(name, Kernels({name: path})) as target:
        target.start(programs)
        seen = target.finish()
        failures = getattr(target, "failures", ())
        boots = getattr(target, "boots", ())
    assert [one.ending for one in seen] == ["finished", "lost", "finished", "lost", "finished"]
    for lost in (seen[1], seen[3]):
        assert lost.error.startswith("guest panic: DEBUG ASSERT FAILED")
        assert any("ZIRCON KERNEL PANIC" in line for line in lost.console)
    assert [one.program for one in failures] == ["vmo_last_page", "vmo_last_page_again"]
    assert len(boots) == 3


def test_its_defects_are_avoided_on_request(real_kernel: RealKernel) -> None:
    name, path = real_kernel
    (program,) = parse_list([{"name": "vmo_last_page", "steps": KILLER}], "test")
    with open_target(name, Kernels({name: path}, avoid_defects=True)) as target:
        target.start([program])
        (seen,) = target.finish()
    assert seen.ending == "refused"
    assert "last-pages-of-a-vmo" in seen.error


def test_faults_are_told(real_kernel: RealKernel) -> None:
    name, path = real_kernel
    # A thread that starts where nothing is, when the main thread has done all it does.
    entry = {
        "name": "thread_start_nowhere",
        "steps": [
            {"call": "zx_thread_create", "args": [{"h": "$proc"}, {"in": [{"str": "t"}]}, 1, 0,
                                                  {"out_handle": "t"}]},
            {"call": "$spawn", "args": ["helper"]},
            {"call": "zx_thread_exit"},
        ],
        "threads": {"helper": [
            {"call": "zx_object_wait_one", "args": [{"h": "$thread"}, "ZX_THREAD_TERMINATED",
                                                    "ZX_TIME_INFINITE", {"null": 1}]},
            {"call": "zx_thread_start", "args": [{"h": "t"}, {"ptr": "unmapped"}, 0, 0, 0]},
            {"call": "zx_nanosleep", "args": ["ZX_TIME_INFINITE"]},
        ]},
    }  # fmt: skip
    (program,) = parse_list([entry], "test")
    with open_target(name, Kernels({name: path})) as target:
        target.start([program])
        (seen,) = target.finish()
    assert seen.ending == "fault"
    assert seen.error.startswith("ZX_EXCP_FATAL_PAGE_FAULT at address 0x600000000000, pc 0x6000")
    assert len(seen.steps) == 2


@pytest.mark.parametrize("rounds", [1])
def test_its_figures(real_kernel: RealKernel, rounds: int) -> None:
    name, path = real_kernel
    figures = {figure.name: figure for figure in bench.measure(name, path, rounds)}
    assert len(figures) == 4
    assert all(figure.target == name and figure.value > 0 for figure in figures.values())
    ready, first = (figures[f"start to first {what}"].value for what in ("process", "result"))
    assert ready < first < 30_000
