"""Programs that nobody wrote: right, determined, the same for the same seed, of what was asked."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from harness.cases import Case
from harness.fuzz import determined
from harness.fuzz.generate import Generator
from harness.fuzz.library import Library, Seed
from harness.fuzz.program import copied
from harness.fuzz.seeds import seeds
from harness.fuzz.world import World, made_kinds
from harness.program.parse import parse_program
from harness.run import Runner

CREATE = {"call": "zx_channel_create", "args": [0, {"out_handle": "a"}, {"out_handle": "b"}]}
WRITE = {"call": "zx_channel_write", "args": [{"h": "a"}, 0, {"in": "00", "size": 1}, 1, 0, 0]}
READ = {
    "call": "zx_channel_read",
    "args": [{"h": "b"}, 0, {"out": 8, "name": "got"}, 0, 8, 0, {"out": 4}, 0],
}
SEED: dict[str, Any] = {"name": "channel_x", "steps": [CREATE, WRITE, READ]}


@pytest.fixture(scope="module")
def library() -> Library:
    return seeds()


def test_the_same_seed_makes_the_same_programs(library: Library) -> None:
    first, second = (Generator(seeds(), 7) for _ in range(2))
    assert [first.program(n) for n in range(40)] == [second.program(n) for n in range(40)]
    other = Generator(library, 8)
    assert [first.program(n)[0] for n in range(5)] != [other.program(n)[0] for n in range(5)]


def test_any_program_can_be_made_alone(library: Library) -> None:
    generator = Generator(library, 3)
    later = generator.program(17)
    assert generator.program(17) == later


def test_programs_are_about_what_was_asked_for(library: Library) -> None:
    wanted = {"zx_fifo_create", "zx_fifo_write", "zx_fifo_read"}
    generator = Generator(library, 1, wanted.__contains__)
    assert generator.calls == sorted(wanted)
    about = [wanted & generator.program(n)[1].calls() for n in range(60)]
    assert sum(map(bool, about)) > 50
    assert set().union(*about) == wanted


def test_calls_that_no_target_has_are_not_made(library: Library) -> None:
    generator = Generator(library, 1, missing=frozenset({"zx_fifo_read"}))
    assert "zx_fifo_read" not in generator.calls
    assert "zx_fifo_write" in generator.calls
    assert not determined.LEFT_OUT.keys() & set(generator.calls)


def test_what_is_learned_is_changed_too() -> None:
    generator = Generator(Library([Seed(SEED)]), 1)
    new = {
        "name": "event_new",
        "steps": [{"call": "zx_event_create", "args": [0, {"out_handle": "e"}]}],
    }
    generator.learn(new)
    names = [generator.program(n)[0]["name"] for n in range(40)]
    assert any(name.startswith("event_new_z") for name in names)


def test_a_step_brings_what_it_stands_on() -> None:
    library = Library([Seed(SEED)])
    world = World()
    assert library.graft(library.templates["zx_channel_read"][0], world, Random(1))
    assert [step["call"] for step in world.steps] == ["zx_channel_create", "zx_channel_read"]


def test_a_step_uses_what_there_is_of_its_kind() -> None:
    library = Library([Seed(SEED)])
    there = {"call": "zx_channel_create", "args": [0, {"out_handle": "x"}, {"out_handle": "y"}]}
    taken = set()
    for number in range(20):
        world = World({"steps": [there]})
        assert library.graft(library.templates["zx_channel_write"][0], world, Random(number))
        taken.add(world.steps[-1]["args"][0]["h"])
        assert parse_program({"name": "x", "steps": world.steps})
    assert {"x", "y"} < taken


def test_handles_that_are_gone_are_not_taken() -> None:
    closed = {"call": "zx_handle_close", "args": [{"h": "a"}]}
    world = World({"steps": [CREATE, closed]})
    assert world.alike("channel") == ["b"]
    assert world.slots() == ["a", "b"]


@pytest.mark.parametrize(
    ("step", "kinds"),
    [
        (CREATE, {"a": "channel", "b": "channel"}),
        (
            {
                "call": "zx_process_create",
                "args": [{"h": "$job"}, 0, 0, 0, {"out_handle": "p"}, {"out_handle": "v"}],
            },
            {"p": "process", "v": "vmar"},
        ),
        (
            {"call": "zx_handle_duplicate", "args": [{"h": "m"}, 0, {"out_handle": "n"}]},
            {"n": "vmo"},
        ),
        (READ, {"got": "zx_channel_read.2"}),
        (
            {"call": "zx_channel_read", "args": [{"h": "b"}, 0, 0, {"out_handles": ["q"]}]},
            {"q": "any"},
        ),
    ],
)
def test_kinds_follow_from_the_interface(step: dict[str, Any], kinds: dict[str, str]) -> None:
    assert made_kinds(step, {"m": "vmo"}) == kinds


def settled(*steps: dict[str, Any], **more: Any) -> list[dict[str, Any]] | None:
    entry = determined.settle(copied({"name": "x", "steps": list(steps), **more}))
    return None if entry is None else entry["steps"]


def test_a_wait_that_nothing_ends_ends_soon() -> None:
    wait = {"call": "zx_object_wait_one", "args": [{"h": "a"}, 1, "ZX_TIME_INFINITE", 0]}
    (step,) = settled(wait) or ()
    assert step["args"][2] == {"deadline": determined.SOON}
    (step,) = settled(wait, threads={"t": []}) or ()
    assert step["args"][2] == "ZX_TIME_INFINITE"


def test_a_timer_that_goes_off_meanwhile_is_left_out() -> None:
    timer = {"call": "zx_timer_set", "args": [{"h": "t"}, {"deadline": 1_000_000}, 0]}
    assert settled(timer) is None
    for deadline in (0, {"deadline": -5}, {"deadline": determined.FAR}, "ZX_TIME_INFINITE"):
        assert settled({**timer, "args": [{"h": "t"}, deadline, 0]})


def test_what_each_machine_has_of_its_own_is_not_reported() -> None:
    clock = {"call": "zx_clock_read", "args": [{"h": "k"}, {"out": 8, "name": "n"}]}
    (step,) = settled(clock) or ()
    assert step["args"][1] == {"in": [{"fill": [0xA5, 8]}], "name": "n", "edge": 1}
    memory = {"call": "zx_system_get_physmem", "args": []}
    (step,) = settled(memory) or ()
    assert step["ret"] == "none"
    handles = {"call": "zx_channel_read", "args": [{"h": "b"}, 0, 0, {"out": 4}, 0, 1, 0, 0]}
    (step,) = settled(handles) or ()
    assert "out" not in step["args"][3]


def test_nothing_lies_behind_a_buffer_that_is_too_small() -> None:
    write = {"call": "zx_channel_write", "args": [{"h": "a"}, 0, {"in": "00", "size": 1}, 9, 0, 0]}
    (step,) = settled(write) or ()
    assert step["args"][2]["edge"] == 1
    (step,) = settled(WRITE) or ()
    assert "edge" not in step["args"][2]


def test_a_bogus_handle_cannot_become_another_one() -> None:
    step = {"call": "zx_handle_close", "args": [{"h": "a", "xor": 32768}]}
    (step,) = settled(step) or ()
    assert step["args"][0]["xor"] == 1


def test_the_vdsos_memory_and_the_end_of_the_machine_are_left_alone() -> None:
    assert settled({"call": "zx_vmo_get_size", "args": [{"h": "$vdso"}, {"out": 8}]}) is None
    assert settled({"call": "zx_system_mexec", "args": [0, 0, 0]}) is None


def test_generated_programs_have_one_outcome(library: Library, runner: Runner) -> None:
    generator = Generator(library, 20221130)
    cases = [Case(generator.program(n)[1], "fuzz") for n in range(300)]
    run = runner.compare(cases)
    assert [v.case.program.name for v in run.all() if v.outcome in ("diverge", "lost")] == []
