"""The matrix of zxio: which function was called on what, and that the suite leaves nothing out."""

import json
from pathlib import Path

import pytest

from harness.cases import built_in, select
from harness.cli import main
from harness.coverage.objects import ObjectMatrix, columns, functions, measure_objects
from harness.program.parse import parse_list
from harness.targets.factory import TARGETS, open_targets

OBJECT = {"storage": "io"}
READ = {"call": "zxio_read", "args": [OBJECT, {"out": 4}, 4, 0, {"out": 8}]}
SYNC = {"call": "zxio_sync", "args": [OBJECT]}
SOCKET = {
    "call": "zx_socket_create",
    "args": ["ZX_SOCKET_DATAGRAM", {"out_handle": "a"}, {"out_handle": "b"}],
}


def create(slot: str, xor: int = 0) -> dict[str, object]:
    return {"call": "zxio_create", "args": [{"h": slot, "xor": xor}, OBJECT]}


def measured(*steps: dict[str, object]) -> ObjectMatrix:
    programs = parse_list([{"name": "zxio_program", "steps": list(steps)}], "test")
    with open_targets(["host"]) as targets:
        return measure_objects(targets, programs)


def seen(matrix: ObjectMatrix, function: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """By type of object, state and errors of what was reached."""
    (call,) = (call for call in functions() if call.name == function)
    return {
        kind: (matrix.states(function, kind)[0], matrix.errors(function, kind))
        for kind in columns(call)
        if matrix.states(function, kind)[0] != "unseen"
    }


def test_the_flavour_of_a_socket_goes_with_its_handles() -> None:
    copy = {
        "call": "zx_handle_duplicate",
        "args": [{"h": "b"}, "ZX_RIGHT_SAME_RIGHTS", {"out_handle": "c"}],
    }
    matrix = measured(SOCKET, copy, create("c"), READ)
    assert seen(matrix, "zxio_read") == {"datagram": ("refuses", ("SHOULD_WAIT",))}


def test_what_is_closed_is_no_object() -> None:
    close = {"call": "zxio_close", "args": [OBJECT]}
    matrix = measured(SYNC, SOCKET, create("a"), close, SYNC)
    assert seen(matrix, "zxio_sync") == {"none": ("refuses", ("BAD_HANDLE",))}
    assert seen(matrix, "zxio_close") == {"datagram": ("works", ())}


def test_what_was_released_makes_another_object() -> None:
    event = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}
    release = {"call": "zxio_release", "args": [OBJECT, {"out_handle": "r"}]}
    matrix = measured(event, create("e"), release, create("r"), SYNC)
    assert seen(matrix, "zxio_release") == {"holder": ("works", ())}
    assert seen(matrix, "zxio_sync") == {"holder": ("refuses", ("NOT_SUPPORTED",))}
    assert seen(matrix, "zxio_create") == {"none": ("refuses", ("NOT_SUPPORTED",))}


def test_a_handle_that_is_none_makes_a_default_object() -> None:
    matrix = measured(SOCKET, create("a", 4096), READ)
    assert seen(matrix, "zxio_read") == {"default": ("refuses", ("WRONG_TYPE",))}


def test_what_cannot_be_told_is_not_counted() -> None:
    event = {"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}
    info = {"in": [{"u64": 0}, {"u32": 4}, {"u32": "ZX_OBJ_TYPE_VMO"}, {"zero": 16}]}
    lie = {"call": "zxio_create_with_info", "args": [{"h": "e"}, info, OBJECT]}
    matrix = measured(event, lie, READ)
    assert seen(matrix, "zxio_read") == {}


def test_a_walk_is_through_its_object() -> None:
    buffer = {"call": "$buf", "args": [{"inout": {"zero": 16}, "name": "w"}]}
    steps = [
        {"call": f"zxio_dirent_iterator_{name}", "args": [{"addr": "w"}, *more]}
        for name, *more in (("init", OBJECT), ("next", {"null": 1}), ("destroy",), ("next",))
    ]
    matrix = measured(SOCKET, create("a"), buffer, *steps)
    assert seen(matrix, "zxio_dirent_iterator_init") == {
        "datagram": ("refuses", ("NOT_SUPPORTED",))
    }
    assert seen(matrix, "zxio_dirent_iterator_next") == {
        "datagram": ("refuses", ("INVALID_ARGS",)),
        "none": ("refuses", ("BAD_HANDLE",)),
    }


def test_an_errno_is_a_refusal() -> None:
    listen = {"call": "zxio_listen", "args": [OBJECT, 1, {"out": 2}]}
    matrix = measured(SOCKET, create("a"), listen)
    assert seen(matrix, "zxio_listen") == {"datagram": ("refuses", ("ENOTSOCK",))}


@pytest.fixture(scope="module")
def suite() -> ObjectMatrix:
    with open_targets(TARGETS) as targets:
        programs = [case.program for case in select(built_in(), ["zxio"])]
        return measure_objects(targets, programs)


def test_the_suite_reaches_every_function_on_every_type(suite: ObjectMatrix) -> None:
    gaps = [
        (call.name, kind, suite.states(call.name, kind))
        for call in functions()
        for kind in columns(call)
        if not {"works", "refuses"} >= set(suite.states(call.name, kind))
    ]
    assert gaps == []


def test_all_targets_do_the_same_with_them(suite: ObjectMatrix) -> None:
    for call in functions():
        for kind in columns(call):
            errors = {frozenset(cell.errors) for cell in suite.cells[call.name, kind]}
            assert len(errors) == 1, (call.name, kind)
            assert len(set(suite.states(call.name, kind))) == 1, (call.name, kind)


def test_the_command_prints_it_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "zxio.json"
    assert main(["coverage", "--zxio", "--target", "host", "--json", str(file)]) == 0
    written = json.loads(file.read_text())
    assert written["functions"]["zxio_seek"]["vmo"]["states"] == {"host": "works"}
    assert "WRONG_TYPE" in written["functions"]["zxio_seek"]["pipe"]["errors"]
    printed = capsys.readouterr().out
    assert "zxio_get_posix_mode" in printed
    assert main(["coverage", "--zxio", "--target", "host", "--gaps"]) == 0
    assert "zxio_seek" not in capsys.readouterr().out


def test_a_page_of_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "--zxio", "--markdown", "page.md"]) == 2
    assert "--markdown does not go with --zxio" in capsys.readouterr().err
