"""The pytest plugin, seen from a user's own tests: they run in a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

GOOD = """
    def test_bytes_arrive(zx):
        a, b = zx.channel_create(0)
        zx.channel_write(a, 0, b"hello", [])
        assert zx.channel_read(b, 0, 16, 0) == (b"hello", [])

    def test_nothing_is_left_of_the_test_before(zx):
        e = zx.event_create(0)
        zx.handle_close(e)
"""


def run_pytest(
    folder: Path, text: str, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(textwrap.dedent(text))
    (folder / "pytest.ini").write_text("[pytest]\n")
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    variables.pop("CI", None)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *words],
        cwd=folder,
        env=variables | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_test_runs_on_every_target(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, GOOD, "-v")
    assert run.returncode == 0, run.stdout
    for target in ("host", "x86_64", "arm64"):
        assert f"test_bytes_arrive[{target}] PASSED" in run.stdout
    assert "6 passed" in run.stdout


def test_workers_have_their_own_machines(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, GOOD, "-n", "2")
    assert run.returncode == 0, run.stdout
    assert "6 passed" in run.stdout


def test_targets_are_chosen_by_option(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, GOOD, "-v", "--zx-target", "host")
    assert "test_bytes_arrive[host] PASSED" in run.stdout
    assert "x86_64" not in run.stdout


def test_a_failing_status_is_an_exception_with_its_name(tmp_path: Path) -> None:
    text = """
        def test_it(zx):
            zx.handle_duplicate(0x3fff_fff3, 0)
    """
    run = run_pytest(tmp_path, text)
    assert run.returncode == 1
    assert run.stdout.count("ZX_ERR_BAD_HANDLE") >= 3
    assert "3 failed" in run.stdout


def test_the_console_is_in_the_report_of_a_failure(tmp_path: Path) -> None:
    text = """
        def test_it(zx):
            zx.debug_write(b"a word from the guest\\n")
            assert False
    """
    run = run_pytest(tmp_path, text, "--zx-target", "x86_64")
    assert "guest console (x86_64)" in run.stdout
    assert "a word from the guest" in run.stdout


def test_a_process_that_ends_itself_fails_one_test_only(tmp_path: Path) -> None:
    text = """
        def test_first(zx):
            zx.process_exit(3)

        def test_second(zx):
            zx.event_create(0)
    """
    run = run_pytest(tmp_path, text, "-v")
    assert run.stdout.count("test_second") >= 3
    assert "3 failed, 3 passed" in run.stdout


@pytest.mark.parametrize("ci", [False, True])
def test_missing_qemu_skips_with_a_reason_but_fails_in_ci(tmp_path: Path, ci: bool) -> None:
    environment = {"PATH": str(tmp_path)} | ({"CI": "1"} if ci else {})
    run = run_pytest(tmp_path, GOOD, "--zx-target", "x86_64", **environment)
    assert "qemu-system-x86_64 is not installed; install it with" in run.stdout
    assert ("2 errors" if ci else "2 skipped") in run.stdout
    assert run.returncode == (1 if ci else 0)
