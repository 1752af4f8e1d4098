"""Program files: what is accepted, what is refused and in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import programs

from harness.errors import InputError
from harness.program.dump import dump_program, dump_programs
from harness.program.model import (
    MAX_STEPS,
    Buffer,
    BufferRef,
    HandleValue,
    Number,
    Pointer,
    Report,
    StoredValue,
)
from harness.program.parse import (
    MAX_FILE_BYTES,
    parse_list,
    parse_program,
    parse_programs,
    read_programs,
)
from harness.suite import load_vectors


def program(*steps: Any, **more: Any) -> dict[str, Any]:
    return {"name": "p", "steps": list(steps), **more}


def step(call: str, *args: Any, **more: Any) -> dict[str, Any]:
    return {"call": call, "args": list(args), **more}


EVENT = step("zx_event_create", 0, {"out_handle": "e"})


def test_file_forms() -> None:
    bare = json.dumps([program(EVENT)]).encode()
    full = b'{"format": "zx-program/1", "edition": "2022", "programs": %s}' % bare
    assert parse_programs(bare, "a") == parse_programs(full, "b")


def test_values_are_resolved() -> None:
    parsed = parse_program(
        program(
            step(
                "zx_channel_write",
                -1,
                "0x10",
                "ZX_RIGHT_READ|ZX_RIGHT_WRITE",
                {"x86_64": 1, "arm64": "ZX_TIME_INFINITE_PAST"},
                {"null": 1},
                {"h": "$zero", "xor": 8},
                {"ptr": "edge", "add": -4},
                {"in": {"u32": -1}, "size": 6, "name": "b"},
            ),
            step("$show", {"buf": "b", "show": 2}),
            step("zx_nanosleep", {"val": "b", "size": 4, "add": -1}),
        )
    )
    assert parsed.steps[0].args == (
        Number(2**64 - 1, 2**64 - 1),
        Number(16, 16),
        Number(12, 12),
        Number(1, 1 << 63),
        Number(0, 0),
        HandleValue("$zero", 8),
        Pointer("edge", -4),
        parsed.steps[0].args[7],
    )
    buffer = parsed.steps[0].args[7]
    assert isinstance(buffer, Buffer)
    assert (buffer.size, buffer.reported, buffer.name) == (6, False, "b")
    assert parsed.steps[1].args == (BufferRef("b", 0, True, Report(2)),)
    assert parsed.steps[2].args == (StoredValue("b", 0, 4, -1),)


def test_given_slots_come_first_and_in_their_order() -> None:
    parsed = parse_program(
        program(
            EVENT,
            step("zx_handle_close", {"h": "$vmar"}),
            step("zx_handle_close", {"h": "$proc"}),
            step("zx_handle_close", {"h": "$job"}),
        )
    )
    assert parsed.slots == ("$job", "$proc", "$vmar", "e")


@pytest.mark.parametrize(
    ("call", "form"),
    [
        ("zx_event_create", "status"),
        ("zx_clock_get_monotonic", "mask"),
        ("zx_ticks_per_second", "mask"),
        ("zx_system_get_page_size", "u64"),
        ("zx_process_exit", "none"),
        ("zxio_read", "status"),
        ("zxio_wait_end", "none"),
    ],
)
def test_return_form_follows_the_return_type(call: str, form: str) -> None:
    assert parse_program(program(step(call))).steps[0].ret == form


def test_an_address_with_report_options_is_reported() -> None:
    parsed = parse_program(
        program(
            step("$buf", {"in": {"zero": 4}, "name": "b"}),
            step("zx_event_create", 0, {"addr": "b", "handles": [[0, "e"]]}),
        )
    )
    assert parsed.steps[1].args[1] == BufferRef("b", 0, True, Report(handles=((0, "e"),)))


def test_a_slot_set_by_a_helper_may_be_used_once_it_runs() -> None:
    threads = {"t": [step("zx_event_create", 0, {"out_handle": "e"})]}
    use = step("zx_handle_close", {"h": "e"})
    spawn = step("$spawn", "t")
    parse_program(program(spawn, step("$join", "t"), use, threads=threads))
    with pytest.raises(InputError, match=r"step 0.*slot 'e' is used before"):
        parse_program(program(use, spawn, threads=threads))


# What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"[{", r"f: not JSON: line 1, column \d+"),
        (b"\xff[]", "f: not UTF-8 at byte 0"),
        (b"[NaN]", "f: not JSON: NaN"),
        (b"[-Infinity]", "f: not JSON: -Infinity"),
        (b"[" * 200_000, "nested too deeply"),
        (b"[1" + b"1" * 5000 + b"]", "f: not JSON: "),
        (b'[{"name": "p", "name": "q", "steps": []}]', "key 'name' appears twice"),
        (b"{}", '"format" is None'),
        (b'{"format": "zx-program/2", "programs": []}', '"format" is'),
        (b'{"format": "zx-program/1", "edition": "2018", "programs": []}', '"edition" is'),
        (b'{"format": "zx-program/1", "programs": [], "more": 1}', "unknown key 'more'"),
        (b'{"format": "zx-program/1"}', "no list of programs"),
        (b"7", "no list of programs"),
        (b'{"format": "zx-vectors/1", "programs": []}', '"format" is'),
    ],
)
def test_bad_files(data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        parse_programs(data, "f")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


BAD_PROGRAMS: list[tuple[Any, str]] = [
    (7, "program 0: 7 is not a program"),
    ({"steps": []}, "name None"),
    ({"name": "Bad", "steps": []}, "name 'Bad'"),
    ({"name": "p" * 129, "steps": []}, "name 'pppp"),
    ({"name": "p"}, "steps is not a list"),
    ({"name": "p", "steps": {}}, "steps is not a list"),
    (program(extra=1), "unknown key 'extra'"),
    (program(note=1), "note is not a text"),
    (program(note="\ud800"), "note is not a text"),
    (program(arch=["mips"]), "unknown architecture 'mips'"),
    (program(arch=[]), "arch is not a list"),
    (program(arch="x86_64"), "arch is not a list"),
    (program(debugging=1), "debugging is 1, not true or false"),
    (program(policy={}), "policy is not an object"),
    (program(policy=["ZX_POL_NEW_VMO"]), "policy is not an object"),
    (
        program(policy={"ZX_POL_NEW_JOB": "ZX_POL_ACTION_DENY"}),
        "unknown condition 'ZX_POL_NEW_JOB'",
    ),
    (program(policy={"ZX_POL_ACTION_DENY": 1}), "unknown condition"),
    (program(policy={"ZX_POL_NEW_VMO": 1}), "unknown action 1"),
    (
        program(
            {"call": "zxio_close", "args": [{"null": 1}]},
            policy={"ZX_POL_NEW_ANY": "ZX_POL_ACTION_DENY"},
        ),
        "policy: the zxio library cannot be loaded",
    ),
    (program(policy={"ZX_POL_NEW_VMO": "ZX_POL_NEW_VMO"}), "unknown action"),
    (program(threads=[]), "threads is not an object"),
    (program(threads={str(n): [] for n in range(5)}), "5 helper threads, at most 4"),
    (program(threads={"t": 1}), "thread 't': not a list of steps"),
    (program(*[EVENT] * (MAX_STEPS + 1)), f"more than {MAX_STEPS} steps"),
    (program(1), "step 0: 1 is not a step"),
    (program({}), "step 0: unknown call None"),
    (program(step("zx_no_such")), "step 0: unknown call 'zx_no_such'"),
    (program(step("$sleep")), "unknown call '\\$sleep'"),
    (program(step("zx_channel_call_noretry")), "unknown call 'zx_channel_call_noretry'"),
    (program(step("zx_nanosleep", 0, repeat=0)), "repeat: 0 is not between"),
    (program(step("zx_nanosleep", 0, repeat=True)), "repeat: True is not a whole number"),
    (program(step("zx_nanosleep", 0, min_ns=-1)), "min_ns: -1 is not between"),
    (program(step("zx_nanosleep", 0, ret="i32")), "ret is 'i32'"),
    (program(step("zx_nanosleep", 0, ret=[])), "ret is \\[\\]"),
    (program({"call": "zx_nanosleep", "args": 3}), "args is not a list"),
    (program(step("zx_nanosleep", 0, more=3)), "unknown key 'more'"),
    (program(step("$buf", repeat=2)), "\\$buf cannot be repeated"),
    (program(EVENT, step("zx_nanosleep", *range(9))), "step 1 .*: 9 arguments, at most 8"),
    (program(step("$spawn", "t")), "no helper thread 't'"),
    (program(step("$spawn")), "takes the name of one helper"),
    (program(step("$join", "t"), threads={"t": []}), "'t' was not started before"),
    (
        program(step("$spawn", "t"), step("$spawn", "t"), threads={"t": []}),
        "'t' is started twice",
    ),
    (
        program(threads={"t": [], "u": [step("$spawn", "t")]}),
        "thread 'u': step 0 .*: only the main thread",
    ),
    (program(step("$load", 0)), "1 arguments, not 2"),
    (program(step("$load", 0, 3)), "argument 1: the size is not 1, 2, 4 or 8"),
    (program(step("$store", 0, {"h": "$zero"}, 0)), "argument 1: the size"),
    (program(step("$show", 5)), "argument 0: \\$show takes"),
    (program(step("zx_handle_close", {"h": "x"})), "slot 'x' is used before"),
    (
        program(step("zx_handle_duplicate", {"h": "x"}, 0, {"out_handle": "x"})),
        "slot 'x' is used before",
    ),
]

BAD_ARGUMENTS: list[tuple[Any, str]] = [
    (True, "True is not an argument"),
    (None, "None is not an argument"),
    (1.5, "1.5 is not an argument"),
    ([], "\\[\\] is not an argument"),
    ({}, "unknown argument form"),
    ({"add": 1}, "unknown argument form"),
    (1 << 64, "does not fit in 64 bits"),
    (-(1 << 63) - 1, "does not fit in 64 bits"),
    ("ZX_NO_SUCH", "unknown constant 'ZX_NO_SUCH'"),
    ("zx_event_create", "neither a number nor a constant"),
    ("", "neither a number nor a constant"),
    ("1_000", "neither a number nor a constant"),
    ("0x", "neither a number nor a constant"),
    ("0x_1", "neither a number nor a constant"),
    ("٣", "neither a number nor a constant"),
    ("9" * 5000, "neither a number nor a constant"),
    ({"x86_64": 1}, "needs both x86_64 and arm64"),
    ({"x86_64": 1, "arm64": 2, "more": 3}, "'more' does not go with 'x86_64'"),
    ({"h": 5}, "5 is not a name of a slot"),
    ({"h": "$nothing"}, "is not one of \\$zero"),
    ({"h": "$zero", "xor": 1 << 32}, "is not between"),
    ({"h": "$zero", "add": 1}, "'add' does not go with 'h'"),
    ({"h": "$zero", "out": 1}, "'out' does not go with 'h'"),
    ({"null": 0}, "a null pointer is written"),
    ({"null": []}, "a null pointer is written"),
    ({"ptr": "wild"}, "'wild' is no pointer kind"),
    ({"ptr": []}, "\\[\\] is no pointer kind"),
    ({"ptr": "edge", "add": 1.0}, "1.0 is not a whole number"),
    ({"deadline": 1 << 63}, "is not between"),
    ({"out_handle": "$job"}, "is a given slot"),
    ({"out_handle": ""}, "is not a name of a slot"),
    ({"out_handle": "x" * 65}, "is not a name of a slot"),
    ({"out_handles": []}, "out_handles takes a list"),
    ({"out_handles": "a"}, "out_handles takes a list"),
    ({"out": -1}, "-1 is not between 0"),
    ({"out": 1 << 63}, "is not between 0"),
    ({"out": (1 << 20) + 1}, "is not between 0"),
    ({"out": 4, "size": 1 << 63}, "is not between 0"),
    ({"out": 4, "edge": 2}, "edge is 0 or 1"),
    ({"out": 4, "show": -1}, "-1 is not between"),
    ({"out": 4, "mask": 3}, "mask takes a list"),
    ({"out": 4, "mask": [3]}, "is not an \\[offset, length\\] pair"),
    ({"out": 4, "mask": [[3, 2]]}, "2 is not between 1 and 1"),
    ({"out": 4, "koids": [0]}, "0 is not between 0 and -4"),
    ({"out": 4, "handles": [[1, "a"]]}, "1 is not between 0 and 0"),
    ({"out": 4, "handles": [[0, 1]]}, "1 is not a name of a slot"),
    ({"out": 4, "name": 1}, "1 is not a name of a buffer"),
    ({"in": 7}, "item 0: 7 is not an item"),
    ({"in": [{}]}, "item 0: \\{\\} is not an item"),
    ({"in": {"what": 1}}, "item 0: unknown item"),
    ({"in": ["0g"]}, "item 0: '0g' is not hexadecimal"),
    ({"in": ["abc"]}, "item 0: 'abc' is not hexadecimal"),
    ({"in": {"hex": 5}}, "5 is not hexadecimal"),
    ({"in": {"hex": {"x86_64": "00"}}}, "need both x86_64 and arm64"),
    ({"in": {"hex": {"x86_64": "00", "arm64": "0000"}}}, "must have one length"),
    ({"in": {"str": 5}}, "5 is not text"),
    ({"in": {"str": "\udc00"}}, "half a surrogate pair"),
    ({"in": {"u8": 256}}, "256 is not between -128 and 255"),
    ({"in": {"u32": {"arm64": 1}}}, "needs both"),
    ({"in": {"zero": 1 << 63}}, "is not between 0"),
    ({"in": {"fill": [256, 1]}}, "256 is not between 0 and 255"),
    ({"in": {"fill": 3}}, "is not a \\[byte, count\\] pair"),
    ({"in": [{"zero": 1 << 20}, {"zero": 1}]}, "items take more than 1048576 bytes"),
    ({"in": {"zero": (1 << 20)}}, "items take more than"),
    ({"addr": "b"}, "buffer 'b' is used before a step makes it"),
    ({"buf": 5}, "buffer 5 is used before"),
    ({"val": "b"}, "buffer 'b' is used before"),
    ({"in": {"addr": "b"}}, "item 0: buffer 'b' is used before"),
    ({"storage": 5}, "5 is not a name of a storage"),
    ({"vdso": "base"}, "is not one of code_off"),
    ({"vdso": []}, "is not one of code_off"),
]


@pytest.mark.parametrize(("entry", "problem"), BAD_PROGRAMS)
def test_bad_programs(entry: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        parse_list([entry], "f.json")
    message = str(caught.value)
    assert message.startswith("f.json: program 0")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize(("arg", "problem"), BAD_ARGUMENTS)
def test_bad_arguments(arg: Any, problem: str) -> None:
    entry = program(EVENT, step("zx_channel_write", 0, 0, arg))
    where = 'f.json: program 0 "p": step 1 (zx_channel_write): argument 2: '
    with pytest.raises(InputError, match=problem) as caught:
        parse_list([entry], "f.json")
    assert str(caught.value).startswith(where)


@pytest.mark.parametrize(
    ("arg", "problem"),
    [
        ({"val": "b", "size": 3}, "has 1, 2, 4 or 8 bytes"),
        ({"val": "b", "off": 1}, "8 bytes at offset 1 are not inside buffer 'b' of 8 bytes"),
        ({"val": "b", "off": -1, "size": 1}, "are not inside"),
        ({"val": "b", "plus_vdso": "zx_no_such"}, "unknown function 'zx_no_such'"),
        (
            {"val": "b", "plus_vdso": "zx_ticks_get_via_kernel"},
            "unknown function 'zx_ticks_get_via_kernel'",
        ),
        ({"buf": "b", "mask": [[0, 9]]}, "9 is not between 1 and 8"),
        ({"buf": "b", "size": 9}, "'size' does not go with 'buf'"),
    ],
)
def test_bad_references(arg: Any, problem: str) -> None:
    entry = program(step("$buf", {"out": 8, "name": "b"}), step("zx_channel_write", 0, arg))
    with pytest.raises(InputError, match=f"step 1.*argument 1: .*{problem}"):
        parse_program(entry)


def test_totals_are_limited() -> None:
    many = program(*[step("zx_channel_write", 0, 0, {"out": 1 << 20, "show": 0})] * 5)
    with pytest.raises(InputError, match=r"step 4 .*buffers take more than 4194304 bytes"):
        parse_program(many)
    shown = program(*[step("zx_channel_write", 0, 0, {"out": 1 << 19, "show": 1 << 19})] * 3)
    with pytest.raises(InputError, match=r"step 2 .*reports more than 1048576 bytes"):
        parse_program(shown)


def test_names_must_differ() -> None:
    with pytest.raises(InputError, match='program 1 "p": program 0 has the same name'):
        parse_list([program(), program()], "f")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.json: cannot read it: No such file"):
        read_programs(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot read it: Is a directory"):
        read_programs(tmp_path)
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(100 << 20)
    with pytest.raises(InputError, match="larger than 64 MiB"):
        read_programs(large)
    assert MAX_FILE_BYTES == 64 << 20


# Properties --------------------------------------------------------------------------------


@given(st.lists(programs(), max_size=3, unique_by=lambda p: p["name"]))
@settings(deadline=None, max_examples=60)
def test_dumped_programs_read_back_the_same(entries: list[dict[str, Any]]) -> None:
    parsed = parse_list(entries, "random")
    assert parse_programs(dump_programs(parsed).encode(), "again") == parsed
    assert [parse_program(dump_program(p)) for p in parsed] == parsed


def test_vectors_read_back_the_same() -> None:
    parsed = [vector.program for vector in load_vectors()]
    assert [parse_program(dump_program(p)) for p in parsed] == parsed


def assert_read_or_refused(data: bytes) -> None:
    try:
        parse_programs(data, "mutated")
    except InputError as error:
        problem = str(error)
    else:
        problem = "none"
    assert problem.isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["h", "in", "out", "u32", "args", "call"]), inner)
    ),
    max_leaves=5,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) inside *value*."""
    keys = (
        list(value)
        if isinstance(value, dict)
        else list(range(len(value)))
        if isinstance(value, list)
        else []
    )
    result = [(value, key) for key in keys]
    for key in keys:
        result += places(value[key])
    return result


@given(st.data(), programs(), json_values)
@settings(deadline=None, max_examples=100)
def test_a_mutated_program_is_read_or_refused(
    data: st.DataObject, entry: dict[str, Any], value: Any
) -> None:
    container, key = data.draw(st.sampled_from(places(entry)))
    container[key] = value
    assert_read_or_refused(json.dumps([entry]).encode())


@given(st.data(), programs())
@settings(deadline=None, max_examples=60)
def test_mutated_bytes_are_read_or_refused(data: st.DataObject, entry: dict[str, Any]) -> None:
    text = bytearray(json.dumps([entry]).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    assert_read_or_refused(bytes(text))
