"""Result files: whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.errors import InputError
from harness.program.results import OutputError, read_results, write_results

RESULT = {"name": "p", "steps": [{"call": "zx_nanosleep", "status": 0, "status_name": "ZX_OK"}]}


def test_written_results_read_back(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, [RESULT, {"name": "q", "steps": []}], {"target": "host"})
    document = read_results(path)
    assert document["format"] == "zx-result/1"
    assert document["meta"] == {"target": "host", "programs": 2, "results": 2}
    assert document["programs"] == [RESULT, {"name": "q", "steps": []}]
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_the_old_file_stays_if_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, [RESULT], {})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_results(path, [{"name": "p", "steps": [object()]}], {})
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["results.json"]


def test_a_full_disk_is_an_error_of_one_line() -> None:
    with pytest.raises(OutputError, match="/dev/full: cannot write it: No space left"):
        write_results(Path("/dev/full"), [RESULT], {})


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write it: No such file"):
        write_results(tmp_path / "no" / "results.json", [RESULT], {})


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    before = os.umask(0o027)
    try:
        write_results(path, [RESULT], {})
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "not a result file"),
        ({"format": "zx-program/1", "programs": []}, "not a result file"),
        ({"format": "zx-result/1"}, "no list of programs"),
        ({"format": "zx-result/1", "programs": [1]}, "program 0: 1 has no name"),
        ({"format": "zx-result/1", "programs": [{"name": "p"}]}, "program 0: has no list of steps"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, document: object, problem: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=problem):
        read_results(path)
