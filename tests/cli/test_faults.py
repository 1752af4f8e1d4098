"""What is left when a run is interrupted, or the disk is full."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.run import CHUNK

QUICK: dict[str, object] = {
    "name": "event_create_one",
    "steps": [{"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}],
}
SLOW = {
    "name": "nanosleep_long",
    "steps": [{"call": "zx_nanosleep", "args": [{"deadline": 14_000_000_000}]}],
}


def many(count: int) -> list[dict[str, object]]:
    return [QUICK | {"name": f"event_create_{i}"} for i in range(count)]


def test_an_interrupted_run_reports_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "programs.json"
    path.write_text(json.dumps([*many(CHUNK), SLOW]))
    output = tmp_path / "out"
    command = [sys.executable, "-m", "harness", "run", "-t", "host", "--no-checks"]
    run = subprocess.Popen(
        [*command, "-o", output, path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stderr is not None
    assert run.stdout is not None
    # The first line of progress comes when the programs before the slow one are done.
    assert run.stderr.readline().startswith(f"{CHUNK}/{CHUNK + 1} programs")
    run.send_signal(signal.SIGINT)
    text, _ = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "interrupted" in text
    report = json.loads((output / "report.json").read_text())
    assert report["exit_status"] == 130
    assert report["families"]["event"]["host"]["agree"] == CHUNK
    assert report["families"]["clock"]["host"] == {"not run": 1}
    ET.parse(output / "report.xml")
    assert sorted(path.name for path in output.iterdir()) == ["report.json", "report.xml"]


def test_a_killed_run_leaves_what_it_had_measured(tmp_path: Path) -> None:
    path = tmp_path / "programs.json"
    path.write_text(json.dumps([*many(CHUNK), SLOW]))
    output = tmp_path / "out"
    command = [sys.executable, "-m", "harness", "run", "-t", "host", "--no-checks"]
    run = subprocess.Popen([*command, "-o", output, path], stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    assert run.stderr.readline().startswith(f"{CHUNK}/{CHUNK + 1} programs")
    run.kill()
    run.communicate(timeout=30)
    lines = (output / "running.jsonl").read_text().splitlines()
    assert [json.loads(line)["program"] for line in lines] == [p["name"] for p in many(CHUNK)]
    assert all(json.loads(line)["outcomes"] == {"host": "agree"} for line in lines)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_machine_outlives_a_run(end: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "programs.json"
    path.write_text(json.dumps([*many(CHUNK), SLOW]))
    command = [sys.executable, "-m", "harness", "run", "--no-checks", "-o", tmp_path / "out", path]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stderr is not None
    assert run.stderr.readline().startswith(f"{CHUNK}/{CHUNK + 1} programs")
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert len(children) == 2
    machines = [os.pidfd_open(int(pid)) for pid in children]
    run.send_signal(end)
    run.communicate(timeout=60)
    assert run.returncode == (130 if end == signal.SIGINT else -end)
    for machine in machines:
        ended, _, _ = select.select([machine], [], [], 10)
        os.close(machine)
        assert ended


@pytest.mark.parametrize("command", ["run", "exec"])
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    command: str, tmp_path: Path
) -> None:
    path = tmp_path / "programs.json"
    path.write_text(json.dumps(many(200)))
    output = tmp_path / "out"
    output.mkdir()
    words = [sys.executable, "-m", "harness", command, "-t", "host", str(path), "-o"]
    words += [str(output), "--no-checks", "-q"] if command == "run" else [str(output / "r.json")]

    def full() -> None:
        # A limit on the size of files fails writes as a full disk does, with another error.
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    run = subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=full,
    )
    assert run.returncode != 0
    errors = [line for line in run.stderr.splitlines() if line.startswith("zxh: ")]
    assert len(errors) == 1
    assert "cannot write it" in errors[0]
    assert "Traceback" not in run.stderr
    assert list(output.iterdir()) == []
    if command == "run":
        assert "200 programs on 1 targets" in run.stdout
