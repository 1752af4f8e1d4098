"""Kernels under stress, and what is said of those that do not stand it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import cli, stress
from harness.build.images import LIBRARY, build
from harness.build.toolchain import USER_FLAGS, compile_sources, link
from harness.machine import image
from harness.program.model import Arch
from harness.stress import Counts, Stress
from zxio_py import abi

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")
EXPORTED = {call.name for call in abi.CALLS.values() if call.exported}


@pytest.fixture(scope="module")
def sanitized_images() -> None:
    """Both sanitized images, built now if they are not there."""
    build(sanitize=True)


@pytest.mark.parametrize("arch", ARCHES)
def test_a_kernel_stands_it_and_gives_everything_back(arch: str) -> None:
    seen: list[int] = []
    result = stress.run(arch, calls=100_000, seed=1, progress=lambda now: seen.append(now.made))
    assert result.ending == "passed", result
    assert result.exit_status == 0
    assert seen == sorted(seen)
    assert len(seen) == result.rounds > 1
    assert result.made == seen[-1] >= 100_000
    assert result.holds == result.held
    assert result.functions.keys() == EXPORTED
    tallies = result.functions.values()
    assert sum(tally.made for tally in tallies) >= result.made
    assert sum(tally.succeeded > 0 for tally in tallies) > 100
    assert sum(tally.no_memory > 0 for tally in tallies) > 2


@pytest.mark.usefixtures("sanitized_images")
@pytest.mark.parametrize("arch", ARCHES)
def test_a_kernel_that_checks_itself_stands_it(arch: str) -> None:
    result = stress.run(f"{arch}-sanitize", calls=25_000, seed=2)
    assert result.ending == "passed", result


def test_the_same_seed_makes_the_same_calls() -> None:
    first, again, other = (stress.run("x86_64", calls=20_000, seed=seed) for seed in (3, 3, 4))
    assert first.functions == again.functions
    assert first.functions != other.functions


def test_a_leak_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    objects = compile_sources(
        "x86_64",
        [Path(__file__).with_name("leaky.c"), LIBRARY / "memory.c"],
        tmp_path,
        includes=[LIBRARY],
        flags=USER_FLAGS["x86_64"],
    )
    program = tmp_path / "leaky.elf"
    link("x86_64", objects, program, ["-pie", "--no-dynamic-linker", "-e", "first"])
    monkeypatch.setattr(stress, "program_of", lambda _: program.read_bytes())
    result = stress.run("x86_64", calls=300, seed=0)
    assert result.ending == "leak"
    assert result.exit_status == 1
    assert result.leaks == {1: {"handles": 2, "pages": 1}}
    assert (result.held, result.holds) == (Counts(20, 10, 50), Counts(20, 11, 51))


@pytest.mark.usefixtures("sanitized_images")
def test_a_panic_is_told_with_its_place(tmp_path: Path) -> None:
    described = image.load("arm64-sanitize")
    text = (image.directory() / "arm64-sanitize.toml").read_text()
    text = text.replace('command_line = ""', 'command_line = "mistake=overflow"')
    text = text.replace("build/arm64-sanitize/kernel.elf", str(described.kernel))
    path = tmp_path / "faulty.toml"
    path.write_text(text)
    result = stress.run(str(path), calls=1000, seed=0)
    assert result.ending == "guest panic"
    assert result.exit_status == 3
    assert result.failure is not None
    assert "signed integer overflow" in result.failure.reason
    assert any("self_test.c" in frame for frame in result.failure.backtrace)


def our_machines() -> set[int]:
    """The process ids of all QEMUs that this process has started."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in children if "qemu" in Path(f"/proc/{pid}/cmdline").read_text()}


def test_a_machine_that_is_lost_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = stress.run
    others = our_machines()  # of other tests

    def run_and_kill(
        target: str,
        *,
        calls: int,
        seed: int,
        first_round: int,
        progress: Callable[[Stress], None],
    ) -> Stress:
        def kill(now: Stress) -> None:
            progress(now)
            (pid,) = our_machines() - others
            os.kill(pid, signal.SIGKILL)

        return run(target, calls=calls, seed=seed, first_round=first_round, progress=kill)

    monkeypatch.setattr(stress, "run", run_and_kill)
    report = tmp_path / "report.json"
    words = ["stress", "x86_64", "--calls", "1000000", "--seed", "5", "-q", "--json", str(report)]
    assert cli.main(words) == 3
    assert "machine lost on x86_64: QEMU ended" in capsys.readouterr().out
    data = json.loads(report.read_text())
    assert data["format"] == "zx-stress/1"
    assert data["ending"] == "machine lost"
    assert data["failure"]["exit_status"] == -signal.SIGKILL


def test_the_command_says_how_it_went_and_how_to_repeat_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["stress", "arm64", "--calls", "2000", "--seed", "6", "--round", "9"]) == 0
    said = capsys.readouterr()
    assert "arm64: passed," in said.out
    assert "again: zxh stress arm64 --seed 6 --calls 2000 --round 9\n" in said.out
    assert "/2000 calls" in said.err


@pytest.mark.parametrize(
    "words", [["host"], ["x86_64", "--calls", "-1"], ["x86_64", "--seed", "x"], ["zircon-x64"]]
)
def test_wrong_usage_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["stress", *words])
    assert ended.value.code == 2
    assert "error: argument" in capsys.readouterr().err
