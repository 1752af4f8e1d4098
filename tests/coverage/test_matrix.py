"""The coverage matrix: what it says of functions on real targets, and its page."""

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.coverage.document import as_json, markdown
from harness.coverage.matrix import STATES, Cell, Matrix, Row, measure
from harness.program.parse import parse_list
from harness.targets.factory import open_targets
from zxio_py import abi

PROGRAMS = [
    {
        "name": "event_errors",
        "steps": [
            {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]},
            {"call": "zx_event_create", "args": [1, {"out_handle": "f"}]},
            {"call": "zx_object_signal", "args": [3, 0, 0]},
        ],
    },
    {
        "name": "thread_helper",
        "steps": [
            {"call": "$spawn", "args": ["t"]},
            {"call": "$join", "args": ["t"]},
            {"call": "zx_process_exit", "args": [0]},
        ],
        "threads": {"t": [{"call": "zx_timer_set", "args": [0, 0, -1]}]},
    },
    {
        "name": "process_start_nowhere",
        "steps": [
            {
                "call": "zx_process_create",
                "args": [
                    {"h": "$job"},
                    {"in": {"str": "p"}},
                    1,
                    0,
                    {"out_handle": "p"},
                    {"out_handle": "v"},
                ],
            },
            {
                "call": "zx_thread_create",
                "args": [{"h": "p"}, {"in": {"str": "t"}}, 1, 0, {"out_handle": "t"}],
            },
            {"call": "zx_thread_start", "args": [{"h": "p"}]},
            {"call": "zx_process_start", "args": [{"h": "p"}, {"h": "t"}]},
        ],
    },
    {
        "name": "event_elsewhere",
        "arch": ["arm64"],
        "steps": [{"call": "zx_ticks_get", "ret": "none"}],
    },
]


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    with open_targets(["host", "arm64"]) as targets:
        return measure(targets, parse_list(PROGRAMS, "test"))


def states(matrix: Matrix, name: str) -> list[str]:
    (row,) = (row for row in matrix.rows if row.call.name == name)
    return [cell.state for cell in row.cells]


def test_every_exported_function_has_a_row(matrix: Matrix) -> None:
    assert [row.call.name for row in matrix.rows] == sorted(
        call.name for call in abi.CALLS.values() if call.exported
    )
    for target in matrix.targets:
        assert sum(matrix.count(target, state) for state in STATES) == len(matrix.rows)


def test_states(matrix: Matrix) -> None:
    assert states(matrix, "zx_event_create") == ["works", "works"]
    assert states(matrix, "zx_object_signal") == ["refuses", "refuses"]
    assert states(matrix, "zx_timer_set") == ["refuses", "refuses"]
    assert states(matrix, "zx_port_create") == ["unseen", "unseen"]
    assert states(matrix, "zx_ticks_get") == ["unseen", "works"]


def test_what_a_target_does_not_have_is_missing() -> None:
    assert Cell("x86_64", missing=True, emulatable=False).state == "missing"


def test_what_runs_machine_code_is_not_emulatable_on_the_host(matrix: Matrix) -> None:
    assert states(matrix, "zx_process_start") == ["not emulatable", "works"]
    assert states(matrix, "zx_thread_start") == ["not emulatable", "refuses"]
    assert matrix.count("host", "not emulatable") > matrix.count("arm64", "not emulatable") == 0


def test_errors_of_what_is_not_emulatable_count(matrix: Matrix) -> None:
    (row,) = (row for row in matrix.rows if row.call.name == "zx_thread_start")
    assert row.errors["WRONG_TYPE"]


def test_a_call_that_does_not_return_works(matrix: Matrix) -> None:
    assert states(matrix, "zx_process_exit") == ["works", "works"]


def test_errors_count_where_every_target_gave_them(matrix: Matrix) -> None:
    (row,) = (row for row in matrix.rows if row.call.name == "zx_event_create")
    assert row.errors == {"INVALID_ARGS": True, "ACCESS_DENIED": False}
    assert row.unseen == ("ACCESS_DENIED",)
    assert row.unexpected == ()
    seen, total = matrix.errors
    assert (seen, total) == (4, sum(len(row.errors) for row in matrix.rows))


def test_errors_that_cannot_be_caused_do_not_count(matrix: Matrix) -> None:
    (row,) = (row for row in matrix.rows if row.call.name == "zx_port_wait")
    assert "CANCELED" in row.call.errors
    assert "CANCELED" not in row.errors
    assert ("zx_port_wait", "CANCELED") in {entry[:2] for entry in matrix.unreachable}
    seen = Row(row.call, (Cell("x86_64", errors={"CANCELED", "NO_MEMORY"}),))
    assert seen.unexpected == ("CANCELED",)


def test_errors_of_one_architecture_count_there(matrix: Matrix) -> None:
    (row,) = (row for row in matrix.rows if row.call.name == "zx_ioports_request")
    assert row.errors["NOT_SUPPORTED (arm64)"] is False
    assert len(row.errors) == 5
    pc = Row(row.call, (Cell("x86_64", errors={"NOT_SUPPORTED", "BAD_HANDLE"}),))
    assert "NOT_SUPPORTED (arm64)" not in pc.errors
    assert pc.errors["BAD_HANDLE (x86_64)"] is True
    assert pc.unexpected == ("NOT_SUPPORTED",)


def test_the_errors_of_the_interface_are_statuses() -> None:
    for call in abi.CALLS.values():
        for arch in ("x86_64", "arm64"):
            errors = call.errors_on(arch)
            assert len(set(errors)) == len(errors), call.name
            assert all(f"ZX_ERR_{error}" in abi.CONSTANTS for error in errors), call.name
            assert call.returns == "zx_status_t" or not errors, call.name


def test_what_cannot_be_caused_has_a_reason() -> None:
    for call in abi.CALLS.values():
        for error, reason in call.unreachable:
            assert error in call.errors, call.name
            assert 20 <= len(reason) <= 100, call.name
            assert reason.isprintable(), call.name


def test_page_and_json(matrix: Matrix) -> None:
    page = markdown(matrix)
    assert "| `zx_port_wait` | CANCELED | documented only" in page
    assert "| `zx_event_create` | works | works | 1/2 | ACCESS_DENIED |" in page
    assert "4 of " in page
    (entry,) = (f for f in as_json(matrix)["functions"] if f["name"] == "zx_object_signal")
    assert entry["states"] == {"host": "refuses", "arm64": "refuses"}
    assert entry["seen"]["host"] == ["BAD_HANDLE"]


def test_command_writes_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "coverage.json", tmp_path / "coverage.md"]
    words = [
        "coverage",
        "-t",
        "host",
        "--gaps",
        "--json",
        str(files[0]),
        "--markdown",
        str(files[1]),
    ]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "0 unseen" in out
    assert "zx_ticks_get" not in out
    assert json.loads(files[0].read_text())["targets"] == ["host"]
    assert files[1].read_text().startswith("# Coverage of the interface")


def test_a_file_that_cannot_be_written_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["coverage", "-t", "host", "--json", str(tmp_path / "no" / "file")]) == 3
    assert len(capsys.readouterr().err.splitlines()) == 1
