"""``zxh bench``: figures with their budgets, on the screen and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.bench.figure import Figure, interleaved
from harness.bench.symbols import largest_library
from harness.cli import main


def test_a_budget_is_kept_or_missed() -> None:
    assert Figure("start", "x86_64", 2.0, "ms", 3.0).met is True
    assert Figure("start", "x86_64", 4.0, "ms", 3.0).met is False
    assert Figure("calls", "x86_64", 4.0, "/s", 3.0, "more").met is True
    assert Figure("calls", "x86_64", 2.0, "/s", 3.0, "more").met is False
    assert Figure("memory", "x86_64", 2.0, "MiB").met is None


def test_rounds_alternate_and_give_medians() -> None:
    order: list[str] = []
    values = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 5.0, 7.0])}

    def measure(name: str) -> float:
        order.append(name)
        return next(values[name])

    assert interleaved(3, a=lambda: measure("a"), b=lambda: measure("b")) == {"a": 2.0, "b": 5.0}
    assert "".join(order) == "ababab"


def test_the_host_is_measured_against_pipes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    assert main(["bench", "--part", "host", "--rounds", "1", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    figures = json.loads(path.read_text())
    assert len(printed.splitlines()) == len(figures)
    assert {"emulated channel / os.pipe", "emulated channel / multiprocessing.Pipe"} <= {
        figure["name"] for figure in figures
    }
    assert all(figure["value"] > 0 for figure in figures)


def test_the_codec_is_measured_against_packing_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    assert main(["bench", "--part", "fidl", "--rounds", "1", "--json", str(path)]) == 0
    figures = {figure["name"]: figure for figure in json.loads(path.read_text())}
    what = "Read reply of 8 KiB, encoded and decoded"
    ratio = figures["speed of that / by hand"]
    assert ratio["value"] == pytest.approx(
        figures[f"{what} by hand"]["value"] / figures[what]["value"]
    )
    assert ratio["budget"] == 0.2
    small = [name for name in figures if name.startswith("FIDL ")]
    assert len(small) == 6
    assert all(figures[name]["budget"] == 10.0 for name in small)


def test_reading_symbols_is_measured_against_nm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    assert main(["bench", "--part", "symbols", "--rounds", "1", "--json", str(path)]) == 0
    figures = json.loads(path.read_text())
    assert len(capsys.readouterr().out.splitlines()) == len(figures)
    small = figures[0]
    assert small["name"] == "imports of libzxio_standalone.so, warm"
    assert 0 < small["value"] < 1000
    if largest_library() is not None:
        assert [figure["budget"] for figure in figures[:2]] == [0.1, 5.0]


def test_a_guest_is_measured_from_its_floor_to_its_memory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    words = ["bench", "--part", "machines", "-t", "arm64", "--rounds", "1", "--json", str(path)]
    assert main(words) == 0
    figures = {figure["name"]: figure for figure in json.loads(path.read_text())}
    floor = figures["start to exit of an empty guest (floor)"]["value"]
    ratio = figures["start to first result / floor"]["value"]
    assert figures["start to first result"]["value"] == pytest.approx(ratio * floor)
    assert figures["guest memory"]["met"] is True
    assert figures["null calls in the guest"]["value"] > 1000
    assert "real Zircon" in capsys.readouterr().out
