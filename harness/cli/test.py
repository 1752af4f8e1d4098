"""``zxh test``: the project's own tests, lint and type checks."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from harness.errors import InputError

ROOT = Path(__file__).resolve().parent.parent.parent


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Define the subcommand."""
    parser = subparsers.add_parser(
        "test",
        help="run the project's own tests, lint and type checks",
        description="Runs ruff, clang-format, mypy, and pytest on all cores. "
        "Arguments it does not know go to pytest, which then runs alone.",
    )
    parser.add_argument(
        "--only",
        choices=("tests", "lint", "types"),
        action="append",
        help="only this part; may be given several times",
    )
    parser.set_defaults(run=run, passed_on=[])


def run(parsed: argparse.Namespace) -> int:
    """Run every part, even after one failed; 0 if all passed, else 1."""
    if not (ROOT / "tests").is_dir():
        raise InputError("the tests are in the source tree; this is an installed package")
    only = parsed.only or (["tests"] if parsed.passed_on else None)
    parts = {
        name: commands
        for name, commands in _parts(parsed.passed_on).items()
        if not only or name in only
    }
    failed = []
    for name, commands in parts.items():
        for command in commands:
            shown = [Path(command[0]).name, *command[1:]]
            sys.stdout.write(f"== {name}: {' '.join(shown)[:100]}\n")
            sys.stdout.flush()
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                failed.append(name)
    sys.stdout.write(f"== failed: {', '.join(failed)}\n" if failed else "== all passed\n")
    return 1 if failed else 0


def _parts(pytest: list[str]) -> dict[str, list[list[str]]]:
    workers = str(os.cpu_count() or 1)
    module = [sys.executable, "-m"]
    sources = [
        str(path.relative_to(ROOT))
        for folder in ("guest", "tests")
        for path in sorted((ROOT / folder).rglob("*.[ch]"))
    ]
    return {
        "lint": [
            [*module, "ruff", "check", "."],
            [*module, "ruff", "format", "--check", "."],
            [str(Path(sys.executable).with_name("clang-format")), "--dry-run", "-Werror", *sources],
        ],
        "types": [[*module, "mypy"]],
        "tests": [[*module, "pytest", "-n", workers, *pytest]],
    }
